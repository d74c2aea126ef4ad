"""The form of a scene comes from how it stands on the page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from strategies import any_text

from hyperlex.scene.layout import Layout, quotations


def forms(text: str) -> list[str]:
    """The form at every run of text between `|`; the bars are taken out first."""
    layout = Layout(text.replace("|", ""))
    found = []
    start = 0
    for part in text.split("|"):
        lead = len(part) - len(part.lstrip())
        found.append(layout.form(start + lead, start + len(part.rstrip()))[0].value)
        start += len(part)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Он шёл. |Она ждала.", "prose prose"),
        ("— Да, |— сказал он. |— Иду.", "reply prose reply"),
        ("— Да! |— крикнул он. |— Иду!", "reply prose reply"),
        ("— Москва — столица.", "reply"),
        ("Он сказал: |«Я приду». |Она ждала.", "prose quote prose"),
        ("Фильм «Война и мир» вышел.", "prose"),
        ("Дорога домой\n\n|Он шёл. |Она ждала.", "heading prose prose"),
        ("Дорога домой", "prose"),
        ("Мороз и солнце,\n|день чудесный.", "prose prose"),
        ("Нужно:\n|- хлеб;\n|- молоко.", "prose item item"),
        ("1. Встать.\n|2. Выйти.", "item item"),
    ],
)
def test_forms(text: str, expected: str) -> None:
    assert " ".join(forms(text)) == expected


@given(any_text)
def test_every_place_has_a_form(text: str) -> None:
    layout = Layout(text)
    for match in re.finditer(r"\S+", text):
        form, rule = layout.form(*match.span())
        assert form and rule


@given(any_text)
def test_forms_do_not_depend_on_the_order_of_questions(text: str) -> None:
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    layout = Layout(text)
    there = [layout.form(*span) for span in spans]
    assert [layout.form(*span) for span in reversed(spans)] == there[::-1]


@given(any_text)
def test_quotations_are_closed_and_apart(text: str) -> None:
    runs = quotations(text, 0, len(text))
    for low, high in runs:
        assert text[low] in '«„“”"'
        assert text[high - 1] in '»“”"'


def test_one_long_line_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "«слово» " * 20_000
    layout = Layout(text)
    reads = []
    read = Layout._read
    monkeypatch.setattr(
        Layout, "_read", lambda self, start: (reads.append(start), read(self, start))
    )
    for start in range(0, len(text), 4000):
        layout.form(start, start + 7)
    assert reads == [0]
