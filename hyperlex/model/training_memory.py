"""What training takes in memory, before any weight is downloaded.

The model is built from its config on the meta device, gets the layers and the adapters that
training would give it, and runs forward and backward there, its own code and the loss's, while
every tensor that is made is counted (`hyperlex.model.activations`). Weights, adapters and the
optimiser's state are added up from their sizes. Assumed is the reserve alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.integrations.sdpa_attention import repeat_kv
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from hyperlex.errors import ConfigError
from hyperlex.model.activations import LiveBytes
from hyperlex.model.int8_sizes import replace_with_int8_sizes
from hyperlex.model.mixed import (
    PLACE,
    Place,
    autocast,
    autocast_dtype,
    computed_anew,
    fake_tensors,
)
from hyperlex.model.plan import (
    DTYPES,
    RESERVE,
    compute_dtype,
    dtype_name,
    model_without_numbers,
    read_config,
    tensor_bytes,
    vocabulary_of,
)
from hyperlex.model.quantizer import HyperlexQuantConfig, HyperlexQuantizer
from hyperlex.sizes import in_gib

TrainingWeights = Literal["fp32", "bf16", "fp16", "int8", "nf4", "int4"]
TRAINING_WEIGHTS: Final[tuple[str, ...]] = get_args(TrainingWeights)
Optimiser = Literal["adamw", "adam8bit", "paged_adam8bit"]
OPTIMISERS: Final[tuple[str, ...]] = get_args(Optimiser)

Prepare = Callable[..., Any]
"""`prepare(model, adapters=…, lora_r=…)` freezes a bare model and puts adapters into it; it returns
the model to train. The one that training itself uses, so that plan and run cannot part: it must
read no numbers, for the model is on the meta device."""

Mixed = Callable[..., str | None]
"""`mixed(adapters=…, weights=…)` is what autocast computes in, "bf16" or "fp16"; None: no autocast,
each layer computes in what it has."""

# bitsandbytes: smaller tensors keep 32-bit states, blocks share a scale, smaller ones are not paged
_LEAST_8BIT: Final = 4096
_BLOCK: Final = 256
_LEAST_PAGED: Final = 100_000


@dataclass(frozen=True)
class TrainingPlan:
    """Sizes in bytes, on the card unless said otherwise.

    weights         frozen or trained, all parameters and buffers of the model but the vocabulary's
    vocabulary      rows of the embedding and, where it is not the same matrix, of the head
    hypertoken_rows of those, rows beyond the ones that the config has
    adapters        what the adapters add, copies of trained rows with it
    gradients       of all trained parameters, as far as they live when the most is alive
    optimiser       its state, of which `paged` may be moved to the host's memory
    logits          tensors as wide as the vocabulary, as many as live when the most is alive
    activations     everything else that lives then, casts of weights among it
    reserve         assumed, for CUDA itself
    mixed           what autocast computes in beside parameters in `dtype`; None: no autocast
    gpu             bytes of the card; None where there is none to fit
    """

    architecture: str
    parameters: int
    trainable_parameters: int
    weights_format: str
    dtype: str
    mixed: str | None
    adapters_kind: str
    lora_r: int
    optimiser_kind: str
    batch: int
    accumulation: int
    context: int
    gradient_checkpointing: bool
    vocabulary_rows: int
    hypertoken_rows: int
    weights: int
    vocabulary: int
    adapters: int
    gradients: int
    optimiser: int
    paged: int
    activations: int
    logits: int
    reserve: int
    gpu: int | None
    again: Callable[..., TrainingPlan] = field(repr=False, compare=False)
    """`again(batch=1)` is the plan with that changed."""

    @property
    def total(self) -> int:
        """At the worst moment of a step, whatever can be paged out being out."""
        return (
            self.weights
            + self.vocabulary
            + self.adapters
            + self.gradients
            + self.optimiser
            - self.paged
            + self.activations
            + self.logits
            + self.reserve
        )

    @property
    def trainable_share(self) -> float:
        """Of all parameters, adapters among them."""
        return self.trainable_parameters / self.parameters

    def fits(self, budget: int | None = None) -> bool:
        """Into `budget` bytes, else into the card; True where there is neither."""
        budget = self.gpu if budget is None else budget
        return budget is None or self.total <= budget

    def advice(self, budget: int | None = None) -> list[str]:
        """What to change until it fits into `budget` (None: the card): least harm first.

        Each line changes one key and keeps the changes before it; its saving is the difference of
        two plans. Changes that would save less than a hundredth are left out. The last line says
        whether all of them are enough. Nothing where it fits as it is.
        """
        budget = self.gpu if budget is None else budget
        if budget is None or self.total <= budget:
            return []
        lines: list[str] = []
        plan = self
        for step in _STEPS:
            while plan.total > budget and (change := step(plan)) is not None:
                options, words = change
                planned = plan.again(**options)
                saved = plan.total - planned.total
                if saved < plan.total / 100:
                    break
                lines.append(f"{words}: saves {in_gib(saved)}, takes {in_gib(planned.total)} then")
                plan = planned
        if plan.total <= budget:
            return [*lines, f"With that it fits into {in_gib(budget)}."]
        short = f"it takes {in_gib(plan.total)} and does not fit into {in_gib(budget)}"
        remedy = "Take a smaller model or a larger card."
        return [*lines, f"{'Even so ' if lines else ''}{short}. {remedy}"]


Change = tuple[dict[str, Any], str] | None


def _checkpointing(plan: TrainingPlan) -> Change:
    if plan.gradient_checkpointing:
        return None
    return {"gradient_checkpointing": True}, (
        "gradient_checkpointing = true (the same result, about a third slower)"
    )


def _smaller_batch(plan: TrainingPlan) -> Change:
    if plan.batch == 1:
        return None
    batch = plan.batch // 2
    accumulation = -(-plan.accumulation * plan.batch // batch)
    return {"batch": batch, "accumulation": accumulation}, (
        f"batch = {batch}, accumulation = {accumulation} (the same result, somewhat slower)"
    )


def _paged(plan: TrainingPlan) -> Change:
    if plan.optimiser_kind == "paged_adam8bit":
        return None
    return {"optimiser": "paged_adam8bit"}, (
        'optimiser = "paged_adam8bit" (nearly the same result; needs CUDA)'
    )


_SMALLER_WEIGHTS: Final = {"fp32": "bf16", "bf16": "int8", "fp16": "int8", "int8": "nf4"}


def _smaller_weights(plan: TrainingPlan) -> Change:
    smaller = _SMALLER_WEIGHTS.get(plan.weights_format)
    if smaller is None or (plan.adapters_kind == "none" and smaller not in DTYPES):
        return None
    # What is computed in 32 bits because the weights have them is computed in 16 with them.
    dtype = None if plan.dtype == "fp32" else plan.dtype
    return {"weights": smaller, "dtype": dtype}, f'weights = "{smaller}" (a little less exact)'


def _smaller_rank(plan: TrainingPlan) -> Change:
    if plan.adapters_kind not in ("attention", "all", "routed") or plan.lora_r <= 4:
        return None
    return {"lora_r": plan.lora_r // 2}, f"lora_r = {plan.lora_r // 2} (adapters learn less)"


def _adapters_for_weights(plan: TrainingPlan) -> Change:
    if plan.adapters_kind != "none":
        return None
    return {"adapters": "all"}, 'adapters = "all" (adapters learn, the weights do not)'


def _fewer_adapters(plan: TrainingPlan) -> Change:
    if plan.adapters_kind != "all":
        return None
    return {"adapters": "attention"}, 'adapters = "attention" (fewer parameters learn)'


def _shorter_context(plan: TrainingPlan) -> Change:
    if plan.context <= 128:
        return None
    return {"context": plan.context // 2}, f"context = {plan.context // 2} (long texts are cut)"


# From what changes nothing in the result to what changes most.
_STEPS: Final = (
    _checkpointing,
    _smaller_batch,
    _paged,
    _adapters_for_weights,
    _smaller_weights,
    _smaller_rank,
    _fewer_adapters,
    _shorter_context,
)


def plan_training(
    source: Any,
    *,
    prepare: Prepare,
    adapters: str = "all",
    lora_r: int = 8,
    weights: TrainingWeights = "bf16",
    dtype: str | None = None,
    mixed: Mixed | None = None,
    place: Place = "cuda",
    optimiser: Optimiser = "adamw",
    batch: int = 1,
    accumulation: int = 1,
    context: int = 512,
    gradient_checkpointing: bool = False,
    vocabulary_rows: int | None = None,
    gpu: int | None = None,
    reserve: int = RESERVE,
) -> TrainingPlan:
    """What a step of training takes, from the config of the model alone.

    Args:
        source: a directory with a config.json, such a file, a hub id, or a transformers config.
        prepare: puts the adapters in; see `Prepare`.
        adapters: which, as `prepare` knows them.
        lora_r: their rank.
        weights: how the base is stored; "int8" is bitsandbytes', "nf4" and "int4" are ours.
        dtype: "fp32", "bf16" or "fp16" to compute in; None: that of `weights`, and beside stored
            integers bf16 where the checkpoint is, else fp16.
        mixed: whether products are computed in 16 bits beside parameters in 32; see `Mixed`.
        place: what autocast casts is not the same on CUDA and on a CPU.
        optimiser: AdamW keeps two numbers of the parameter's type, the others two bytes.
        batch: texts at once; accumulation: batches to a step; context: tokens of a text, padded.
        gradient_checkpointing: keep the input of each layer only, and compute it twice.
        vocabulary_rows: ids of an extended tokenizer; the model is planned with a row for each.
        gpu: bytes of the card.
        reserve: bytes to keep for what is not counted.

    Raises:
        ConfigError: no such config, an unknown choice, a size below 1.
    """
    sizes = {"batch": batch, "accumulation": accumulation, "context": context, "lora_r": lora_r}
    if low := [name for name, value in sizes.items() if value < 1]:
        raise ConfigError(f"{low[0]}={sizes[low[0]]}. A number of at least 1 was expected.")
    _choice("weights", weights, TRAINING_WEIGHTS)
    _choice("optimiser", optimiser, OPTIMISERS)
    if dtype is not None:
        _choice("dtype", dtype, tuple(DTYPES))
    config = source if hasattr(source, "model_type") else read_config(source)
    computing = DTYPES[dtype] if dtype else DTYPES.get(weights) or compute_dtype(config)
    bare = _bare_model(config, weights, computing, vocabulary_rows)
    rows, _ = vocabulary_of(bare, None)
    before = _tensors(bare)
    dense = sum(each.numel() for each in _dense_shape(config, vocabulary_rows).parameters())
    with torch.device("meta"):
        model = prepare(bare, adapters=adapters, lora_r=lora_r)
    after = _tensors(model)
    added = {key: tensor for key, tensor in after.items() if key not in before}
    trained = [each for each in model.parameters() if each.requires_grad]
    if not trained:
        raise ConfigError(f"adapters={adapters!r} leaves nothing to train in {_name_of(bare)}.")
    state, paged = _optimiser_bytes(model, optimiser)
    products = mixed(adapters=adapters, weights=weights) if mixed else None
    if products is not None:
        _choice("mixed", products, ("bf16", "fp16"))
    at_peak = _step(
        model,
        batch,
        context,
        accumulation,
        gradient_checkpointing,
        len(rows[0]),
        DTYPES[products] if products else None,
        place,
    )
    # A trained parameter may have been put in place of one that is gone: adapters are what is more.
    everything = tensor_bytes(after.values())
    vocabulary = tensor_bytes(rows)
    new = tensor_bytes(added.values())
    options = {
        "adapters": adapters,
        "lora_r": lora_r,
        "weights": weights,
        "dtype": dtype,
        "mixed": mixed,
        "place": place,
        "optimiser": optimiser,
        "batch": batch,
        "accumulation": accumulation,
        "context": context,
        "gradient_checkpointing": gradient_checkpointing,
    }
    return TrainingPlan(
        architecture=_name_of(bare),
        parameters=dense + sum(e.numel() for e in added.values() if isinstance(e, nn.Parameter)),
        trainable_parameters=sum(each.numel() for each in trained),
        weights_format=weights,
        dtype=dtype_name(computing),
        mixed=products,
        adapters_kind=adapters,
        lora_r=lora_r,
        optimiser_kind=optimiser,
        batch=batch,
        accumulation=accumulation,
        context=context,
        gradient_checkpointing=gradient_checkpointing,
        vocabulary_rows=len(rows[0]),
        hypertoken_rows=len(rows[0]) - config.get_text_config().vocab_size,
        weights=everything - vocabulary - new,
        vocabulary=vocabulary,
        adapters=new,
        gradients=at_peak["gradients"],
        optimiser=state,
        paged=paged,
        activations=at_peak["activations"],
        logits=at_peak["logits"],
        reserve=reserve,
        gpu=gpu,
        again=partial(
            _again,
            source,
            options
            | {
                "prepare": prepare,
                "vocabulary_rows": vocabulary_rows,
                "gpu": gpu,
                "reserve": reserve,
            },
        ),
    )


def describe(plan: TrainingPlan) -> list[tuple[str, int, str]]:
    """Rows to show, name, bytes and what it is, their sum the last."""
    share = f"{plan.trainable_parameters:,} of {plan.parameters:,} trained"
    rows = f"{plan.vocabulary_rows:,} rows"
    if plan.hypertoken_rows:
        rows += f", {plan.hypertoken_rows:,} of them new"
    paged = f", of which {in_gib(plan.paged)} may go to the host" if plan.paged else ""
    kept = "of one layer at a time" if plan.gradient_checkpointing else "of all layers"
    computing = f"{plan.weights_format}, computing in {plan.mixed or plan.dtype}"
    budget = f"of {in_gib(plan.gpu)}" if plan.gpu else ""
    if plan.gpu:
        spare = plan.gpu - plan.total
        budget += f": fits, {in_gib(spare)} to spare" if spare >= 0 else ": does not fit"
    return [
        ("weights", plan.weights, computing),
        ("vocabulary", plan.vocabulary, rows),
        ("adapters", plan.adapters, f"{share}, {plan.trainable_share:.2%}"),
        ("gradients", plan.gradients, "at the worst moment"),
        ("optimiser", plan.optimiser - plan.paged, plan.optimiser_kind + paged),
        ("activations", plan.activations, f"{plan.batch} x {plan.context:,} tokens, {kept}"),
        ("logits", plan.logits, "numbers for every id of the vocabulary, and the loss's"),
        ("reserve", plan.reserve, "assumed, for CUDA itself"),
        ("together", plan.total, budget),
    ]


def _again(source: Any, options: dict[str, Any], **changed: Any) -> TrainingPlan:
    return plan_training(source, **(options | changed))


def _choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigError(f"{name}={value!r}. Expected one of {', '.join(known)}.")


def _name_of(model: Any) -> str:
    return type(model).__name__


def _dense_shape(config: Any, rows: int | None) -> Any:
    """The model before any quantisation, with `rows` rows in its vocabulary."""
    return model_without_numbers(_with_rows(config, rows), torch.float16)


def _with_rows(config: Any, rows: int | None) -> Any:
    text = config.get_text_config()
    if rows is None or rows <= text.vocab_size:
        return config
    changed = copy.deepcopy(config)
    # As `extend_model` does: up to a multiple of 64.
    changed.get_text_config().vocab_size = -(-rows // 64) * 64
    return changed


def _bare_model(config: Any, weights: str, dtype: torch.dtype, rows: int | None) -> Any:
    """The model without numbers, as it would be after loading for training."""
    plain = copy.deepcopy(_with_rows(config, rows))
    if hasattr(plain, "quantization_config"):
        del plain.quantization_config
    model = model_without_numbers(plain, dtype)
    if model.config._attn_implementation == "sdpa":
        model.set_attn_implementation(_FUSED)
    if weights == "int8":
        replace_with_int8_sizes(model)
    elif weights not in DTYPES:
        quantizer = HyperlexQuantizer(HyperlexQuantConfig(weights))
        quantizer._process_model_before_weight_loading(model)
    return model


def _tensors(model: Any) -> dict[int, Tensor]:
    """All parameters and buffers, shared ones once."""
    return {id(each): each for each in (*model.parameters(), *model.buffers())}


def _optimiser_bytes(model: Any, optimiser: str) -> tuple[int, int]:
    """The optimiser's state, and how much of it can be paged out."""
    state = paged = 0
    # transformers' Trainer has bitsandbytes keep 32-bit states for embeddings.
    embeddings = {id(m.weight) for m in model.modules() if isinstance(m, nn.Embedding)}
    for parameter in {id(p): p for p in model.parameters() if p.requires_grad}.values():
        count = parameter.numel()
        if optimiser == "adamw":
            state += 2 * tensor_bytes([parameter]) + 4  # the step is a tensor of its own
            continue
        coarse = count >= _LEAST_8BIT and id(parameter) not in embeddings
        moments = 2 * count * (1 if coarse else 4)
        state += moments + (2 * 4 * -(-count // _BLOCK) if coarse else 0)
        if optimiser == "paged_adam8bit" and count >= _LEAST_PAGED:
            paged += moments
    return state, paged


def _step(
    model: Any,
    batch: int,
    context: int,
    accumulation: int,
    checkpointing: bool,
    rows: int,
    mixed: torch.dtype | None,
    place: Place,
) -> dict[str, int]:
    """What is alive at the worst moment of forward and backward, by kind."""
    model.train()
    model.config.use_cache = False
    if checkpointing:
        options: dict[str, Any] = {"use_reentrant": False, "preserve_rng_state": False}
        if mixed:
            options["context_fn"] = partial(computed_anew, place)
        model.gradient_checkpointing_enable(options)
    with fake_tensors(model) if mixed else nullcontext():
        return _counted(model, batch, context, accumulation, rows, mixed, place)


def _counted(
    model: Any,
    batch: int,
    context: int,
    accumulation: int,
    rows: int,
    mixed: torch.dtype | None,
    place: Place,
) -> dict[str, int]:
    live = LiveBytes(
        lambda made: "logits" if made.ndim and made.shape[-1] == rows else "activations"
    )
    trained = {id(each): each for each in model.parameters() if each.requires_grad}.values()
    hooks = [
        each.register_post_accumulate_grad_hook(lambda p: live.recount(p.grad, "gradients"))
        for each in trained
    ]
    with live:
        if accumulation > 1:  # the gradients of the batches before are there already
            for each in trained:
                each.grad = torch.empty_like(each)
                live.recount(each.grad, "gradients")
            live.restart()
        torch.autograd.backward(_loss(model, batch, context, mixed, place))
    for hook in hooks:
        hook.remove()
    return {kind: live.at_peak[kind] for kind in ("gradients", "logits", "activations")}


def _loss(model: Any, batch: int, context: int, mixed: torch.dtype | None, place: Place) -> Tensor:
    """The loss over all tokens, in float32, as training takes it."""
    device = PLACE if mixed else "meta"
    ids = torch.zeros((batch, context), dtype=torch.int64, device=device)
    # A mask of this shape is taken as it is; without one, the ids would be looked at.
    if model.config._attn_implementation == "eager":
        shape = (batch, 1, context, context)
        mask = torch.zeros(shape, dtype=model.dtype, device=device)
    else:
        mask = torch.ones((batch, 1, context, context), dtype=torch.bool, device=device)
    with autocast(mixed, place) if mixed else nullcontext():
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    if mixed:  # accelerate widens what comes out of autocast, and what was there is gone
        logits = logits.float()
    return F.cross_entropy(logits.float().flatten(0, 1), ids.flatten(), reduction="sum")


def _fused_attention(
    module: nn.Module, query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any
) -> tuple[Tensor, None]:
    """The sizes of transformers' "sdpa" with a mask, as on a card and on a CPU.

    One operator, which keeps its result and a number a row and no scores; on the meta device torch
    would take it apart.
    """
    if dtype := autocast_dtype():
        query, key, value = query.to(dtype), key.to(dtype), value.to(dtype)
    groups = query.shape[1] // key.shape[1]
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)
    out, _ = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(query, key, value)
    return out.transpose(1, 2).contiguous(), None


_FUSED: Final = "hyperlex_sizes"
AttentionInterface.register(_FUSED, _fused_attention)
AttentionMaskInterface.register(_FUSED, sdpa_mask)
