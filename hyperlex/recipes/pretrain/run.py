"""`pretrain`: a recipe in, a model directory out."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelerate import Accelerator  # type: ignore[import-untyped]
from safetensors import SafetensorError
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory, atomic_write_text
from hyperlex.recipes.config import RESOLVED_FILE, flag, read_recipe, require_same, write_recipe
from hyperlex.recipes.pretrain.checkpoint import has_checkpoint, load_checkpoint, save_checkpoint
from hyperlex.recipes.pretrain.config import BUDGETS, PretrainConfig
from hyperlex.recipes.pretrain.mixture import Mixture, Source, source, together
from hyperlex.recipes.pretrain.model import build
from hyperlex.recipes.pretrain.packing import PackedRows, Vocabulary
from hyperlex.recipes.pretrain.schedule import Schedule
from hyperlex.recipes.pretrain.tokens import open_tokenizer
from hyperlex.recipes.pretrain.train import Budget, Line, Progress, Trainer
from hyperlex.tokenizer import HyperTokenizer

LOG_FILE = "log.jsonl"

_FREE = {"output", "resume", "checkpoint_every", "log_every", "micro_batch", "compile", *BUDGETS}
"""Keys that may be another when a run goes on: they change no step that has been made."""


@dataclass(frozen=True)
class PretrainResult:
    """What a run gave.

    Attributes:
        directory: with the model and its tokenizer, `recipe.toml` and `log.jsonl`.
        losses: nats a token, one for each line of the log.
        bits_per_character: of the last line of the log.
        tokens, characters, flops, seconds: see `train.Progress`.
        parameters: of the model, a tied matrix once.
        first: whether this process is the one that writes and speaks.
    """

    directory: Path
    losses: tuple[float, ...]
    bits_per_character: float
    tokens: int
    characters: int
    flops: int
    seconds: float
    parameters: int
    first: bool


def pretrain(
    config: PretrainConfig,
    *,
    told: Callable[[str, int, int | None], None] | None = None,
    said: Callable[[str], None] | None = None,
    tokenizer: HyperTokenizer | None = None,
    sources: Sequence[Source] | None = None,
) -> PretrainResult:
    """Train a model from scratch as `config` says.

    Started by `accelerate launch`, or `torchrun`, each process calls this: they share the batch,
    and the first writes.

    Args:
        told: is told the progress: stage, how far, the end.
        said: is told what a person should know: what it goes on from, a source that begins anew.
        tokenizer: in place of the one that `config` names.
        sources: in place of those that `config.data` names, as many as there are weights.

    Raises:
        ConfigError: an output that is in use or cannot be written, a batch that the processes
            cannot share, data or a tokenizer that is not there, a loss that is no number.
        FormatError: damaged data, a damaged checkpoint.
        MissingDependencyError: the extra `model` is not installed.
    """
    process = Accelerator()
    first = process.is_main_process
    said = said if said is not None and first else _silent
    told = told if told is not None and first else _untold
    output = Path(config.output)
    going_on = _check(output, config)
    mine = _share(config.batch, process)
    mixture = _mixture(config, sources, said)
    told("reading the tokenizer", 0, None)
    tok = tokenizer or open_tokenizer(
        config.tokenizer, hypertokens=config.hypertokens, scenes=config.scenes
    )
    vocabulary = Vocabulary.of(tok)
    process.wait_for_everyone()  # until all have looked at the directory as it was
    if first:
        write_recipe(config, output / RESOLVED_FILE)
    model = build(config, len(tok), end=vocabulary.end)
    parameters = sum(weight.numel() for weight in model.parameters())
    rows = PackedRows(mixture, vocabulary, context=config.context, rows=config.batch, mine=mine)
    trainer = Trainer(
        model,
        _budget(config),
        Schedule(config.learning_rate, config.schedule, config.warmup, config.decay, config.floor),
        weight_decay=config.weight_decay,
        clip=config.clip,
        dtype=config.dtype,
        micro_batch=config.micro_batch,
        compile=config.compile,
        process=process,
    )
    if going_on:
        load_checkpoint(output, trainer, rows, mixture)
        said(f"Going on from step {trainer.progress.step:,}.")
    log = _Log(output / LOG_FILE, trainer.progress.step, writes=first)

    def stepped(progress: Progress) -> None:
        told("pretraining, %", round(100 * trainer.budget.spent(progress)), 100)
        if config.checkpoint_every and progress.step % config.checkpoint_every == 0:
            save_checkpoint(output, trainer, rows, mixture)

    trainer.train(rows, log_every=config.log_every, logged=log.add, stepped=stepped)
    _save(output, trainer, tok)
    now = trainer.progress
    return PretrainResult(
        directory=output,
        losses=tuple(line["loss"] for line in log.lines),
        bits_per_character=log.lines[-1]["bits_per_character"],
        tokens=now.tokens,
        characters=now.characters,
        flops=now.flops,
        seconds=now.seconds,
        parameters=parameters,
        first=first,
    )


class _Log:
    """`log.jsonl`, one line at a time; of a run that goes on, what it had come to by `step`."""

    def __init__(self, file: Path, step: int, *, writes: bool) -> None:
        self._file = file
        self._writes = writes
        lines = file.read_text("utf-8").splitlines(keepends=True) if step else []
        kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= step]
        self.lines: list[dict[str, float]] = [json.loads(line) for line in kept]
        if writes:
            atomic_write_text(file, "".join(kept))

    def add(self, line: Line) -> None:
        self.lines.append(line.as_dict())
        if self._writes:
            with self._file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line.as_dict()) + "\n")


def _check(output: Path, config: PretrainConfig) -> bool:
    """Refuse an `output` that is not for this run, and tell whether there is a checkpoint there."""
    recipe = output / RESOLVED_FILE
    if output.exists() and not output.is_dir():
        raise ConfigError(f"{output} is a file: a new directory was expected as output.")
    if output.is_dir() and any(output.iterdir()):
        if not config.resume:
            raise ConfigError(
                f"{output} is not empty: a new directory was expected as output. Choose another, "
                f"or go on with a run that stopped there: {flag('resume')}."
            )
        if not recipe.is_file():
            raise ConfigError(
                f"{output} holds no {RESOLVED_FILE}, so it is no run to go on with. Choose another "
                "output."
            )
        require_same(read_recipe(PretrainConfig, recipe), config, may_change=_FREE)
    return has_checkpoint(output)


def _share(batch: int, process: Accelerator) -> range:
    """The rows of the batch that are this process'."""
    processes = process.num_processes
    if batch % processes:
        raise ConfigError(
            f"batch = {batch} cannot be shared by {processes} processes. Set it to a multiple: "
            f"{flag('batch')} {-(-batch // processes) * processes}."
        )
    share = batch // processes
    return range(process.process_index * share, (process.process_index + 1) * share)


def _mixture(
    config: PretrainConfig, sources: Sequence[Source] | None, said: Callable[[str], None]
) -> Mixture:
    split = None if config.split == "all" else config.split
    if sources is None:
        sources = [source(name, split) for name in config.data]
    if config.mixture:
        return Mixture(sources, config.mixture, seed=config.seed, said=said)
    one = sources[0] if len(sources) == 1 else together(sources)
    return Mixture([one], [1.0], seed=config.seed, said=said)


def _budget(config: PretrainConfig) -> Budget:
    (unit,) = (key for key in BUDGETS if getattr(config, key) is not None)
    return Budget(unit, getattr(config, unit))  # type: ignore[arg-type]


def _save(output: Path, trainer: Trainer, tok: HyperTokenizer) -> None:
    """The model and its tokenizer, ordinary files of transformers."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights: dict[str, Any] = get_model_state_dict(trainer.module, options=options)
    if trainer.process.is_main_process:
        model = trainer.model
        plain = {name.removeprefix("model."): value for name, value in weights.items()}
        if model.config.tie_word_embeddings:
            plain.pop("lm_head.weight", None)
        with atomic_directory(output) as staged:
            try:
                model.save_pretrained(staged, state_dict=plain)
                tok.save(staged)
            except (OSError, SafetensorError) as error:
                raise ConfigError(
                    f"The model cannot be written into {output} ({error}). Checkpoints in it stay: "
                    f"make room, and go on from the last by {flag('resume')}."
                ) from error
    trainer.process.wait_for_everyone()


def _silent(message: str) -> None:
    pass


def _untold(stage: str, done: int, total: int | None) -> None:
    pass
