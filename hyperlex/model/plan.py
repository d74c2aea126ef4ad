"""What a model takes in memory, before any of it is downloaded: weights, cache, activations.

Nothing here is an estimate but the activations and the reserve. The model is built from its config
on the meta device, with the same 4-bit layers that loading would put into it, and its tensors are
added up; the cache is what `QuantizedKVCache` allocates; activations are counted in a run of the
model's own code without numbers (`hyperlex.model.activations`).
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, get_args

import torch
from torch import Tensor, nn

from hyperlex.errors import ConfigError, FormatError, first_line
from hyperlex.hub import from_cache_alone, why
from hyperlex.model.activations import activation_bytes
from hyperlex.model.attention import NAME
from hyperlex.model.cache import Width, cache_bytes, check_width
from hyperlex.model.quantizer import METHOD, HyperlexQuantConfig, HyperlexQuantizer
from hyperlex.sizes import GIB

Weights = Literal["nf4", "int4", "fp16", "bf16", "fp32"]
WEIGHTS: Final[tuple[str, ...]] = get_args(Weights)
DTYPES: Final = {"fp16": torch.float16, "bf16": torch.bfloat16, "fp32": torch.float32}

RESERVE: Final = GIB // 2
"""For CUDA itself and the libraries' kernels; what the driver takes differs by card and version."""
PREFILL_CHUNK: Final = 512
MOST_TOKENS: Final = 1 << 24


@dataclass(frozen=True)
class MemoryPlan:
    """Sizes in bytes. `largest_context` is the most tokens a text that fit, 0 where none do.

    weights           all parameters and buffers but the vocabulary's
    vocabulary        rows of the embedding and, where it is not the same matrix, of the head
    hypertoken_rows   of those, rows that the extended tokenizer adds
    cache             for `context` tokens of each of `batch` texts
    activations       the most at once while `prefill` tokens are read
    reserve           assumed, for CUDA itself
    positions         tokens that the model was made for, where its config says so
    """

    architecture: str
    parameters: int
    weights_format: str
    dtype: str
    weights: int
    vocabulary: int
    vocabulary_rows: int
    hypertoken_rows: int
    kv: str
    context: int
    batch: int
    cache: int
    cache_per_token: int
    prefill: int
    activations: int
    reserve: int
    gpu: int
    largest_context: int
    positions: int | None

    @property
    def total(self) -> int:
        return self.weights + self.vocabulary + self.cache + self.activations + self.reserve

    @property
    def fits(self) -> bool:
        return self.total <= self.gpu


def plan_memory(
    source: str | Path,
    *,
    gpu: int,
    context: int,
    weights: Weights | None = None,
    kv: Width = "fp16",
    batch: int = 1,
    prefill: int = PREFILL_CHUNK,
    vocabulary_rows: int | None = None,
    reserve: int = RESERVE,
) -> MemoryPlan:
    """What the causal language model at `source` takes, from its config alone.

    Args:
        source: a directory with a config.json, such a file itself, or a hub id.
        gpu: bytes of the card.
        context: tokens of one text, prompt and answer together.
        weights: how they are stored; None: as the checkpoint says, else "nf4".
        kv: the width of the cache; "auto" is the type that the model computes in.
        batch: texts at once.
        prefill: tokens of a prompt read at once, `prefill_chunk_size` of `generate`.
        vocabulary_rows: ids of an extended tokenizer; the model is planned with a row for each.
        reserve: bytes to keep for what is not counted.

    Raises:
        ConfigError: no such config, an unknown choice, a size below 1.
        FormatError: a config that does not say how its quantised weights are stored.
    """
    sizes = {"gpu": gpu, "context": context, "batch": batch, "prefill": prefill}
    for name, value in sizes.items():
        if not isinstance(value, int) or value < 1:
            raise ConfigError(f"{name}={value!r}. A whole number of at least 1 was expected.")
    check_width(kv)
    config = read_config(source)
    stored = getattr(config, "quantization_config", None)
    model, quantization, dtype = _build(config, weights, stored)
    rows, added = vocabulary_of(model, vocabulary_rows)
    vocabulary = tensor_bytes(rows) + added * _row_bytes(rows)
    text = model.config.get_text_config()
    prompt = min(prefill, context)
    plan = MemoryPlan(
        architecture=type(model).__name__,
        parameters=_parameters(config) + added * sum(each.shape[1] for each in rows),
        weights_format=quantization.format if quantization else dtype_name(dtype),
        dtype=dtype_name(dtype),
        weights=tensor_bytes([*model.parameters(), *model.buffers()]) - tensor_bytes(rows),
        vocabulary=vocabulary,
        vocabulary_rows=rows[0].shape[0] + added,
        hypertoken_rows=added,
        kv=kv,
        context=context,
        batch=batch,
        cache=cache_bytes(model.config, kv, batch, context, dtype),
        cache_per_token=_per_token(model.config, kv, batch, dtype),
        prefill=prompt,
        activations=_activations(model, batch, prompt),
        reserve=reserve,
        gpu=gpu,
        largest_context=0,
        positions=getattr(text, "max_position_embeddings", None),
    )
    # The cache is a constant and so much a token; activations stay what they are for a chunk.
    constant = cache_bytes(model.config, kv, batch, 1, dtype) - plan.cache_per_token
    room = gpu - (plan.total - plan.cache) - constant
    return replace(plan, largest_context=max(0, min(room // plan.cache_per_token, MOST_TOKENS)))


def read_config(source: str | Path) -> Any:
    """The config of a model.

    Raises:
        ConfigError: there is none that transformers knows, or it is of no model that can be built.
        FormatError: it does not say how its quantised weights are stored.
    """
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(source, local_files_only=from_cache_alone(source))
    except Exception as error:  # transformers raises a dozen kinds
        raise ConfigError(
            f"{str(source)!r} has no config of a language model ({why(error)}). A directory with a "
            "config.json, such a file, or a hub id was expected."
        ) from error
    text = config.get_text_config()
    heads = getattr(text, "num_attention_heads", None)
    groups = getattr(text, "num_key_value_heads", None)
    if heads and groups and heads % groups:
        raise ConfigError(
            f"{str(source)!r} has {heads} query heads and {groups} key/value heads. A multiple was "
            "expected: mend num_key_value_heads in its config.json."
        )
    stored = getattr(config, "quantization_config", None)
    if isinstance(stored, dict):
        _check_stored(stored, str(source))
    return config


def _check_stored(stored: dict[str, Any], source: str) -> None:
    """Raise `FormatError` for a quantization_config that is damaged, or of another version."""
    method = stored.get("quant_method")
    if method == METHOD:
        try:
            HyperlexQuantConfig.from_dict(stored)
        except FormatError as error:
            raise FormatError(f"{source!r}: {error}") from error
    # bitsandbytes once wrote no method.
    elif not (method or stored.get("load_in_4bit") or stored.get("load_in_8bit")):
        raise FormatError(
            f"{source!r} has a quantization_config with quant_method {method!r}. {METHOD!r} was "
            "expected, or another method that transformers knows. Put back the config.json that "
            "was saved with the weights."
        )


def _activations(model: Any, batch: int, tokens: int) -> int:
    """As `activation_bytes`; models whose forward pass looks at numbers have none on paper."""
    try:
        return activation_bytes(model, batch, tokens)
    except (RuntimeError, NotImplementedError) as error:
        raise ConfigError(
            f"The forward pass of {type(model).__name__} cannot be followed without numbers "
            f"({first_line(error)}), so its memory cannot be planned. A dense model was expected, "
            "as of GPT-2, Llama, Mistral or Qwen."
        ) from error


def _build(
    config: Any, weights: str | None, stored: Any
) -> tuple[Any, HyperlexQuantConfig | None, torch.dtype]:
    """The model without numbers, as it would be after loading for generation."""
    given = stored if isinstance(stored, dict) else {}
    if weights is not None and weights not in WEIGHTS:
        raise ConfigError(f"weights={weights!r}. Expected one of {', '.join(WEIGHTS)}.")
    quantization: HyperlexQuantConfig | None = None
    if weights is None and given.get("quant_method") == METHOD:
        quantization = HyperlexQuantConfig.from_dict(given)
    elif weights in (None, "nf4", "int4"):
        quantization = HyperlexQuantConfig(weights or "nf4")
    dtype = DTYPES.get(weights or "") or compute_dtype(config)
    model = model_without_numbers(config, dtype, NAME)
    if quantization is not None:
        HyperlexQuantizer(quantization)._process_model_before_weight_loading(model)
    return model, quantization, dtype


def compute_dtype(config: Any) -> torch.dtype:
    """Beside 4-bit weights a checkpoint in 32 bits is run in 16: memory is short."""
    bfloat16 = getattr(config, "dtype", None) == torch.bfloat16
    return torch.bfloat16 if bfloat16 else torch.float16


def model_without_numbers(config: Any, dtype: torch.dtype, attention: str | None = None) -> Any:
    """The causal language model of `config`, on the meta device.

    `attention` names an implementation; None: the one that transformers would take. Raises
    `ConfigError` for a config that is none of a causal language model.
    """
    from transformers import AutoModelForCausalLM

    auto: Any = AutoModelForCausalLM
    plain = copy.deepcopy(config)
    try:
        with torch.device("meta"):
            return auto.from_config(plain, dtype=dtype, attn_implementation=attention).eval()
    except ValueError as error:
        raise ConfigError(
            f"{config.model_type!r} is no causal language model that transformers can build here. "
            "The config of one was expected, as of GPT-2, Llama, Mistral or Qwen."
        ) from error


def _parameters(config: Any) -> int:
    """Of the model before any quantisation."""
    model = model_without_numbers(config, torch.float16)
    return sum(parameter.numel() for parameter in model.parameters())


def vocabulary_of(model: Any, ids: int | None) -> tuple[list[nn.Parameter], int]:
    """The matrices with a row for each id, and how many rows `ids` adds to each."""
    matrices = [model.get_input_embeddings().weight]
    head = model.get_output_embeddings()
    if head is not None and head.weight is not matrices[0]:
        matrices.append(head.weight)
    present: int = matrices[0].shape[0]
    # As `extend_model` does: up to a multiple of 64, and nothing shrinks.
    wanted = present if ids is None or ids <= present else -(-ids // 64) * 64
    return matrices, wanted - present


def _row_bytes(matrices: list[nn.Parameter]) -> int:
    return sum(matrix.shape[1] * matrix.element_size() for matrix in matrices)


def tensor_bytes(tensors: Iterable[Tensor]) -> int:
    """Of all of them together."""
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _per_token(config: Any, kv: Width, batch: int, dtype: torch.dtype) -> int:
    two = cache_bytes(config, kv, batch, 2, dtype)
    return two - cache_bytes(config, kv, batch, 1, dtype)


def dtype_name(dtype: torch.dtype) -> str:
    return next((name for name, each in DTYPES.items() if each == dtype), str(dtype))
