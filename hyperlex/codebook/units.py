"""Base ids cut into units: what the base never merges across, and what phrases are made of.

A unit is a pre-token of a byte-level base (usually a word with its leading space), or, where the
base has no such pattern of its own (SentencePiece, WordPiece), a run of tokens between word edges.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence, Set
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from tokenizers import Regex
from tokenizers.pre_tokenizers import PreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizerSequence

from hyperlex.codebook.edges import INNER_CLASS, closes_at, opens_at

GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""What `ByteLevel(use_regex=True)` splits by (openai/gpt-2, encoder.py)."""

WORD_PATTERN = (
    rf" ?[\p{{L}}\p{{M}}]+(?:[{INNER_CLASS}][\p{{L}}\p{{M}}]+)*"
    r"| ?\p{N}{1,3}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Our own base splits by this: hyphens and apostrophes stay inside their word, a space leads
whatever follows it. Also the units of bases that have no pattern of their own.
"""


@dataclass(frozen=True, slots=True)
class Units:
    """A run of base ids cut into units.

    `edges` holds the index of each unit's first id and, last, the length of the run (so one more
    than there are units); `opens[i]`, `closes[i]`: may a phrase of several units begin, or end, at
    `edges[i]`?
    """

    edges: list[int]
    opens: list[bool]
    closes: list[bool]


def split_pattern(pre_tokenizer: dict[str, Any] | None) -> str | None:
    """The regular expression by which a byte-level pre-tokenizer cuts, or None where there is not
    exactly one.

    Only a `Split` by one pattern before (or the pattern inside) `ByteLevel` can be prefixed with
    phrases.
    """
    *splits, last = _steps(pre_tokenizer) or [{"type": None}]
    if last["type"] != "ByteLevel" or last.get("add_prefix_space", True):
        return None
    if not splits:
        return GPT2_PATTERN if last.get("use_regex", True) else None
    first = splits[0]
    plain = first["type"] == "Split" and first["behavior"] == "Isolated" and not first["invert"]
    if (
        len(splits) > 1
        or last.get("use_regex", True)
        or not plain
        or "Regex" not in first["pattern"]
    ):
        return None
    return str(first["pattern"]["Regex"])


def splitter(pre_tokenizer: dict[str, Any] | None) -> PreTokenizer:
    """Cuts a text into units, as text (no byte-level spelling); by our own pattern where the base
    is not byte-level or does more than split.
    """
    *splits, last = _steps(pre_tokenizer) or [{"type": None}]
    if last["type"] != "ByteLevel" or any(step["type"] != "Split" for step in splits):
        return Split(Regex(WORD_PATTERN), "isolated")
    kept: list[PreTokenizer] = [_split(step) for step in splits]
    if last.get("use_regex", True):
        kept.append(Split(Regex(GPT2_PATTERN), "isolated"))
    return kept[0] if len(kept) == 1 else PreTokenizerSequence(kept)


def cut_units(
    ids: Sequence[int], token_bytes: Sequence[bytes], added: Set[int], splitter: PreTokenizer
) -> Units:
    """Cut a run of base ids into units.

    An added token is a unit that no phrase may touch. Ids that spell no valid UTF-8 are units of
    their own; an id that reaches over a unit's edge (no encoder of the base makes one) joins the
    two units.
    """
    result = Units([], [], [])
    start = 0
    for stop, token in enumerate(ids):
        if token in added:
            _cut_text([token_bytes[i] for i in ids[start:stop]], start, splitter, result)
            _append(result, stop)
            start = stop + 1
    _cut_text([token_bytes[i] for i in ids[start:]], start, splitter, result)
    _append(result, len(ids))
    return result


def _cut_text(pieces: list[bytes], offset: int, splitter: PreTokenizer, result: Units) -> None:
    """Append the units of ids that spell `pieces`; the first of them has the index `offset`."""
    data = memoryview(b"".join(pieces))
    edges = [0, *accumulate(map(len, pieces))]  # of the pieces, in bytes
    at = 0
    while at < len(pieces):
        stop = len(pieces)
        try:
            text = str(data[edges[at] :], "utf-8")
        except UnicodeDecodeError as error:
            # Cut before the id that holds the first bad byte, and leave that id alone.
            stop = bisect_right(edges, edges[at] + error.start) - 1
            text = str(data[edges[at] : edges[stop]], "utf-8", "ignore")
            if len(text.encode()) != edges[stop] - edges[at]:
                text = ""  # the id before ends inside a character that the bad one spoils
        if text:
            _cut_valid(text, pieces[at:stop], offset + at, splitter, result)
        elif stop > at:
            _append(result, offset + at)
        if stop < len(pieces):
            _append(result, offset + stop)
            stop += 1
        at = stop


def _cut_valid(
    text: str, pieces: list[bytes], offset: int, splitter: PreTokenizer, result: Units
) -> None:
    """Append the units of `text`, which `pieces` spell."""
    positions = {0: 0}
    length = 0
    for index, piece in enumerate(pieces):
        positions.setdefault(length, index)
        length += len(piece)
    byte = 0
    for unit, (start, _) in splitter.pre_tokenize_str(text):
        if byte in positions:
            result.edges.append(offset + positions[byte])
            result.opens.append(opens_at(text, start))
            result.closes.append(start == 0 or closes_at(text, start))
        byte += len(unit.encode())


def _append(units: Units, edge: int) -> None:
    """An edge where phrases may end and none may begin."""
    units.edges.append(edge)
    units.opens.append(False)
    units.closes.append(True)


def _steps(pre_tokenizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    if pre_tokenizer is None:
        return []
    if pre_tokenizer["type"] == "Sequence":
        return [step for inner in pre_tokenizer["pretokenizers"] for step in _steps(inner)]
    return [pre_tokenizer]


def _split(step: dict[str, Any]) -> Split:
    (kind, pattern), *_ = step["pattern"].items()
    names = {"MergedWithPrevious": "merged_with_previous", "MergedWithNext": "merged_with_next"}
    behaviour = names.get(step["behavior"], step["behavior"].lower())
    return Split(Regex(pattern) if kind == "Regex" else pattern, behaviour, step["invert"])
