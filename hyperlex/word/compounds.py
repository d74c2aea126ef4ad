"""Hyphenated words that are several: «самолётов-амфибий», «две-три», «сказал-то», «1904—1905».

Russian treebanks of Universal Dependencies cut a compound whose parts change by themselves, and
keep one that changes as a whole («интернет-сайтов», «рыже-бурый») or that the dictionary has
(«из-за», «премьер-министр»).
"""

from __future__ import annotations

import re
from functools import lru_cache

from hyperlex.word.dictionary import dictionary

_TWO = re.compile(r"([^\W_]+)([-‑–—−])([^\W_]+)")
_NUMBERS = re.compile(r"(\d+(?:[.,]\d+)?)([-‑–—−])(\d+(?:[.,]\d+)?)")
_PARTICLES = frozenset(("то", "ка", "де", "таки"))
_ALIKE = frozenset(("VERB", "INFN", "ADVB", "NUMR"))
"""Parts of speech of which two make a pair that is cut; nouns agree in case and number besides."""

_FIRST = """
    альфа бета биг бизнес блок веб вице гала гамма гей генерал гольф горе гранд дата дизайн допинг
    интернет кросс лорд мат мета мини национал онлайн пиар поп пресс радикал ретина рок секс сим
    стресс стрип тета типаж топ фитнес флекс хедж хеш чат чудо штык экс эконом яндекс
    """
"""First parts that keep their form before an oblique second one in the corpora, though they are
nouns of the dictionary («веб-страницами»): with them a compound is one word in the nominative too.
"""
_UNCHANGED = frozenset(_FIRST.split())


def parts_of(word: str) -> tuple[tuple[int, int], ...]:
    """Where the words and the mark of a compound begin and end; () of what is one word.

    Args:
        word: a token with a dash inside, without unread marks.
    """
    numbers = _NUMBERS.fullmatch(word)
    found = numbers or _TWO.fullmatch(word)
    if found is None or not (numbers or _cut(found[1], found[3])):
        return ()
    return found.span(1), found.span(2), found.span(3)


@lru_cache(maxsize=4096)
def _cut(left: str, right: str) -> bool:
    if right[0].isupper() and not left.isupper():  # «Буэнос-Айрес», «Иванов-Петров»
        return False
    left, right = left.lower(), right.lower()
    known = dictionary().word_is_known
    if not (known(left) and known(right)) or known(f"{left}-{right}"):
        return False
    if right in _PARTICLES:
        return True
    if left == right:
        return len(left) > 1
    return left not in _UNCHANGED and not _ways(left).isdisjoint(_ways(right))


def _ways(part: str) -> frozenset[tuple[str, str, str]]:
    """Part of speech, case and number of each reading by which a part may pair with another."""
    ways = set()
    for parse in dictionary().parse(part):
        tag = parse.tag
        if tag.POS == "NOUN" and "Fixd" not in tag.grammemes:
            ways.add(("NOUN", str(tag.case), str(tag.number)))
        elif tag.POS in _ALIKE:
            ways.add((str(tag.POS), "", ""))
    return frozenset(ways)
