"""Facets on trees by hand, in a notation to read; a failure prints the same notation."""

from __future__ import annotations

from pathlib import Path

import pytest
from scene.by_hand import example, shown, tree

from hyperlex.scene.assemble import clauses_of, scenes_of
from hyperlex.scene.scene import Scene

BLOCKS = [
    "\n".join(line for line in block.splitlines() if not line.startswith("#"))
    for block in (Path(__file__).parent / "facets.txt").read_text("utf-8").strip().split("\n\n")
]


def line_of(scene: Scene) -> str:
    tension = scene.tension
    modality = "+".join(tension.modality)
    return (
        f"  {tension.polarity} {modality} {tension.tense} {scene.agent.gloss} "
        f"{scene.event.lemma or '—'}"
    )


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.strip()])
def test_facets_are_as_written_by_hand(block: str) -> None:
    sentence, text = example(block.strip().splitlines()[0])
    pieces = shown(text, [piece.span.start for piece in clauses_of(sentence)])
    assert "\n".join([pieces, *map(line_of, scenes_of(sentence, text))]) == block.strip()


def only_scene(text: str) -> Scene:
    (scene,) = scenes_of(*example(text))
    return scene


def test_what_the_verb_shows_is_told_apart_from_a_subject() -> None:
    assert only_scene("Приду завтра.").agent.source == "verb"
    assert only_scene("Он врач.").agent.source == "subject"
    assert only_scene("Мне холодно.").agent.role == "experiencer"
    assert only_scene("Дом построен рабочими.").agent.source == "passive"
    assert only_scene("Светало.").agent.source == "none"


def test_a_name_of_two_words_is_one_protected_name() -> None:
    (name,) = only_scene("Иван Петров очень громко смеялся.").protected
    assert (name.kind, name.text) == ("name", "Иван Петров")


def test_degree_and_marks_give_intensity() -> None:
    assert only_scene("Иди сюда!").tension.intensity == 1
    assert only_scene("Он не совсем понял.").tension.intensity == -1
    assert only_scene("Он едва не упал.").tension.intensity == 0


def test_context_holds_neither_agent_nor_patient() -> None:
    scene = only_scene("Дом построен рабочими.")
    assert scene.context.patient is not None
    assert scene.context.patient.word.text == "Дом"
    assert scene.context.arguments == ()
    assert len(scene.arguments) == 2


def test_an_argument_spans_its_phrase_with_the_preposition() -> None:
    sentence, text = example("Он стоял у двери.")
    (scene,) = scenes_of(sentence, text)
    spans = [argument.span.of(text) for argument in scene.arguments]
    assert spans == ["Он", "у двери"]
    assert scene.arguments[1].preposition == "у"


def test_a_phrase_ends_where_its_clause_does() -> None:
    sentence, text = example("Человек,| который вошёл,| молчал.")
    first = scenes_of(sentence, text)[0]
    assert [argument.span.of(text) for argument in first.arguments] == ["Человек"]
    assert [span.of(text) for span in first.segments] == ["Человек,", "молчал."]


def test_an_author_does_not_ask() -> None:
    sentence, text = tree(
        "—:3:punct Кто:3:nsubj@nomn там:6:ccomp@ADVB ?:3:punct —:3:punct "
        "спросил:0:root он:6:nsubj .:6:punct"
    )
    asking, saying = scenes_of(sentence, text)
    assert "question" in asking.tension.modality
    assert saying.tension.modality == ("fact",)
    assert (asking.form.value, saying.form.value) == ("reply", "prose")
