"""Code and other languages inside running text of rung 3 stand to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hyperlex
from hyperlex.ladder.code import SceneCode
from hyperlex.ladder.foreign import to_the_letter
from hyperlex.ladder.lexicon import EXACT
from hyperlex.ladder.thinned import shortest
from hyperlex.tokenizer.ladder import default, draft_of
from hyperlex.types import Span

TOK = default()

RUSSIAN = (
    "Смотритель открыл журнал и записал, что видел ночью.",
    "Никто не ответил; маяк молчал (третью неделю).",
    "Почтальонша рассортировала корреспонденцию!",
    "Что делать дальше?",
)
FOREIGN = (
    "print(x + 1);",
    "(x >> i) & 1 or x & (1 << i).",
    "The lamp is lit -- at last!",
    "if (a) {\n    return b;\n}",
    "git commit -m 'lamp: on'",
)


def exact_markers(code: SceneCode) -> int:
    return code.ids.count(TOK.layout.first_scene + EXACT)


def test_a_stretch_is_found_between_the_same_words() -> None:
    text = "Вот (a + b) и всё. Ещё a + b"
    spans = [Span(4, 11), Span(23, 28), Span(11, 12)]
    assert spans[0].of(text) == "(a + b)"
    assert spans[1].of(text) == "a + b"
    assert to_the_letter(text, text, spans) == [True, True, False]
    assert to_the_letter(text, "Вот a + b и всё ещё a + b", spans) == [False, True, False]
    assert to_the_letter(text, "Вот (a  + b) и все. Ещё A + b", spans) == [False, False, False]
    assert to_the_letter(text, "Вот (a + b) и", spans) == [False, False, False]


@given(st.lists(st.sampled_from(RUSSIAN + FOREIGN), min_size=1, max_size=5), st.sampled_from(" \n"))
def test_what_is_foreign_stands_to_the_letter(parts: list[str], between: str) -> None:
    text = between.join(parts)
    draft = draft_of(TOK, text)
    told = str(draft.encode(draft.at_rung(3)).decode())
    for scene, reading in zip(draft.scenes, draft.readings, strict=True):
        if reading.foreign:
            for segment in scene.segments:
                assert segment.of(text).strip() in told


@pytest.mark.parametrize("foreign", FOREIGN[1:3])
def test_what_is_foreign_needs_no_markers_where_the_rest_is_told_around_it(foreign: str) -> None:
    text = f"{RUSSIAN[0]} {foreign} {RUSSIAN[2]}"
    code = hyperlex.compress(text, rung=3)
    assert foreign in code.decode()
    assert not exact_markers(code)


def test_lines_of_code_stay_exact() -> None:
    text = f"{RUSSIAN[0]}\n\n{FOREIGN[3]}\n\n{RUSSIAN[2]}"
    code = hyperlex.compress(text, rung=3)
    assert FOREIGN[3] in code.decode()
    assert exact_markers(code)


def test_text_without_russian_goes_through_rung_4() -> None:
    text = "\n".join(FOREIGN)
    code = hyperlex.compress(text, rung=3)
    assert code.decode() == text
    assert code.decode().exact


def test_a_stretch_that_is_kept_loses_no_marks_and_no_line_break_beside_it() -> None:
    stops = TOK.lexicon.stops
    text = "Вот (так):\n(a) - b\nи (всё)"

    def cost(part: str) -> int:
        return len(part) + part.count("\n")

    assert shortest(text, cost, stops) == ["Вот так", " a b", " и всё"]
    kept = shortest(text, cost, stops, ["(a) - b"])
    assert "\n(a) - b\n" in "".join(kept)
    assert "(так)" not in "".join(kept)
