"""What a run takes in memory: said before it begins, refused where it is too much, held to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hyperlex.errors import ConfigError, first_line
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.sizes import in_gib, parse_size
from hyperlex.tokenizer import VocabularyLayout

if TYPE_CHECKING:
    from hyperlex.model.training_memory import TrainingPlan


def plan_run(
    config: FinetuneConfig, running: Any, layout: VocabularyLayout, say: Callable[[str], None]
) -> None:
    """Say what the run takes in memory. Raises `ConfigError` where that is more than there is."""
    from hyperlex.model.training_memory import describe
    from hyperlex.recipes.finetune.adapters import prepare, trained_in_full_precision
    from hyperlex.recipes.finetune.optimiser import mixed_precision
    from hyperlex.recipes.loading import budget, compute_dtype

    room = budget(config.gpu_memory)
    computing = compute_dtype(running.weights)

    def prepared(model: Any, *, adapters: str, lora_r: int) -> Any:
        model = prepare(model, config, layout, adapters=adapters, lora_r=lora_r)
        trained_in_full_precision(model)
        return model

    def mixed(*, adapters: str, weights: str) -> str | None:
        return mixed_precision(adapters, running.weights if adapters == "none" else weights)

    try:
        planned = _planned(config, running, room, computing, prepared, mixed)
    except RuntimeError as error:
        say(f"What a step takes in memory is not known for this model ({first_line(error)}).")
        return
    say("Memory that a step takes:")
    for name, size, words in describe(planned):
        say(f"  {name:12} {in_gib(size):>11}  {words}")
    if not planned.fits():
        assert room is not None
        raise ConfigError(
            f"This takes {in_gib(planned.total)} and there are {in_gib(room)}. "
            + " ".join(f"{line.rstrip('.')}." for line in planned.advice())
        )


def _planned(
    config: FinetuneConfig,
    running: Any,
    room: int | None,
    computing: Any,
    prepared: Callable[..., Any],
    mixed: Callable[..., str | None],
) -> TrainingPlan:
    """The plan of a step. Raises `RuntimeError` where a model looks at numbers on its way, as
    mixtures of experts do.
    """
    from hyperlex.model.plan import DTYPES
    from hyperlex.model.training_memory import plan_training
    from hyperlex.recipes.loading import cuda

    return plan_training(
        config.model,
        prepare=prepared,
        adapters=config.adapters,
        lora_r=config.lora_r,
        # All weights are trained in 32 bits, whatever is computed in.
        weights="fp32" if config.adapters == "none" else running.weights,
        dtype=None
        if config.adapters == "none"
        else next(name for name, each in DTYPES.items() if each == computing),
        mixed=mixed,
        place="cuda" if cuda() else "cpu",
        optimiser=running.optimiser,
        batch=config.batch,
        accumulation=config.accumulation,
        context=config.context,
        gradient_checkpointing=config.gradient_checkpointing,
        gpu=room,
        **({} if cuda() else {"reserve": 0}),
    )


def cap_memory(config: FinetuneConfig) -> None:
    """Hold a run to its budget where the card has more."""
    from hyperlex.recipes.loading import cuda

    if config.gpu_memory is None or not cuda():
        return
    import torch

    card = torch.cuda.get_device_properties(0).total_memory
    budget = parse_size(config.gpu_memory, "gpu_memory")
    torch.cuda.set_per_process_memory_fraction(min(1.0, budget / card))
