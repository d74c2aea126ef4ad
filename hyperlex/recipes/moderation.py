"""Which of four ways teaches a model to moderate, on one card: the task `moderation`.

The same balanced rows, with and without an instruction before each prompt, are learned by the
vectors of the model (norms and biases), by adapters on its attention, by adapters on all of its
layers, and not at all: there the prompt shows a few examples. Each is measured on the same held-out
rows.
"""

from __future__ import annotations

import gc
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from hyperlex.errors import ConfigError, FormatError
from hyperlex.files import atomic_write_text
from hyperlex.recipes.config import RESOLVED_FILE, flag, key, settled, write_recipe
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.finetune.pieces import label_of, prompt_of
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
    from hyperlex.measure.classification import Accuracy
    from hyperlex.recipes.evaluate import Opened

Regime = Literal["one-dimensional", "attention", "all", "few-shot"]
TABLE_FILE: Final = "moderation.md"
FIGURES_FILE: Final = "moderation.json"
_ROWS: Final = "rows"

NAMES: Final = {
    "one-dimensional": "norms and biases",
    "attention": "LoRA on attention",
    "all": "LoRA on all layers",
    "few-shot": "examples in the prompt",
}


@dataclass(frozen=True, kw_only=True)
class ModerationConfig(FinetuneConfig):
    """Keys of fine-tuning, and those of the comparison.

    `data` is rows with a text and a label; `template` makes a prompt of one. `adapters` is not
    read: `regimes` says what is compared.

    Raises:
        ConfigError: as `FinetuneConfig`; no labels, no template; sizes below 1.
    """

    task: Literal["moderation"] = key("What this recipe does.", "moderation")
    instruction: str = key("What stands before the prompts that have an instruction.", "")
    regimes: tuple[Regime, ...] = key(
        "What is compared: one-dimensional, attention, all, few-shot.",
        ("one-dimensional", "attention", "all", "few-shot"),
    )
    train_rows: int = key("Rows to learn from, as many of each label.", 1_000)
    validation_rows: int = key("Other rows to measure on, as many of each label.", 200)
    shots: int = key("Examples in the prompt of few-shot, as many of each label.", 6)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.labels) < 2 or not self.label_column:
            raise ConfigError(
                f"labels = {list(self.labels)}: two or more, and label_column, were expected."
            )
        if self.validation is not None:
            raise ConfigError(
                f"validation = {self.validation!r}: validation_rows of the data are held out. Take "
                "it out."
            )
        if not self.regimes:
            raise ConfigError(f"regimes = []: one of {', '.join(NAMES)} at least was expected.")
        for name in ("train_rows", "validation_rows", "shots"):
            if (value := getattr(self, name)) < len(self.labels):
                raise ConfigError(
                    f"{name} = {value}: one row of each of {len(self.labels)} labels at least was "
                    f"expected. Pass a larger {flag(name)}."
                )


@dataclass(frozen=True)
class Example:
    """A prompt and the word of its label."""

    prompt: str
    label: str


@dataclass(frozen=True)
class Outcome:
    """One regime with one kind of prompt.

    Attributes:
        trainable, total: parameters; None where nothing was trained.
        likeliest, written: accuracy by the likeliest label, and by what the model writes.
    """

    regime: str
    instructed: bool
    trainable: int | None
    total: int | None
    seconds: float
    likeliest: Accuracy
    written: Accuracy


def compare(
    config: ModerationConfig, *, told: Told | None = None, progress: Progress | None = None
) -> TaskResult:
    """Train and measure each regime with each kind of prompt; write the table, also as JSON.

    Raises:
        ConfigError: too few rows of a label; as `finetune`.
        FormatError: a row without the columns, a label outside `labels`.
    """
    with open_task(config) as directory:
        return _compare(config, directory, told, progress)


def _compare(
    config: ModerationConfig, directory: Path, told: Told | None, progress: Progress | None
) -> TaskResult:
    learned, held_out = balanced(config)
    write_recipe(settled(config), directory / RESOLVED_FILE)
    outcomes: list[Outcome] = []
    for instructed in (False, True) if config.instruction else (False,):
        before = config.instruction if instructed else ""
        kind = "instructed" if instructed else "plain"
        train = _written(directory / _ROWS / f"{kind}-train.jsonl", learned, before)
        for regime in config.regimes:
            name = f"{regime}-{kind}"
            shown = nested(progress, name)
            trainable = total = None
            seconds = 0.0
            source = directory / name
            if regime == "few-shot":
                examples = _few_shots(learned, config)
                tests = [_shown(examples, each, config) for each in held_out]
            else:
                tests = list(held_out)
                result = _train(config, regime, train, source, told, shown)
                trainable, total, seconds = result.trainable, result.total, result.seconds
            held = _written(directory / _ROWS / f"{name}-validation.jsonl", tests, before)
            likeliest, written = _measured(config, regime, source, held, shown)
            outcomes.append(
                Outcome(regime, instructed, trainable, total, seconds, likeliest, written)
            )
    figures = _figures(outcomes, config)
    atomic_write_text(
        directory / FIGURES_FILE, json.dumps(figures, ensure_ascii=False, indent=2) + "\n"
    )
    table = markdown(outcomes)
    atomic_write_text(directory / TABLE_FILE, table)
    return TaskResult(directory, figures, tuple(table.rstrip().splitlines()))


def balanced(config: ModerationConfig) -> tuple[list[Example], list[Example]]:
    """Rows to learn from and rows to measure on, no text in both, each label as often.

    Where a number does not divide by the labels, the first labels have one more.

    Raises:
        ConfigError: too few rows of a label.
    """
    found: dict[str, dict[str, None]] = defaultdict(dict)
    seen: dict[str, str] = {}
    for row in read_rows(config.data, config.limit):
        prompt, label = prompt_of(row, config), label_of(row, config)
        if seen.setdefault(prompt, label) != label:
            raise FormatError(
                f"{row.place}: this text stands in the data with the label {seen[prompt]!r}, too. "
                "One label was expected: decide, and take one row out."
            )
        found[label][prompt] = None
    random_order = random.Random(config.seed)
    learned: list[Example] = []
    held_out: list[Example] = []
    for number, label in enumerate(config.labels):
        train, held = (
            size // len(config.labels) + (number < size % len(config.labels))
            for size in (config.train_rows, config.validation_rows)
        )
        prompts = list(found[label])
        if len(prompts) < train + held:
            raise ConfigError(
                f"{config.data} has {len(prompts)} different rows of the label {label!r}, and "
                f"{train} to learn from and {held} to measure on are needed. Add rows, or pass a "
                "smaller --train-rows or --validation-rows."
            )
        random_order.shuffle(prompts)
        learned += [Example(prompt, label) for prompt in prompts[:train]]
        held_out += [Example(prompt, label) for prompt in prompts[train : train + held]]
    random_order.shuffle(learned)
    random_order.shuffle(held_out)
    return learned, held_out


def markdown(outcomes: Sequence[Outcome]) -> str:
    """The table: a row for each regime and kind of prompt, best accuracy first."""
    lines = [
        "| what learns | instruction | trained | share | accuracy, likeliest label | as written |",
        "|---|---|---:|---:|---:|---:|",
    ]
    for each in sorted(outcomes, key=lambda outcome: -outcome.likeliest.right):
        trained = share = "—"
        if each.trainable is not None and each.total:
            trained, share = f"{each.trainable:,}", f"{each.trainable / each.total:.2%}"
        lines.append(
            f"| {NAMES[each.regime]} | {'yes' if each.instructed else 'no'} | {trained} | {share} "
            f"| {_interval(each.likeliest)} | {_interval(each.written)} |"
        )
    first = outcomes[0].likeliest
    return "\n".join(
        [
            *lines,
            "",
            f"{first.rows} held-out rows; the commonest label alone would be right in "
            f"{first.majority:.1%}. In brackets: Wilson's interval at 95 %.",
            "",
        ]
    )


def _interval(found: Accuracy) -> str:
    share = found.share
    return f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"


def _train(
    config: ModerationConfig,
    regime: str,
    rows: Path,
    output: Path,
    told: Told | None,
    progress: Progress | None,
) -> Any:
    from hyperlex.recipes.finetune import finetune

    stage = stage_of(
        config,
        adapters=regime,
        data=str(rows),
        validation=None,
        limit=None,
        output=str(output),
        template=None,
        prompt_column="prompt",
        label_column="label",
        too_long="skip",
        resume=config.resume and output.is_dir(),
    )
    return finetune(stage, told=told, progress=progress)


def _measured(
    config: ModerationConfig,
    regime: str,
    source: Path,
    rows: Path,
    progress: Progress | None,
) -> tuple[Accuracy, Accuracy]:
    from hyperlex.recipes.evaluate import Settings, evaluate

    settings = Settings(
        limit=None,
        labels=config.labels,
        context=config.context,
        cut_prompts=True,
        batch=config.batch,
        seed=config.seed,
    )
    opened = _opened(config, regime, source)
    report = evaluate([opened], [rows], settings, told=progress).models[0]
    del opened
    gc.collect()  # before the next model is loaded beside it
    found = report.classification
    assert found is not None  # every row has a label
    return found.by_likelihood, found.by_generation


def _opened(config: ModerationConfig, regime: str, source: Path) -> Opened:
    from hyperlex.recipes.evaluate import Opened, open_model
    from hyperlex.recipes.loading import load_for, load_tokenizer

    if regime != "few-shot":
        return open_model(str(source))
    model = load_for(config.model, weights=config.weights).eval()
    return Opened(regime, model, load_tokenizer(config.tokenizer or config.model))


def _few_shots(learned: Sequence[Example], config: ModerationConfig) -> list[Example]:
    """Examples of all labels in turn: the shortest, so that many fit."""
    by_label = {
        label: sorted((e for e in learned if e.label == label), key=lambda e: len(e.prompt))
        for label in config.labels
    }
    turns = [
        by_label[label][turn]
        for turn in range(-(-config.shots // len(config.labels)))
        for label in config.labels
        if turn < len(by_label[label])
    ]
    return turns[: config.shots]


def _shown(examples: Sequence[Example], asked: Example, config: ModerationConfig) -> Example:
    """`asked` with the examples before it."""
    before = "\n\n".join(f"{each.prompt} {each.label}" for each in examples)
    return Example(f"{before}\n\n{asked.prompt}", asked.label)


def _written(file: Path, rows: Sequence[Example], instruction: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps({"prompt": instruction + each.prompt, "label": each.label}, ensure_ascii=False)
        for each in rows
    ]
    atomic_write_text(file, "\n".join(lines) + "\n")
    return file


def _figures(outcomes: Sequence[Outcome], config: ModerationConfig) -> dict[str, Any]:
    return {
        "format_version": 1,
        "directory": config.output,
        "model": config.model,
        "labels": list(config.labels),
        "train_rows": config.train_rows,
        "validation_rows": outcomes[0].likeliest.rows,
        "regimes": [
            {
                "regime": each.regime,
                "instruction": each.instructed,
                "trainable": each.trainable,
                "total": each.total,
                "seconds": round(each.seconds, 1),
                "likeliest": _as_json(each.likeliest),
                "written": _as_json(each.written),
            }
            for each in outcomes
        ],
    }


def _as_json(found: Accuracy) -> dict[str, Any]:
    return {
        "accuracy": found.share.value,
        "low": found.share.low,
        "high": found.share.high,
        "right": found.right,
        "rows": found.rows,
        "confusion": [list(row) for row in found.confusion],
    }
