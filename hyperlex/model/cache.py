"""`QuantizedKVCache`: keys and values that stay in 16, 8 or 4 bits from the step they are made.

    use_grouped_attention(model)
    model.generate(**inputs, past_key_values=QuantizedKVCache(model.config, "int4"))

Tokens are quantised as they come, written in place, and handed to the attention as they lie: no
step copies the cache, and no kernel makes it dense (the plain PyTorch that stands in for one on a
CPU does). The prompt is attended to before it is rounded; whatever comes later reads the cache.

A cache grows by blocks of `BLOCK` tokens, or, with `max_length`, is allocated once: then it has
addresses that a CUDA graph can keep, and `generate` compiles the decoding on a GPU.
"""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

import torch
from transformers import PreTrainedConfig
from transformers.cache_utils import Cache, get_layer_types_and_kwargs

from hyperlex.errors import ConfigError
from hyperlex.model.cache_layers import DTYPES, GrowingLayer, StaticLayer, kind_of
from hyperlex_kernels.attention import token_bytes

Width = Literal["auto", "fp16", "bf16", "int8", "int4"]
WIDTHS: Final[tuple[str, ...]] = get_args(Width)


class QuantizedKVCache(Cache):
    """The keys and values of a model in `width`, for `generate` or any forward pass.

    Works with greedy search, sampling, beam search, batches with padding and assisted decoding.
    The model must use the attention of hyperlex: `hyperlex.model.use_grouped_attention(model)`.

    Args:
        config: the model's.
        width: "int4" (3.76 times smaller than 16 bits at head size 128), "int8", "fp16", "bf16", or
            "auto" for the type that the model computes in.
        max_length: tokens to allocate room for at once, prompt and answer together. None: the
            cache grows. A full cache raises, it never overwrites.
        fit_keys: for int4, take the channels of keys relative to how they spread over the prompt,
            from 64 tokens of prompt on. Costs nothing a token, and spares outlier channels.

    Raises:
        ConfigError: an unknown width, a `max_length` below 1, layers without keys and values.
    """

    def __init__(
        self,
        config: PreTrainedConfig,
        width: Width = "int4",
        *,
        max_length: int | None = None,
        fit_keys: bool = True,
    ) -> None:
        check_width(width)
        whole = isinstance(max_length, int) and not isinstance(max_length, bool)
        if max_length is not None and not (whole and max_length >= 1):
            raise ConfigError(
                f"max_length={max_length!r}. A whole number of tokens, at least 1, was expected, "
                "or None."
            )
        if not hasattr(config, "get_text_config"):
            raise ConfigError(
                f"config is a {type(config).__name__}: the config of a model was expected. Pass "
                "model.config."
            )
        self.width = width
        made: list[GrowingLayer | StaticLayer] = [
            GrowingLayer(width, fit_keys, window)
            if max_length is None
            else StaticLayer(width, fit_keys, max_length)
            for window in layer_windows(config)
        ]
        super().__init__(layers=list(made))

    @property
    def stored_bytes(self) -> int:
        """Bytes allocated now, room for tokens to come included."""
        layers: list[Any] = self.layers
        return sum(layer.stored_bytes for layer in layers)


def layer_windows(config: PreTrainedConfig) -> list[int | None]:
    """The sliding window of each layer of a model, None for one that sees everything.

    Raises `ConfigError` for layers that keep something else than keys and values (state-space and
    linear attention), and for layers that share theirs.
    """
    text = config.get_text_config(decoder=True)
    types, options = get_layer_types_and_kwargs(text)
    if isinstance(options, dict):  # one for all layers, before transformers 5.19
        options = [options if kind == "sliding_attention" else {} for kind in types]
        types = [*types, *["dummy"] * (text.num_hidden_layers - len(types))]
    known = {"full_attention", "sliding_attention"}
    if odd := sorted(set(types) - known):
        raise ConfigError(
            f"{type(text).__name__} has layers of the kinds {', '.join(odd)}. QuantizedKVCache "
            f"holds {' and '.join(sorted(known))}. Use the cache that transformers makes for it."
        )
    return [given.get("sliding_window") for given in options]


def check_width(width: str) -> None:
    """Raise `ConfigError` unless `width` is one of `WIDTHS`."""
    if width not in WIDTHS:
        raise ConfigError(f"width={width!r}. Expected one of {', '.join(WIDTHS)}.")


def cache_bytes(
    config: PreTrainedConfig, width: Width, batch: int, tokens: int, dtype: torch.dtype
) -> int:
    """Bytes that a `QuantizedKVCache` with `max_length=tokens` allocates for `batch` texts.

    A growing one takes up to a block more a layer, and less in layers with a window.

    Args:
        dtype: what the model computes in; matters to the width "auto".
    """
    check_width(width)
    layers = len(layer_windows(config))
    text = config.get_text_config(decoder=True)
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    kind = kind_of(width)
    row = tokens * token_bytes(kind, heads, size, DTYPES.get(width, dtype))
    if kind == "int4":
        row += 2 * heads * size * torch.float32.itemsize  # factor and centre of key channels
    return batch * row * layers
