"""`finetune`: from a recipe to a directory with the result."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperlex.compat import require
from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory
from hyperlex.recipes.finetune.chat import Chat
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.finetune.memory import cap_memory, plan_run
from hyperlex.recipes.finetune.output import (
    FinetuneResult,
    begin_run,
    compare_data,
    finished,
    open_run,
    with_whole_paths,
    write_result,
)
from hyperlex.recipes.finetune.pieces import cutter
from hyperlex.recipes.finetune.rows import read_rows
from hyperlex.recipes.finetune.sequences import Encoder, Sequences, make_sequences
from hyperlex.recipes.pretrain.tokens import characters_of, end_of_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hyperlex.tokenizer import HyperTokenizer

Told = Callable[[str], None]
Progress = Callable[[str, int, int | None], None]


def finetune(
    config: FinetuneConfig, *, told: Told | None = None, progress: Progress | None = None
) -> FinetuneResult:
    """Train as the recipe says, and write the result into `config.output`.

    It holds the adapter as PEFT has it (or the model, for `adapters = "none"`), the tokenizer,
    `recipe.toml`, `log.jsonl`, `data.json`, `result.json` and `checkpoints/`. `load_trained` reads
    it. With `config.resume` a run that is finished is left as it is.

    Args:
        told: is told in words what runs instead of what was asked for, what was left out, and what
            the run takes in memory.
        progress: stage, how far, and the end where it is known.

    Raises:
        ConfigError: a recipe that cannot be run here: no such model, an output that is not empty,
            more memory than there is, several processes, a loss that is no number, a disk that is
            full at a checkpoint (the last one stays).
        FormatError: data that cannot be read, with the row.
        MissingDependencyError: the extra `model` is not installed.
    """
    require("torch", "transformers", "peft", "accelerate", "datasets", extra="model")
    with warnings.catch_warnings():
        # What transformers, PEFT and torch are about to rename in each other.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            return _run(config, told or (lambda line: None), progress)
        finally:
            # Trainer and model hold each other. What comes next loads a model of its own, and two
            # of them do not fit on the card.
            gc.collect()


def _run(config: FinetuneConfig, say: Told, progress: Progress | None) -> FinetuneResult:
    _check_alone()
    directory = Path(config.output)
    go_on = open_run(config, directory)
    if go_on and (result := finished(directory)) is not None:
        say(
            f"The run in {config.output} is finished, and was left as it is. To train further, "
            "name a new output."
        )
        return result
    from hyperlex.recipes.loading import load_tokenizer, quiet_bitsandbytes, what_runs

    quiet_bitsandbytes()
    running = what_runs(config.weights, config.optimiser)
    for line in running.told:
        say(line)
    if config.resume and not go_on:
        say(f"There is no run in {config.output} to go on with: this one begins anew.")
    config = with_whole_paths(config)
    tok = load_tokenizer(config.tokenizer or config.model)
    _check_model(config, tok)
    if config.messages_column:
        # The template that is trained with, be it the tokenizer's own or not, comes along.
        chat = Chat.of(tok)
        tok.face = replace(tok.face, chat_template=chat.template)
        if not chat.end_of_turn:
            say("The chat template ends answers by no special token: ends are not learned.")
    sequences, validation = read_sequences(config, tok, told=say)
    plan_run(config, running, tok.layout, say)
    if go_on:
        compare_data(directory, sequences)
    return _train(config, running, tok, sequences, validation, go_on, say, progress)


def read_sequences(
    config: FinetuneConfig, tok: HyperTokenizer, *, told: Told | None = None
) -> tuple[Sequences, Sequences | None]:
    """What is learned from, and what is held out. Raises `FormatError` as `make_sequences`."""
    chat = Chat.of(tok) if config.messages_column else None
    make = partial(
        make_sequences,
        cut=cutter(config, chat),
        encode=Encoder(tok, end_of_text(tok)),
        context=config.context,
        packing=config.packing,
        skip_long=config.too_long == "skip",
        told=told or (lambda line: None),
    )
    sequences = make(read_rows(config.data, config.limit), name=config.data)
    if config.validation is None:
        return sequences, None
    if (share := config.validation_share) is not None:
        return sequences.parted(share, config.seed)
    return sequences, make(read_rows(str(config.validation)), name=str(config.validation))


def _train(
    config: FinetuneConfig,
    running: Any,
    tok: HyperTokenizer,
    sequences: Sequences,
    validation: Sequences | None,
    go_on: bool,
    say: Told,
    progress: Progress | None,
) -> FinetuneResult:
    from transformers import set_seed

    from hyperlex.model.routed_lora import trainable_share
    from hyperlex.recipes.finetune import checkpoint as kept
    from hyperlex.recipes.finetune.adapters import left_out, prepare, trained_in_full_precision
    from hyperlex.recipes.finetune.collate import Collator
    from hyperlex.recipes.finetune.log import RunLog
    from hyperlex.recipes.finetune.optimiser import steps_of, training_arguments
    from hyperlex.recipes.finetune.trainer import FinetuneTrainer
    from hyperlex.recipes.loading import cuda, load_for

    directory = Path(config.output)
    cap_memory(config)
    base = load_for(config.model, weights=running.weights)
    if config.gradient_checkpointing:
        base.gradient_checkpointing_enable({"use_reentrant": False})
    if line := left_out(base, config):
        say(line)
    set_seed(config.seed)
    model = prepare(base, config, tok.layout)
    trained_in_full_precision(model)
    if config.adapters == "routed":
        # Trainer asks this of a quantised model, and knows no adapters but PEFT's.
        model._hf_peft_config_loaded = True
    trainable, total = trainable_share(model)
    say(f"{trainable:,} of {total:,} parameters are trained ({trainable / total:.2%}).")
    steps = steps_of(config, len(sequences))
    arguments = training_arguments(
        config,
        weights=running.weights,
        optimiser=running.optimiser,
        steps=steps,
        on_cuda=cuda(),
    )
    begin_run(config, directory, sequences)
    log = RunLog(directory)
    kept.remove_remains(directory)
    last = next(iter(reversed(kept.checkpoints(directory))), None) if go_on else None
    log.go_on_from(0 if last is None else kept.step_of(last))
    if go_on:
        say(f"Going on from step {kept.step_of(last)}." if last else "No checkpoint: from step 0.")
    trainer = FinetuneTrainer(
        model,
        arguments,
        config,
        sequences,
        validation,
        Collator(end_of_text(tok), _characters(tok)),
        log,
        progress or (lambda stage, done, end: None),
    )
    trainer.train(resume_from_checkpoint=None if last is None else str(last))
    files = _save(config, running.weights, model, tok, directory)
    losses = tuple(entry["loss"] for entry in log.lines)
    result = FinetuneResult(directory, losses, trainable, total, trainer.seconds)
    write_result(result, files)
    return result


def _check_alone() -> None:
    """Raise `ConfigError` where several processes were started: each would write the result."""
    from accelerate import PartialState  # type: ignore[import-untyped]

    if (processes := PartialState().num_processes) > 1:
        raise ConfigError(
            f"{processes} processes were started, and fine-tuning runs in one. Start hyperlex "
            "finetune without accelerate launch or torchrun."
        )


def _check_model(config: FinetuneConfig, tok: HyperTokenizer) -> None:
    """Raise `ConfigError` where model, tokenizer and context do not go together."""
    from hyperlex.model.plan import read_config

    text = read_config(config.model).get_text_config()
    if text.vocab_size < tok.layout.total:
        raise ConfigError(
            f"The model has {text.vocab_size:,} rows of embeddings, and the tokenizer "
            f"{tok.layout.total:,} ids: a row for each was expected. Give the model its rows "
            f"first: hyperlex extend {config.model} OUT --codebook DIR"
        )
    positions = getattr(text, "max_position_embeddings", None)
    if positions is not None and config.context > positions:
        raise ConfigError(
            f"context = {config.context}, and the model has {positions} positions. Write "
            f"context = {positions}, or less."
        )


def _characters(tok: HyperTokenizer) -> NDArray[np.int64]:
    """int64 [ids]: the characters that each id stands for; special tokens are no text."""
    counts = characters_of(tok)
    counts[[token["id"] for token in tok.base.json["added_tokens"] if token["special"]]] = 0
    return counts


def _save(
    config: FinetuneConfig, weights: str, model: Any, tok: HyperTokenizer, directory: Path
) -> list[str]:
    """Write the result: all of it, or nothing. Returns the names of its files. Raises `ConfigError`
    for a disk that is full.
    """
    from hyperlex.recipes.finetune.checkpoint import told_of_writing
    from hyperlex.recipes.loading import compute_dtype

    with told_of_writing("The result", directory), atomic_directory(directory) as staged:
        if config.adapters == "routed":
            from hyperlex.model.routed_lora import save_routed_lora

            save_routed_lora(model, staged)
        elif config.adapters == "none":
            model.to(compute_dtype(weights)).save_pretrained(staged)
        else:
            # The trained rows are in the adapter; whole embeddings beside them would be a copy.
            model.save_pretrained(staged, save_embedding_layers=False)
            (staged / "README.md").unlink(missing_ok=True)  # a form that nobody has filled in
        tok.save(staged)
        return [file.name for file in staged.iterdir() if file.is_file()]
