"""How text stands on the page: lines of dialogue, items of a list, headings, quotations.

Only the line that is asked about is looked at, and the last one is remembered, so that reading a
text from its beginning to its end costs one look at each line.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from hyperlex.scene.scene import SceneForm

LONGEST_HEADING = 90
"""Code points; a longer line without a final stop is a paragraph that lost it."""


class LineRule(NamedTuple):
    """A form that the look of a line gives, with a text whose second line has it."""

    name: str
    form: SceneForm
    pattern: re.Pattern[str]
    example: str


def _rule(name: str, form: SceneForm, pattern: str, example: str) -> LineRule:
    return LineRule(name, form, re.compile(pattern), example)


LINE_RULES: tuple[LineRule, ...] = (
    _rule("hash", SceneForm.HEADING, r"\s*#{1,6}\s", "Начало.\n# Дорога домой\nОн шёл."),
    _rule("bullet", SceneForm.ITEM, r"\s*[*•·‣▪◦●○∙]\s", "Купить:\n• хлеб\n• молоко"),
    _rule(
        "number",
        SceneForm.ITEM,
        r"\s*(?:\d{1,3}(?:\.\d{1,3})*[.)]|[а-яa-z]\))\s",
        "План:\n1) встать\n2) выйти",
    ),
    _rule("hyphen-item", SceneForm.ITEM, r"\s*[-–—]\s.*[;,]\s*$", "Купить:\n- хлеб;\n- молоко."),
    _rule("hyphen-small", SceneForm.ITEM, r"\s*[-–—]\s+[a-zа-яё]", "Купить:\n- хлеб\n- молоко"),
    _rule("dash", SceneForm.REPLY, r"\s*[-–—]\s*\S", "Он спросил.\n— Кто там?\n— Я."),
    _rule(
        "chapter",
        SceneForm.HEADING,
        r"\s*(?i:глава|часть|раздел|статья|параграф|приложение|§)\s+[\dIVXLCа-яё]+[^!?…,;:]*$",
        "Конец.\nГлава вторая\nОн шёл.",
    ),
)

_TURN = re.compile(r"(?<=[,.!?…:»])(?:\s*[—–]|\s-)\s+")
_FINAL = re.compile(r"[.!?…,;:—–-][»\"”)\s]*$")
_QUOTES = re.compile(r"[«»„“”\"]")


class Layout:
    """The forms of one text.

    Args:
        text: the whole of it.
    """

    __slots__ = ("_line", "_quotes", "_rule", "_turns", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._line = (-1, -1)
        self._rule: tuple[str, SceneForm] | None = None
        self._turns: list[int] = []
        self._quotes: list[tuple[int, int]] = []

    def form(self, start: int, stop: int) -> tuple[SceneForm, str]:
        """The form of the scene that runs over `text[start:stop]`, and the rule that gave it."""
        if not self._line[0] <= start < self._line[1]:
            self._read(start)
        if self._rule is not None and self._rule[1] is not SceneForm.REPLY:
            return self._rule[1], self._rule[0]
        if self._rule is not None and bisect_right(self._turns, start) % 2 == 0:
            return SceneForm.REPLY, "dash"
        before = bisect_right(self._quotes, (start, len(self.text) + 1)) - 1
        # The mark after the quotation belongs to the scene too: «Он сказал: «Иду».»
        if before >= 0 and stop <= self._quotes[before][1] + 1:
            return SceneForm.QUOTE, "quotation-marks"
        return SceneForm.PROSE, "prose"

    def _read(self, start: int) -> None:
        text = self.text
        low = text.rfind("\n", 0, start) + 1
        high = text.find("\n", start)
        high = len(text) if high < 0 else high
        self._line = (low, max(high, start + 1))
        line = text[low:high]
        self._rule = None
        self._turns = []
        for rule in LINE_RULES:
            if rule.pattern.match(line):
                self._rule = (rule.name, rule.form)
                break
        else:
            if self._stands_alone(line, low, high):
                self._rule = ("own-line", SceneForm.HEADING)
        if self._rule is not None and self._rule[1] is SceneForm.REPLY:
            self._turns = _turns(line, low)
        self._quotes = _quotations(line, low, to_end=True) if _QUOTES.search(line) else []

    def _stands_alone(self, line: str, low: int, high: int) -> bool:
        """A short line that begins large, has no final stop, and that a blank line or a longer
        paragraph follows.
        """
        bare = line.strip()
        if not 0 < len(bare) <= LONGEST_HEADING or _FINAL.search(bare):
            return False
        if not (bare[0].isupper() or bare[0].isdigit()):
            return False
        before = self.text[max(0, low - 2) : low]
        after = self.text[high : high + 2]
        if not after.strip("\n\r ") and high + 1 >= len(self.text):
            return False
        apart = low == 0 or before == "\n\n"
        return apart and (after == "\n\n" or _next_is_longer(self.text, high, len(bare)))


def _next_is_longer(text: str, high: int, size: int) -> bool:
    stop = text.find("\n", high + 1, high + 1 + 4 * size)
    following = text[high + 1 : stop if stop >= 0 else high + 1 + 4 * size].strip()
    return bool(_FINAL.search(following)) or len(following) > 2 * size


def _turns(line: str, low: int) -> list[int]:
    """Where a line of dialogue passes to the author's words and back: «— Да, — сказал он. —
    Иду.»
    """
    turns: list[int] = []
    for match in _TURN.finditer(line):
        after = line[match.end() : match.end() + 1]
        if len(turns) % 2 or after.islower():
            turns.append(low + match.start() + 1)
    return turns


def _quotations(line: str, low: int, to_end: bool) -> list[tuple[int, int]]:
    """Outermost runs of the line inside quotation marks, in order, marks included.

    Args:
        low: where the line begins in the text.
        to_end: whether a quotation left open runs to the end of the line, or is none.
    """
    runs: list[tuple[int, int]] = []
    opened: list[int] = []
    for match in _QUOTES.finditer(line):
        mark, place = match.group(), match.start()
        if mark in "«„" or (mark in '"“' and not opened):
            opened.append(place)
        elif opened:
            runs.append((low + opened.pop(), low + place + 1))
    if to_end and opened:
        runs.append((low + opened[0], low + len(line)))
    outermost: list[tuple[int, int]] = []
    for run in sorted(runs, key=lambda run: (run[0], -run[1])):
        if not outermost or run[0] >= outermost[-1][1]:
            outermost.append(run)
    return outermost


def quotations(text: str, start: int, stop: int) -> list[tuple[int, int]]:
    """Closed quotations inside `text[start:stop]`, marks included, outermost ones only."""
    line = text[start:stop]
    return _quotations(line, start, to_end=False) if _QUOTES.search(line) else []
