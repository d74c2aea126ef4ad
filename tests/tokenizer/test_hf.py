"""`tok.hf`: a transformers tokenizer like any other, with the ids of `tok.encode`."""

from __future__ import annotations

import copy
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from datasets.fingerprint import Hasher
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    TextIteratorStreamer,
    pipeline,
)

import hyperlex
from hyperlex.errors import ConfigError
from hyperlex.tokenizer import HyperTokenizer

RUNS = "старик| на| берегу| берега|Лодка стояла| у|,|.|\r\n| |-|\u0301|🙂|1984|\u00a0|'|ё"
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.lists(
    st.sampled_from([*RUNS.split("|"), "<|im_end|>", "<|pad|>"])
).map("".join)


def ids(hf: Any, text: str) -> list[int]:
    found: list[int] = hf(text, add_special_tokens=False).input_ids
    return found


@given(text=TEXTS)
def test_hf_gives_the_ids_and_texts_of_the_tokenizer(tok: HyperTokenizer, text: str) -> None:
    assert ids(tok.hf, text) == tok.encode(text)
    assert tok.hf.decode(tok.encode(text)) == tok.decode(tok.encode(text)) == text


def test_phrases_are_found_at_all(tok: HyperTokenizer, text: str) -> None:
    hypertokens = [index for index in ids(tok.hf, text) if tok.layout.is_hyper(index)]
    assert len(hypertokens) > 3
    assert any(tok.codebook[tok.layout.to_code(index)].units > 2 for index in hypertokens)


def test_hf_is_a_fast_tokenizer_of_transformers(tok: HyperTokenizer) -> None:
    assert isinstance(tok.hf, PreTrainedTokenizerFast)
    assert tok.hf is tok.hf
    assert len(tok.hf) == tok.hf.vocab_size == tok.layout.total
    assert tok.hf.name_or_path == ""


def test_roles_template_and_padding_come_from_the_base(
    tok: HyperTokenizer, base: PreTrainedTokenizerFast
) -> None:
    assert tok.hf.special_tokens_map == base.special_tokens_map
    assert tok.hf.all_special_ids == base.all_special_ids
    assert tok.hf.chat_template == base.chat_template
    assert (tok.hf.padding_side, tok.hf.model_max_length) == ("left", 512)
    assert tok.hf.model_input_names == base.model_input_names


def test_clean_up_never_alters_decoded_text(tok: HyperTokenizer) -> None:
    text = "Утром старик ушёл . Никто не знал , откуда он ? I 'm here , do n't go !"
    assert tok.hf.clean_up_tokenization_spaces is False
    assert tok.hf.decode(tok.encode(text)) == text
    assert tok.hf.batch_decode([tok.encode(text)]) == [text]


def test_offsets_tile_the_text(tok: HyperTokenizer, text: str) -> None:
    encoding = tok.hf(text, return_offsets_mapping=True, add_special_tokens=False)
    assert {at for span in encoding.offset_mapping for at in range(*span)} == set(range(len(text)))
    pieces = [text[start:stop] for start, stop in encoding.offset_mapping]
    for piece, index in zip(pieces, encoding.input_ids, strict=True):
        assert "\ufffd" in tok.decode([index]) or tok.decode([index]) == piece
    boat = encoding.char_to_token(text.index("лодка"))
    assert "лодка" in pieces[boat]


def test_padding_truncation_and_overflow(tok: HyperTokenizer, text: str) -> None:
    whole = tok.encode(text)
    padded = tok.hf([text, "Утром"], padding=True, return_tensors="pt")
    assert padded.input_ids.shape == (2, len(whole))
    assert padded.input_ids[1, 0] == tok.hf.pad_token_id  # on the left, as in the base
    assert padded.attention_mask[1].tolist()[0] == 0
    cut = tok.hf(text, truncation=True, max_length=5)
    assert cut.input_ids == whole[:5]
    parts = tok.hf(
        text, truncation=True, max_length=5, stride=2, return_overflowing_tokens=True
    ).input_ids
    assert parts == [whole[at : at + 5] for at in range(0, len(whole) - 2, 3)]
    assert tok.encode(text) == whole, "padding and truncation are the state of tok.hf alone"


def test_pairs(tok: HyperTokenizer, with_bos: HyperTokenizer, text: str) -> None:
    pair = tok.hf(text, "Утром", return_token_type_ids=True)
    assert pair.input_ids == tok.encode(text) + tok.encode("Утром")
    assert pair.token_type_ids == [0] * len(tok.encode(text)) + [1] * len(tok.encode("Утром"))
    bos = with_bos.hf.bos_token_id
    both = [bos, *with_bos.encode(text), bos, *with_bos.encode("Утром")]
    assert with_bos.hf(text, "Утром").input_ids == both


def test_special_tokens_around_a_text_are_those_of_the_base(
    with_bos: HyperTokenizer, text: str
) -> None:
    around = with_bos.hf(text).input_ids
    base = with_bos.base.tokenizer.encode(text).ids
    assert around == [with_bos.hf.bos_token_id, *with_bos.encode(text)]
    assert with_bos.expand(around) == base
    assert with_bos.hf.num_special_tokens_to_add() == 1


def test_chat_template_gives_the_ids_of_the_text(tok: HyperTokenizer) -> None:
    messages = [
        {"role": "user", "content": "Откуда он пришёл?"},
        {"role": "assistant", "content": "Никто не знал."},
    ]
    rendered = tok.hf.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert rendered == (
        "<|im_start|>user\nОткуда он пришёл?<|im_end|>\n"
        "<|im_start|>assistant\nНикто не знал.<|im_end|>\n<|im_start|>assistant\n"
    )
    encoded = tok.hf.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)
    assert encoded["input_ids"] == tok.encode(rendered)


def test_named_chat_templates_come_along(base: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    several = copy.deepcopy(base)
    several.chat_template = {"default": "one", "tool_use": "two"}
    tok = hyperlex.extend_tokenizer(several, small_codebook(several))
    assert tok.hf.chat_template == {"default": "one", "tool_use": "two"}
    tok.save(tmp_path / "saved")
    assert hyperlex.load(tmp_path / "saved").face == tok.face


def small_codebook(base: Any) -> hyperlex.Codebook:
    texts = ["Лодка стояла у берега. Старик сидел на берегу."] * 3
    return hyperlex.train_codebook(base, texts, size=8, min_count=2, min_documents=1, workers=1)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_pickled_or_copied_tokenizer_is_the_same(
    tok: HyperTokenizer, duplicate: Any, text: str
) -> None:
    twin = duplicate(tok.hf)
    assert ids(twin, text) == tok.encode(text)
    assert twin.special_tokens_map == tok.hf.special_tokens_map
    double = duplicate(tok)
    assert double.encode(text) == tok.encode(text)
    assert double.expand(double.encode(text)) == tok.base_encode(text)
    assert double.collapse(double.base_encode(text)) == tok.encode(text)
    assert ids(double.hf, text) == tok.encode(text)
    assert (double.layout, double.face) == (tok.layout, tok.face)


def test_pickling_has_no_state(own_tok: HyperTokenizer, saved: Path, text: str) -> None:
    # `datasets` hashes a function with all that it holds, to find what it computed before.
    for tok in (own_tok, hyperlex.load(saved)):
        before = Hasher.hash(tok)
        tok.collapse(tok.base_encode(text))
        tok.hf(text)
        assert Hasher.hash(tok) == before


def test_without_export_pickles_too(without_export: HyperTokenizer) -> None:
    twin = pickle.loads(pickle.dumps(without_export))
    assert twin.encode("Старик сидел на берегу") == without_export.encode("Старик сидел на берегу")


def test_a_batch_of_ten_thousand(tok: HyperTokenizer) -> None:
    texts = [f"Лодка {n} стояла у берега, и никто в неё не садился." for n in range(10_000)]
    assert tok.hf(texts, add_special_tokens=False).input_ids == [tok.encode(t) for t in texts]


def test_datasets_map_with_workers(tok: HyperTokenizer) -> None:
    texts = [f"Старик {n} смотрел на воду и молчал." for n in range(50)]
    rows = Dataset.from_dict({"text": texts})
    by_hf = rows.map(lambda batch: tok.hf(batch["text"]), batched=True, num_proc=2)
    by_tok = rows.map(lambda row: {"input_ids": tok.encode(row["text"])}, num_proc=2)
    assert list(by_hf["input_ids"]) == list(by_tok["input_ids"]) == [tok.encode(t) for t in texts]


def test_save_pretrained_inverts_from_pretrained(
    tok: HyperTokenizer, tmp_path: Path, text: str
) -> None:
    tok.hf.save_pretrained(tmp_path)
    again = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    assert ids(again, text) == tok.encode(text)
    assert again.special_tokens_map == tok.hf.special_tokens_map
    assert again.chat_template == tok.hf.chat_template
    assert (again.padding_side, again.model_max_length) == ("left", 512)


def test_special_tokens_outside_the_vocabulary_stay_where_they_are(
    with_holes: HyperTokenizer, text: str
) -> None:
    declared = {token["content"]: token["id"] for token in with_holes.base.json["added_tokens"]}
    assert with_holes.layout.base_size == max(declared.values()) + 1
    assert with_holes.hf.convert_tokens_to_ids(list(declared)) == list(declared.values())
    for token, index in declared.items():
        mixed = f"{text}{token}{text}"
        assert ids(with_holes.hf, mixed) == with_holes.encode(mixed)
        assert index in with_holes.encode(mixed)


@pytest.mark.parametrize("name", ["tok", "with_holes"])
def test_tokens_added_later_come_after_the_hypertokens(
    name: str, request: pytest.FixtureRequest, text: str
) -> None:
    tok: HyperTokenizer = request.getfixturevalue(name)
    hf = copy.deepcopy(tok.hf)
    assert hf.add_tokens(["⟨новый⟩"]) == 1
    assert hf.add_special_tokens({"mask_token": "<|mask|>"}) == 1
    assert hf.convert_tokens_to_ids(["⟨новый⟩", "<|mask|>"]) == [
        tok.layout.total,
        tok.layout.total + 1,
    ]
    assert ids(hf, text) == tok.encode(text)
    assert ids(hf, f"{text}⟨новый⟩")[-1] == tok.layout.total
    assert hf.decode(ids(hf, f"{text}⟨новый⟩")) == f"{text}⟨новый⟩"


@pytest.fixture(scope="module")
def model(tok: HyperTokenizer) -> GPT2LMHeadModel:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=tok.layout.total,
        n_embd=32,
        n_layer=1,
        n_head=2,
        n_positions=256,
        bos_token_id=tok.hf.bos_token_id,
        eos_token_id=tok.hf.eos_token_id,
        pad_token_id=tok.hf.pad_token_id,
    )
    return GPT2LMHeadModel(config).eval()


def test_text_generation_pipeline(tok: HyperTokenizer, model: GPT2LMHeadModel, text: str) -> None:
    generate = pipeline("text-generation", model=model, tokenizer=tok.hf)
    (result,) = generate(text, max_new_tokens=8, do_sample=False)
    assert result["generated_text"].startswith(text)
    prompt = tok.hf(text, return_tensors="pt")
    output = model.generate(**prompt, max_new_tokens=8, do_sample=False)
    new = output[0, prompt.input_ids.shape[1] :]
    expected = text + tok.hf.decode(new, skip_special_tokens=True)
    assert result["generated_text"] == expected
    both = generate([text, "Утром"], max_new_tokens=4, do_sample=False, batch_size=2)
    assert len(both) == 2


def test_streaming_gives_the_text_of_all_ids(
    tok: HyperTokenizer, model: GPT2LMHeadModel, text: str
) -> None:
    streamer = TextIteratorStreamer(tok.hf, skip_prompt=True, timeout=60)
    prompt = tok.hf(text, return_tensors="pt")
    options = {**prompt, "max_new_tokens": 20, "do_sample": False, "streamer": streamer}
    thread = threading.Thread(target=model.generate, kwargs=options)
    thread.start()
    streamed = "".join(streamer)
    thread.join()
    output = model.generate(**prompt, max_new_tokens=20, do_sample=False)
    assert streamed == tok.hf.decode(output[0, prompt.input_ids.shape[1] :])


def test_without_export_there_is_no_hf_but_a_reason(without_export: HyperTokenizer) -> None:
    with pytest.raises(ConfigError, match=r"Unigram.*Use tok\.encode, tok\.decode"):
        _ = without_export.hf


def test_a_role_that_the_base_does_not_know_is_left_out_with_a_warning(
    base: PreTrainedTokenizerFast, tmp_path: Path, change_json: Any
) -> None:
    base.save_pretrained(tmp_path)
    change_json(
        tmp_path / "tokenizer_config.json",
        mask_token="<mask>",
        extra_special_tokens={"image_token": "<image>", "start_token": "<|im_start|>"},
    )
    codebook = small_codebook(tmp_path)
    with pytest.warns(UserWarning, match=r"mask_token '<mask>'.*but its tokenizer\.json"):
        tok = hyperlex.extend_tokenizer(tmp_path, codebook)
    assert tok.hf.mask_token is None
    assert not hasattr(tok.hf, "image_token")
    assert tok.hf.start_token == "<|im_start|>"
    assert tok.hf.eos_token == "<|im_end|>"
    assert len(tok.hf) == tok.layout.total


def test_what_only_the_class_of_the_base_tells_comes_along(
    base: PreTrainedTokenizerFast, tmp_path: Path, change_json: Any
) -> None:
    # A GPT-2 directory without tokenizer_config.json: its class knows the end-of-text token.
    (tmp_path / "tokenizer.json").write_text(base.backend_tokenizer.to_str(), "utf-8")
    change_json(tmp_path / "config.json", model_type="gpt2")
    tok = hyperlex.extend_tokenizer(tmp_path, small_codebook(tmp_path))
    assert tok.hf.eos_token == tok.hf.bos_token == "<|endoftext|>"


def test_a_bare_tokenizer_has_no_roles(base: PreTrainedTokenizerFast, text: str) -> None:
    bare = Tokenizer.from_str(base.backend_tokenizer.to_str())
    tok = hyperlex.extend_tokenizer(bare, small_codebook(bare))
    assert tok.hf.special_tokens_map == {}
    assert ids(tok.hf, text) == tok.encode(text)
