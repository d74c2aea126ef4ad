"""The training loop: plain PyTorch on accelerate, one process or several.

    result = train(build(config, vocabulary), PackedRows(…), budget=Budget("steps", 100),
                   schedule=Schedule(1e-3))

Every process runs this loop over its own rows of each batch; gradients are averaged between them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from hyperlex.errors import ConfigError
from hyperlex.recipes.pretrain.loss import WithLoss
from hyperlex.recipes.pretrain.model import flops_a_token
from hyperlex.recipes.pretrain.packing import Batch
from hyperlex.recipes.pretrain.schedule import Schedule

if TYPE_CHECKING:
    from accelerate import Accelerator  # type: ignore[import-untyped]

BETAS = (0.9, 0.95)
"""Of AdamW, as large language models are trained since GPT-3 (Brown et al. 2020, appendix B)."""


@dataclass(frozen=True)
class Progress:
    """How far a run has come, all processes together.

    Attributes:
        step: optimiser steps.
        tokens: that were predicted, ends of text included.
        characters: of their text.
        flops: see `model.training_flops`.
        seconds: of wall-clock time in the loop, of earlier runs that it goes on from, too.
    """

    step: int = 0
    tokens: int = 0
    characters: int = 0
    flops: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Budget:
    """How long to train: whole steps until `amount` of `unit` is reached."""

    unit: Literal["steps", "tokens", "flops", "characters"]
    amount: float

    def spent(self, progress: Progress) -> float:
        """The share of the budget that is behind, 1 or a little more at the end."""
        done = progress.step if self.unit == "steps" else getattr(progress, self.unit)
        return float(done / self.amount)


@dataclass(frozen=True)
class Line:
    """One line of the log: the mean over the steps since the last one, and how far it has come.

    Attributes:
        loss: nats a token.
        bits_per_character: of the same tokens; ends of text are paid for, and have no characters.
        learning_rate: of the last step.
        gradient_norm: of the last step, before it was clipped.
    """

    step: int
    loss: float
    bits_per_character: float
    learning_rate: float
    gradient_norm: float
    tokens: int
    characters: int
    flops: int
    seconds: float

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def _process() -> Accelerator:
    from accelerate import Accelerator

    return Accelerator()


@dataclass
class Trainer:
    """A model in training: `step` by `step`, or all of it by `train`.

    Attributes:
        model: a causal language model of transformers, fp32. It is trained in place.
        budget, schedule: how long, and with what learning rate.
        weight_decay: of matrices.
        clip: largest norm of the gradient; 0: any.
        dtype: "bf16" computes in bfloat16 (autocast), weights and their moments stay fp32.
        micro_batch: sequences at once; 0: all of a batch.
        compile: the decoder by torch.compile.
        process: of accelerate, which knows the other processes; by default as the environment says.
        progress: so far.
    """

    model: Any
    budget: Budget
    schedule: Schedule
    weight_decay: float = 0.1
    clip: float = 1.0
    dtype: Literal["fp32", "bf16"] = "fp32"
    micro_batch: int = 0
    compile: bool = False
    process: Accelerator = field(default_factory=_process)
    progress: Progress = field(default_factory=Progress)

    def __post_init__(self) -> None:
        if self.compile:
            self.model.model.compile()
        self._flops_a_token = flops_a_token(self.model)
        module = WithLoss(self.model, torch.bfloat16 if self.dtype == "bf16" else None)
        optimiser = adamw(module, self.schedule.peak, self.weight_decay)
        self.module, self.optimiser = self.process.prepare(module, optimiser)
        self.module.train()

    @property
    def done(self) -> bool:
        """Whether the budget is spent."""
        return self.budget.spent(self.progress) >= 1

    def step(self, batch: Batch) -> tuple[torch.Tensor, float, torch.Tensor]:
        """One optimiser step on this process' rows.

        Returns:
            The loss in nats, a float32 scalar, of this process' rows; the learning rate; the norm
            of the gradient, a float32 scalar.
        """
        begun = time.perf_counter()
        windows = torch.as_tensor(np.asarray(batch.ids)).to(self.process.device)
        after = self._after(windows, batch.characters)
        middle = (self.budget.spent(self.progress) + self.budget.spent(after)) / 2
        rate = self.schedule(middle)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        parts = torch.split(windows, self.micro_batch or len(windows))
        loss = torch.zeros((), device=windows.device)
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            with nullcontext() if last else self.process.no_sync(self.module):
                part_loss = self.module(part) * (len(part) / len(windows))
                self.process.backward(part_loss)
            loss += part_loss.detach()
        norm = self.process.clip_grad_norm_(self.module.parameters(), self.clip or float("inf"))
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        seconds = self.progress.seconds + time.perf_counter() - begun
        self.progress = replace(after, seconds=seconds)
        return loss, rate, torch.as_tensor(norm)

    def _after(self, windows: torch.Tensor, characters: int) -> Progress:
        """Where the run stands after a step on these windows."""
        context, processes = windows.shape[1] - 1, self.process.num_processes
        tokens = len(windows) * context * processes
        if processes > 1:
            count = torch.tensor(characters, device=windows.device)
            characters = int(self.process.reduce(count, "sum"))
        now = self.progress
        return Progress(
            step=now.step + 1,
            tokens=now.tokens + tokens,
            characters=now.characters + characters,
            flops=now.flops + tokens * self._flops_a_token(context),
            seconds=now.seconds,
        )

    def train(
        self,
        batches: Iterable[Batch],
        *,
        log_every: int = 10,
        logged: Callable[[Line], None] | None = None,
        stepped: Callable[[Progress], None] | None = None,
    ) -> list[Line]:
        """Train until the budget is spent.

        Args:
            batches: this process' rows of each batch.
            log_every: steps to a line of the log; the last line may be of fewer.
            logged: is given each line as it is made.
            stepped: is called after each step.

        Raises:
            ConfigError: the batches ended before the budget did, or the loss is no number any more.
        """
        lines: list[Line] = []
        losses: list[torch.Tensor] = []
        before = self.progress
        if self.done:
            return lines
        for batch in batches:
            loss, rate, norm = self.step(batch)
            losses.append(loss)
            if self.progress.step % log_every == 0 or self.done:
                lines.append(self._line(losses, before, rate, norm))
                losses, before = [], self.progress
                if logged is not None:
                    logged(lines[-1])
            if stepped is not None:
                stepped(self.progress)
            if self.done:
                return lines
        raise ConfigError(
            f"The texts ended after {self.progress.step:,} steps and "
            f"{self.progress.characters:,} characters, and the budget is {self.budget.amount:,.0f} "
            f"{self.budget.unit}. Give more texts, or a smaller budget."
        )

    def _line(
        self, losses: list[torch.Tensor], before: Progress, rate: float, norm: torch.Tensor
    ) -> Line:
        mean = torch.stack(losses).mean()
        if self.process.num_processes > 1:
            mean = self.process.reduce(mean, "mean")
        loss, now = float(mean), self.progress
        if not np.isfinite(loss):
            raise ConfigError(
                f"The loss is {loss} at step {now.step}: the model has diverged. Lower "
                "learning_rate, lengthen warmup, or clip."
            )
        characters = max(1, now.characters - before.characters)
        return Line(
            step=now.step,
            loss=loss,
            bits_per_character=loss / float(np.log(2)) * (now.tokens - before.tokens) / characters,
            learning_rate=rate,
            gradient_norm=float(norm),
            tokens=now.tokens,
            characters=now.characters,
            flops=now.flops,
            seconds=now.seconds,
        )


def adamw(module: torch.nn.Module, rate: float, decay: float) -> torch.optim.AdamW:
    """AdamW, fused, with weight decay on matrices alone: vectors are gains, and 0 is no aim for
    them.
    """
    trained = [each for each in module.parameters() if each.requires_grad]
    groups = [
        {"params": [each for each in trained if each.ndim >= 2], "weight_decay": decay},
        {"params": [each for each in trained if each.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=rate, betas=BETAS, eps=1e-8, fused=True)
