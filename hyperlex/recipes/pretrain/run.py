"""`pretrain`: a recipe in, a model directory out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from accelerate import Accelerator  # type: ignore[import-untyped]
from safetensors import SafetensorError
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory
from hyperlex.recipes.config import RESOLVED_FILE, flag, settled, write_recipe
from hyperlex.recipes.pretrain.checkpoint import load_checkpoint, save_checkpoint
from hyperlex.recipes.pretrain.config import PretrainConfig
from hyperlex.recipes.pretrain.mixture import Mixture, Source, source, together
from hyperlex.recipes.pretrain.model import build
from hyperlex.recipes.pretrain.output import (
    Log,
    PretrainResult,
    budget,
    finished,
    open_run,
    write_result,
)
from hyperlex.recipes.pretrain.packing import Batch, PackedRows, Vocabulary
from hyperlex.recipes.pretrain.schedule import Schedule
from hyperlex.recipes.pretrain.tokens import open_tokenizer
from hyperlex.recipes.pretrain.train import Line, Progress, Trainer
from hyperlex.tokenizer import HyperTokenizer


def pretrain(
    config: PretrainConfig,
    *,
    told: Callable[[str, int, int | None], None] | None = None,
    said: Callable[[str], None] | None = None,
    tokenizer: HyperTokenizer | None = None,
    sources: Sequence[Source] | None = None,
) -> PretrainResult:
    """Train a model from scratch as `config` says.

    With `config.resume` a run that has spent its budget is left as it is.

    Started by `accelerate launch`, or `torchrun`, each process calls this: they share the batch,
    and the first writes.

    Args:
        told: is told the progress: stage, how far, the end.
        said: is told what a person should know: what it goes on from, a source that begins anew.
        tokenizer: in place of the one that `config` names.
        sources: in place of those that `config.data` names, as many as there are weights.

    Raises:
        ConfigError: an output that is in use or cannot be written, a batch that the processes
            cannot share, data or a tokenizer that is not there, a loss that is no number; a
            finished model that is to go on, and left no checkpoint to go on from.
        FormatError: damaged data, a damaged checkpoint or log.
        MissingDependencyError: the extra `model` is not installed.
    """
    process = Accelerator()
    first = process.is_main_process
    said = said if said is not None and first else _silent
    told = told if told is not None and first else _untold
    output = Path(config.output)
    going_on = open_run(output, config)
    if config.resume and (result := finished(output, config, going_on, first)) is not None:
        said(
            f"The run in {output} is finished, and was left as it is. To go on, raise its budget; "
            "to begin anew, name a new output."
        )
        return result
    mine = _share(config.batch, process)
    mixture = _mixture(config, sources, said)
    told("reading the tokenizer", 0, None)
    tok = tokenizer or open_tokenizer(
        config.tokenizer, hypertokens=config.hypertokens, scenes=config.scenes
    )
    vocabulary = Vocabulary.of(tok)
    process.wait_for_everyone()  # until all have looked at the directory as it was
    model = build(config, len(tok), end=vocabulary.end)
    parameters = sum(weight.numel() for weight in model.parameters())
    rows = PackedRows(mixture, vocabulary, context=config.context, rows=config.batch, mine=mine)
    trainer = Trainer(
        model,
        budget(config),
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
    elif config.resume:
        said(f"There is no checkpoint in {output} to go on from: the run begins anew.")
    log = Log(output, trainer.progress.step)

    def batches() -> Iterator[Batch]:
        """All batches; the run is written down when the first is there. Data that is refused leaves
        nothing.
        """
        for number, batch in enumerate(rows):
            if first and number == 0:
                write_recipe(settled(config), output / RESOLVED_FILE)
                log.begin()
            yield batch

    def logged(line: Line) -> None:
        log.add(line, writes=first)

    def stepped(progress: Progress) -> None:
        told("pretraining, %", round(100 * trainer.budget.spent(progress)), 100)
        if config.checkpoint_every and progress.step % config.checkpoint_every == 0:
            save_checkpoint(output, trainer, rows, mixture)

    trainer.train(batches(), log_every=config.log_every, logged=logged, stepped=stepped)
    _save(output, trainer, tok, parameters)
    return PretrainResult.of(output, log, trainer.progress, parameters, first=first)


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


def _save(output: Path, trainer: Trainer, tok: HyperTokenizer, parameters: int) -> None:
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
                files = [file.name for file in staged.iterdir() if file.is_file()]
            except (OSError, SafetensorError) as error:
                raise ConfigError(
                    f"The model cannot be written into {output} ({error}). Checkpoints in it stay: "
                    f"make room, and go on from the last by {flag('resume')}."
                ) from error
        write_result(output, trainer.progress, parameters, files)
    trainer.process.wait_for_everyone()


def _silent(message: str) -> None:
    pass


def _untold(stage: str, done: int, total: int | None) -> None:
    pass
