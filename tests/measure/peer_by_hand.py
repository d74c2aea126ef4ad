"""A tokenizer whose tokens are written down in the test: `Он| под|ошёл|.`"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np

from hyperlex.measure.peer import Ids, Peer


class ByHand(Peer):
    """Cuts the texts that it is told, and joins ids back.

    Args:
        cut: texts with `|` where a token ends; no other text can be encoded.
        hyper: tokens of these spellings are hypertokens.
        base: how many base tokens each hypertoken stands for.
    """

    kind = "by hand"

    def __init__(self, name: str, *cut: str, hyper: Sequence[str] = (), base: int = 2) -> None:
        self.name = name
        spelled = dict.fromkeys(piece for text in cut for piece in text.split("|"))
        plain = [piece for piece in spelled if piece not in hyper]
        self._spelled = [*plain, *hyper]
        self.size, self.hyper = len(self._spelled), len(hyper)
        self._base = base
        self._ids: dict[str, list[int]] = {"": []} | {
            text.replace("|", ""): [self._spelled.index(piece) for piece in text.split("|")]
            for text in cut
        }

    def encode_batch(self, texts: Sequence[str]) -> list[Ids]:
        return [np.array(self._ids[text], np.int64) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        return "".join(self._spelled[index] for index in ids)

    def stops(self, text: str, ids: Ids) -> Ids:
        sizes = (len(self.pieces[index]) for index in ids.tolist())
        return np.array(list(accumulate(sizes)), np.int64)

    @property
    def pieces(self) -> list[bytes]:
        return [piece.encode() for piece in self._spelled]

    @property
    def expansion(self) -> Ids:  # type: ignore[override]
        plain = np.ones(self.size - self.hyper, np.int64)
        return np.concatenate([plain, np.full(self.hyper, self._base)])
