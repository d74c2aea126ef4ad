"""The one dictionary of word forms that a process loads: pymorphy3 with OpenCorpora's Russian."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def dictionary() -> Any:
    """The shared `pymorphy3.MorphAnalyzer` (Korobov 2015); it maps its data, about 15 MB of it."""
    from pymorphy3 import MorphAnalyzer  # type: ignore[import-untyped]

    class AnyText(MorphAnalyzer):  # type: ignore[misc]
        """Asked for a letter that Unicode gives no name (Tangut has many), pymorphy3 fails."""

        def parse(self, word: str) -> Any:
            try:
                return super().parse(word)
            except ValueError:
                return super().parse("\ufffd")

    return AnyText(lang="ru")
