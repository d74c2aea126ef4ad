"""What a codebook knows of its base."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import byte_level_base
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text
from tokenizers import Tokenizer
from tokenizers.models import BPE, Unigram, WordPiece

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.spelling import byte_spelling, spell_bytes
from hyperlex.errors import ConfigError, FormatError, VocabularyError


@given(st.data(), any_text)
def test_units_cut_where_the_base_cuts(
    any_base: BaseTokenizer, data: st.DataObject, text: str
) -> None:
    """On the base's own encoding, units are its pre-tokens (added tokens apart)."""
    text = text.replace("<|endoftext|>", "")
    ids = any_base.encode(text)
    units = any_base.units(ids)
    spelled = [
        b"".join(any_base.token_bytes[i] for i in ids[a:b]).decode()
        for a, b in zip(units.edges, units.edges[1:], strict=False)
    ]
    assert spelled == [unit for unit, _ in any_base.splitter.pre_tokenize_str(text)]


@given(st.data())
def test_units_cover_any_ids(any_base: BaseTokenizer, data: st.DataObject) -> None:
    ids = data.draw(st.lists(st.integers(0, any_base.size - 1), max_size=30))
    units = any_base.units(ids)
    assert units.edges[-1] == len(ids)
    assert units.edges == sorted(set(units.edges))
    assert not ids or units.edges[0] == 0
    assert len(units.edges) == len(units.opens) == len(units.closes)


def test_ids_that_spell_no_text_are_cut_in_linear_time(any_base: BaseTokenizer) -> None:
    """A hundred thousand lone bytes: each is a unit of its own, and it takes no minute."""
    lone = any_base.token_bytes.index(b"\xd0")
    assert any_base.units([lone] * 100_000).edges == list(range(100_001))


def test_an_added_token_is_a_unit_of_its_own(any_base: BaseTokenizer) -> None:
    ids = any_base.encode("Он ушёл.<|endoftext|>Он")
    units = any_base.units(ids)
    special = ids.index(0)
    assert special in units.edges and special + 1 in units.edges
    assert not units.opens[units.edges.index(special)]


def test_token_bytes_spell_what_was_encoded(any_base: BaseTokenizer) -> None:
    text = "Ёлка, «дом» и 漢 🙂\n"
    assert b"".join(any_base.token_bytes[i] for i in any_base.encode(text)).decode() == text


@given(st.binary(max_size=20))
def test_spelling_bytes_is_reversible(data: bytes) -> None:
    table = byte_spelling()
    assert b"".join(table[c] for c in spell_bytes(data)) == data


def test_declared_ids_of_added_tokens_are_kept(tmp_path: Path, any_base: BaseTokenizer) -> None:
    """As in o200k: declared 5 above the vocabulary, which `tokenizers` alone would close up."""
    data = json.loads(json.dumps(any_base.json))
    data["model"]["vocab"].pop("<|endoftext|>", None)
    data["added_tokens"] = [{**any_base.json["added_tokens"][0], "id": any_base.size + 5}]
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    assert Tokenizer.from_file(str(path)).token_to_id("<|endoftext|>") != any_base.size + 5
    kept = BaseTokenizer.load(path)
    assert kept.encode("<|endoftext|>") == [any_base.size + 5]
    assert kept.size == any_base.size + 6


def test_tokens_that_only_the_config_lists_belong_to_the_base(
    tmp_path: Path, any_base: BaseTokenizer
) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(any_base.json), encoding="utf-8")
    listed = {str(any_base.size): {"content": "<|im_end|>", "special": True}}
    config = {"added_tokens_decoder": listed}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    kept = BaseTokenizer.load(tmp_path)
    assert kept.encode("<|im_end|>") == [any_base.size]
    assert kept.size == any_base.size + 1


def test_hash_ignores_the_way_a_file_is_written(any_base: BaseTokenizer) -> None:
    data = json.loads(json.dumps(any_base.json))
    data["model"]["merges"] = [" ".join(pair) for pair in data["model"]["merges"]]
    data["model"]["continuing_subword_prefix"] = ""
    assert BaseTokenizer(data).sha256 == any_base.sha256


def test_hash_tells_bases_apart(samples: dict[str, str]) -> None:
    texts = list(samples.values())
    hashes = {byte_level_base(split, texts).sha256 for split in ("gpt2", "cl100k", "o200k")}
    assert len(hashes) == 3


def test_a_lone_surrogate_is_refused_with_its_place(any_base: BaseTokenizer) -> None:
    with pytest.raises(VocabularyError, match=r"U\+D83D, at position 3"):
        any_base.encode("Он \ud83d")


def test_no_text_is_a_type_error(any_base: BaseTokenizer) -> None:
    with pytest.raises(TypeError, match="bytes"):
        any_base.encode(b"dom")  # type: ignore[arg-type]


def test_other_kinds_of_base_have_units_of_words() -> None:
    pieces = [("<unk>", 0.0), ("▁дом", -1.0), ("▁", -2.0), ("до", -2.5), (",", -2.0), ("м", -3.0)]
    unigram = Tokenizer(Unigram(pieces, unk_id=0, byte_fallback=False))
    words = Tokenizer(WordPiece({"[UNK]": 0, "дом": 1, "##а": 2, ",": 3}, unk_token="[UNK]"))
    for tokenizer, ids, edges in (
        (unigram, [1, 4, 1], [0, 1, 2, 3]),
        (words, [1, 2, 3], [0, 2, 3]),
    ):
        base = BaseTokenizer(tokenizer)
        assert base.split_pattern is None
        assert base.units(ids).edges == edges


def test_an_untrained_base_is_refused() -> None:
    with pytest.raises(VocabularyError, match="no tokens"):
        BaseTokenizer(Tokenizer(BPE()))


def test_what_is_no_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="holds no tokenizer"):
        BaseTokenizer.load(tmp_path)
    broken = tmp_path / "tokenizer.json"
    broken.write_text('{"model": ', encoding="utf-8")
    with pytest.raises(FormatError, match="is no JSON"):
        BaseTokenizer.load(broken)
    broken.write_text("[]", encoding="utf-8")
    with pytest.raises(FormatError, match=r"is no tokenizer\.json"):
        BaseTokenizer.load(tmp_path)
    for name in (str(tmp_path / "nothing" / "here"), "tokenizer.json", "./gpt2"):
        with pytest.raises(ConfigError, match="does not exist"):
            BaseTokenizer.load(name)


def test_a_slow_tokenizer_is_refused() -> None:
    class Slow:
        """Has no `backend_tokenizer`, as transformers' Python tokenizers."""

    with pytest.raises(ConfigError, match="Slow is no fast tokenizer"):
        BaseTokenizer.load(Slow())
