"""Pieces of text that razdel takes for sentences and that are none: each goes with the one before.

«Опера &quot;Дон Жуан&quot;| Моцарта», «Замечательно!!| 😍», «13 чел.| / км²»,
«Гордон (род.| 21 декабря 1948 г.)», «В 1970-х гг.| Старый порт опустел.»
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

ENTITIES = r"(?:&(?:\#\d{1,5}|[a-z]{2,6});)+"
"""A pattern of mark-up's entities behind each other."""
# One is a quotation mark of mark-up and its semicolon none of the sentence, unless a stop stands
# before it.
_ENTITY = re.compile(rf"(?<![.?!…;]){ENTITIES}$")
_DESCRIBES = re.compile(
    r"(?<!\w)(?:род|реж|сост|табл|илл|сокр|букв|авт|худ|комп|опубл|ред|пер|абз"
    r"|янв|февр?|апр|авг|сент?|окт|нояб?|дек)\.$",
    re.IGNORECASE,
)
"""Abbreviations of what a number follows, or within brackets a name: «(реж. Иванова)»."""
_UNIT = re.compile(r"(?<!\w)(?:чел|экз|шт|руб|коп|тыс|мин|сек|га|км|кг|гг?|вв?)\.$")
"""Abbreviations behind which a bracket opens within a sentence: «13 чел. (2019)»."""
_PER = re.compile(r"/\s?[a-zа-яё\d]")
_DATE = re.compile(
    r"(?:в|во|к|ко|с|со|до|после|около|на|от|из|по)\s(?:[\w-]+\s){0,5}(?:[\w-]*\d[\w-]*|[IVX]+)"
    r"\s(?:\w+\.?\s){0,2}(?:гг|вв|н\.\s?э)\.",
    re.IGNORECASE,
)
"""A date and nothing else; more would be a sentence of its own."""


_NEAR = 200
"""Code points before a piece that are looked at."""


def whole_sentences(pieces: Iterable[tuple[int, str]], text: str) -> Iterator[tuple[int, str]]:
    """The sentences of `text` made of razdel's: each with the place where it begins."""
    begin = stop = -1
    for start, piece in pieces:
        if begin < 0:
            begin = start
        elif not _runs_on(text[max(begin, stop - _NEAR) : stop], piece):
            yield begin, text[begin:stop]
            begin = start
        stop = start + len(piece)
    if begin >= 0:
        yield begin, text[begin:stop]


def _runs_on(before: str, piece: str) -> bool:
    if not any(map(str.isalnum, piece)):
        return True
    if before[-1] == ";":
        return _ENTITY.search(before) is not None
    if before[-1] != ".":
        return False
    if _PER.match(piece) or _DATE.fullmatch(before):
        return True
    if piece[0] == "(":
        return _UNIT.search(before) is not None
    number_or_name = piece[0].isdigit() or before.count("(") > before.count(")")
    return number_or_name and _DESCRIBES.search(before) is not None
