"""Prepositions: which cases each governs, and how each is spelled before a word."""

from __future__ import annotations

import re
from functools import lru_cache

from hyperlex.word.prepositions import SHORT

GOVERNS: dict[str, tuple[str, ...]] = {
    "в": ("Acc", "Loc"), "на": ("Acc", "Loc"), "с": ("Gen", "Ins", "Acc"), "к": ("Dat",),
    "по": ("Dat", "Acc", "Loc"), "о": ("Loc", "Acc"), "за": ("Acc", "Ins"), "при": ("Loc",),
    "под": ("Acc", "Ins"), "над": ("Ins",), "перед": ("Ins",), "пред": ("Ins",),
    "между": ("Ins", "Gen"), "меж": ("Ins", "Gen"), "через": ("Acc",), "сквозь": ("Acc",),
    "про": ("Acc",), "спустя": ("Acc",), "включая": ("Acc",), "благодаря": ("Dat",),
    "согласно": ("Dat",), "вопреки": ("Dat",), "подобно": ("Dat",), "навстречу": ("Dat",),
}  # fmt: skip
"""Cases by preposition; what is not named governs the genitive."""

_FULL = {**SHORT, "безо": "без", "путем": "путём", "насчет": "насчёт"}

_VOWELS = "аоуэи"
_LONG = {
    "в": re.compile(r"[вф][^аеёиоуыэюя\W]|льв|льн|мног|мне|мгл|что\b|двор[аеу]?\b"),
    "с": re.compile(r"[сзшж][^аеёиоуыэюя\W]|щ|мног|мной|мн[еою]|вс|вч|вт|врем|льв|льн|лж|рт"),
    "к": re.compile(r"мн[еою]|мног|вс[её]|вт|вч|льв|льн|лж|рт|дню\b|сну\b"),
    "из": re.compile(r"вс[её]х|рта\b|льда\b"),
    "над": re.compile(r"мн[оеу]|рв|льд"),
    "под": re.compile(r"мн[оеу]|рв|льд"),
    "перед": re.compile(r"мно|льд"),
    "от": re.compile(r"вс[её]г|вс[её]х|льд|рта\b"),
}


def plain(preposition: str) -> str:
    """The preposition without its vowel: «во» is «в»."""
    return _FULL.get(preposition, preposition)


def governs(preposition: str, case: str) -> bool:
    """Whether the preposition can stand before a word in that case."""
    return case in GOVERNS.get(preposition, ("Gen",))


@lru_cache(maxsize=1 << 15)
def before(preposition: str, word: str) -> str:
    """The preposition as it is spelled before `word`: «во дворе», «со стола», «об этом»."""
    lower = word.lower()
    if preposition == "о":
        if lower.startswith(("всё", "все", "всю", "мне")):
            return "обо"
        return "об" if lower[:1] and lower[0] in _VOWELS else "о"
    pattern = _LONG.get(preposition)
    return preposition + "о" if pattern is not None and pattern.match(lower) else preposition
