"""Ids as people read them: what each spells, what a hypertoken stands for, colours.

`explain` shows one text with it, `demo` two spellings of one text; the page draws from the same.
"""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hyperlex.visible import PART, visible

if TYPE_CHECKING:
    from rich.text import Text

    from hyperlex.codebook import BaseTokenizer
    from hyperlex.tokenizer import HyperTokenizer

STEPS = (3, 4, 6)
"""Base ids from which a hypertoken gets the next deeper colour."""

_BACKGROUNDS = (
    ("#d5ecdf", "#c5e4d3"),
    ("#a9dabf", "#98d0b1"),
    ("#74c29b", "#63b68c"),
    ("#3fa274", "#349568"),
)


@dataclass(frozen=True, slots=True)
class Token:
    """One id of an encoded text.

    Attributes:
        id: the id.
        text: the characters that it completes; "" if it ends inside its only character.
        kind: "base", "phrase" or "piece".
        parts: what the base ids that it stands for spell; empty for a base id.
    """

    id: int
    text: str
    kind: str = "base"
    parts: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """0 for a base id, else 1 to 4 by the number of base ids that it stands for."""
        return 1 + sum(len(self.parts) >= step for step in STEPS) if self.parts else 0


@dataclass(frozen=True, slots=True)
class Use:
    """A hypertoken in one text.

    Attributes:
        token: the first occurrence.
        times: how often it occurs there.
        trained: how often it occurred in the corpora that the codebook was learned from.
    """

    token: Token
    times: int
    trained: int

    @property
    def saved(self) -> int:
        """Base ids saved in the text."""
        return self.times * (len(self.token.parts) - 1)


def hyper_tokens(tok: HyperTokenizer, ids: Sequence[int]) -> list[Token]:
    """Tokens of ids that `tok` made."""
    seam, book, spelled = tok.layout.base_size, tok.codebook, tok.base.token_bytes
    texts = spell(book.entry_bytes(i - seam) if i >= seam else spelled[i] for i in ids)
    tokens = []
    for index, text in zip(ids, texts, strict=True):
        if index < seam:
            tokens.append(Token(index, text))
            continue
        kind = "phrase" if book.units[index - seam] else "piece"
        parts = spell(spelled[part] for part in book.expansions[index - seam])
        tokens.append(Token(index, text, kind, tuple(parts)))
    return tokens


def base_tokens(base: BaseTokenizer, ids: Sequence[int]) -> list[Token]:
    """Tokens of ids that `base` made."""
    spelled = base.token_bytes
    return [Token(i, text) for i, text in zip(ids, spell(spelled[i] for i in ids), strict=True)]


def spell(runs: Iterable[bytes]) -> list[str]:
    """The characters that each run of bytes completes; joined they are the text of all runs."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    texts = [decoder.decode(run) for run in runs]
    if texts:
        texts[-1] += decoder.decode(b"", final=True)
    return texts


def uses(tok: HyperTokenizer, tokens: Iterable[Token]) -> list[Use]:
    """The hypertokens among `tokens`, those first that save most."""
    tokens = [token for token in tokens if token.parts]
    times = Counter(token.id for token in tokens)
    first = {token.id: token for token in reversed(tokens)}
    counts, seam = tok.codebook.counts, tok.layout.base_size
    found = [Use(first[i], times[i], int(counts[i - seam])) for i in times]
    return sorted(found, key=lambda use: (-use.saved, use.token.id))


def on_one_line(text: str) -> str:
    """`visible`, with spaces at the edges shown: for cells of a table."""
    seen = visible(text).replace("\n", "")
    inner = seen.strip(" ")
    if not inner:
        return "␣" * len(seen)
    lead = len(seen) - len(seen.lstrip(" "))
    return "␣" * lead + inner + "␣" * (len(seen) - lead - len(inner))


def joined_parts(parts: Sequence[str]) -> str:
    """`␣сто|ял`: what a hypertoken stands for, base id by base id."""
    return "|".join(on_one_line(part) or PART for part in parts)


def coloured(tokens: Sequence[Token], *, colour: bool) -> Text:
    """Tokens in a row: hypertokens on colours, or, without colour, with `|` between all tokens."""
    from rich.text import Text

    result = Text()
    for number, token in enumerate(tokens):
        text = visible(token.text) or PART
        if not colour:
            result.append(f"|{text}" if number else text)
            continue
        # Two shades of each colour in turn, so that the edge between neighbours shows.
        shade = number % 2
        style = f"#1c1c1c on {_BACKGROUNDS[token.depth - 1][shade]}" if token.depth else ""
        # The colour must not run on to the edge of the terminal after a line end.
        for line in text.splitlines(keepends=True):
            result.append(line.removesuffix("\n"), style or ("dim" if shade else ""))
            result.append("\n" if line.endswith("\n") else "")
    return result
