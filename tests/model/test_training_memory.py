"""The plan against steps that are really taken, by the code that training takes them with."""

from __future__ import annotations

import gc
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPTJConfig,
    GPTNeoConfig,
    LlamaConfig,
    PretrainedConfig,
)

from hyperlex import VocabularyLayout
from hyperlex.errors import ConfigError
from hyperlex.model.activations import LiveBytes
from hyperlex.model.plan import DTYPES, GIB
from hyperlex.model.training_memory import TrainingPlan, describe, plan_training
from hyperlex.recipes.finetune import FinetuneConfig
from hyperlex.recipes.finetune.adapters import prepare, trained_in_full_precision
from hyperlex.recipes.finetune.optimiser import mixed_precision
from hyperlex.recipes.finetune.trainer import summed_loss
from hyperlex.recipes.loading import load_for

IDS, TOKENS = 1_501, 96
LAYOUT = VocabularyLayout(base_size=IDS - 200, hyper_size=200)
_GPT = {"vocab_size": IDS, "n_embd": 128, "n_layer": 3, "n_head": 4, "n_positions": 256}
_ENDLESS = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
SHAPES: dict[str, Any] = {
    # On a CPU torch's attention drops nothing out without keeping the scores.
    "gpt2": GPT2Config(**_GPT, attn_pdrop=0.0, **_ENDLESS),
    "gpt_neo": GPTNeoConfig(
        vocab_size=IDS,
        hidden_size=128,
        num_layers=4,
        attention_types=[[["global", "local"], 2]],
        num_heads=4,
        max_position_embeddings=256,
        **_ENDLESS,
    ),
    "gptj": GPTJConfig(**_GPT, rotary_dim=16, **_ENDLESS),
    "llama": LlamaConfig(
        vocab_size=IDS,
        hidden_size=128,
        intermediate_size=352,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        **_ENDLESS,
    ),
}

REGIMES: dict[str, dict[str, Any]] = {
    "lora": {},
    "lora, checkpointed": {"gradient_checkpointing": True},
    "lora on attention, bf16": {"adapters": "attention", "weights": "bf16"},
    "all weights": {"adapters": "none"},
    "all weights, accumulated": {"adapters": "none", "accumulation": 3},
    "vectors": {"adapters": "one-dimensional"},
    "rows": {"adapters": "rows"},
    "rows and lora, bf16": {"rows": True, "weights": "bf16"},
    "qlora nf4": {"weights": "nf4", "accumulation": 2},
    "qlora int4, checkpointed": {"weights": "int4", "gradient_checkpointing": True},
    "lora int8": {"weights": "int8"},
    "lora int8, checkpointed, 8-bit Adam": {
        "weights": "int8",
        "optimiser": "adam8bit",
        "gradient_checkpointing": True,
    },
    "all weights, products in bf16": {"adapters": "none", "weights": "bf16"},
    "vectors, products in bf16": {"adapters": "one-dimensional", "weights": "bf16"},
    "all weights, products in bf16, checkpointed": {
        "adapters": "none",
        "weights": "bf16",
        "gradient_checkpointing": True,
        "accumulation": 2,
    },
}
QUICK = [
    *(("llama", regime) for regime in list(REGIMES)[::2]),
    *(("gpt2", regime) for regime in list(REGIMES)[1:8:2]),
    *(("gpt_neo", regime) for regime in list(REGIMES)[9::2]),
    ("gptj", "lora"),
]
REST = [(name, regime) for name in SHAPES for regime in REGIMES if (name, regime) not in QUICK]


class Measured(NamedTuple):
    """Bytes of model, of the optimiser's state, and the most that a step takes besides.

    `profiled` is that last figure as torch's own profiler has it, which sees what an operator
    allocates and drops inside.
    """

    model: int
    state: int
    step: int
    profiled: int


def recipe(**options: Any) -> FinetuneConfig:
    options = {"batch": 2, "accumulation": 1, "context": TOKENS, "lora_dropout": 0.1} | options
    return FinetuneConfig(model="model", data="data", output="out", **options)


def prepared(model: Any, config: FinetuneConfig) -> Any:
    model = prepare(model, config, LAYOUT)
    trained_in_full_precision(model)
    return model


def planned(shape: PretrainedConfig, config: FinetuneConfig, **options: Any) -> TrainingPlan:
    in_full = config.adapters == "none"
    dtype = None if config.weights == "bf16" and not in_full else "fp32"
    return plan_training(
        shape,
        prepare=lambda model, **changed: prepared(model, replace(config, **changed)),
        **{
            "adapters": config.adapters,
            "lora_r": config.lora_r,
            "weights": "fp32" if in_full else config.weights,
            "dtype": dtype,
            "mixed": lambda *, adapters, weights: mixed_precision(adapters, config.weights),
            "place": "cpu",
            "optimiser": config.optimiser,
            "batch": config.batch,
            "accumulation": config.accumulation,
            "context": config.context,
            "gradient_checkpointing": config.gradient_checkpointing,
            "reserve": 0,
        }
        | options,
    )


def measured(directory: Path, config: FinetuneConfig) -> Measured:
    model = prepared(load_for(directory, weights=config.weights), config).train()
    if config.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    optimiser = made_optimiser(model, config.optimiser)
    ids = torch.randint(1, IDS, (config.batch, config.context))
    mask = torch.ones_like(ids)
    mixed = mixed_precision(config.adapters, config.weights)

    def step() -> None:
        for _ in range(config.accumulation):
            with torch.autocast("cpu", DTYPES[mixed or "bf16"], enabled=mixed is not None):
                out = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
            if mixed:  # as accelerate does
                out = out.float()
            loss, out = summed_loss(out, ids), None
            loss.backward()
        optimiser.step()
        optimiser.zero_grad()

    step()  # from the second one on the optimiser's state is there
    with LiveBytes() as live:
        step()
    return Measured(
        model=stored_bytes(model_tensors(model)),
        state=stored_bytes(t for each in optimiser.state.values() for t in each.values()),
        step=live.peak,
        profiled=profiled(step),
    )


def made_optimiser(model: nn.Module, name: str) -> Any:
    trained = [each for each in model.parameters() if each.requires_grad]
    if name == "adamw":
        return torch.optim.AdamW(trained, lr=1e-4, fused=True)
    bitsandbytes = pytest.importorskip("bitsandbytes")
    return bitsandbytes.optim.AdamW8bit(trained, lr=1e-4)


def model_tensors(model: nn.Module) -> Iterable[Tensor]:
    yield from model.parameters()
    yield from model.buffers()
    for module in model.modules():  # bitsandbytes keeps its scales beside the parameters
        state = getattr(module, "state", None)
        yield from filter(torch.is_tensor, (getattr(state, "CB", 0), getattr(state, "SCB", 0)))


def stored_bytes(tensors: Iterable[Any]) -> int:
    storages = {
        t.untyped_storage()._cdata: t.untyped_storage() for t in tensors if torch.is_tensor(t)
    }
    return sum(storage.nbytes() for storage in storages.values())


def profiled(step: Any) -> int:
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    events = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda each: each.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return most


def compare(name: str, regime: str, directory: Path) -> tuple[TrainingPlan, Measured]:
    config = recipe(**REGIMES[regime])
    if config.weights == "int8":
        pytest.importorskip("bitsandbytes")
    AutoModelForCausalLM.from_config(SHAPES[name]).save_pretrained(directory)
    return planned(SHAPES[name], config), measured(directory, config)


def check(name: str, regime: str, directory: Path) -> None:
    plan, real = compare(name, regime, directory)
    assert plan.weights + plan.vocabulary + plan.adapters == pytest.approx(real.model, rel=1e-3)
    assert plan.optimiser == pytest.approx(real.state, rel=0.01, abs=3000)  # two tables of 8 bits
    run = plan.gradients + plan.activations + plan.logits
    assert run == pytest.approx(real.step, rel=0.05)
    whole = real.model + real.state
    # What the issue asks for, by the count of tensors and by torch's own.
    assert plan.total == pytest.approx(whole + real.step, rel=0.07)
    if "4" not in plan.weights_format:  # on a CPU 4-bit weights are decoded by way of int64
        assert plan.total == pytest.approx(whole + real.profiled, rel=0.07)


@pytest.mark.parametrize(("name", "regime"), QUICK)
def test_the_plan_is_within_seven_per_cent_of_a_step(
    name: str, regime: str, tmp_path: Path
) -> None:
    check(name, regime, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "regime"), REST)
def test_the_plan_is_within_seven_per_cent_of_a_step_everywhere(
    name: str, regime: str, tmp_path: Path
) -> None:
    check(name, regime, tmp_path)


def test_adapters_are_planned_without_autocast_where_they_run_without() -> None:
    config = recipe(adapters="none", weights="bf16")
    plan = planned(SHAPES["gpt2"], config)
    assert plan.again(adapters="all").mixed is None
    assert any("computing in bf16" in words for _, _, words in describe(plan))
    assert planned(SHAPES["gpt2"], recipe(weights="fp32")).mixed is None


def test_cuda_computes_powers_in_32_bits_and_a_cpu_in_16() -> None:
    """GPT's activation function raises to the third power; Llama has none in 16 bits."""
    config = recipe(adapters="one-dimensional", weights="bf16")
    on_cuda, on_cpu = (planned(SHAPES["gpt2"], config, place=each) for each in ("cuda", "cpu"))
    assert on_cuda.activations > 1.1 * on_cpu.activations
    config = recipe(adapters="none", weights="bf16")
    on_cuda, on_cpu = (planned(SHAPES["llama"], config, place=each) for each in ("cuda", "cpu"))
    assert on_cuda.activations == on_cpu.activations


def test_the_parts_add_up() -> None:
    *parts, (name, together, words) = describe(planned(SHAPES["gpt2"], recipe(), gpu=1 << 30))
    assert (name, together) == ("together", sum(size for _, size, _ in parts))
    assert "fits" in words


def test_what_can_be_paged_out_is_not_needed_on_the_card() -> None:
    kept, paged = (
        planned(SHAPES["llama"], recipe(adapters="none", optimiser=name))
        for name in ("adam8bit", "paged_adam8bit")
    )
    assert kept.paged == 0 < paged.paged < paged.optimiser == kept.optimiser
    assert kept.total - paged.total == paged.paged


def test_new_rows_are_counted() -> None:
    plain, wider = (
        planned(SHAPES["llama"], recipe(adapters="attention"), vocabulary_rows=rows)
        for rows in (None, IDS + 100)
    )
    assert wider.vocabulary_rows == 1_664  # the next multiple of 64
    assert wider.hypertoken_rows == 1_664 - IDS
    assert wider.vocabulary - plain.vocabulary == 2 * (1_664 - IDS) * 128 * 4
    assert wider.logits > plain.logits


def test_advice_leads_to_what_fits_with_the_least_harm_first() -> None:
    plan = planned(SHAPES["llama"], recipe(batch=4))
    assert plan.advice(plan.total) == []
    (first, last) = plan.advice(plan.total - 1)
    assert first.startswith("gradient_checkpointing = true")
    assert last.startswith("With that it fits")
    checkpointed = plan.again(gradient_checkpointing=True)
    assert checkpointed == planned(SHAPES["llama"], recipe(batch=4, gradient_checkpointing=True))
    (_, second, *_) = plan.advice(checkpointed.total - 1)
    assert second.startswith("batch = 2, accumulation = 2")
    *steps, last = plan.advice(1)
    assert [each.partition(" =")[0] for each in steps][:2] == ["gradient_checkpointing", "batch"]
    assert last.startswith("Even so it takes")


def test_advice_on_a_small_model_tells_sizes_that_differ() -> None:
    lines = planned(SHAPES["llama"], recipe(batch=4)).advice(1)
    assert len(lines) > 3
    assert not any("GiB" in line or " 0.0" in line for line in lines[:-1])
    assert "MiB and does not fit into" in lines[-1]


def test_advice_does_not_quantise_weights_that_are_trained() -> None:
    steps = planned(SHAPES["gpt2"], recipe(adapters="none")).advice(1)
    keys = [each.partition(":")[0].partition(" (")[0] for each in steps]
    assert keys.index('adapters = "all"') < keys.index('weights = "bf16"')


def test_mistakes_are_named() -> None:
    shape = SHAPES["gpt2"]
    for wrong in ("batch", "context", "accumulation", "lora_r"):
        with pytest.raises(ConfigError, match=f"{wrong}=0"):
            planned(shape, recipe(), **{wrong: 0})
    with pytest.raises(ConfigError, match="weights='int3'"):
        planned(shape, recipe(), weights="int3")
    with pytest.raises(ConfigError, match="optimiser='sgd'"):
        planned(shape, recipe(), optimiser="sgd")
    with pytest.raises(ConfigError, match="nothing to train"):
        plan_training(shape, prepare=lambda model, **_: model.requires_grad_(False))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shape", "options", "card"),
    [
        # The config classes' defaults are these very models.
        (GPTNeoConfig(), {"adapters": "attention"}, 14),
        *(
            (GPTJConfig(), {"adapters": kind, "gradient_checkpointing": True}, 11)
            for kind in ("one-dimensional", "attention", "all")
        ),
    ],
)
def test_recipes_of_large_models_fit_their_cards(shape: Any, options: Any, card: int) -> None:
    config = recipe(**{"batch": 1, "accumulation": 8, "context": 512, "weights": "int8"} | options)
    plan = planned(
        shape,
        config,
        dtype="bf16",
        mixed=lambda *, adapters, weights: mixed_precision(adapters, "bf16"),
        place="cuda",
        gpu=card * GIB,
        reserve=GIB // 2,
    )
    assert plan.parameters > 1.3e9
    assert plan.fits()
