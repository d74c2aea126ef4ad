"""The one dictionary of word forms that a process loads: pymorphy3 with OpenCorpora's Russian."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_ORDINAL = re.compile(r"(\d+)(-(?:й|я|е|ю|го|му|м|х|ми))")


@cache
def dictionary() -> Any:
    """The shared `pymorphy3.MorphAnalyzer` (Korobov 2015); it maps its data, about 15 MB of it.

    A word that the dictionary knows is looked up here, with the parses that pymorphy3 would give;
    every other is left to its units.
    """
    from pymorphy3 import MorphAnalyzer  # type: ignore[import-untyped]
    from pymorphy3.units.by_lookup import DictionaryAnalyzer  # type: ignore[import-untyped]

    class Analyzer(MorphAnalyzer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(lang="ru")
            unit = self._units[0].analyzer
            self._lookup = unit if isinstance(unit, DictionaryAnalyzer) else None
            self._known = type("Known", (self._result_type,), {"is_known": True})
            self._keys: dict[int, str] = {}

        def parse(self, word: str) -> Any:
            try:
                return self._parse(word)
            except ValueError:
                # Asked for a letter that Unicode gives no name (Tangut has many), or for half of a
                # surrogate pair, pymorphy3 fails.
                return super().parse("\ufffd")

        def _parse(self, word: str) -> Any:
            # A lone letter may also be an initial, which is for another unit to say.
            if len(word) > 1 and self._lookup is not None:
                lower = word.lower()
                found = self.dictionary.words.similar_items(lower, self.char_substitutes)
                if found:
                    return self._of_known(lower, found)
                ordinal = _ORDINAL.fullmatch(lower)
                if ordinal:
                    return self._of_ordinal(*ordinal.groups())
            return super().parse(word)

        def _of_ordinal(self, digits: str, ending: str) -> list[Any]:
            """«1996-м» is read as «5-м» is, which the dictionary has."""
            return [
                parse._replace(word=digits + parse.word[1:], normal_form=digits + "-й")
                for parse in self.parse("5" + ending)
            ]

        def _of_known(self, lower: str, found: Any) -> list[Any]:
            probability = self.prob_estimator.p_t_given_w.get
            # The next lines are `build_normal_form` and `build_tag_info` of pymorphy3's dictionary.
            paradigms, tags = self.dictionary.paradigms, self.dictionary.gramtab
            prefixes, suffixes = self.dictionary.paradigm_prefixes, self.dictionary.suffixes
            rows = []
            total = 0
            for fixed, places in found:
                for place in places:
                    number, row = place
                    paradigm = paradigms[number]
                    size = len(paradigm) // 3
                    normal = fixed
                    if row:
                        start = len(prefixes[paradigm[2 * size + row]])
                        stem = fixed[start : len(fixed) - len(suffixes[paradigm[row]])]
                        normal = prefixes[paradigm[2 * size]] + stem + suffixes[paradigm[0]]
                    number_of_tag = paradigm[size + row]
                    tag = tags[number_of_tag]
                    key = self._keys.get(number_of_tag)
                    if key is None:
                        key = self._keys[number_of_tag] = f":{tag}"
                    count = probability(lower + key, 0)
                    total += count
                    rows.append((count, fixed, tag, normal, place))
            kind, unit = self._known, self._lookup
            if not total:
                share = 1.0 / len(rows)
                return [
                    tuple.__new__(kind, (fixed, tag, normal, share, ((unit, fixed, *place),)))
                    for _, fixed, tag, normal, place in rows
                ]
            if len(rows) > 1:
                rows.sort(key=_count, reverse=True)
            return [
                tuple.__new__(kind, (fixed, tag, normal, n / 1e6, ((unit, fixed, *place),)))
                for n, fixed, tag, normal, place in rows
            ]

    return Analyzer()


def _count(row: Any) -> Any:
    return row[0]
