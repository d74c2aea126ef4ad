"""Tokenizers to compare with: those that a person names, those found here, those recorded.

Nothing is downloaded unless a hub id is named. What was measured before is never shown as measured
now, and only for the very text that it was measured on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from hyperlex.cli.render import Token
from hyperlex.errors import HyperlexError

if TYPE_CHECKING:
    from hyperlex.cli.page import Bar
    from hyperlex.codebook import BaseTokenizer

RECORD = "story_peers.json"
"""In `hyperlex/artifacts`; written by `benchmarks/cases/story.py`."""

_MOST_CACHED = 3
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def named_peers(names: Sequence[str]) -> list[tuple[str, BaseTokenizer]]:
    """Tokenizers given as `NAME=TOKENIZER` or `TOKENIZER`. Raises as `BaseTokenizer.load`."""
    from hyperlex.codebook import BaseTokenizer

    peers = []
    for name in names:
        label, _, place = name.rpartition("=")
        path = Path(place)
        path = path.parent if path.name == "tokenizer.json" else path
        peers.append((label or path.resolve().name, BaseTokenizer.load(place)))
    return peers


def cached_peers() -> list[tuple[str, BaseTokenizer]]:
    """Tokenizers of models in the Hugging Face cache of this machine, the last used first."""
    from hyperlex.codebook import BaseTokenizer
    from hyperlex.measure.peers import cached_tokenizers

    peers: list[tuple[str, BaseTokenizer]] = []
    for name, path in cached_tokenizers():
        try:
            peers.append((name, BaseTokenizer.load(path)))
        except HyperlexError:
            continue  # half a download is not the demo's business
        if len(peers) == _MOST_CACHED:
            break
    return peers


def recorded_peers(text: str, measured: Collection[str]) -> list[tuple[Bar, list[Token]]]:
    """Well-known tokenizers whose tokens of this very text were recorded; of another text none.

    Args:
        measured: `BaseTokenizer.sha256` of those that were measured now, to be left out.

    Returns:
        Each with its tokens, or with no token where only their number was recorded.
    """
    from hyperlex.cli.page import Bar

    file = files("hyperlex").joinpath("artifacts", RECORD)
    record = json.loads(file.read_text("utf-8"))
    if record["text_sha256"] != hashlib.sha256(text.encode()).hexdigest():
        return []
    return [
        (Bar(row["name"], row["tokens"], recorded=record["date"]), cut(text, row["lengths"]))
        for row in record["tokenizers"]
        if row["ids_sha256"] not in measured
    ]


def spell_lengths(tokens: Sequence[Token]) -> str:
    """How many characters each token completes: a digit each, in base 36. See `cut`."""
    return "".join(_DIGITS[len(token.text)] for token in tokens)


def cut(text: str, lengths: str) -> list[Token]:
    """The inverse of `spell_lengths`, given the text that the tokens spell."""
    stops = list(accumulate(int(digit, 36) for digit in lengths))
    return [Token(-1, text[start:stop]) for start, stop in zip([0, *stops], stops, strict=False)]
