"""The recipe's optimiser, schedule and precision as transformers' Trainer takes them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from hyperlex.recipes.finetune.config import FinetuneConfig

_OPTIMISERS: Final = {
    "adamw": "adamw_torch_fused",
    "adam8bit": "adamw_8bit",
    "paged_adam8bit": "paged_adamw_8bit",
}


def steps_of(config: FinetuneConfig, sequences: int) -> int:
    """Optimiser steps of a run."""
    if config.steps is not None:
        return config.steps
    batches = -(-sequences // config.batch)
    return max(1, math.ceil(config.epochs * -(-batches // config.accumulation)))


def training_arguments(
    config: FinetuneConfig, *, weights: str, optimiser: str, steps: int, on_cuda: bool
) -> Any:
    """Trainer's arguments; `weights` and `optimiser` are those that run here."""
    from transformers import TrainingArguments

    mixed = mixed_precision(config.adapters, weights)
    arguments = TrainingArguments(
        output_dir=str(Path(config.output)),
        max_steps=steps,
        per_device_train_batch_size=config.batch,
        gradient_accumulation_steps=config.accumulation,
        optim=_OPTIMISERS[optimiser],
        learning_rate=config.learning_rate,
        lr_scheduler_type="constant_with_warmup"
        if config.schedule == "constant"
        else config.schedule,
        # Down: transformers' warm-up begins with a step at 0; a short run has none to give.
        warmup_steps=int(config.warmup * steps),
        weight_decay=config.weight_decay,
        max_grad_norm=config.clip,
        bf16=mixed == "bf16",
        fp16=mixed == "fp16",
        seed=config.seed,
        data_seed=config.seed,
        use_cpu=not on_cuda,
        # Our own log, checkpoints and progress: see trainer.py.
        logging_strategy="no",
        save_strategy="no",
        eval_strategy="no",
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        dataloader_pin_memory=on_cuda,
    )
    if on_cuda:
        # One card: with several, Trainer would split each batch by DataParallel.
        _ = arguments.device
        arguments._n_gpu = 1
    return arguments


def mixed_precision(adapters: str, weights: str) -> str | None:
    """Whether products are computed in 16 bits beside parameters in 32: "bf16", "fp16" or None.

    LoRA casts by itself. Trained weights, norms and biases are kept in 32 bits, and float16 needs
    the loss scaled.
    """
    from hyperlex.recipes.loading import compute_dtype

    computing = str(compute_dtype(weights)).removeprefix("torch.")
    if computing == "float32":
        return None
    if computing == "float16":
        return "fp16"
    return "bf16" if adapters in ("none", "one-dimensional") else None
