"""What `hyperlex pretrain` is told: one flat table."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from hyperlex.errors import ConfigError
from hyperlex.recipes.config import flag, key

BUDGETS = ("steps", "tokens", "flops", "characters")
"""The keys that say how long to train; a recipe has one of them."""


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """A small Llama-shaped model from scratch. The help of each key stands beside it.

    Raises:
        ConfigError: a value out of range, no budget or two of them, heads that do not divide.
    """

    one_of: ClassVar[tuple[str, ...]] = BUDGETS

    data: tuple[str, ...] = field(
        metadata={"help": "Texts: files, folders, corpora by name, data sets on the hub."}
    )
    output: str = field(
        metadata={"help": "A new directory for the model, its log and checkpoints."}
    )
    mixture: tuple[float, ...] = key(
        "A weight for each entry of data, by characters; empty: by size, each text once an epoch.",
        (),
    )
    split: Literal["train", "dev", "test", "all"] = key(
        "The part of data to read, by the hash of each document; dev and test stay unseen.", "train"
    )
    tokenizer: str | None = key(
        "Directory, tokenizer.json or hub id; none: the embedded one.", None
    )
    hypertokens: int | None = key(
        "The first so many hypertokens alone; none: all; 0: the base.", None
    )
    scenes: bool = key("Give scene ids rows, too; plain text never trains them.", False)

    layers: int = key("Blocks.", 8)
    hidden: int = key("Width of the residual stream.", 512)
    heads: int = key("Query heads; they divide hidden.", 8)
    kv_heads: int = key("Key and value heads; they divide heads. 0: as many as heads.", 0)
    intermediate: int = key("Width of the MLP. 0: 8/3 of hidden, rounded up to 32.", 0)
    context: int = key("Tokens that the model sees at once.", 512)
    tied: bool = key("One matrix for embedding and head.", True)

    steps: int | None = key("Budget: optimiser steps.", None)
    tokens: int | None = key("Budget: tokens predicted.", None)
    flops: float | None = key("Budget: FLOPs, forward and backward, without the look-up.", None)
    characters: int | None = key("Budget: characters predicted.", None)
    batch: int = key("Sequences a step, of all processes together.", 32)
    micro_batch: int = key("Sequences at once in one process. 0: its whole share of the batch.", 0)

    learning_rate: float = key("The highest.", 1e-3)
    schedule: Literal["wsd", "cosine", "constant"] = key("Its course after the warm-up.", "wsd")
    warmup: float = key("Share of the budget in which it rises from 0.", 0.02)
    decay: float = key("Share of the budget in which wsd falls.", 0.2)
    floor: float = key("Where wsd and cosine end, as a share of the highest.", 0.0)
    weight_decay: float = key("Of matrices; vectors have none.", 0.1)
    clip: float = key("Largest norm of the gradient. 0: any.", 1.0)

    seed: int = key("Of the first weights and of the order of documents.", 0)
    dtype: Literal["fp32", "bf16"] = key("bf16: autocast over fp32 weights.", "fp32")
    compile: bool = key("Compile the blocks with torch.compile.", False)
    log_every: int = key("Steps that a line of log.jsonl is the mean of.", 10)
    checkpoint_every: int = key("Steps between checkpoints. 0: none.", 0)
    resume: bool = key("Go on from the last checkpoint in output.", False)

    def __post_init__(self) -> None:
        _require(bool(self.data), "data", self.data, "at least one path or name")
        if self.mixture:
            given, wanted = len(self.mixture), len(self.data)
            _require(
                given == wanted, "mixture", self.mixture, f"{wanted} weights, one for each data"
            )
            positive = all(math.isfinite(weight) and weight > 0 for weight in self.mixture)
            _require(positive, "mixture", self.mixture, "weights above 0")
        named = [key for key in BUDGETS if getattr(self, key) is not None]
        if len(named) != 1:
            raise ConfigError(
                f"{' and '.join(named) or 'No budget'} in the recipe: exactly one of "
                f"{', '.join(BUDGETS)} was expected. Add, for example, {flag('steps')} 1000."
                if not named
                else f"{' and '.join(named)} are in the recipe: exactly one of "
                f"{', '.join(BUDGETS)} was expected. Take the others out."
            )
        self._check_numbers(named[0])
        _require(
            self.checkpoint_every % self.log_every == 0,
            "checkpoint_every",
            self.checkpoint_every,
            f"a multiple of log_every, {self.log_every},",
        )
        _require(self.hidden % self.heads == 0, "heads", self.heads, f"a divisor of {self.hidden}")
        _require((self.hidden // self.heads) % 2 == 0, "heads", self.heads, "heads of even width")
        _require(
            self.heads % self.key_heads == 0,
            "kv_heads",
            self.kv_heads,
            f"a divisor of {self.heads}",
        )

    def _check_numbers(self, budget: str) -> None:
        positive = ("layers", "hidden", "heads", "batch", "log_every", "learning_rate", budget)
        for name in positive:
            value = getattr(self, name)
            _require(math.isfinite(value) and value > 0, name, value, "more than 0")
        for name in (
            "kv_heads",
            "intermediate",
            "micro_batch",
            "weight_decay",
            "clip",
            "checkpoint_every",
        ):
            value = getattr(self, name)
            _require(math.isfinite(value) and value >= 0, name, value, "0 or more")
        if self.hypertokens is not None:
            _require(self.hypertokens >= 0, "hypertokens", self.hypertokens, "0 or more")
        for name in ("warmup", "decay", "floor"):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "a share, 0 to 1")
        _require(self.context >= 2, "context", self.context, "2 or more")

    @property
    def key_heads(self) -> int:
        """Key and value heads in the end."""
        return self.kv_heads or self.heads

    @property
    def mlp(self) -> int:
        """Width of the MLP in the end."""
        return self.intermediate or -(-8 * self.hidden // 3 // 32) * 32


def _require(holds: bool, key: str, value: object, expected: str) -> None:
    if not holds:
        raise ConfigError(
            f"{key} = {value!r}: {expected} was expected. Change it in the recipe, or pass "
            f"{flag(key)} on the command line."
        )
