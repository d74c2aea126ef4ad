"""A model learns to read and write its hypertokens: the task `adapt-vocabulary`.

First the new rows alone are trained, everything else frozen: they are far from what they should be,
and would pull the rest along. Then LoRA on all layers, the rows with it. Between the texts of both
stages stand copies, without which a model reads hypertokens and goes on writing base tokens; the
copy test at the end shows it, on texts that were never copied before.
"""

from __future__ import annotations

import gc
import json
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory, atomic_write_text
from hyperlex.recipes.config import RESOLVED_FILE, key, settled, write_recipe
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.finetune.rows import read_rows
from hyperlex.recipes.tasks import (
    Progress,
    TaskResult,
    Told,
    nested,
    open_task,
    stage_of,
)

if TYPE_CHECKING:
    from hyperlex.tokenizer import HyperTokenizer

MIXTURE_FILE: Final = "mixture.jsonl"
FIGURES_FILE: Final = "adaptation.json"
ROWS_FOLDER: Final = "rows"
MODEL_FOLDER: Final = "model"
"""The model with its trained rows, that the adapters belong to."""
ADAPTER_FOLDER: Final = "adapter"


@dataclass(frozen=True, kw_only=True)
class AdaptationConfig(FinetuneConfig):
    """Keys of fine-tuning, which hold for both stages, and those of the first stage and of copies.

    Raises:
        ConfigError: as `FinetuneConfig`; data of prompts; adapters without LoRA; sizes below 0.
    """

    task: Literal["adapt-vocabulary"] = key("What this recipe does.", "adapt-vocabulary")
    rows_epochs: float = key("Times that all data is read while rows alone are trained.", 1.0)
    rows_steps: int | None = key("Steps of that stage; wins over rows_epochs.", None)
    rows_learning_rate: float = key("The highest of that stage.", 1e-3)
    texts: int | None = key("Texts of the data to learn beside copies. Default: all.", None)
    copies: int = key("Sentences of the data to copy, among the texts.", 1_000)
    spelled_copies: int = key("Runs of hypertokens to copy, every one in its turn.", 1_000)
    copy_form: Literal["continuation", "instruction"] = key(
        "How copies are asked for: repeating, or in words.", "continuation"
    )
    copy_test: int = key("Sentences of the copy test at the end. 0: none.", 200)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.has_prompts or self.packing:
            raise ConfigError(
                "adapt-vocabulary learns texts one by one. Take out packing, messages_column, "
                "label_column and completion_column."
            )
        if not self.has_lora:
            raise ConfigError(
                f'adapters = {self.adapters!r}: the second stage is LoRA. Write adapters = "all".'
            )
        if self.validation_share is not None:
            raise ConfigError(
                f"validation = {self.validation_share}: nothing is held out here. Name data whose "
                "sentences the copy test is to take, or leave it out."
            )
        counts = ("texts", "copies", "spelled_copies", "copy_test")
        for name in (*counts, "rows_epochs", "rows_learning_rate"):
            if (value := getattr(self, name)) is not None and value < 0:
                raise ConfigError(f"{name} = {value}: 0 or more was expected.")


def adapt(
    config: AdaptationConfig, *, told: Told | None = None, progress: Progress | None = None
) -> TaskResult:
    """Rows, then LoRA, then the copy test.

    Raises:
        ConfigError: a tokenizer without hypertokens; as `finetune`.
        FormatError: as `finetune`.
    """
    with open_task(config) as directory:
        return _adapt(config, directory, told, progress)


def _adapt(
    config: AdaptationConfig, directory: Path, told: Told | None, progress: Progress | None
) -> TaskResult:
    from hyperlex.recipes.evaluate.report import plain
    from hyperlex.recipes.finetune import finetune
    from hyperlex.recipes.loading import load_tokenizer

    tok = load_tokenizer(config.tokenizer or config.model)
    if not tok.layout.hyper_size:
        raise ConfigError(
            f"{config.tokenizer or config.model!r} has no hypertokens, so there is nothing to "
            "adapt to. Extend the model first: hyperlex extend MODEL OUT --texts FOLDER"
        )
    mixture = directory / MIXTURE_FILE
    write_recipe(settled(config), directory / RESOLVED_FILE)
    if not mixture.is_file():
        atomic_write_text(mixture, "".join(_mixture(config, tok)))
    shared: dict[str, Any] = {
        "data": str(mixture),
        "prompt_column": "prompt",
        "completion_column": "text",
        "too_long": "skip",
        # Behind a copy it comes as a surprise, and rows alone, which cannot write it, spoil.
        "ends": False,
        "template": None,
        "limit": None,
        "validation": None,
    }
    rows, adapter = directory / ROWS_FOLDER, directory / ADAPTER_FOLDER
    merged = directory / MODEL_FOLDER
    if not merged.is_dir():
        first = stage_of(
            config,
            **shared,
            adapters="rows",
            rows=False,
            epochs=config.rows_epochs,
            steps=config.rows_steps,
            learning_rate=config.rows_learning_rate,
            output=str(rows),
            resume=rows.is_dir(),
        )
        finetune(first, told=told, progress=nested(progress, "rows"))
        merge_rows(rows, merged)
    second = stage_of(
        config,
        **shared,
        model=str(merged),
        tokenizer=None,
        rows=True,
        output=str(adapter),
        resume=adapter.is_dir(),
    )
    result = finetune(second, told=told, progress=nested(progress, "adapters"))
    figures: dict[str, Any] = {
        "format_version": 1,
        "directory": str(directory),
        "adapter": str(adapter),
        "hypertokens": tok.layout.hyper_size,
        "last_loss": result.losses[-1],
        "trainable": result.trainable,
        "total": result.total,
        "seconds": round(result.seconds, 1),
    }
    lines = [f"Loss {result.losses[0]:.3f} -> {result.losses[-1]:.3f} nats a token with adapters."]
    if config.copy_test:
        found = _copy_test(config, adapter, progress)
        shares = {"exact": found.exact, "emission": found.emission, "recall": found.recall}
        figures["copying"] = {"rows": found.rows} | {
            name: plain([share.value, share.low, share.high]) for name, share in shares.items()
        }
        written = found.emission.value
        lines.append(
            f"Copy test: {found.exact.value:.1%} of {found.rows} copies exact; hypertokens "
            f"{'–' if math.isnan(written) else f'{written:.2f}'} of what the tokenizer would write."
        )
    atomic_write_text(
        directory / FIGURES_FILE, json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
    )
    return TaskResult(directory, figures, tuple(lines))


def merge_rows(trained: Path, out: Path) -> None:
    """Write the model that the rows in `trained` belong to, with these rows in it, into `out`."""
    from hyperlex.recipes.loading import load_trained

    model, tok = load_trained(trained)
    with atomic_directory(out) as staged:
        model.merge_and_unload().save_pretrained(staged)
        tok.save(staged)
    del model
    gc.collect()  # before the next stage loads it beside this one


def _mixture(config: AdaptationConfig, tok: HyperTokenizer) -> Iterator[str]:
    """Lines of texts and copies, in an order drawn by the seed.

    Of a copy what asks for it is only read: its first words follow from nothing, and in runs of
    hypertokens no word does, so that learning it would be learning noise. Each of its lines is
    encoded by itself, as in the test.
    """
    from hyperlex.measure.copying import copy_tasks, spelled_tasks
    from hyperlex.recipes.finetune.pieces import cutter

    cut = cutter(stage_of(config), None)
    pieces = filter(None, map(cut, read_rows(config.data, config.limit)))
    texts = ["".join(piece.text for piece in each.pieces) for each in pieces]
    tasks = []
    if config.copies:
        tasks += copy_tasks(texts, config.copies, seed=config.seed, form=config.copy_form)
    if config.spelled_copies:
        tasks += spelled_tasks(tok, config.spelled_copies, seed=config.seed, form=config.copy_form)
    mixed: list[tuple[str | list[str], str]] = [("", text) for text in texts[: config.texts]]
    mixed += [(task.lines, task.completion) for task in tasks]
    random.Random(config.seed).shuffle(mixed)
    for prompt, text in mixed:
        yield json.dumps({"prompt": prompt, "text": text}, ensure_ascii=False) + "\n"


def _copy_test(config: AdaptationConfig, adapter: Path, progress: Progress | None) -> Any:
    from hyperlex.recipes.evaluate import Settings, evaluate

    settings = Settings(
        copies=config.copy_test,
        copy_form=config.copy_form,
        context=config.context,
        batch=config.batch,
        seed=config.seed,
        limit=None,
    )
    named = config.validation is not None and config.validation_share is None
    sources = [str(config.validation)] if named else []
    evaluation = evaluate([str(adapter)], sources, settings, told=nested(progress, "copy test"))
    return evaluation.models[0].copying
