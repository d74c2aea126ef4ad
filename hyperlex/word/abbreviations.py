"""Abbreviations that the words beside them tell: «1812 г.», «до н. э.», «5 руб.», «нем. Bern»."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hyperlex.word.readings import Offer

_PAIRS = {
    ("н", "э"): ("наш", "эра"),
    ("т", "е"): ("то", "быть"),
    ("т", "д"): ("так", "далее"),
    ("т", "п"): ("то", "подобный"),
    ("т", "к"): ("так", "как"),
    ("т", "н"): ("так", "называть"),
    ("рт", "ст"): ("ртутный", "столб"),
}
"""Two abbreviations, with or without stops, and the lemmas of the words that they stand for."""

_ALONE = {
    "тыс": "тысяча", "млн": "миллион", "млрд": "миллиард", "трлн": "триллион", "руб": "рубль",
    "коп": "копейка", "чел": "человек", "мм": "миллиметр", "др": "другой",
}  # fmt: skip
_GERMAN = "немецкий"
_BEFORE_NUMBERS = {
    "ст": "статья", "рис": "рисунок", "тел": "телефон", "гл": "глава", "стр": "страница",
    "п": "пункт", "пп": "пункт", "т": "том", "ч": "часть", "д": "дом", "кв": "квартира",
    "ок": "около", "табл": "таблица", "абз": "абзац",
}  # fmt: skip
_BEFORE_NAMES = {"ул": "улица", "ст": "станция", "им": "имя", "пос": "посёлок", "оз": "озеро"}
_SMALL = (
    "г",
    "гг",
    "в",
    "вв",
    "см",
    "нем",
    *_BEFORE_NUMBERS,
    *_BEFORE_NAMES,
    *_ALONE,
    *(letter for letter, _ in _PAIRS),
)
_SEEN = frozenset((*_SMALL, *(form.capitalize() for form in _SMALL)))
_NOUNS = frozenset(("год", "век", "грамм", "город", "эра", "сантиметр", "столб", "тонна"))
_YEAR = re.compile(r"[12]\d{3}(?:-?[а-я]{1,2})?")
_CENTURY = re.compile(r"[IVX]+(?:[-—–][IVX]+)?")


def spell_out(forms: Sequence[str], chosen: list[Offer]) -> None:
    """Gives abbreviations the lemmas of the words that they stand for, in place.

    Args:
        forms: the words of a sentence as `segment` has them.
        chosen: the reading of each.
    """
    if _SEEN.isdisjoint(forms):
        return
    for place, form in enumerate(forms):
        if form not in _SEEN:
            continue
        lower = form.lower()
        second = place + (2 if _at(forms, place + 1) == "." else 1)
        # «Т. е.» may begin a sentence; «Н. Э.» are initials.
        pair = _PAIRS.get((lower if lower == "т" else form, _at(forms, second)))
        if pair is not None:
            _state(chosen, place, pair[0])
            _state(chosen, second, pair[1])
        elif lemma := _ALONE.get(lower) or _told(place, form, forms):
            _state(chosen, place, lemma)


def _at(forms: Sequence[str], place: int) -> str:
    return forms[place] if 0 <= place < len(forms) else ""


def _state(chosen: list[Offer], place: int, lemma: str) -> None:
    _, upos, feats, prior, _ = chosen[place]
    if lemma in _NOUNS and upos != "NOUN":
        upos, feats = "NOUN", ""
    elif lemma in (_GERMAN, "ртутный"):
        upos, feats = "ADJ", ""
    chosen[place] = (lemma, upos, feats, prior, "context")


def _told(place: int, form: str, forms: Sequence[str]) -> str:
    """What a form says between its neighbours, or ""."""
    before, after = _at(forms, place - 1), _at(forms, place + 1)
    counted = before[-1:].isdigit()
    if form in ("в", "вв"):
        return "век" if after == "." and _CENTURY.fullmatch(before) else ""
    if form == "см":
        return "сантиметр" if counted else "смотреть" if after == "." else ""
    if form == "т" and counted:
        return "тонна"
    if form == "ст" and counted and after == "." and _at(forms, place + 2) == "л":
        return "столовый"
    said = _at(forms, place + 2) if after == "." else ""
    if said[:1].isdigit() and form.lower() in _BEFORE_NUMBERS:
        return _BEFORE_NUMBERS[form.lower()]
    if said[:1].isupper() and said.isalpha() and form in _BEFORE_NAMES:
        return _BEFORE_NAMES[form]
    if form == "нем":  # not «о нём», and not «он нем.»
        return _GERMAN if said[:1].isalnum() else ""
    early = len(before) == 3 and before.isdigit() and after == "."
    if form == "гг" or (form == "г" and (early or _YEAR.fullmatch(before))):
        return "год"
    if form != "г":
        return ""
    if counted:
        return "грамм"
    name = _at(forms, place + 2) if after == "." else after
    return "город" if name[:1].isupper() and name.isalpha() else ""
