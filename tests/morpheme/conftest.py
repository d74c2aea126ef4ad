"""A tiny network with random weights and a small lexicon: the laws hold for any learned data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hyperlex.morpheme import parse_notation
from hyperlex.morpheme.endings import EndingRules
from hyperlex.morpheme.labels import CLASSES, Piece
from hyperlex.morpheme.letters import ALPHABET
from hyperlex.morpheme.lexicon import build
from hyperlex.morpheme.network import REACH, RUNS, Weights
from hyperlex.morpheme.store import Learned, from_bytes, to_bytes

KNOWN = (
    "под:PREF/окон:ROOT/ник:SUFF",
    "окош:ROOT/к:SUFF/о:END",
    "чита:ROOT/ть:SUFF",
    "книг:ROOT/а:END",
    "серебр:ROOT/ян:SUFF/ый:END",
)


def rows(lines: tuple[str, ...]) -> list[tuple[str, tuple[Piece, ...]]]:
    """Words with their pieces from lines in Tikhonov's notation."""
    parsed = [parse_notation(line) for line in lines]
    return [
        ("".join(m.text for m in found), tuple((len(m.text), m.type) for m in found))
        for found in parsed
    ]


def _random_weights(seed: int, width: int = 8, depth: int = 4, bits: int = 6) -> Weights:
    """Weights that give every class its turn."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return rng.normal(0, 1 / shape[0] ** 0.5, shape).astype(np.float32)

    return Weights(
        multipliers=rng.integers(1, 1 << 63, (2 * REACH, RUNS), dtype=np.uint64),
        salts=rng.integers(1, 1 << 63, RUNS, dtype=np.uint64),
        mix=0x9E3779B97F4A7C15,
        runs=rng.integers(-127, 128, (1 << bits, depth), dtype=np.int8),
        project=normal(2 * depth, width) / 100,
        letters=normal(len(ALPHABET) + 2, width) * 5,
        layers=tuple((normal(3 * width, width), normal(width)) for _ in range(2)),
        out=(normal(width, CLASSES), normal(CLASSES)),
    )


@pytest.fixture(scope="session")
def random_weights() -> Callable[[int], Weights]:
    """Makes small weights from a seed."""
    return _random_weights


@pytest.fixture(scope="session")
def tiny() -> Learned:
    """Learned data of a few kilobytes, as it comes back from its file."""
    learned = Learned(
        _random_weights(3),
        build(rows(KNOWN[:-1])),
        build(rows(KNOWN[-1:])),
        EndingRules({("ть", "ющий", 3): (6, 7, 8, 9)}),
    )
    return from_bytes(to_bytes(learned), str(learned.endings), origin=None)  # type: ignore[arg-type]
