"""Counting tokens: totals, blocks, documents, and nothing lost between batches."""

from __future__ import annotations

import pytest
from measure.peer_by_hand import ByHand

from hyperlex.measure import lengths as room
from hyperlex.measure.bootstrap import BLOCK_UNIT, DOCUMENT, FEW, Draws, block_spans
from hyperlex.measure.lengths import Lengths
from hyperlex.measure.peer import FastPeer, HyperPeer
from hyperlex.measure.texts import Text
from hyperlex.measure.words import byte_offsets, count_words, is_russian, word_spans

DRAWS = Draws(draws=50)


def counted(peers, texts: list[Text]) -> Lengths:
    lengths = Lengths(peers)
    assert [text for _, text in lengths.add_all(texts)] == texts
    return lengths


def test_counts_by_hand() -> None:
    peer = ByHand("hand", "Он| вошёл| и| сел|.", hyper=[" вошёл", " и"], base=3)
    lengths = counted([peer], [Text("Он вошёл и сел.", "проза")])
    assert lengths.tally.totals() == {
        "characters": 15,
        "bytes": 26,
        "words": 4,
        (0, "tokens"): 5,
        (0, "hyper_tokens"): 2,
        (0, "hyper_characters"): 8,
        (0, "expanded"): 6,
        (0, "unknown"): 0,
    }
    assert lengths.frequencies[0].tolist() == [1] * 5


def test_blocks_of_a_text_add_up_to_it(byte_level, small_tok, texts: list[str]) -> None:
    text = "\n".join(texts) * 5
    peers = [FastPeer("base", byte_level), HyperPeer("hyper", small_tok)]
    lengths = counted(peers, [Text(text, "a")])
    totals = lengths.tally.totals()
    assert totals["characters"] == len(text)
    assert totals["bytes"] == len(text.encode())
    assert totals["words"] == count_words(text)
    assert totals[0, "tokens"] == len(byte_level.encode(text))
    assert totals[1, "tokens"] == len(small_tok.encode(text))
    assert (
        totals[1, "expanded"] + totals[1, "tokens"] - totals[1, "hyper_tokens"]
        == totals[0, "tokens"]
    )
    boot = lengths.tally.bootstrap(DRAWS)
    assert boot.unit == BLOCK_UNIT
    assert boot.clusters == len(block_spans(text)) > 1


def test_tokens_of_a_block_are_those_that_end_in_it() -> None:
    sentence = "Кот спал. "
    cut = "Кот спал|. " * 250
    peer = ByHand("hand", cut.removesuffix("|"))
    text = sentence * 250
    lengths = counted([peer], [Text(text, "a")])
    table, _ = lengths.tally._of(None)
    assert len(block_spans(text)) == 1 == len(table)
    long = ByHand("hand", "Кот спал|. |" * 799 + "Кот спал|. ")
    lengths = counted([long], [Text(sentence * 800, "a")])
    table, _ = lengths.tally._of(None)
    characters, tokens = table[:, 0], table[:, 3]
    assert len(table) > 2
    assert (tokens == characters / 5).all()  # two tokens in each sentence of ten


def test_many_documents_are_drawn_and_few_are_not() -> None:
    peer = ByHand("hand", "Да|.")
    for count, unit in ((FEW - 1, BLOCK_UNIT), (FEW, DOCUMENT), (FEW + 5, DOCUMENT)):
        lengths = counted([peer], [Text("Да.", "a")] * count)
        boot = lengths.tally.bootstrap(DRAWS)
        assert (boot.unit, boot.clusters) == (unit, count)


def test_a_domain_of_few_documents_is_drawn_by_blocks() -> None:
    peer = ByHand("hand", "Да|.")
    lengths = counted([peer], [Text("Да.", "a")] * 20 + [Text("Да.", "b")] * 3)
    tally = lengths.tally
    assert tally.domains == ["a", "b"]
    assert tally.bootstrap(DRAWS, "a").unit == DOCUMENT
    assert tally.bootstrap(DRAWS, "b").unit == BLOCK_UNIT
    assert tally.bootstrap(DRAWS).unit == DOCUMENT
    assert tally.totals("b")["characters"] == 9
    assert tally.documents() == 23 and tally.documents("b") == 3


def test_batches_and_stretches_change_nothing(monkeypatch, byte_level, texts: list[str]) -> None:
    peers = [FastPeer("base", byte_level)]
    documents = [Text(text * 3, "a") for text in texts]
    whole = counted(peers, documents)
    monkeypatch.setattr(room, "_BATCH", 500)
    told: list[int] = []
    small = Lengths(peers)
    assert len(list(small.add_all(documents, told.append))) == len(documents)
    assert small.tally.totals() == whole.tally.totals()
    assert told == sorted(told) and told[-1] == sum(len(d.text) for d in documents)
    monkeypatch.setattr(room, "_STRETCH", 300)
    cut = counted(peers, documents).tally.totals()
    assert cut[0, "tokens"] == pytest.approx(whole.tally.totals()[0, "tokens"], rel=0.01)
    assert cut["characters"] == whole.tally.totals()["characters"]


def test_a_blank_text_is_no_document() -> None:
    lengths = Lengths([ByHand("hand", "Да|.")])
    texts = [Text("Да.", "a"), Text("", "a"), Text(" \n", "a")]
    assert [text for _, text in lengths.add_all(texts)] == texts[:1]
    assert lengths.tally.documents() == 1
    assert lengths.tally.totals()["characters"] == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Кто-то в Су-27, кто-нибудь — нет.", 5),
        ("3,5 кг", 3),
        ("д'Артаньян и О’Генри", 3),
        ("за́мок замо́к", 2),
        ("…!?", 0),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, words: int) -> None:
    assert count_words(text) == words
    spans = word_spans(text)
    assert spans.shape == (words, 2)
    assert all(text[a:b].strip() == text[a:b] != "" for a, b in spans.tolist())


def test_byte_offsets_are_those_of_utf8() -> None:
    text = "aб\u0301中😀"
    assert byte_offsets(text).tolist() == [len(text[:n].encode()) for n in range(len(text) + 1)]


def test_russian_words_are_spelled_in_russian() -> None:
    assert [is_russian(w) for w in ("Ёж", "кто-то", "x-лучи", "5-й", "за́мок")] == [
        True,
        True,
        False,
        False,
        False,
    ]
