"""Which candidates keep the promise: an entry must be exactly what the base makes of its text,
wherever it may stand.
"""

from __future__ import annotations

from collections.abc import Sequence

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.edges import first_class

_PROBES = {
    "word": (" а", ".", ",", "1", "\n", "  ", "-", "'", "»", "…", " -", "\u00ad"),
    "number": (" а", ".", "а", "\n", "-", ",", "%", "-1"),
    "other": (" а", " А", "  ", " 1", " .", "\u00a0а"),
}
_PROBES["inner"] = _PROBES["other"]
"""What may follow a phrase by the class of its last character, as `edges.CLOSES` has it: one of
each kind.
"""


def legal_phrases(
    base: BaseTokenizer, runs: Sequence[tuple[tuple[int, ...], ...]], texts: Sequence[str]
) -> list[bool]:
    """For each phrase: is it what the base makes of its text, unit by unit, before anything that
    may follow it?

    Args:
        runs: base ids of each phrase, unit by unit.
        texts: what they spell.
    """
    if base.split_pattern is None:
        # No export: the parse works on ids, so only the length matters (an entry must save
        # something).
        return [sum(map(len, run)) > 1 for run in runs]
    ids = [
        tuple(e.ids)
        for e in base.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    ]
    # The text of a phrase may be a token that the base makes elsewhere: «-п» of «кто-по» is one
    # unit's part there, and two units in «1-п».
    tokens = set(base.token_bytes)
    return [
        len(found) > 1
        and found == sum(run, ())
        and text.encode() not in tokens
        and _stands(base, text, len(run))
        for found, run, text in zip(ids, runs, texts, strict=True)
    ]


def _stands(base: BaseTokenizer, text: str, units: int) -> bool:
    split = base.splitter.pre_tokenize_str
    if text[-1].isspace() or text.isspace() or len(split(text)) != units:
        return False
    if units == 1:
        return True  # it stands for the whole unit: what follows was settled when that was cut
    size = len(text)
    return all(
        any(start == size for _, (start, _) in split(text + probe))
        for probe in _PROBES[first_class(text[-1])]
    )


class PieceGuard:
    """Accepts a pair as a piece if its text could not be looked up as something else.

    `expansions` are the base ids of the pieces accepted so far, `spelled` their numbers by text.

    In the export a unit that is in the vocabulary is taken whole, so the text of a piece must be no
    token of the base, no other entry, and, where it can be a unit by itself, what the base makes of
    it.
    """

    def __init__(self, base: BaseTokenizer) -> None:
        self.base = base
        self.tokens = set(base.token_bytes)
        self.start()

    def start(self) -> None:
        """Forget the pieces of the last training round."""
        self.expansions: list[tuple[int, ...]] = []
        self.spelled: dict[bytes, int] = {}

    def __call__(self, pair: tuple[int, int]) -> bool:
        expansion = self._expand(pair[0]) + self._expand(pair[1])
        spelled = b"".join(map(self.base.token_bytes.__getitem__, expansion))
        if self.base.split_pattern is not None:
            if spelled in self.tokens or spelled in self.spelled:
                return False
            try:
                text = spelled.decode()
            except UnicodeDecodeError:
                text = ""  # half a character is never a unit
            if text and self.base.encode_units([text]) != [expansion]:
                return False
        self.spelled[spelled] = len(self.expansions)
        self.expansions.append(expansion)
        return True

    def _expand(self, index: int) -> tuple[int, ...]:
        return (index,) if index < self.base.size else self.expansions[index - self.base.size]
