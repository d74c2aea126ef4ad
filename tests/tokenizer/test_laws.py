"""Promise 1, on every way of splitting: exact expansion, exact text, never longer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import byte_level_base
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text
from tokenizers import Tokenizer
from tokenizers.decoders import Metaspace as MetaspaceDecoder
from tokenizers.models import BPE, Unigram, WordPiece
from tokenizers.normalizers import NFC
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel, Metaspace
from tokenizers.trainers import BpeTrainer, UnigramTrainer, WordPieceTrainer

import hyperlex
from hyperlex import HyperTokenizer, VocabularyLayout
from hyperlex.codebook import BaseTokenizer
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.recipes import embedded


@given(any_text)
def test_expand_of_encode_is_the_base_encoding(any_tok: HyperTokenizer, text: str) -> None:
    assert any_tok.expand(any_tok.encode(text)) == any_tok.base_encode(text)


@given(any_text)
def test_decode_inverts_encode(any_tok: HyperTokenizer, text: str) -> None:
    assert any_tok.decode(any_tok.encode(text)) == text


@given(any_text)
def test_encode_is_never_longer_than_the_base(any_tok: HyperTokenizer, text: str) -> None:
    assert len(any_tok.encode(text)) <= len(any_tok.base_encode(text))


@given(any_text)
def test_collapse_of_the_base_encoding_is_encode(any_tok: HyperTokenizer, text: str) -> None:
    assert any_tok.collapse(any_tok.base_encode(text)) == any_tok.encode(text)


@given(st.data())
def test_expand_inverts_collapse(any_tok: HyperTokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, any_tok.layout.base_size - 1), max_size=40))
    assert any_tok.expand(any_tok.collapse(ids)) == ids


@given(any_text)
def test_no_hypertoken_cuts_a_word(any_tok: HyperTokenizer, text: str) -> None:
    """A token with a space between its words begins and ends between letters and others."""
    encoding = any_tok.hf(text, add_special_tokens=False, return_offsets_mapping=True)
    for start, stop in encoding["offset_mapping"]:
        piece = text[start:stop]
        if " " in piece.strip():
            assert not (start and text[start - 1].isalpha() and piece[0].isalpha())
            assert not (stop < len(text) and text[stop].isalpha() and piece[-1].isalpha())


def test_hypertokens_are_met_at_all(any_tok: HyperTokenizer, samples: dict[str, str]) -> None:
    """Else the laws above would hold of nothing."""
    for name, text in samples.items():
        ids = any_tok.encode(text)
        assert any(map(any_tok.layout.is_hyper, ids)), name
        assert len(ids) < 0.9 * len(any_tok.base_encode(text)), name


def test_every_entry_is_reached_by_its_own_text(any_tok: HyperTokenizer) -> None:
    """A phrase before a space is one token; so is a piece where it is all of a unit."""
    for entry in any_tok.codebook:
        if entry.kind == "phrase":
            assert any_tok.encode(entry.text) == [entry.id], entry.text


@pytest.mark.parametrize("split", ["gpt2", "cl100k"])
def test_where_the_base_normalises_the_law_is_that_of_the_base(
    split: str, samples: dict[str, str]
) -> None:
    """Qwen's base composes characters (NFC): its own text comes back, not the one put in."""
    base = byte_level_base(split, list(samples.values()))
    base.tokenizer.normalizer = NFC()
    normalising = BaseTokenizer(base.tokenizer)
    codebook = hyperlex.train_codebook(
        normalising, list(samples.values()), size=100, min_count=2, min_documents=1, workers=1
    )
    tok = hyperlex.extend_tokenizer(normalising, codebook)
    text = "Еще\u0308 он стоял у двери, и каждыи\u0306 вечер"
    ids = tok.encode(text)
    assert tok.expand(ids) == tok.base_encode(text)
    assert tok.collapse(tok.base_encode(text)) == ids
    assert tok.decode(ids) == normalising.decode(normalising.encode(text)) != text


def other_bases(texts: list[str]) -> dict[str, Tokenizer]:
    """Small bases that are not byte-level BPE, one of each kind in use."""
    unigram = Tokenizer(Unigram())
    unigram.pre_tokenizer = Metaspace()
    unigram.decoder = MetaspaceDecoder()
    unigram.train_from_iterator(
        texts,
        UnigramTrainer(
            vocab_size=300, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
        ),
    )
    sentence_bpe = Tokenizer(BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    sentence_bpe.pre_tokenizer = Metaspace()
    sentence_bpe.decoder = MetaspaceDecoder()
    fallback = [f"<0x{b:02X}>" for b in range(256)]
    sentence_bpe.train_from_iterator(
        texts,
        BpeTrainer(vocab_size=600, special_tokens=["<unk>", *fallback], show_progress=False),
    )
    word_piece = Tokenizer(WordPiece(unk_token="[UNK]"))
    word_piece.pre_tokenizer = BertPreTokenizer()
    word_piece.train_from_iterator(
        texts,
        WordPieceTrainer(vocab_size=300, special_tokens=["[UNK]"], show_progress=False),
    )
    return {"unigram": unigram, "sentence bpe": sentence_bpe, "word piece": word_piece}


@pytest.fixture(scope="module", params=["unigram", "sentence bpe", "word piece"])
def other(request: pytest.FixtureRequest, samples: dict[str, str]) -> HyperTokenizer:
    """A tokenizer over a base that has no plain export."""
    texts = list(samples.values())
    base = BaseTokenizer(other_bases(texts)[request.param])
    codebook = hyperlex.train_codebook(
        base, texts, size=80, min_count=2, min_documents=1, workers=1
    )
    return hyperlex.extend_tokenizer(base, codebook)


@given(any_text)
def test_other_bases_keep_the_law_of_expansion(other: HyperTokenizer, text: str) -> None:
    ids, base_ids = other.encode(text), other.base_encode(text)
    assert other.expand(ids) == base_ids
    assert other.collapse(base_ids) == ids
    assert len(ids) <= len(base_ids)
    assert other.decode(ids) == other.base.decode(base_ids)


def test_other_bases_gain_and_say_why_they_have_no_export(
    other: HyperTokenizer, samples: dict[str, str]
) -> None:
    for text in samples.values():
        assert len(other.encode(text)) < len(other.base_encode(text))
    assert other.export_refusal is not None
    with pytest.raises(ConfigError):
        _ = other.hf


def test_other_bases_survive_saving(other: HyperTokenizer, tmp_path: Path) -> None:
    other.save(tmp_path / "saved")
    again = hyperlex.load(tmp_path / "saved")
    text = "Он стоял у двери, не решаясь войти."
    assert again.encode(text) == other.encode(text)
    assert again.layout == other.layout


def test_phrases_of_other_bases_end_at_word_edges(samples: dict[str, str]) -> None:
    """«стоял у двери» is no part of «стоял у дверища» here either."""
    texts = [*samples.values(), "дверища " * 5]
    base = BaseTokenizer(other_bases(texts)["unigram"])
    codebook = hyperlex.train_codebook(
        base, texts, size=80, min_count=2, min_documents=1, workers=1
    )
    for entry in codebook:
        if entry.units > 1:
            longer = base.encode(entry.text + "ща")
            assert entry.id not in codebook.collapse(longer)


@pytest.mark.parametrize("size", [1, 10, 149])
def test_a_prefix_of_the_codebook_is_a_tokenizer_too(any_tok: HyperTokenizer, size: int) -> None:
    smaller = hyperlex.extend_tokenizer(any_tok.base, any_tok.codebook.prefix(size))
    text = "Он стоял у двери, и каждый вечер считал ступени вслух."
    assert smaller.layout.hyper_size == size
    assert smaller.expand(smaller.encode(text)) == any_tok.base_encode(text)
    assert smaller.collapse(any_tok.base_encode(text)) == smaller.encode(text)


def test_a_codebook_for_another_base_is_refused(
    any_tok: HyperTokenizer, samples: dict[str, str]
) -> None:
    other_base = byte_level_base("gpt2", list(samples.values()), size=390)
    with pytest.raises(VocabularyError, match="trained for a base of"):
        hyperlex.extend_tokenizer(other_base, any_tok.codebook)


def test_ids_outside_the_layout_are_refused(any_tok: HyperTokenizer) -> None:
    for call in (any_tok.decode, any_tok.expand):
        for bad in (any_tok.layout.total, -1):
            with pytest.raises(VocabularyError, match=f"Id {bad} is outside"):
                call([0, bad])


@pytest.mark.parametrize("ids", ["abc", [1.5], 5, None, [[1, 2]]])
def test_what_is_no_ids_is_told_of(any_tok: HyperTokenizer, ids: object) -> None:
    for call in (any_tok.decode, any_tok.expand, any_tok.collapse):
        with pytest.raises(TypeError, match="Ids were expected, a sequence of whole numbers; got"):
            call(ids)  # type: ignore[arg-type]


def test_the_item_that_is_no_id_is_shown(any_tok: HyperTokenizer) -> None:
    with pytest.raises(TypeError, match=r"got list with 'а' in it\. Pass code\.ids"):
        any_tok.collapse([1, "а"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="got list with a list in it"):
        any_tok.expand([[1, 2]])  # type: ignore[list-item]


def test_a_scene_id_has_no_expansion(any_tok: HyperTokenizer) -> None:
    scenic = any_tok.with_scenes()
    scene = scenic.layout.first_scene
    with pytest.raises(VocabularyError, match=rf"Id {scene} is a scene id.*reconstruct"):
        scenic.expand([0, scene])


@pytest.mark.parametrize("source", [5, 1.5, b"tiny", ["tiny"]])
def test_what_is_no_place_is_told_of(source: object) -> None:
    with pytest.raises(ConfigError, match=f"source is of type {type(source).__name__}: a dir"):
        hyperlex.load(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("codebook", [None, "codebook/"])
def test_what_is_no_codebook_is_told_of(any_tok: HyperTokenizer, codebook: object) -> None:
    with pytest.raises(ConfigError, match=r"codebook is of type .*Codebook\.load"):
        hyperlex.extend_tokenizer(any_tok.base, codebook)  # type: ignore[arg-type]


def test_lone_surrogates_are_refused_and_nul_is_text(any_tok: HyperTokenizer) -> None:
    with pytest.raises(VocabularyError, match=r"U\+DC00, at position 2"):
        any_tok.encode("Он\udc00")
    with pytest.raises(TypeError, match="got NoneType"):
        any_tok.encode(None)  # type: ignore[arg-type]
    assert any_tok.decode(any_tok.encode("\x00Он\x00")) == "\x00Он\x00"


def test_a_long_text_without_a_space_is_encoded(any_tok: HyperTokenizer) -> None:
    for text in ("а" * 250_000, "Щ" * 100_000, "стоялудвери" * 10_000, "." * 100_000):
        assert any_tok.decode(any_tok.encode(text)) == text


def test_a_text_that_the_engine_cannot_split_is_refused(samples: dict[str, str]) -> None:
    """And the tokenizer is as good as before."""
    base = byte_level_base("cl100k", list(samples.values()))
    with pytest.raises(VocabularyError, match="could not be split"):
        base.encode(" " * 11_000_000)
    assert base.decode(base.encode("Он стоял у двери.")) == "Он стоял у двери."


def test_a_long_line_collapses_as_it_encodes(
    any_tok: HyperTokenizer, samples: dict[str, str]
) -> None:
    text = " ".join(samples.values()).replace("\n", " ") * 20 + "ы" * 3000
    assert any_tok.collapse(any_tok.base_encode(text)) == any_tok.encode(text)


def test_the_layout_tells_ids_apart() -> None:
    layout = VocabularyLayout(100, 10, 5)
    assert layout.total == 115
    assert [layout.is_base(99), layout.is_hyper(100), layout.is_scene(110)] == [True] * 3
    assert [layout.is_base(100), layout.is_hyper(110), layout.is_scene(115)] == [False] * 3
    assert layout.to_id(layout.to_code(104)) == 104
    for wrong in (
        lambda: layout.to_code(99),
        lambda: layout.to_id(10),
        lambda: layout.check([115]),
    ):
        with pytest.raises(VocabularyError):
            wrong()


def test_json_is_a_plain_tokenizer_file(any_tok: HyperTokenizer) -> None:
    text = "Он стоял у двери, и каждый вечер считал ступени вслух."
    plain = Tokenizer.from_str(any_tok.json())
    assert plain.encode(text).ids == any_tok.encode(text)
    assert len(json.loads(any_tok.json())["added_tokens"]) == 1  # entries are never added tokens


def test_a_phrase_never_takes_the_text_of_a_token() -> None:
    """«-то» is two units after a digit, part of one in «кто-то»: the base's token keeps it."""
    numbers = "".join(f"{n}-то " for n in range(1000))
    texts = ["кто-то где-то что-то как-то " * 50, numbers]
    own = embedded.byte_level_tokenizer(BPE())
    trainer = BpeTrainer(vocab_size=500, initial_alphabet=ByteLevel.alphabet(), show_progress=False)
    own.train_from_iterator(texts, trainer)
    base = BaseTokenizer(own)
    assert "-то".encode() in base.token_bytes
    codebook = hyperlex.train_codebook(
        base, texts, size=20, min_count=2, min_documents=1, workers=1
    )
    tok = hyperlex.extend_tokenizer(base, codebook)
    for text in ("1-то", "кто-то", *texts):
        assert tok.expand(tok.encode(text)) == tok.base_encode(text)
        assert tok.collapse(tok.base_encode(text)) == tok.encode(text)
