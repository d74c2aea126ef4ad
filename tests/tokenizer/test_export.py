"""The export as a file: what it holds, and how the base comes back out of it."""

from __future__ import annotations

import json

import pytest
from conftest import byte_level_base
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, Tokenizer
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

from hyperlex import HyperTokenizer
from hyperlex.codebook import BaseTokenizer
from hyperlex.tokenizer.export import base_remnants, export, export_refusal, recover_base
from hyperlex.tokenizer.pattern import phrase_pattern


def test_recover_base_inverts_export(any_tok: HyperTokenizer) -> None:
    kept = json.loads(json.dumps(base_remnants(any_tok.base)))
    recovered = BaseTokenizer(recover_base(export(any_tok.codebook), kept))
    assert recovered.sha256 == any_tok.base.sha256
    assert recovered.json == any_tok.base.json


def test_export_leaves_the_base_as_it_was(any_tok: HyperTokenizer) -> None:
    before = json.dumps(any_tok.base.json)
    export(any_tok.codebook)
    assert json.dumps(any_tok.base.json) == before


def test_base_and_special_ids_never_move(any_tok: HyperTokenizer) -> None:
    extended = Tokenizer.from_str(any_tok.json())
    for token, index in any_tok.base.tokenizer.get_vocab(with_added_tokens=True).items():
        assert extended.token_to_id(token) == index


def test_holes_in_the_numbering_are_filled(samples: dict[str, str]) -> None:
    """As in cl100k: else a token added later would be numbered onto the last hypertoken."""
    import hyperlex

    texts = list(samples.values())
    data = byte_level_base("gpt2", texts).json
    size = max(data["model"]["vocab"].values()) + 1
    data["added_tokens"].append({**data["added_tokens"][0], "id": size + 3, "content": "<|end|>"})
    base = BaseTokenizer(data)
    codebook = hyperlex.train_codebook(
        base, texts, size=30, min_count=2, min_documents=1, workers=1
    )
    tok = hyperlex.extend_tokenizer(base, codebook)
    extended = Tokenizer.from_str(tok.json())
    assert extended.get_vocab_size() == tok.layout.total == size + 4 + 30
    extended.add_tokens(["<|later|>"])
    assert extended.token_to_id("<|later|>") == tok.layout.total
    assert tok.encode("<|end|>") == [size + 3]
    assert tok.decode(tok.encode("дом<|end|>")) == "дом<|end|>"


def refusals(samples: dict[str, str]) -> list[tuple[BaseTokenizer, str]]:
    texts = list(samples.values())
    prefixed = byte_level_base("gpt2", texts).tokenizer
    prefixed.pre_tokenizer = ByteLevel(add_prefix_space=True)
    twice = byte_level_base("gpt2", texts).tokenizer
    splits = [Split(Regex(r"\p{N}"), "isolated"), Split(Regex(r"\s"), "isolated")]
    twice.pre_tokenizer = Sequence([*splits, ByteLevel(use_regex=False)])
    dropping = byte_level_base("gpt2", texts).json
    dropping["model"]["dropout"] = 0.1
    odd = byte_level_base("gpt2", texts).json
    odd["model"]["merges"] = odd["model"]["merges"][:-5]  # its last tokens are made by no merge
    alone = byte_level_base("gpt2", texts).json
    word = {"id": 1000, "content": "zqwzqw", "single_word": True, "lstrip": False}
    word |= {"rstrip": False, "normalized": False, "special": False}
    alone["added_tokens"] = [*alone["added_tokens"], word]
    return [
        (BaseTokenizer(alone), "'zqwzqw'"),
        (BaseTokenizer(prefixed), "pre-tokenizer"),
        (BaseTokenizer(twice), "pre-tokenizer"),
        (BaseTokenizer(dropping), "at random"),
        (BaseTokenizer(odd), "whole-word look-up"),
    ]


def test_files_of_older_versions_lack_keys_that_have_defaults(samples: dict[str, str]) -> None:
    data = byte_level_base("gpt2", list(samples.values())).json
    for key in ("ignore_merges", "dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        data["model"].pop(key, None)
    data["pre_tokenizer"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True}
    base = BaseTokenizer(data)
    assert export_refusal(base) is None
    assert base_remnants(base)["ignore_merges"] is False


def test_bases_without_an_exact_export_are_told_why(samples: dict[str, str]) -> None:
    for base, reason in refusals(samples):
        found = export_refusal(base)
        assert found is not None and reason in found


def test_refused_bases_still_keep_the_laws(samples: dict[str, str]) -> None:
    import hyperlex

    texts = list(samples.values())
    for base, reason in refusals(samples):
        if reason == "at random":
            continue  # such a base does not even agree with itself
        codebook = hyperlex.train_codebook(
            base, texts, size=60, min_count=2, min_documents=1, workers=1
        )
        tok = hyperlex.extend_tokenizer(base, codebook)
        for text in texts:
            assert tok.expand(tok.encode(text)) == tok.base_encode(text)
            assert len(tok.encode(text)) < len(tok.base_encode(text))


words = st.text("абвгдеёж ,.-'15", min_size=1, max_size=6).filter(
    lambda text: not text[-1].isspace()
)


@given(
    st.dictionaries(words, st.integers(0, 50), min_size=1, max_size=30), st.text("абвгдеёж ,.-'15")
)
def test_the_trie_finds_what_an_alternation_of_all_phrases_finds(
    phrases: dict[str, int], text: str
) -> None:
    """Against the plain pattern: every phrase spelled out, longest first."""
    from hyperlex.codebook.edges import CLOSES, OPENS, first_class

    longest_first = sorted(phrases, key=lambda p: (-len(p), p))
    spelled = [OPENS[first_class(p)] + p.replace(".", r"\.") for p in longest_first]
    plain = f"(?:{'|'.join(f'(?:{p}){CLOSES}' for p in spelled)})"
    found, expected = (
        Split(Regex(pattern), "removed", invert=True).pre_tokenize_str(text)
        for pattern in (phrase_pattern(phrases.items()), plain)
    )
    assert found == expected


def test_no_phrases_make_no_pattern() -> None:
    assert phrase_pattern([]) == ""


@pytest.mark.parametrize("character", list("\\.^$*+?()[]{}|/-&~#"))
def test_syntax_characters_stand_for_themselves(character: str) -> None:
    phrases = [(f" {character}{c}", 1) for c in "абвгдеж"] + [(f" {character}", 1), (" —", 2)]
    split = Split(Regex(phrase_pattern(phrases)), "removed", invert=True)
    text = f"дом {character}а и {character}"
    found = [unit for unit, _ in split.pre_tokenize_str(text)]
    assert found == [f" {character}а", f" {character}"]
