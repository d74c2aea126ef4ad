"""The table of corpora in `corpora/README.md`, out of the cards.

python -m hyperlex_corpora.table corpora/README.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from .cards import Card, list_cards

BEGIN, END = "<!-- cards: begin -->", "<!-- cards: end -->"


def table(cards: Iterable[Card]) -> str:
    """The cards as a table in Markdown."""
    rows = ["| name | what | domain | licence | size | split | sha256 |", "|---" * 7 + "|"]
    rows += [
        f"| `{card.name}` | [{card.title}]({_link(card)}) | {card.domain} | {card.licence} | "
        f"{card.size} | {card.split} | {_hashes(card)} |"
        for card in cards
    ]
    return "\n".join(rows)


def patched(document: str) -> str:
    """The document with the table between its marks. Raises `ValueError` without the marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The marks {BEGIN} and {END} were expected in the document.")
    return f"{before}{BEGIN}\n{table(list_cards())}\n{END}{after}"


def _link(card: Card) -> str:
    # What ships lies beside the document.
    return card.url if card.url.startswith("http") else card.url.removeprefix("corpora/")


def _hashes(card: Card) -> str:
    if not card.files:
        return "ships here" if card.format == "samples" else "streamed"
    known = sum(file.sha256 is not None for file in card.files)
    return f"{known} of {len(card.files)}" if known else "not recorded"


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(patched(document.read_text("utf-8")), "utf-8")
