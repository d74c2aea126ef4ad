"""Tree and network decide together where clauses begin."""

from __future__ import annotations

import dataclasses

import pytest
from scene.by_hand import example, shown

from hyperlex.scene.assemble import clauses_of, scenes_of
from hyperlex.scene.boundary import KEEPS, needed
from hyperlex.scene.tree import Tree
from hyperlex.types import Sentence


def with_breaks(shown_text: str, **weights: float) -> tuple[Sentence, str]:
    """The tree of an example with the network's probability at the words named."""
    sentence, text = example(shown_text)
    breaks = [weights.get(word.text, 0.5) for word in sentence.words]
    return dataclasses.replace(sentence, breaks=tuple(breaks)), text


def cut(sentence: Sentence, text: str) -> str:
    return shown(text, [piece.span.start for piece in clauses_of(sentence)])


@pytest.mark.parametrize(
    ("threshold", "by_tree", "shown_text"),
    [
        ("tree", True, "Он знал,| что дверь закрыта."),
        ("tree, no marks", True, "Он знал| что дверь закрыта"),
        ("network", False, "Он знал,| что дверь закрыта."),
    ],
)
def test_each_answer_needs_its_threshold(threshold: str, by_tree: bool, shown_text: str) -> None:
    tree = Tree(with_breaks(shown_text)[0])
    assert needed(tree, by_tree) == KEEPS[threshold]


def test_without_marks_a_doubtful_boundary_of_the_tree_stands() -> None:
    marked = "Он знал,| что дверь закрыта."
    assert cut(*with_breaks(marked, что=0.05)) == marked.replace("|", "")
    bare = "Он знал| что дверь закрыта"
    assert cut(*with_breaks(bare, что=0.05)) == bare


def test_a_network_without_an_opinion_leaves_it_to_the_tree() -> None:
    assert cut(*with_breaks("Он знал,| что дверь закрыта.")) == "Он знал,| что дверь закрыта."


def test_a_network_that_is_sure_removes_a_boundary() -> None:
    sentence, text = with_breaks("Он знал,| что дверь закрыта.", что=0.0)
    assert cut(sentence, text) == text
    (scene,) = scenes_of(sentence, text)
    assert scene.event.lemma == "знать"


def test_a_network_that_is_sure_moves_a_boundary() -> None:
    sentence, text = with_breaks("Он встал| и вышел.", и=0.0, вышел=1.0)
    assert cut(sentence, text) == "Он встал и| вышел."
    assert [clause.predicate.text for clause in clauses_of(sentence) if clause.predicate] == [
        "встал",
        "вышел",
    ]


def test_a_boundary_of_the_network_alone_opens_a_clause() -> None:
    sentence, text = with_breaks("Он сумел войти.", войти=1.0)
    assert cut(sentence, text) == "Он сумел| войти."
    first, second = clauses_of(sentence)
    assert second.predicate is not None
    assert (second.predicate.text, second.kind.value) == ("войти", "infinitive")
    assert second.by == "network 1.00"
    assert first.number != second.number


def test_a_piece_after_an_insertion_resumes_its_clause() -> None:
    sentence, text = with_breaks("Он стоял у двери.", у=1.0, двери=1.0)
    assert cut(sentence, text) == "Он стоял| у| двери."
    numbers = [piece.number for piece in clauses_of(sentence)]
    assert len(set(numbers)) == 3 or numbers[0] == numbers[2]


def test_marks_go_back_and_openers_go_forward() -> None:
    sentence, text = example("Вчера «спартак» проиграл 14 матчей.")
    breaks = tuple(1.0 if word.text == "спартак" else 0.0 for word in sentence.words)
    assert cut(dataclasses.replace(sentence, breaks=breaks), text) == (
        "Вчера| «спартак» проиграл 14 матчей."
    )
