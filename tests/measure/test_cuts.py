"""Where tokens cut words, and what they are spent on: by hand on one sentence."""

from __future__ import annotations

import numpy as np
import pytest
from measure.peer_by_hand import ByHand

from hyperlex.measure.cuts import CUT_COUNTS, CUT_TEXT_COUNTS, Cuts, analysed_counts
from hyperlex.measure.passage import Examples, passage_of, runs
from hyperlex.measure.peer import Ids
from hyperlex.measure.sample import KINDS, Analysed, Morphemes, Passage

TEXT = "Анна подходила к дому, а потом постояла у окна 5 минут."
JOINTS = {
    "Анна": (3,),
    "подходила": (3, 6, 7, 8),
    "дому": (3,),
    "потом": (2,),
    "постояла": (2, 5, 6, 7),
    "окна": (3,),
}
"""Ан|на would be off the joint: Анн-а, под-ход-и-л-а, дом-у, по-том, по-сто-я-л-а, окн-а."""


@pytest.fixture(scope="module")
def known() -> dict[str, Morphemes]:
    return {}


@pytest.fixture(scope="module")
def analysed(known: dict[str, Morphemes]) -> Analysed:
    return Analysed(Passage(0, 0, 0, TEXT, "проза"), known)


def cut(analysed: Analysed, *pieces: str) -> Cuts:
    peer = ByHand("hand", "|".join(pieces))
    (ids,) = peer.encode_batch([TEXT])
    return Cuts(peer, analysed, ids)


def test_the_passage_is_counted_by_hand(analysed: Analysed) -> None:
    counts = {name: float(values.sum()) for name, values in analysed_counts(analysed).items()}
    assert tuple(counts) == CUT_TEXT_COUNTS
    assert counts == {
        "characters": 55,
        "bytes": 97,  # 42 letters of two bytes, 13 others of one
        "words": 11,
        "joints": 12,
        "scenes": 2,
        "clauses": 2,
        # подходила: that she did, who, whither; постояла: that she did, who, when, where, how long
        "propositions": 8,
    }


def test_joints_are_those_of_the_analyzer(analysed: Analysed, known) -> None:
    assert {
        word: morphemes.joints for word, morphemes in known.items() if morphemes.joints
    } == JOINTS
    assert [known[word].ending for word in ("подходила", "потом")] == [8, 0]


def test_cuts_by_hand(analysed: Analysed) -> None:
    # fmt: off
    found = cut(analysed, "Ан", "на под", "ход", "ила", " к дому", ",", " а потом", " постоял", "а",
                " у окна", " ", "5", " минут.")
    # fmt: on
    counts = {name: float(values.sum()) for name, values in found.counts().items()}
    assert tuple(counts) == CUT_COUNTS
    assert counts == {
        "tokens": 13,
        "whole_words": 8,  # all but Анна, подходила, постояла
        "base_whole_words": 8,  # the same: nothing here is a hypertoken
        "edges": 12,
        "outer_edges": 8,
        "cuts": 4,  # Ан|на, под|ход|ила, постоял|а
        "joint_cuts": 3,  # all but the first
        "ending_words": 3,
        "ending_cuts": 1,  # постоял|а
    }


def test_one_token_cuts_nothing(analysed: Analysed) -> None:
    counts = {name: float(v.sum()) for name, v in cut(analysed, TEXT).counts().items()}
    assert counts["whole_words"] == 11
    assert counts["edges"] == counts["cuts"] == counts["outer_edges"] == 0


def test_a_cut_inside_a_letter_is_a_cut_and_on_no_joint(analysed: Analysed) -> None:
    half = len("Анна под".encode()) + 1  # half of «о» in «подошла», where two morphemes meet

    class Halves(ByHand):
        def stops(self, text: str, ids: Ids) -> Ids:
            return np.array([half, len(text.encode())])

    peer = Halves("halves", f"{TEXT[:8]}|{TEXT[8:]}")
    (ids,) = peer.encode_batch([TEXT])
    counts = {name: float(v.sum()) for name, v in Cuts(peer, analysed, ids).counts().items()}
    assert counts["cuts"] == 1 and counts["joint_cuts"] == 0


def test_every_token_has_one_kind(analysed: Analysed) -> None:
    # fmt: off
    found = cut(analysed, "Анна", " подход", "ила", " к дому", ",", " а потом постояла", " у окна",
                " ", "5", " минут", ".")
    # fmt: on
    assert dict(zip(KINDS, found.kinds().tolist(), strict=True)) == {
        "words": 3,  # подход, ила, минут
        "several words": 3,
        "names": 1,
        "digits": 1,
        "latin": 0,
        "punctuation": 2,
        "spaces": 1,
        "other": 0,
    }


def test_runs_joined_are_the_passage(small_tok, byte_level) -> None:
    from hyperlex.measure.peer import FastPeer, HyperPeer

    text = "Дед стоял у двери 😀, не решаясь войти."
    for peer in (FastPeer("base", byte_level), HyperPeer("hyper", small_tok)):
        found = runs(peer, text)
        assert "".join(run.text for run in found) == text
        assert [run.id for run in found] == peer.encode_batch([text])[0].tolist()
        assert any(run.hyper for run in found) == (peer.hyper > 0)
    assert any(run.text == "" for run in runs(FastPeer("base", byte_level), "😀"))


def test_runs_count_the_words_that_they_touch() -> None:
    peer = ByHand("hand", "Он| вошёл и с|ел|.", hyper=[" вошёл и с"])
    assert [(r.text, r.words, r.hyper) for r in runs(peer, "Он вошёл и сел.")] == [
        ("Он", 1, False),
        (" вошёл и с", 3, True),
        ("ел", 1, False),
        (".", 0, False),
    ]


def test_the_passage_is_the_same_for_every_tokenizer(analysed: Analysed) -> None:
    peers = [ByHand("a", TEXT), ByHand("b", TEXT.replace(" ", "| "))]
    shown = passage_of([analysed], peers)
    assert shown is not None and shown.text == TEXT and shown.domain == "проза"
    assert [len(cuts.runs) for cuts in shown.cuts] == [1, 11]
    assert passage_of([], peers) is None


def test_examples_are_words_with_their_cuts(analysed: Analysed, known) -> None:
    peers = [ByHand("a", TEXT), ByHand("b", TEXT.replace("постояла", "по|сто|яла"))]
    examples = Examples(peers, known, seed=0)
    ids = [peer.encode_batch([TEXT])[0] for peer in peers]
    examples.add(analysed, [Cuts(p, analysed, i) for p, i in zip(peers, ids, strict=True)])
    first, second = examples.best()  # the words of eight letters and more, those that differ first
    assert (first.word, second.word) == ("постояла", "подходила")
    assert "".join(text for text, _ in first.morphemes) == "постояла"
    assert [c.pieces for c in first.cuts] == [("постояла",), ("по", "сто", "яла")]
    assert [c.on_joint for c in first.cuts] == [(), (True, True)]
