"""Where scene-like spans begin, in the notation of razdel: «|» where one does."""

from __future__ import annotations

import pytest

from hyperlex.codebook.spans import punctuation_starts


@pytest.mark.parametrize(
    "marked",
    [
        "Он вошёл.| Она встала.",
        "Он вошёл, не снимая пальто, и сел.",
        "И т. д. и т. п.| В общем, всё.",
        "Купил хлеб; |потом чай.".replace("; |", ";| "),
        "Кто там?!| Никого.",
        "«Пора».| «Нет».",
        "Строка\n|другая\n\n|третья",
        "Пришёл (поздно).| Ушёл.",
        "Цена 1.5 рубля, не 2.",
        "Нет…| Да.",
        "",
    ],
)
def test_spans_begin_after_sentences_semicolons_and_lines(marked: str) -> None:
    text, expected = "", []
    for part in marked.split("|"):
        expected.append(len(text))
        text += part
    assert punctuation_starts(text) == expected[1:]


def test_long_runs_take_no_longer_than_they_are() -> None:
    """Each of these took hours when it was tried from every place of its run."""
    for text in ("а" + " " * 400_000 + "б", "." * 400_000 + "б", "а." + " " * 400_000 + "б"):
        assert punctuation_starts(text) == []


def test_speech_is_its_own_span() -> None:
    text = "— Пора, — сказал он."
    assert [text[:n] for n in punctuation_starts(text)] == ["— Пора, —"]
