"""transformers' Trainer, with our loss, our log and checkpoints that are whole or not there.

The loss of a step is the sum over all learned tokens of its batches divided by their number, for
every architecture alike. What is logged adds up sums as well, so a line is the mean over tokens,
whatever the batches were.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import Trainer, TrainerCallback, TrainingArguments

from hyperlex.errors import ConfigError
from hyperlex.recipes.finetune.checkpoint import (
    checkpoint_written,
    load_trained_parameters,
    save_trained,
)
from hyperlex.recipes.finetune.collate import IGNORED, Collator, SequenceDataset
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.finetune.log import RunLog
from hyperlex.recipes.finetune.sequences import Sequences

Progress = Callable[[str, int, int | None], None]


def summed_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """The sum of -ln p over the learned tokens, float32 [].

    Args:
        logits: [B, T, ids]; labels: int64 [B, T], of the same positions, `IGNORED` where nothing
            is learned.
    """
    ahead = F.pad(labels[:, 1:], (0, 1), value=IGNORED)
    return F.cross_entropy(
        logits.float().flatten(0, 1), ahead.flatten(), ignore_index=IGNORED, reduction="sum"
    )


class FinetuneTrainer(Trainer):
    """One run.

    Attributes:
        seconds: of training so far, runs before an interruption among them.
    """

    def __init__(
        self,
        model: nn.Module,
        arguments: TrainingArguments,
        config: FinetuneConfig,
        sequences: Sequences,
        validation: Sequences | None,
        collator: Collator,
        log: RunLog,
        progress: Progress,
    ) -> None:
        super().__init__(
            model=model,
            args=arguments,
            train_dataset=SequenceDataset(sequences),
            data_collator=collator,
            # Called nowhere: that there is one has the tokens of all batches of a step counted.
            compute_loss_func=summed_loss,
            callbacks=[_Pace(config, progress)],
        )
        self._config = config
        self._validation = validation
        self._collate = collator
        self._log = log
        self._sums = _Sums()
        self._staged: Path | None = None
        self._before = log.last("seconds")
        self._tokens = int(log.last("tokens"))
        self._begun = time.perf_counter()

    @property
    def seconds(self) -> float:
        return self._before + time.perf_counter() - self._begun

    def compute_loss(
        self,
        model: Any,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Any = None,
    ) -> Any:
        """The share of a batch in the mean loss of its step."""
        labels, characters = inputs.pop("labels"), inputs.pop("characters")
        nats = summed_loss(model(**inputs, use_cache=False).logits, labels)
        self._sums.add(nats, labels, characters, inputs["attention_mask"])
        loss = nats / num_items_in_batch
        if self._config.adapters == "routed":
            from hyperlex.model.routed_lora import balance_loss

            loss = loss + balance_loss(model) / self._config.accumulation
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Write a line of the log. Told of the end of training, do nothing: the result says it."""
        if "loss" not in logs:
            return
        step = self.state.global_step
        sums, self._sums = self._sums, _Sums()
        if not math.isfinite(sums.loss):
            raise ConfigError(
                f"The loss is {sums.loss} at step {step}: the model has diverged. Lower "
                "learning_rate, lengthen warmup, or clip."
            )
        self._tokens += int(sums.read)
        entry: dict[str, Any] = {
            "step": step,
            "loss": sums.loss,
            "bits_per_character": sums.bits,
            "learning_rate": logs["learning_rate"],
            "gradient_norm": logs.get("grad_norm"),
            "tokens": self._tokens,
            "seconds": round(self.seconds, 3),
        }
        if self._validation is not None and self._is_milestone(step):
            held_out = self._on_validation()
            entry |= {
                "validation_loss": held_out.loss,
                "validation_bits_per_character": held_out.bits,
            }
        self._log.add({key: value for key, value in entry.items() if value is not None})

    def _is_milestone(self, step: int) -> bool:
        every = self._config.checkpoint_every
        return step == self.state.max_steps or bool(every and step % every == 0)

    def _on_validation(self) -> _Sums:
        """The loss on what was held out. Not by a DataLoader: one draws from the generator that
        dropout draws from, and a run that goes on would part from one that was never stopped.
        """
        assert self._validation is not None
        model: Any = self.model
        sums = _Sums()
        model.eval()
        size = self._config.batch
        with torch.no_grad():
            for start in range(0, len(self._validation), size):
                stop = min(start + size, len(self._validation))
                batch = self._collate([self._validation[n] for n in range(start, stop)])
                batch = {name: values.to(self.args.device) for name, values in batch.items()}
                labels, characters = batch.pop("labels"), batch.pop("characters")
                with self.accelerator.autocast():
                    logits = model(**batch, use_cache=False).logits
                nats = summed_loss(logits, labels)
                sums.add(nats, labels, characters, batch["attention_mask"])
        model.train()
        return sums

    def _get_output_dir(self, trial: Any) -> str:
        return str(self._staged)

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """As Trainer does, in a place of its own that becomes the checkpoint in one step."""
        directory, step = Path(self._config.output), self.state.global_step
        with checkpoint_written(directory, step, self._config.keep_checkpoints) as place:
            self._staged = place
            super()._save_checkpoint(model, trial)
            for file in (place / f"checkpoint-{step}").iterdir():
                file.rename(place / file.name)
            (place / f"checkpoint-{step}").rmdir()

    def save_model(self, output_dir: str | None = None, _internal_call: bool = False) -> None:
        """Write what a checkpoint keeps of the model."""
        assert output_dir is not None
        Path(output_dir).mkdir(parents=True, exist_ok=True)
        save_trained(self._bare_model, Path(output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        load_trained_parameters(self._bare_model, Path(resume_from_checkpoint))

    @property
    def _bare_model(self) -> nn.Module:
        bare: nn.Module = self.accelerator.unwrap_model(self.model)
        return bare


class _Sums:
    """What was learned since the last line of the log. On the device: asking a card costs time."""

    def __init__(self) -> None:
        self._nats: Tensor | float = 0.0
        self._learned: Tensor | int = 0
        self._characters: Tensor | int = 0
        self.read: Tensor | int = 0

    def add(self, nats: Tensor, labels: Tensor, characters: Tensor, mask: Tensor) -> None:
        self._nats = self._nats + nats.detach().double()
        self._learned = self._learned + (labels[:, 1:] != IGNORED).sum()
        self._characters = self._characters + characters.sum()
        self.read = self.read + mask.sum()

    @property
    def loss(self) -> float:
        """Nats a token."""
        return float(self._nats) / max(1, int(self._learned))

    @property
    def bits(self) -> float:
        """Bits a character."""
        return float(self._nats) / math.log(2) / max(1, int(self._characters))


class _Pace(TrainerCallback):
    """When to log and when to keep a checkpoint, and how far the run is.

    A line is logged at each checkpoint, so that no sum reaches over one: a run that goes on from
    there logs what the uninterrupted one logs.
    """

    def __init__(self, config: FinetuneConfig, progress: Progress) -> None:
        self._config = config
        self._progress = progress

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        step, every = state.global_step, self._config.checkpoint_every
        last = step >= state.max_steps
        control.should_save = bool(every) and step % every == 0 and not last
        control.should_log = step % self._config.log_every == 0 or control.should_save or last
        self._progress("training", step, state.max_steps)
