"""The protected channel: what no lossy code may touch."""

from __future__ import annotations

import re
from collections.abc import Iterable

from hyperlex.scene.layout import quotations
from hyperlex.scene.lexicon import NEGATIONS, UNITS
from hyperlex.scene.scene import Protected
from hyperlex.scene.tree import NOWHERE, Tree
from hyperlex.types import Span, Word

_MONTH = (
    r"(?:янв(?:ар[яь])?|фев(?:рал[яь])?|март[а]?|апр(?:ел[яь])?|ма[яй]|июн[яь]|июл[яь]|авг(?:уст[а]?)?|"
    r"сент(?:ябр[яь])?|окт(?:ябр[яь])?|ноя(?:бр[яь])?|дек(?:абр[яь])?)"
)
_TELEPHONE = r"(?<![\w+])(?:\+7|8)[ -]?\(?\d{3}\)?[ -]?\d{3}[ -]?\d\d[ -]?\d\d(?!\d)"
_AMOUNT = r"\d+(?:[ \xa0\u202f]\d{3}(?!\d))*(?:[.,]\d+)?"
_NUMERIC = frozenset(("date", "number"))
PATTERNS: tuple[tuple[str, str, str], ...] = (
    (
        "address",
        r"(?:https?://|ftp://|www\.)[^\s«»<>\"]*[^\s«»<>\".,;:!?)…]",
        "см. https://example.org/a",
    ),
    ("address", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", "пиши на ann@example.org"),
    ("address", r"(?<![\w@])@\w{2,}", "спроси @anna_k"),
    ("address", _TELEPHONE, "звони +7 900 123-45-67"),
    ("code", r"`[^`\n]+`", "вызови `run`"),
    ("code", r"(?<!\w)[A-Za-z_][\w.]*\(\)", "вызови run()"),
    ("code", r"(?<!\w)(?=\w*[A-Za-z])[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+(?!\w)", "имя max_size"),
    (
        "code",
        r"(?<!\w)[\w-]+\.(?:py|js|rs|txt|json|md|html|css|xml|csv|exe|doc|pdf)(?!\w)",
        "файл a.txt",
    ),
    (
        "date",
        rf"(?<!\w)\d{{1,2}}(?:-го)?\s+{_MONTH}(?!\w)(?:\s+\d{{4}}(?!\d)(?:\s+г(?:ода|оду|\.))?)?",
        "было 9 мая 1945 года",
    ),
    ("date", r"(?<!\w)\d{1,2}[./]\d{1,2}[./]\d{2,4}(?!\d)", "сдать 01.02.2024"),
    ("date", r"(?<!\w)\d{4}-\d\d-\d\d(?!\d)", "сдать 2024-02-01"),
    (
        "date",
        r"(?<!\w)[12]\d{3}(?:[-–—]\d{2,4}|-(?:м|го|й|х|е))?\s+(?:гг?\.|год\w*)",
        "было в 1812 году",
    ),
    ("date", r"(?<![\w:])[0-2]?\d:[0-5]\d(?![\w:])", "встреча в 12:30"),
    (
        "number",
        rf"(?<![\w])[-−+]?{_AMOUNT}(?:[-–—−]{_AMOUNT}(?!\w))?(?:-[а-я]{{1,3}}(?!\w))?",
        "ему 14 лет",
    ),
)
"""Kind, pattern, example. Where two meet, the one that begins first wins, then the one listed
first.
"""


def _joined(rows: Iterable[int]) -> str:
    return "|".join(f"(?P<k{n}>{PATTERNS[n][1]})" for n in rows)


_ALL = re.compile(_joined(range(len(PATTERNS))))
# Without these marks only numbers of some kind can match, and few places need a try.
_BEYOND_NUMBERS = re.compile(r"[@_`]|\(\)|www|://|\.[a-z]")
_OF_NUMBERS = [n for n, row in enumerate(PATTERNS) if row[1] == _TELEPHONE or row[0] in _NUMERIC]
_NUMBERS = re.compile(rf"(?=[-−+\d])(?:{_joined(_OF_NUMBERS)})")
_SIGNS = frozenset("%‰°$€₽")
_WORTH = re.compile(r"[0-9@_`()]|www|http|\.[a-z]")


def _stop_of(word: Word, text: str) -> int:
    """Where a part of a name ends: an initial has a stop of its own, «Пушкин А. С.»."""
    stop = word.span.stop
    return stop + (len(word.text) == 1 and text[stop : stop + 1] == ".")


def protected_of(tree: Tree, text: str) -> list[tuple[int, Protected]]:
    """All protected text of one sentence in order, each with the place of a word that it covers."""
    words = tree.words
    if not words:
        return []
    start, stop = words[0].span.start, words[-1].span.stop
    sentence = text[start:stop]
    found: list[tuple[int, int, str]] = []
    for low, high in quotations(text, start, stop):
        if any(words[p].span.start < low or words[p].span.stop > high for p in tree.content):
            found.append((low, high, "quote"))
    if _WORTH.search(sentence):
        patterns = _ALL if _BEYOND_NUMBERS.search(sentence) else _NUMBERS
        for match in patterns.finditer(sentence):
            group = match.lastgroup
            assert group is not None
            found.append((start + match.start(), start + match.end(), PATTERNS[int(group[1:])][0]))
    covered = [(low, high) for low, high, kind in found if kind != "quote"]
    before_number = False
    passed = 0
    for place, word in enumerate(words):
        if word.upos == "PUNCT" and word.text not in _SIGNS:
            continue
        kind = ""
        lemma = word.lemma.lower()
        number = (word.upos == "NUM" and lemma != "сколько") or word.text[0].isdigit()
        if lemma in NEGATIONS or tree.lower[place] in NEGATIONS:
            kind = "negation"
        elif word.upos == "PROPN":
            kind = "name"
        elif number or "NumType=Ord" in word.feats:
            kind = "number"
        elif lemma in UNITS and before_number:
            kind = "unit"
        # «5 тыс. рублей»: a unit of a unit.
        before_number = number or (before_number and (kind == "unit" or not word.text[0].isalpha()))
        while passed < len(covered) and covered[passed][1] <= word.span.start:
            passed += 1
        if kind and not (passed < len(covered) and covered[passed][0] < word.span.stop):
            if (
                kind == "name"
                and found
                and found[-1][2] == "name"
                and tree.bases[place] in ("flat", "appos", "compound")
                and tree.heads[place] != NOWHERE
                and not text[found[-1][1] : word.span.start].strip().strip(".")
            ):
                found[-1] = (found[-1][0], _stop_of(word, text), "name")
            else:
                found.append((word.span.start, word.span.stop, kind))
    if not found:
        return []
    found.sort()
    result = []
    place = 0
    for low, high, kind in found:
        while place < len(words) - 1 and words[place].span.stop <= low:
            place += 1
        at = place
        while at < len(words) - 1 and words[at].upos == "PUNCT" and words[at + 1].span.start < high:
            at += 1
        result.append((at, Protected(Span(low, high), text[low:high], kind)))
    return result
