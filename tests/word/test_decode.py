"""Arcs and relations are chosen together, and grammar has a say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from word.trees_by_hand import is_tree

import hyperlex
from hyperlex.word.decode import CANDIDATES, decode
from hyperlex.word.grammar import ONCE, UNLIKELY
from hyperlex.word.labels import COLUMNS, FEATS, GROUPS, RELATIONS, UPOS
from hyperlex.word.network import Network, Scores

NUMBER = {name: k for k, name in enumerate(RELATIONS)}
FREE = [k for k, name in enumerate(RELATIONS) if name in ("discourse", "list", "orphan", "expl")]
"""Relations of which grammar says nothing here."""


class Told(Network):
    """A network whose relations are given, `[T, T, R]`: of each word to each head."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        self._told = logits

    def relations(
        self,
        dependents: NDArray[np.float32],
        governors: NDArray[np.float32],
        heads: NDArray[np.int64],
    ) -> NDArray[np.float32]:
        numbers = governors[:, 0].astype(int)
        rows = dependents[:, 0].astype(int)[:, None]
        return np.array(self._told[rows, numbers[heads]], np.float32)


def scores(arcs: NDArray[np.float32], *feats: str) -> Scores:
    """Scores of nouns without boundaries between them, or of words with the features named."""
    size = len(arcs)
    tags = np.full((size, sum(GROUPS)), -30, np.float32)
    for place in range(size):
        stated = dict(f.split("=") for f in feats[place].split("|")) if feats else {}
        tags[place, UPOS.index("VERB" if "VerbForm" in stated else "NOUN")] = 0
        for name, values in FEATS.items():
            value = values.index(stated[name]) + 1 if name in stated else 0
            tags[place, COLUMNS[name].start + value] = 0
    number = np.arange(size, dtype=np.float32)[:, None]
    return Scores(tags, np.zeros(size, np.float32), arcs, number, number)


def only(logits: NDArray[np.float32], *names: str) -> NDArray[np.float32]:
    """The same with all other relations out of the question."""
    kept = np.full_like(logits, -60)
    for name in names:
        kept[..., NUMBER[name]] = logits[..., NUMBER[name]]
    return kept


def trees(size: int) -> Iterator[list[int]]:
    for heads in product(range(size), repeat=size):
        if is_tree(list(heads)):
            yield list(heads)


def log_softmax(x: NDArray[np.float32]) -> NDArray[np.float32]:
    moved = x - x.max(-1, keepdims=True)
    return np.asarray(moved - np.log(np.exp(moved).sum(-1, keepdims=True)))


@st.composite
def told(draw: st.DrawFn, most: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    size = draw(st.integers(1, most))
    random = np.random.default_rng(draw(st.integers(0, 10**6)))
    spread = draw(st.sampled_from((0.1, 3.0, 30.0)))
    arcs = random.standard_normal((size, size)) * spread
    logits = random.standard_normal((size, size, len(RELATIONS))) * spread
    return arcs.astype(np.float32), logits.astype(np.float32)


@given(told(12))
def test_every_answer_is_a_tree_with_one_root(
    given: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    arcs, logits = given
    ((heads, names),) = decode(Told(logits), [scores(arcs)])
    assert is_tree(heads)
    assert [k for k, name in enumerate(names) if name == "root"] == [
        k for k, head in enumerate(heads) if head == k
    ]


@given(told(4))
def test_without_rules_it_is_the_likeliest_labelled_tree(
    given: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    arcs, logits = given
    logits = only(logits, *(RELATIONS[k] for k in FREE))
    size = len(arcs)
    assert size - 1 <= CANDIDATES
    arc, relation = log_softmax(arcs), log_softmax(logits)

    def total(heads: list[int], names: list[int]) -> float:
        return sum(
            float(arc[k, head] + (0 if head == k else relation[k, head, names[k]]))
            for k, head in enumerate(heads)
        )

    best = max(
        total(heads, [int(relation[k, head].argmax()) for k, head in enumerate(heads)])
        for heads in trees(size)
    )
    ((heads, names),) = decode(Told(logits), [scores(arcs)])
    assert total(heads, [NUMBER[name] for name in names]) == pytest.approx(best, abs=1e-3)


@given(told(7))
def test_nothing_stands_twice_where_a_move_costs_less(
    given: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    # All relations are as likely as can be that «discourse», of which there may be any number, is
    # within reach of every word: then nothing needs to stand twice.
    arcs, logits = given
    logits = only(np.clip(logits, -1, 1), "nsubj", "obj", "mark", "discourse")
    ((heads, names),) = decode(Told(logits), [scores(np.clip(arcs, -1, 1))])
    for group in ONCE:
        members = [head for head, name in zip(heads, names, strict=True) if name in group]
        assert len(members) == len(set(members))


def test_sentences_do_not_see_each_other() -> None:
    random = np.random.default_rng(0)
    logits = random.standard_normal((9, 9, len(RELATIONS))).astype(np.float32)
    arcs = [random.standard_normal((n, n)).astype(np.float32) for n in (9, 1, 6)]
    alone = [decode(Told(logits), [scores(own)])[0] for own in arcs]
    assert decode(Told(logits), [scores(own) for own in arcs]) == alone


def test_of_two_subjects_the_less_likely_finds_another_verb() -> None:
    # 0 and 3 are verbs; 1 and 2 would both be the subject of 0, and 2 nearly as well that of 3.
    arcs = np.full((4, 4), -9, np.float32)
    arcs[0, 0] = arcs[1, 0] = arcs[2, 0] = arcs[3, 0] = 5
    arcs[2, 3] = 4
    logits = np.zeros((4, 4, len(RELATIONS)), np.float32)
    logits[1:3, :, NUMBER["nsubj"]] = 9
    logits[3, :, NUMBER["conj"]] = 9
    feats = ("VerbForm=Fin", "Case=Nom", "Case=Nom", "VerbForm=Fin")
    ((heads, names),) = decode(Told(logits), [scores(arcs, *feats)])
    assert heads == [0, 0, 3, 0]
    assert names == ["root", "nsubj", "nsubj", "conj"]
    logits[2, 3, NUMBER["nsubj"]] -= 3 * UNLIKELY  # no subject there: it stays where it is twice
    logits[2, :, :] = np.where(logits[2] == 0, -30, logits[2])
    arcs[2, 3] = -60
    ((heads, _),) = decode(Told(logits), [scores(arcs, *feats)])
    assert heads == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("names", "feats", "expected"),
    [
        (("nsubj", "obj"), "Case=Acc", "obj"),
        (("nsubj", "obj"), "Case=Nom", "nsubj"),
        (("obl:agent", "obl"), "Case=Gen", "obl"),
        (("nsubj", "dislocated"), "Case=Nom|Number=Plur", "dislocated"),
        (("nsubj", "dislocated"), "Case=Nom|Number=Sing|Gender=Fem", "dislocated"),
        (("nsubj", "dislocated"), "Case=Nom|Number=Sing|Gender=Masc", "nsubj"),
    ],
)
def test_case_and_agreement_decide_between_equals(
    names: tuple[str, str], feats: str, expected: str
) -> None:
    arcs = np.array([[9, -9], [9, -9]], np.float32)
    logits = np.full((2, 2, len(RELATIONS)), -30, np.float32)
    logits[1, 0, NUMBER[names[0]]], logits[1, 0, NUMBER[names[1]]] = 0.1, 0
    if names == ("nsubj", "obj") and expected == "nsubj":
        logits[1, 0, NUMBER["obj"]] = 0.2
    verb = "VerbForm=Fin|Number=Sing|Gender=Masc"
    ((_, found),) = decode(Told(logits), [scores(arcs, verb, feats)])
    assert found == ["root", expected]


def test_a_woman_may_have_a_masculine_profession() -> None:
    arcs = np.array([[9, -9], [9, -9]], np.float32)
    logits = np.full((2, 2, len(RELATIONS)), -30, np.float32)
    logits[1, 0, NUMBER["nsubj"]], logits[1, 0, NUMBER["dislocated"]] = 0.1, 0
    verb = "VerbForm=Fin|Number=Sing|Gender=Fem"
    noun = "Case=Nom|Number=Sing|Gender=Masc|Animacy="
    for animacy, expected in (("Anim", "nsubj"), ("Inan", "dislocated")):
        ((_, found),) = decode(Told(logits), [scores(arcs, verb, noun + animacy)])
        assert found[1] == expected


def test_a_conjunct_comes_after_its_head() -> None:
    # Each is ready to be the conjunct of the other.
    arcs = np.zeros((2, 2), np.float32)
    logits = np.full((2, 2, len(RELATIONS)), -30, np.float32)
    logits[:, :, NUMBER["conj"]] = 0
    ((heads, names),) = decode(Told(logits), [scores(arcs)])
    assert (heads, names) == ([0, 0], ["root", "conj"])


@pytest.mark.parametrize(
    ("text", "subjects"),
    [
        ("Книга, которую читает сестра, лежит на столе.", {"Книга": "лежит", "сестра": "читает"}),
        ("Когда рассвело, отряд двинулся дальше.", {"отряд": "двинулся"}),
        ("Врач сказала правду.", {"Врач": "сказала"}),
    ],
)
def test_subjects_of_real_sentences(text: str, subjects: dict[str, str]) -> None:
    words = hyperlex.words(text)
    found = {w.text: words[w.head].text for w in words if w.relation.startswith("nsubj")}
    assert found == subjects
