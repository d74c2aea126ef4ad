"""Text in, clauses and scenes out: the whole way with the embedded parser."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tracemalloc

import pytest
from hypothesis import given
from strategies import any_text

from hyperlex.scene import analysis, clauses, explain, iter_scenes, scenes
from hyperlex.word import iter_sentences

STORY = "Он стоял у двери, не решаясь войти.\n\n— Кто там? — спросил голос.\n\n"
TEXT = STORY + "Нужно:\n- хлеб;\n- соль.\n"


@given(any_text)
def test_clauses_tile_every_text(text: str) -> None:
    pieces = clauses(text)
    words = [word for sentence in iter_sentences(text) for word in sentence.words]
    assert [word for piece in pieces for word in piece.words] == words
    assert all(piece.span.of(text).strip() for piece in pieces)
    numbers = list(dict.fromkeys(piece.number for piece in pieces))
    assert numbers == list(range(len(numbers)))


@given(any_text)
def test_scenes_share_out_the_clauses_of_every_text(text: str) -> None:
    found = scenes(text)
    shared = sorted((piece for scene in found for piece in scene.clauses), key=lambda p: p.span)
    assert tuple(shared) == clauses(text)
    for scene in found:
        for argument in scene.arguments:
            assert argument.head.of(text) == argument.word.text
        assert all(item.span.of(text) == item.text for item in scene.protected)


@given(any_text)
def test_streaming_gives_the_same_scenes(text: str) -> None:
    assert tuple(iter_scenes(text)) == scenes(text)


@given(any_text)
def test_every_text_can_be_explained(text: str) -> None:
    lines = explain(text)
    assert sum(line.startswith("  scene of") for line in lines) == len(scenes(text))


def test_three_views_cost_one_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = analysis.sentences
    monkeypatch.setattr(analysis, "sentences", lambda text: (asked.append(text), real(text))[1])
    text = "Эту строку ещё никто не читал."
    clauses(text)
    scenes(text)
    clauses(text)
    assert asked == [text]


def test_the_example_of_the_house() -> None:
    first = scenes(TEXT)[0]
    assert first.span.of(TEXT) == "Он стоял у двери, не решаясь войти."
    assert [clause.kind.value for clause in first.clauses] == ["finite", "gerund"]
    assert first.tension.modality == ("dare",)
    assert first.agent.gloss == "он"
    assert first.event.lemma == "стоять"


def test_lines_of_a_page_have_their_forms() -> None:
    forms = [scene.form.value for scene in scenes(TEXT)]
    assert forms == ["prose", "reply", "prose", "prose", "item", "item"]


def test_other_processes_give_the_same() -> None:
    script = (
        "import hashlib; from hyperlex.scene import explain;"
        f"print(hashlib.sha256('\\n'.join(explain({TEXT!r})).encode()).hexdigest())"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    here = hashlib.sha256("\n".join(explain(TEXT)).encode()).hexdigest()
    assert told.stdout.strip() == here


def test_streaming_memory_does_not_grow_with_the_text() -> None:
    def peak(times: int) -> int:
        text = TEXT * times
        tracemalloc.start()
        for _ in iter_scenes(text):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(5)
    assert peak(400) < peak(100) + 2_000_000


@pytest.mark.parametrize(
    ("text", "lemma"),
    [
        ("Когда отец пришёл, сразу лёг спать.", "отец"),
        ("Хотя он устал, работу бросать не стал.", "он"),
        ("Когда гости ушли, вымыли посуду.", ""),
        ("Если поезд опоздает, не успею.", ""),
        ("Когда снег растаял, стало тепло.", ""),
        ("Солнце село, стало прохладно.", ""),
    ],
)
def test_a_scene_without_a_subject_takes_that_of_the_clause_before(text: str, lemma: str) -> None:
    assert scenes(text)[-1].agent.lemma == lemma


def test_pronouns_that_look_like_adjectives_take_part() -> None:
    found = [a.word.text for s in scenes("Одни любят чай, другие работали.") for a in s.arguments]
    assert found == ["Одни", "чай", "другие"]


@pytest.mark.parametrize(
    ("text", "role"), [("Волны бились о берег.", "place"), ("Он думал о береге.", "topic")]
)
def test_a_preposition_means_another_thing_with_another_case(text: str, role: str) -> None:
    (scene,) = scenes(text)
    assert scene.arguments[-1].role == role


@pytest.mark.parametrize(
    ("text", "agents"),
    [
        ("Книга издана в Туле и лежит в магазинах.", ["—", "книга"]),
        ("Дом построен и заселён.", ["—", "—"]),
        ("Он пытался открыть дверь, но не смог.", ["он", "он"]),
        ("Зима недаром злится.", ["зима"]),
        ("Договор подписан истцом.", ["истец"]),
        ("Он назван героем.", ["—"]),
        ("Кит — не рыба.", ["кит"]),
        ("Доклад прочитала О. П. Петрова.", ["Петрова"]),
        ("Часовой хотел крикнуть, но не смог.", ["Часовой", "Часовой"]),
        ("Рыжий пёс бежал впереди, то и дело оглядываясь, и ждал хозяина.", ["пёс", "пёс"]),
    ],
)
def test_who_acts(text: str, agents: list[str]) -> None:
    assert [scene.agent.gloss for scene in scenes(text)] == agents


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("А.С. Пушкин и Н. В. Гоголь встретились.", ["А.С. Пушкин", "Н. В. Гоголь"]),
        ("Иванов И.И. ушёл.", ["Иванов И.И."]),
        ("Письмо адресовано И. Петрову.", ["И. Петрову"]),
        ("Дж. Р. Р. Толкин писал сказки.", ["Дж. Р. Р. Толкин"]),
    ],
)
def test_initials_are_part_of_a_name(text: str, names: list[str]) -> None:
    assert [item.text for s in scenes(text) for item in s.protected] == names


def test_how_much_is_no_number() -> None:
    assert [item for s in scenes("Сколько стоит билет?") for item in s.protected] == []
