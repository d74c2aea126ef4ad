"""`QuantizedKVCache`: what generate() does with it, and what it holds."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from model.small_models import WINDOW, generated, padded_batch, small_model
from torch import Tensor
from torch._dynamo.backends.debugging import aot_eager
from transformers import CompileConfig, GenerationConfig, LlamaConfig, MambaConfig
from transformers.cache_utils import Cache, DynamicLayer

import hyperlex.model.attention as attention
from hyperlex.errors import ConfigError
from hyperlex.model import QuantizedKVCache, use_grouped_attention
from hyperlex.model.cache import WIDTHS, cache_bytes
from hyperlex.model.cache_layers import BLOCK, FIT_FROM, CachedPrompt
from hyperlex_kernels.attention import fit_key_channels
from hyperlex_kernels.attention.quantize import centred, dequantize_tokens, quantize_tokens

SEARCHES: dict[str, dict[str, Any]] = {
    "greedy": {},
    "sampling": {"do_sample": True, "top_k": 20},
    "beams": {"num_beams": 3},
}


def rounded_cache(kind: str, mask: Tensor | None) -> Cache:
    """A cache of floats that holds what codes of `kind` stand for, for any attention."""

    class Rounded(DynamicLayer):
        factor: Tensor | None = None
        centre: Tensor | None = None

        def update(
            self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
        ) -> tuple[Tensor, Tensor]:
            prompt = not self.is_initialized
            long = key_states.shape[2] >= FIT_FROM and kind == "int4"
            if prompt and long and mask is not None:
                beams = len(key_states) // len(mask)
                padding = mask.bool().repeat_interleave(beams, 0)
                self.factor, self.centre = fit_key_channels(key_states, padding)
                enough = (padding.sum(1) >= FIT_FROM)[:, None, None]
                self.factor = torch.where(enough, self.factor, 1.0)
                self.centre = torch.where(enough, self.centre, 0.0)
            keys = there_and_back(centred(key_states, self.factor, self.centre))
            if self.factor is not None and self.centre is not None:
                keys = keys * self.factor.unsqueeze(2) + self.centre.unsqueeze(2)
            stored = super().update(keys, there_and_back(value_states))
            return (key_states, value_states) if prompt else stored

    def there_and_back(x: Tensor) -> Tensor:
        return dequantize_tokens(*quantize_tokens(x, kind), kind, torch.float32)

    return Cache(layer_class_to_replicate=Rounded)


def ours(model: Any, width: str, **options: Any) -> QuantizedKVCache:
    return QuantizedKVCache(model.config, width, **options)  # type: ignore[arg-type]


def states(tokens: int, batch: int = 1, heads: int = 2, size: int = 16) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(tokens)
    shape = (batch, heads, tokens, size)
    return torch.randn(shape, generator=generator), torch.randn(shape, generator=generator)


def fed(layer: Any, tokens: int, batch: int = 1) -> Any:
    """Feed a layer as a model does, its prompt stored; returns the handle."""
    handle, _ = layer.update(*states(tokens, batch))
    if isinstance(handle, CachedPrompt):
        handle.store(None)
    return handle


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("kind", ["int8", "int4"])
@pytest.mark.parametrize(("name", "prompt"), [("llama", 12), ("gemma2", 12), ("gpt2", 70)])
def test_tokens_are_those_of_floats_of_the_same_codes(
    name: str, prompt: int, kind: str, search: str
) -> None:
    ids, mask = padded_batch(prompt)
    model = small_model(name)
    options = SEARCHES[search]
    rounded = rounded_cache(kind, mask)
    expected = generated(model, ids, mask, past_key_values=rounded, **options)
    use_grouped_attention(model)
    for length in (None, 100):
        cache = ours(model, kind, max_length=length)
        found = generated(model, ids, mask, past_key_values=cache, **options)
        assert torch.equal(found, expected), length


def test_codes_and_not_the_model_decide_the_tokens() -> None:
    """The test above could not fail if rounding changed nothing."""
    ids, mask = padded_batch()
    model = small_model("llama")
    exact = generated(model, ids, mask)
    use_grouped_attention(model)
    assert torch.equal(generated(model, ids, mask, past_key_values=ours(model, "auto")), exact)
    assert not torch.equal(generated(model, ids, mask, past_key_values=ours(model, "int4")), exact)


def test_padding_does_not_change_what_a_text_is_given() -> None:
    ids, mask = padded_batch(FIT_FROM + 10)
    model = small_model("llama", attention.NAME)
    batch = generated(model, ids, mask, past_key_values=ours(model, "int4"))
    for row in range(3):
        text = ids[row : row + 1, mask[row] == 1]
        alone = generated(model, text, past_key_values=ours(model, "int4"))
        assert torch.equal(batch[row, -12:], alone[0, -12:]), row


@pytest.mark.parametrize("length", [None, 60])
@pytest.mark.parametrize("name", ["llama", "mistral", "gpt2"])
def test_assisted_decoding_gives_the_same_tokens(name: str, length: int | None) -> None:
    ids, _ = padded_batch()
    model = small_model(name, attention.NAME)
    expected = generated(model, ids[2:], tokens=30)
    cache = ours(model, "auto", max_length=length)
    options = {"prompt_lookup_num_tokens": 3, "past_key_values": cache}
    assert torch.equal(generated(model, ids[2:], tokens=30, **options), expected)
    # What was not accepted is gone: the last token of the answer has not been read.
    assert int(cache.get_seq_length()) == expected.shape[1] - 1


def test_an_answer_can_be_continued() -> None:
    ids, _ = padded_batch()
    model = small_model("llama", attention.NAME)
    expected = generated(model, ids[2:], tokens=20)
    for length in (None, 40):
        cache = ours(model, "auto", max_length=length)
        half = generated(model, ids[2:], tokens=10, past_key_values=cache)
        assert torch.equal(generated(model, half, tokens=10, past_key_values=cache), expected)


def compiled(graphs: list[int], **options: Any) -> GenerationConfig:
    """`generate` compiles decoding as on a GPU; `graphs` grows by one a compilation."""

    def backend(graph: Any, example: Any) -> Callable[..., Any]:
        graphs.append(1)
        made: Callable[..., Any] = aot_eager(graph, example)
        return made

    how = CompileConfig(fullgraph=True, backend=backend, mode=None, dynamic=False)
    how._compile_all_devices = True
    return GenerationConfig(compile_config=how, pad_token_id=0, **options)


@pytest.mark.parametrize(("name", "width"), [("llama", "int4"), ("gemma2", "auto")])
def test_static_decoding_compiles_to_one_graph(name: str, width: str) -> None:
    ids, mask = padded_batch()
    model = small_model(name, attention.NAME)
    expected = generated(model, ids, mask, past_key_values=ours(model, width))
    torch._dynamo.reset()
    graphs: list[int] = []
    config = compiled(graphs, max_new_tokens=12, do_sample=False)
    cache = ours(model, width, max_length=30)
    found = model.generate(
        ids, attention_mask=mask, generation_config=config, past_key_values=cache
    )
    assert torch.equal(found, expected)
    assert len(graphs) == 1
    short = ours(model, width, max_length=16)
    with pytest.raises(ConfigError, match="holds 16 of 16 tokens, and 1 more do not fit"):
        model.generate(ids, attention_mask=mask, generation_config=config, past_key_values=short)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_full_static_cache_raises_and_overwrites_nothing(width: str) -> None:
    model = small_model("llama", attention.NAME)
    cache = ours(model, width, max_length=16)
    ids, _ = padded_batch(16)
    with torch.no_grad():
        model(ids, past_key_values=cache)
        before = [copy.deepcopy(layer.buffers.tensors) for layer in cache.layers]
        with pytest.raises(ConfigError, match="holds 16 of 16 tokens, and 1 more do not fit"):
            model(ids[:, :1], past_key_values=cache)
        with pytest.raises(ConfigError, match="0 of 16 tokens, and 17 more do not fit"):
            fed(ours(model, width, max_length=16).layers[0], 17)
    for layer, tensors in zip(cache.layers, before, strict=True):
        assert all(map(torch.equal, layer.buffers.tensors, tensors))
        assert int(layer.length) == 16


def test_the_attention_reads_the_cache_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model("llama", attention.NAME)
    ids, _ = padded_batch()
    cache = ours(model, "int4")
    seen = []
    decode = attention.attention_gqa_decode

    def spy(query: Tensor, buffers: Any, *args: Any, **options: Any) -> Tensor:
        seen.append([tensor.data_ptr() for tensor in buffers.tensors])
        return decode(query, buffers, *args, **options)

    monkeypatch.setattr(attention, "attention_gqa_decode", spy)
    generated(model, ids, tokens=4, past_key_values=cache)
    mine = [[tensor.data_ptr() for tensor in layer.buffers.tensors] for layer in cache.layers]
    assert seen == mine * 3


def test_a_step_reallocates_only_where_a_block_begins() -> None:
    layer = ours(small_model("llama"), "int8").layers[0]
    fed(layer, BLOCK - 10)
    places = []
    for _ in range(20):
        fed(layer, 1)
        places.append((layer.buffers.keys.data_ptr(), layer.buffers.capacity))
    assert [capacity for _, capacity in places] == [BLOCK] * 10 + [2 * BLOCK] * 10
    assert len(set(places)) == 2
    assert layer.get_seq_length() == BLOCK + 10


def test_four_bits_take_a_quarter() -> None:
    config = LlamaConfig(hidden_size=512, num_attention_heads=4, num_key_value_heads=2)
    sizes = {
        width: cache_bytes(config, width, 3, 4096, torch.float16)  # type: ignore[arg-type]
        for width in WIDTHS
    }
    assert sizes["auto"] == sizes["fp16"] == sizes["bf16"]
    assert sizes["fp16"] / sizes["int8"] > 1.9
    assert sizes["fp16"] / sizes["int4"] > 3.7


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["llama", "gpt2", "gemma2", "gpt_neo"])
def test_the_size_foretold_is_the_size_allocated(name: str, width: str) -> None:
    model = small_model(name, attention.NAME)
    ids, mask = padded_batch()
    cache = ours(model, width, max_length=40)
    generated(model, ids, mask, past_key_values=cache)
    foretold = cache_bytes(model.config, width, 3, 40, torch.float32)  # type: ignore[arg-type]
    assert cache.stored_bytes == foretold


def test_a_window_bounds_what_is_kept() -> None:
    model = small_model("mistral", attention.NAME)
    layer = ours(model, "int8").layers[0]
    fed(layer, 3 * BLOCK)
    assert (layer.length, layer.get_seq_length()) == (WINDOW - 1, 3 * BLOCK)
    for _ in range(2 * BLOCK):
        sizes = layer.get_mask_sizes(1)
        handle = fed(layer, 1)
        assert sizes == (int(handle.stop), layer.dropped)
    assert layer.buffers.capacity == BLOCK
    assert layer.get_seq_length() == 5 * BLOCK


def test_generation_goes_on_past_the_window_and_the_block() -> None:
    ids, mask = padded_batch()
    model = small_model("mistral")
    tokens = BLOCK + 20
    expected = generated(model, ids, mask, tokens=tokens)
    use_grouped_attention(model)
    cache = ours(model, "auto")
    found = generated(model, ids, mask, tokens=tokens, past_key_values=cache)
    assert torch.equal(found, expected)
    assert all(layer.dropped for layer in cache.layers)


def test_crop_takes_back_what_came_last() -> None:
    model = small_model("llama", attention.NAME)
    for length in (None, 40):
        cache, again = (ours(model, "int4", max_length=length) for _ in range(2))
        for layer in (*cache.layers, *again.layers):
            fed(layer, 10)
        for layer in cache.layers:
            layer.update(*states(5))
        cache.crop(-5)
        cache.crop(0)
        assert int(cache.get_seq_length()) == 10
        one, other = (fed(each.layers[0], 3) for each in (cache, again))
        assert torch.equal(one.stop, other.stop)
        for left, right in zip(one.buffers.tensors, other.buffers.tensors, strict=True):
            axis = slice(0, 13) if left.ndim == 4 else slice(None)
            assert torch.equal(left[:, :, axis], right[:, :, axis])
        with pytest.raises(ConfigError, match=r"crop\(-3\)"):
            cache.crop(3)


def test_crop_past_a_window_needs_a_recorded_past() -> None:
    model = small_model("mistral", attention.NAME)
    cache = ours(model, "int8")
    fed(cache.layers[0], 3 * WINDOW)
    with pytest.raises(ConfigError, match="activate_past_recording"):
        cache.layers[0].crop(-1)
    recording = ours(model, "int8")
    recording.activate_past_recording()
    fed(recording.layers[0], 3 * WINDOW)
    recording.layers[0].crop(-1)
    assert recording.get_seq_length() == 3 * WINDOW - 1
    # And what is settled is dropped, a block at a time: a long answer does not pile up.
    for _ in range(2 * BLOCK):
        fed(recording.layers[0], 3)
        recording.layers[0].crop(-2)
    assert recording.get_seq_length() == 3 * WINDOW - 1 + 2 * BLOCK
    assert recording.layers[0].buffers.capacity <= 2 * BLOCK


def test_rows_can_be_chosen_repeated_and_forgotten() -> None:
    model = small_model("llama", attention.NAME)
    rows = torch.tensor([2, 0, 0])
    for length in (None, 40):
        cache = ours(model, "int4", max_length=length)
        layer = cache.layers[0]
        fed(layer, FIT_FROM // 2, batch=3)
        before = [tensor.clone() for tensor in layer.buffers.tensors]
        layer.reorder_cache(rows)
        for tensor, old in zip(layer.buffers.tensors, before, strict=True):
            assert torch.equal(tensor, old[rows])
        layer.reset()
        assert cache.get_seq_length() == 0
        fed(layer, 4, batch=3)
        assert int(cache.get_seq_length()) == 4
    growing = ours(model, "int8").layers[0]
    fed(growing, 4, batch=2)
    growing.batch_repeat_interleave(2)
    assert growing.batch_size == growing.buffers.batch == 4
    growing.batch_select_indices(torch.tensor([3]))
    assert growing.batch_size == 1


@pytest.mark.parametrize("width", ["fp16", "bf16"])
def test_a_cache_of_16_bits_serves_a_model_of_32(width: str) -> None:
    model = small_model("llama", attention.NAME)
    ids, mask = padded_batch()
    with torch.no_grad():
        expected = model(ids, attention_mask=mask).logits[:, -1]
        cache = ours(model, width)
        model(ids[:, :-1], attention_mask=mask[:, :-1], past_key_values=cache)
        found = model(ids[:, -1:], attention_mask=mask, past_key_values=cache).logits[:, -1]
    assert found.dtype == torch.float32
    assert torch.nn.functional.cosine_similarity(found, expected).min() > 0.999


@pytest.mark.parametrize(
    ("name", "implementation"),
    [
        ("llama", "eager"),
        ("llama", "sdpa"),
        ("gpt2", "eager"),
        ("gpt2", "sdpa"),
        ("gpt_neo", "eager"),
        ("gptj", "eager"),
    ],
)
def test_another_attention_is_told_what_to_do(name: str, implementation: str) -> None:
    model = small_model(name, implementation)
    for length in (None, 40):
        cache = ours(model, "int4", max_length=length)
        with pytest.raises(ConfigError, match=r"use_grouped_attention\(model\)"):
            generated(model, padded_batch()[0], past_key_values=cache)


def test_mistakes_are_named() -> None:
    model = small_model("llama", attention.NAME)
    config = model.config
    with pytest.raises(ConfigError, match="width='int3'"):
        QuantizedKVCache(config, "int3")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="max_length=0"):
        QuantizedKVCache(config, max_length=0)
    with pytest.raises(ConfigError, match="linear_attention"):
        QuantizedKVCache(MambaConfig())
    for length in (None, 40):
        layer: Any = QuantizedKVCache(config, max_length=length).layers[0]
        fed(layer, 4)
        for wrong in (states(1, batch=2), states(1, heads=4), states(1, size=32)):
            with pytest.raises(ConfigError, match="for a cache of"):
                layer.update(*wrong)
        for move in (layer.offload, layer.prefetch):
            with pytest.raises(ConfigError, match="DynamicCache"):
                move()


def test_what_is_no_config_or_length_is_told_of() -> None:
    model = small_model("llama", attention.NAME)
    wrong: Any = model
    with pytest.raises(ConfigError, match=r"config is a LlamaForCausalLM.*Pass model\.config"):
        QuantizedKVCache(wrong, "int4")
    for length in (0, "64", 2.5, True):
        with pytest.raises(ConfigError, match=r"max_length=.*A whole number of tokens"):
            ours(model, "int4", max_length=length)
