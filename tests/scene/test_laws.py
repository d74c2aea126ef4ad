"""What holds of every sentence, whatever tree the parser gives it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from scene.strategies_of_trees import sentences_with_text

from hyperlex.scene import scenes
from hyperlex.scene.arguments import NOUNLIKE
from hyperlex.scene.assemble import clauses_of, scenes_of
from hyperlex.scene.operators import MODALITIES
from hyperlex.scene.scene import ClauseKind, SceneKind
from hyperlex.scene.trace import explain_sentence
from hyperlex.scene.tree import NOWHERE, Tree, base_of
from hyperlex.types import Sentence, Span, Word

Case = tuple[Sentence, str]


@given(sentences_with_text())
def test_clause_pieces_tile_the_sentence(case: Case) -> None:
    sentence, _ = case
    pieces = clauses_of(sentence)
    assert tuple(word for piece in pieces for word in piece.words) == sentence.words
    for piece in pieces:
        assert piece.span.start == piece.words[0].span.start
        assert piece.span.stop == piece.words[-1].span.stop


@given(sentences_with_text())
def test_pieces_of_one_clause_share_all_but_their_place(case: Case) -> None:
    pieces = clauses_of(case[0], 5)
    for number in {piece.number for piece in pieces}:
        same = [piece for piece in pieces if piece.number == number]
        assert len({(piece.kind, piece.predicate) for piece in same}) == 1
        assert all(p.segments == tuple(piece.span for piece in same) for p in same)
        assert (same[0].predicate is None) == (same[0].kind is ClauseKind.NOMINAL)
    firsts = list(dict.fromkeys(piece.number for piece in pieces))
    assert firsts == list(range(5, 5 + len(firsts)))


@given(sentences_with_text())
def test_neighbouring_pieces_are_of_different_clauses(case: Case) -> None:
    pieces = clauses_of(case[0])
    assert all(a.number != b.number for a, b in pairwise(pieces))


@given(sentences_with_text())
def test_scenes_share_out_the_pieces(case: Case) -> None:
    sentence, text = case
    pieces = clauses_of(sentence)
    scenes = scenes_of(sentence, text)
    shared = sorted((clause for scene in scenes for clause in scene.clauses), key=lambda c: c.span)
    assert tuple(shared) == pieces
    numbers = [{clause.number for clause in scene.clauses} for scene in scenes]
    assert sum(map(len, numbers)) == len({piece.number for piece in pieces})
    words = sorted((w for s in scenes for w in s.words), key=lambda word: word.index)
    assert tuple(words) == sentence.words
    firsts = [scene.words[0].index for scene in scenes]
    assert firsts == sorted(firsts)


@given(sentences_with_text())
def test_segments_are_unbroken_runs_of_words(case: Case) -> None:
    sentence, text = case
    scenes = scenes_of(sentence, text)
    runs = sorted(segment for scene in scenes for segment in scene.segments)
    covered = [
        word for run in runs for word in sentence.words if run.start <= word.span.start < run.stop
    ]
    assert tuple(covered) == sentence.words
    for scene in scenes:
        assert scene.span.start == scene.segments[0].start
        assert scene.span.stop == scene.segments[-1].stop


@given(sentences_with_text())
def test_arguments_hold_every_noun_with_their_relations_once(case: Case) -> None:
    sentence, text = case
    found = [a for scene in scenes_of(sentence, text) for a in scene.arguments]
    core = [a.word.index for a in found if a.relation not in ("xcomp", "advmod")]
    wanted = [
        word.index
        for word in sentence.words
        if base_of(word.relation) in ("nsubj", "obj", "iobj", "obl")
        and (word.upos in NOUNLIKE or (base_of(word.relation) != "obl" and _stands_alone(word)))
    ]
    assert sorted(core) == wanted
    for argument in found:
        assert argument.head == argument.word.span
        assert argument.span.start <= argument.head.start
        assert argument.head.stop <= argument.span.stop
        assert argument.relation == base_of(argument.word.relation)


def _stands_alone(word: Word) -> bool:
    """«Больной спит», «опоздавших не ждут»."""
    return word.upos == "ADJ" or "VerbForm=Part" in word.feats


@given(sentences_with_text())
def test_facets_hold_only_what_they_may(case: Case) -> None:
    sentence, text = case
    for scene in scenes_of(sentence, text):
        tension = scene.tension
        assert tension.polarity in "+-"
        assert tension.tense in ("past", "present", "future", "none")
        assert tension.modality == ("fact",) or tension.modality == tuple(
            m for m in MODALITIES if m in tension.modality
        )
        assert tension.intensity in (-1, 0, 1)
        assert (scene.kind is SceneKind.NOMINAL) == (scene.event.word is None)
        assert all(item.span.of(text) == item.text for item in scene.protected)
        for facet in (scene.agent, scene.event, tension, scene.context, *scene.protected):
            assert "\n" not in facet.gloss or "\n" in text


@given(sentences_with_text())
def test_protected_text_does_not_overlap_but_for_quotes(case: Case) -> None:
    sentence, text = case
    scenes = scenes_of(sentence, text)
    found = [item for scene in scenes for item in scene.protected if item.kind != "quote"]
    spans = sorted(item.span for item in found)
    assert all(a.stop <= b.start for a, b in pairwise(spans))


@given(sentences_with_text())
def test_every_sentence_can_be_explained(case: Case) -> None:
    sentence, text = case
    lines = explain_sentence(sentence, text)
    told = [line for line in lines if line.startswith("  scene of clauses")]
    assert len(told) == len(scenes_of(sentence, text))


@given(sentences_with_text())
def test_every_climb_ends(case: Case) -> None:
    tree = Tree(case[0])
    assert all(tree.depth(place) < len(tree.words) for place in range(len(tree.words)))
    assert any(head == NOWHERE for head in tree.heads)


def test_no_words_no_clauses() -> None:
    empty = Sentence(Span(0, 0), (), ())
    assert clauses_of(empty) == ()
    assert scenes_of(empty, "") == ()


def test_a_ring_of_hosts_ends() -> None:
    # A parse in which two clauses are each other's host once kept the reading of marks from ending.
    text = (
        "заставлю читать письмо, чтобы понять, что всё-таки случилось Пока я попробовать узнать "
        "сам и говорить об этом! трудная работа, что не поможет"
    )
    assert "".join(s.of(text) for scene in scenes(text) for s in scene.segments)
