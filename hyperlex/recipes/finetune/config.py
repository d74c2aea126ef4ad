"""What `hyperlex finetune` is told: one flat table."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass, field
from typing import Final, Literal

from hyperlex.errors import ConfigError
from hyperlex.recipes.config import flag, key
from hyperlex.sizes import parse_size

QUANTISED: Final = frozenset({"int8", "nf4", "int4"})


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Fine-tuning of a causal language model. The help of each key stands beside it.

    What a row of the data is, is told by its columns, in this order:

        messages_column             a conversation; loss on the assistant's turns
        label_column                a prompt, and the word of its label; loss on the label
        completion_column           a prompt and its completion; loss on the completion
        otherwise                   a text; loss on all of it

    The prompt is `template` filled in, else `prompt_column`; the text is `template` filled in, else
    `text_columns`.

    Raises:
        ConfigError: a value out of range, or keys that contradict each other.
    """

    model: str = field(
        metadata={"help": "A causal language model: a directory, or a hub id. Its hypertokens too."}
    )
    data: str = field(
        metadata={"help": "A file or folder (jsonl, csv, parquet, txt), a corpus, or a data set."}
    )
    output: str = field(metadata={"help": "A new directory for the result, log and checkpoints."})
    tokenizer: str | None = key("Directory or hub id. Default: the model's own.", None)

    text_columns: tuple[str, ...] = key("Columns of a text, joined by a blank line.", ("text",))
    prompt_column: str | None = key("The column of the prompt, which is not learned.", None)
    completion_column: str | None = key("The column of the completion, which is learned.", None)
    messages_column: str | None = key("The column of a conversation: role and content.", None)
    label_column: str | None = key("The column of a label; its word is the completion.", None)
    labels: tuple[str, ...] = key("All labels. A number in the column is a place in them.", ())
    template: str | None = key("The prompt or text, with {column} where a cell goes.", None)
    too_long: Literal["refuse", "skip"] = key(
        "What to do with prompts and conversations that exceed the context.", "refuse"
    )
    limit: int | None = key("Rows to read. Default: all.", None)
    validation: float | str | None = key("Data like `data`, or a share of it, as 0.05.", None)
    context: int = key("Tokens of one sequence.", 512)
    packing: bool = key("Join texts by the end-of-text token and cut full sequences.", False)
    ends: bool = key("Learn the end-of-text token behind each text and completion.", True)

    weights: Literal["fp32", "bf16", "fp16", "int8", "nf4", "int4"] = key(
        "How the model's own weights are kept; those that are trained are in 32 bits.", "fp32"
    )
    adapters: Literal["none", "attention", "all", "one-dimensional", "rows", "routed"] = key(
        "What is trained: the model itself (none), LoRA, biases and norms (one-dimensional), new "
        "vocabulary rows alone, or LoRA experts (routed).",
        "all",
    )
    rows: bool = key("Train the rows of the new vocabulary besides.", False)
    lora_r: int = key("Rank of LoRA.", 8)
    lora_alpha: float = key("LoRA is scaled by lora_alpha / lora_r.", 16.0)
    lora_dropout: float = key("Of what enters LoRA.", 0.0)
    experts: int = key("Of routed adapters.", 8)
    top_k: int = key("Experts a token, of routed adapters.", 2)

    optimiser: Literal["adamw", "adam8bit", "paged_adam8bit"] = key(
        "The 8-bit ones are of bitsandbytes and need CUDA.", "adamw"
    )
    learning_rate: float = key("The highest.", 2e-4)
    schedule: Literal["linear", "cosine", "constant"] = key("Its course after warm-up.", "linear")
    warmup: float = key("Share of the steps in which it rises from 0.", 0.03)
    weight_decay: float = key("Of matrices; biases and norms have none.", 0.0)
    clip: float = key("Largest norm of the gradient. 0: any.", 1.0)
    batch: int = key("Sequences at once.", 1)
    accumulation: int = key("Batches a step.", 8)
    epochs: float = key("Times that all data is read.", 1.0)
    steps: int | None = key("Steps; wins over epochs.", None)
    gradient_checkpointing: bool = key("Less memory for activations, a third more time.", False)
    gpu_memory: str | None = key("Budget, as 11GB. Default: what the card has.", None)

    seed: int = key("Of new weights, order of data and dropout.", 0)
    log_every: int = key("Steps that a line of log.jsonl is the mean of.", 10)
    checkpoint_every: int = key("Steps between checkpoints. 0: none.", 500)
    keep_checkpoints: int = key("The newest ones that stay.", 2)
    resume: bool = key("Go on from the last checkpoint in output.", False)

    def __post_init__(self) -> None:
        self._check_numbers()
        self._check_columns()
        self._check_training()

    @property
    def has_prompts(self) -> bool:
        """Whether a part of each sequence is read and not learned."""
        return bool(self.messages_column or self.label_column or self.completion_column)

    @property
    def trains_rows(self) -> bool:
        """Whether the rows of the new vocabulary are trained one by one."""
        return self.rows or self.adapters == "rows"

    @property
    def has_lora(self) -> bool:
        return self.adapters in ("attention", "all")

    @property
    def validation_share(self) -> float | None:
        """The share of the data that is held out; None where validation is data of its own."""
        return self.validation if isinstance(self.validation, float) else None

    def _check_numbers(self) -> None:
        positive = ("learning_rate", "batch", "accumulation", "epochs", "log_every", "lora_r")
        for name in (*positive, "lora_alpha", "keep_checkpoints", "experts", "top_k"):
            value = getattr(self, name)
            _require(math.isfinite(value) and value > 0, name, value, "more than 0")
        for name in ("weight_decay", "clip", "checkpoint_every", "seed"):
            value = getattr(self, name)
            _require(math.isfinite(value) and value >= 0, name, value, "0 or more")
        for name in ("limit", "steps"):
            value = getattr(self, name)
            _require(value is None or value > 0, name, value, "at least 1, or nothing")
        _require(self.context >= 2, "context", self.context, "at least 2")
        _require(0 <= self.warmup <= 1, "warmup", self.warmup, "a share of the steps, 0 to 1")
        _require(0 <= self.lora_dropout < 1, "lora_dropout", self.lora_dropout, "0 up to below 1")
        share = self.validation_share
        _require(share is None or 0 < share < 1, "validation", share, "a share between 0 and 1")
        if self.gpu_memory is not None:
            parse_size(self.gpu_memory, "gpu_memory")

    def _check_columns(self) -> None:
        for name in ("text_columns", "labels"):
            value = getattr(self, name)
            _require(not isinstance(value, str), name, value, f"a tuple, as ({value!r},)")
        completions = ("messages_column", "label_column", "completion_column")
        named = [name for name in completions if getattr(self, name)]
        if len(named) > 1:
            raise ConfigError(
                f"{' and '.join(named)} are both given: a row is one of them. Take one out."
            )
        if self.messages_column and (self.template or self.prompt_column):
            raise ConfigError(
                "messages_column is given, and template or prompt_column too: a conversation has "
                "its prompt in it. Take the other one out."
            )
        if self.label_column or self.completion_column:
            if not (self.template or self.prompt_column):
                raise ConfigError(
                    f"{named[0]} is given without a prompt. Add prompt_column, or a template like "
                    'template = "{text}\\nКласс:".'
                )
        elif self.prompt_column:
            raise ConfigError(
                "prompt_column is given without what follows it. Add completion_column or "
                "label_column; or name it in text_columns, if all of it is learned."
            )
        if bool(self.label_column) != bool(self.labels):
            raise ConfigError(
                "label_column and labels belong together: the column, and all labels that may be "
                f"in it. Add {flag('labels' if self.label_column else 'label_column')}."
            )
        repeated = [label for label in self.labels if self.labels.count(label) > 1]
        _require(not repeated, "labels", repeated[:1], "each label once")
        _require(bool(self.text_columns), "text_columns", (), "at least one column")
        if self.template is not None:
            template_columns(self.template)
        if self.packing and self.has_prompts:
            raise ConfigError(
                "packing = true with prompts: a completion would be learned behind its neighbours' "
                "prompts, which it never sees in use. Write packing = false."
            )
        if self.packing and not self.ends:
            raise ConfigError(
                "packing = true with ends = false: nothing would part the texts. Take one out."
            )

    def _check_training(self) -> None:
        _require(
            self.top_k <= self.experts, "top_k", self.top_k, f"at most experts = {self.experts}"
        )
        if self.adapters == "none" and self.weights in QUANTISED:
            raise ConfigError(
                f'adapters = "none" trains all weights, and weights = {self.weights!r} cannot be '
                'trained. Choose weights = "bf16", or adapters = "all".'
            )
        if self.rows and self.adapters in ("none", "routed"):
            raise ConfigError(
                f"rows = true with adapters = {self.adapters!r}: "
                + (
                    "all rows are trained then. Write rows = false."
                    if self.adapters == "none"
                    else 'that needs LoRA. Write adapters = "all", or rows = false.'
                )
            )


def template_columns(template: str) -> list[str]:
    """The columns that a template names, in order. Raises `ConfigError` for a broken template."""
    try:
        parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
        if odd := [name for _, name, form, conversion in parts if form or conversion]:
            raise ValueError(f"more than a column stands in {{{odd[0]}…}}")
    except ValueError as error:
        raise ConfigError(
            f"template = {template!r} is broken ({error}). Write {{column}} where a cell goes, and "
            "{{ or }} for a brace itself."
        ) from error
    fields = [str(name) for _, name, _, _ in parts]
    if not fields or not all(fields):
        raise ConfigError(
            f"template = {template!r} names no column. Write {{column}} where a cell goes."
        )
    return list(dict.fromkeys(fields))


def _require(holds: bool, key: str, value: object, expected: str) -> None:
    if not holds:
        raise ConfigError(
            f"{key} = {value!r}: {expected} was expected. Change it in the recipe, or pass "
            f"{flag(key)} on the command line."
        )
