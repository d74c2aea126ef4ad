"""Streaming: the ids of `generate`, as text, with what they cost; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

import hyperlex
from hyperlex import HyperTokenizer, extend_model
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.ladder.files import embedded
from hyperlex.ladder.lexicon import EXACT
from hyperlex.model.generate import check_room, opening, positions_of, stored_bytes, stream
from hyperlex.model.prompt import context_ids
from hyperlex.model.quantizer import HyperlexQuantConfig

POSITIONS = 64


def model_of(tok: HyperTokenizer, **options: Any) -> Any:
    """The same random weights at every call, with rows for all ids of `tok`."""
    torch.manual_seed(0)
    config = LlamaConfig(
        **{
            "vocab_size": tok.layout.base_size,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": POSITIONS,
            "bos_token_id": None,
            "eos_token_id": None,
            "initializer_range": 0.5,
        }
        | options
    )
    return extend_model(LlamaForCausalLM(config).eval(), tok)


@pytest.fixture(scope="module")
def model(tok: HyperTokenizer) -> Any:
    return model_of(tok)


@pytest.fixture(scope="module")
def with_scenes(tok: HyperTokenizer) -> HyperTokenizer:
    return tok.with_scenes(embedded().first_hyperlexeme)


def test_a_stream_is_what_generate_gives(model: Any, tok: HyperTokenizer) -> None:
    prompt = tok.encode("Старый почтальон")
    inputs = torch.tensor([prompt])
    whole = model.generate(
        inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=20, do_sample=False
    )
    pieces = stream(model, tok, prompt, max_new_tokens=20, do_sample=False)
    text = "".join(piece.text for piece in pieces)
    assert pieces.ids == whole[0, len(prompt) :].tolist()
    assert text == tok.decode(pieces.ids)
    assert (pieces.characters, pieces.ended) == (len(text), "length")


def test_a_seed_gives_the_same_sample_again(model: Any, tok: HyperTokenizer) -> None:
    def sampled(seed: int) -> list[int]:
        pieces = stream(model, tok, [1, 2], max_new_tokens=12, seed=seed, do_sample=True)
        list(pieces)
        return pieces.ids

    assert sampled(1) == sampled(1)
    assert len({tuple(sampled(seed)) for seed in range(4)}) > 1


def test_the_end_of_text_is_not_told(model: Any, tok: HyperTokenizer) -> None:
    prompt = tok.encode("Мать")
    first = stream(model, tok, prompt, max_new_tokens=5, do_sample=False)
    list(first)
    ended = stream(
        model_of(tok, eos_token_id=first.ids[2]), tok, prompt, max_new_tokens=5, do_sample=False
    )
    assert "".join(piece.text for piece in ended) == tok.decode(first.ids[:2])
    assert (ended.ids, ended.ended) == (first.ids[:2], "end")


def test_what_it_cost_is_told(model: Any, tok: HyperTokenizer) -> None:
    pieces = stream(model, tok, [1, 2, 3], max_new_tokens=10)
    list(pieces)
    assert (pieces.prompt, pieces.limit, len(pieces.ids)) == (3, POSITIONS, 10)
    assert pieces.context_share == 13 / POSITIONS
    # The last id is not read: 12 tokens, keys and values of one head of 16, float32.
    assert pieces.cache_bytes == 12 * 2 * 16 * 4
    assert pieces.seconds > 0


@pytest.mark.parametrize("width", ["fp16", "int8", "int4"])
def test_a_narrow_cache_is_a_small_one(model: Any, tok: HyperTokenizer, width: Any) -> None:
    pieces = stream(model_of(tok), tok, [1, 2, 3], max_new_tokens=10, kv=width)
    list(pieces)
    assert len(pieces.ids) == 10
    # A growing cache takes room for 256 tokens at a time.
    widths = {"fp16": 2.0, "int8": 1.125, "int4": 0.75}
    assert pieces.cache_bytes is not None
    assert pieces.cache_bytes <= 256 * 2 * 16 * widths[width] + 8 * 16


def test_the_answer_ends_where_the_positions_do(model: Any, tok: HyperTokenizer) -> None:
    prompt = [1] * (POSITIONS - 4)
    pieces = stream(model, tok, prompt, max_new_tokens=50)
    list(pieces)
    assert len(pieces.ids) == 4 and pieces.context_share == 1


def test_a_stream_that_is_left_stops(model: Any, tok: HyperTokenizer) -> None:
    with stream(model, tok, [1, 2], max_new_tokens=60, do_sample=True, seed=0) as pieces:
        next(pieces)
    assert pieces._thread is not None and not pieces._thread.is_alive()


def test_what_generate_raises_is_raised_here(model: Any, tok: HyperTokenizer) -> None:
    pieces = stream(model, tok, [1, 2], max_new_tokens=3, do_sample=True, temperature=-1.0)
    with pytest.raises(ValueError, match="temperature"):
        list(pieces)


def test_four_bit_models_stream(tok: HyperTokenizer, tmp_path: Any) -> None:
    from hyperlex.recipes.loading import load_for

    model_of(tok, hidden_size=64, intermediate_size=64).save_pretrained(tmp_path / "dense")
    from hyperlex.model.quantize import quantize_directory

    quantize_directory(tmp_path / "dense", tmp_path / "small", HyperlexQuantConfig("nf4"))
    pieces = stream(load_for(tmp_path / "small").eval(), tok, [1, 2], max_new_tokens=4)
    assert "".join(piece.text for piece in pieces) == tok.decode(pieces.ids)


def test_mistakes_are_one_clear_error(model: Any, tok: HyperTokenizer) -> None:
    with pytest.raises(ConfigError, match=r"64 tokens, and the model sees 64.*--context FILE"):
        stream(model, tok, [1] * POSITIONS)
    with pytest.raises(ConfigError, match="prompt is empty"):
        stream(model, tok, [])
    with pytest.raises(ConfigError, match="max_new_tokens=0"):
        stream(model, tok, [1], max_new_tokens=0)
    with pytest.raises(VocabularyError, match="id 9999, and the model has"):
        stream(model, tok, [9999])
    check_room(10**6, None)


def test_a_prompt_begins_as_the_base_begins_texts(tok: HyperTokenizer) -> None:
    from tokenizers import Tokenizer, processors
    from transformers import PreTrainedTokenizerFast

    rust = Tokenizer.from_str(tok.base.tokenizer.to_str())
    rust.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", tok.layout.base_size - 1)]
    )
    base = PreTrainedTokenizerFast(tokenizer_object=rust)
    entries = hyperlex.train_codebook(
        base, ["да нет да нет"] * 3, size=1, min_count=2, min_documents=1, workers=1
    )
    begins = hyperlex.extend_tokenizer(base, entries)
    model, first = model_of(tok, bos_token_id=5), tok.layout.base_size - 1
    assert opening(model, begins, [7, 8]) == [first, 7, 8]
    assert opening(model, begins, [first, 7]) == [first, 7]
    assert opening(model, tok, [7, 8]) == [7, 8]
    assert opening(model, tok, []) == [5]
    assert opening(model_of(tok), tok, []) == []


def test_no_limit_and_no_cache_are_none() -> None:
    class Config:
        def get_text_config(self) -> object:
            return object()

    class Model:
        config = Config()

    assert positions_of(Model()) is None
    assert stored_bytes(None) is None


CONTEXT = (
    "Почтальон принёс большое письмо из далёкого города и долго искал дом учительницы. "
    "Учительница уехала 12 мая и не оставила адреса. Соседи ничего не знали. "
)


def test_a_context_goes_in_on_any_rung(with_scenes: HyperTokenizer) -> None:
    tok = with_scenes
    model = model_of(tok, max_position_embeddings=512)
    exact = tok.encode(CONTEXT)
    assert context_ids(model, tok, CONTEXT, room=len(exact)) == exact
    short = context_ids(model, tok, CONTEXT, room=len(exact) * 3 // 4, keep_recent=8)
    assert len(short) <= len(exact) * 3 // 4
    told = context_ids(model, tok, CONTEXT, room=None, rung=2, keep_recent=20)
    assert tok.layout.first_scene + EXACT in told
    assert any(map(tok.layout.is_scene, short)) and any(map(tok.layout.is_scene, told))
    assert told[-5:] == exact[-5:]
    with pytest.raises(ConfigError, match="drop_oldest=True"):
        context_ids(model, tok, CONTEXT * 9, room=40, keep_recent=20)
    assert (
        len(context_ids(model, tok, CONTEXT * 9, room=40, keep_recent=20, drop_oldest=True)) <= 40
    )
    pieces = stream(model, tok, [*told, *tok.encode("Дом был")], max_new_tokens=6)
    list(pieces)
    assert pieces.ids


def test_a_context_without_scene_rows_is_refused(
    tok: HyperTokenizer, with_scenes: HyperTokenizer
) -> None:
    model = model_of(tok)
    with pytest.raises(VocabularyError, match=r"no scene ids.*with_scenes"):
        context_ids(model, tok, CONTEXT, room=10)
    with pytest.raises(VocabularyError, match=r"none for scene ids.*extend_model"):
        context_ids(model, with_scenes, CONTEXT, room=None, rung=2)
    with pytest.raises(ConfigError, match="--context-tokens"):
        context_ids(model, tok, CONTEXT, room=None)


@pytest.mark.parametrize("wrong", ["Дом был", None, [[1, 2]]])
def test_what_is_no_prompt_of_ids_is_told_of(tok: HyperTokenizer, wrong: Any) -> None:
    with pytest.raises(TypeError, match="Ids were expected"):
        stream(model_of(tok), tok, wrong)


def test_a_stream_that_is_forgotten_stops(tok: HyperTokenizer) -> None:
    pieces = stream(model_of(tok), tok, [1, 2], max_new_tokens=60, do_sample=True, seed=0)
    next(pieces)
    thread = pieces._thread
    del pieces
    assert thread is not None
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("kv", [None, "int8"])
def test_a_model_in_adapters_streams(tok: HyperTokenizer, kv: Any) -> None:
    from peft import LoraConfig, get_peft_model

    from hyperlex.model.lora import prepare_lora

    config = prepare_lora(LoraConfig(r=2, target_modules=["q_proj", "v_proj"]))
    adapted = get_peft_model(model_of(tok), config).eval()
    pieces = stream(adapted, tok, [1, 2, 3], max_new_tokens=6, kv=kv, do_sample=False)
    assert "".join(piece.text for piece in pieces) == tok.decode(pieces.ids)
    plain = stream(model_of(tok), tok, [1, 2, 3], max_new_tokens=6, kv=kv, do_sample=False)
    list(plain)
    assert pieces.ids == plain.ids  # a fresh adapter adds nothing
    assert pieces.cache_bytes == plain.cache_bytes
