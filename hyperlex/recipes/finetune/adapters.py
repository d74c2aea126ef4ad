"""What is trained of a model: adapters of PEFT, the new rows, vectors, experts, or all of it.

Everything but `none` and `routed` is one PEFT config, so that the result is an adapter that
`PeftModel.from_pretrained` reads:

    attention, all      LoRA (Hu et al. 2021, arXiv:2106.09685) on linear layers of the blocks
    one-dimensional     biases (BitFit, Zaken et al. 2022, arXiv:2106.10199) and norms, as `bias`
                        and `modules_to_save`
    rows                `trainable_token_indices`: rows of the embedding, and of the head where it
                        is another matrix
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from hyperlex.errors import ConfigError
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.finetune.modules import (
    embedding_names,
    has_turned_weight,
    linear_names,
    one_dimensional,
)
from hyperlex.tokenizer import VocabularyLayout

_NOWHERE = "dummy-target-modules"  # PEFT's name for a config that targets no layer by LoRA


def prepare(
    model: Any,
    config: FinetuneConfig,
    layout: VocabularyLayout,
    *,
    adapters: str | None = None,
    lora_r: int | None = None,
) -> Any:
    """`model` with everything frozen but what `config` trains, and adapters in it.

    No numbers are read, so a model on the meta device is prepared as well: that is how the memory
    is planned.

    Args:
        adapters, lora_r: instead of those in `config`.

    Raises:
        ConfigError: new rows are asked for and there are none; layers are not found.
    """
    kind = config.adapters if adapters is None else adapters
    rank = config.lora_r if lora_r is None else lora_r
    if kind == "none":
        return model.requires_grad_(True)
    model.requires_grad_(False)
    if kind == "routed":
        from hyperlex.model.routed_lora import RoutedLoraConfig, add_routed_lora

        routed = RoutedLoraConfig(
            r=rank,
            alpha=config.lora_alpha,
            dropout=config.lora_dropout,
            experts=config.experts,
            top_k=config.top_k,
        )
        return add_routed_lora(model, routed, layout)
    from peft import LoraConfig, get_peft_model

    from hyperlex.model.lora import prepare_lora

    options: dict[str, Any] = {
        "r": rank,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "task_type": "CAUSAL_LM",
        "target_modules": _NOWHERE,
    }
    if kind in ("attention", "all"):
        options["target_modules"] = linear_names(model, attention_only=kind == "attention")
        options["fan_in_fan_out"] = has_turned_weight(model)
    elif kind == "one-dimensional":
        options |= {"bias": "all", "modules_to_save": one_dimensional(model)}
    if kind == "rows" or config.rows:
        options["trainable_token_indices"] = new_rows(model, layout)
    return get_peft_model(model, prepare_lora(LoraConfig(**options)))


def new_rows(model: Any, layout: VocabularyLayout) -> dict[str, list[int]]:
    """Ids of the new vocabulary by the module whose rows are trained.

    A head with a bias is left out: PEFT's layer would drop the bias. Scene ids are read, and never
    predicted.
    """
    if not layout.total > layout.base_size:
        raise ConfigError(
            "New rows are to be trained, and the tokenizer has no hypertokens. Extend the model "
            "first: hyperlex extend MODEL OUT --texts FOLDER"
        )
    embedding, head = embedding_names(model)
    rows = {embedding: list(range(layout.base_size, layout.total))}
    if head is not None and model.get_submodule(head).bias is None:
        rows[head] = list(range(layout.base_size, layout.first_scene))
    return rows


def left_out(model: Any, config: FinetuneConfig) -> str | None:
    """What of the new rows cannot be trained, in words; None where all can."""
    if config.trains_rows:
        _, head = embedding_names(model)
        if head is not None and model.get_submodule(head).bias is not None:
            return (
                f"The head of {type(model).__name__} has a bias, which PEFT's row layer would "
                "drop: its new rows stay as they are, those of the embedding are trained."
            )
    return None


def trained_in_full_precision(model: Any) -> None:
    """Make every trained parameter float32: in 16 bits most of its updates would be rounded off."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.dtype in (torch.float16, torch.bfloat16):
            parameter.data = parameter.data.float()


def trained_parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """By name, each once."""
    return {name: each for name, each in model.named_parameters() if each.requires_grad}
