"""Golden sentences: an outline as it is noted down, and the Russian that it must give."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hyperlex.ladder.outline import Frame, Item, Lexeme, Literal, Outline, Slot
from hyperlex.ladder.realise import realise

_ITEM = re.compile(
    r"\[(?P<literal>[^\]]+)\]"
    r"|(?P<lemma>\S+?)/(?P<kind>\S)(?::(?P<prep>[^+\s]*)\+(?P<case>\w*)(?:\.(?P<number>\w*))?)?(?=\s|$)"
)


def outline(frame: str, items: str) -> Outline:
    """The outline of a line of the golden file."""
    question = frame.endswith("?")
    agent, *rest = frame.rstrip("?").split("·")
    tense = next((part for part in rest if part in ("past", "present", "future")), "")
    mood = next((part for part in rest if part in ("imperative", "conditional")), "")
    found: list[Item | Literal] = []
    for match in _ITEM.finditer(items):
        if match["literal"]:
            found.append(Literal(match["literal"]))
            continue
        lexeme = Lexeme(match["lemma"], match["kind"])
        if match["case"] is None:
            found.append(Item(lexeme))
        else:
            slot = Slot(match["prep"], match["case"], match["number"] or "")
            found.append(Item(lexeme, slot))
    return Outline(Frame(agent, tense, mood, question), tuple(found))


def lines() -> list[tuple[str, str, str]]:
    text = Path(__file__).with_name("realise_golden.txt").read_text(encoding="utf-8")
    rows = (line for line in text.splitlines() if line and not line.startswith("#"))
    return [tuple(part.strip() for part in row.split(" | ")) for row in rows]  # type: ignore[misc]


@pytest.mark.parametrize(("frame", "items", "sentence"), lines())
def test_outline_becomes_the_sentence(frame: str, items: str, sentence: str) -> None:
    read = outline(frame, items)
    assert read.frame.name == frame
    assert len(read.items) == len(items.split())
    assert realise([read]) == [sentence]
