"""Training, the street: read → count → (pieces ⇄ phrases) → validate → codebook."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.build import Candidate, build_codebook
from hyperlex.codebook.codebook import Codebook
from hyperlex.codebook.corpus import Document, documents
from hyperlex.codebook.joints import RememberedCuts, inner_cuts, morpheme_edges
from hyperlex.codebook.parse import merge_by_rank
from hyperlex.codebook.spans import MorphemeCuts, SceneStarts, punctuation_starts
from hyperlex.codebook.train.config import TrainConfig
from hyperlex.codebook.train.grams import Grams, count_grams
from hyperlex.codebook.train.pieces import Pieces, learn_pieces
from hyperlex.codebook.train.select import Bools, Floats, Selector, Usage
from hyperlex.codebook.train.stream import Unit, UnitStream, read_units
from hyperlex.codebook.validate import PieceGuard, legal_phrases
from hyperlex.errors import ConfigError, VocabularyError

Progress = Callable[[str, int, int | None], None]
"""Called with a stage's name, how far it is, and its end if known."""

_POOL = 6  # the pool that pruning starts from, in multiples of the size
_KEEP = 0.7  # the share that each pruning step keeps
_ROUNDS = 2  # of fitting pieces to phrases and phrases to pieces
# Of the phrases kept the weakest are noise: the last pruning step has just taken their uses away.
_MARGIN = 0.05
_LONGEST_WORD = 200  # base ids: what is longer is no word and has no morphemes
_PIECE_WORDS = 300_000  # distinct units that pieces are learned from, the heaviest first


def train_codebook(
    base: Any,
    texts: str | Path | Iterable[str | Document | Path],
    *,
    size: int,
    scene_starts: SceneStarts = punctuation_starts,
    morpheme_cuts: MorphemeCuts | None = None,
    progress: Progress = lambda stage, done, total: None,
    **options: Any,
) -> Codebook:
    """Learn a codebook: the entries that save most base tokens on `texts` under the canonical
    parse.

    Args:
        base: the tokenizer to extend, in any form that `BaseTokenizer.load` takes.
        texts: a file, a folder, or an iterable of texts, paths and `Document`s; see
            `corpus.documents`.
        size: entries to learn, one id each.
        scene_starts: where scene-like spans begin; phrases are counted inside spans only.
        morpheme_cuts: where morphemes meet inside a word; pieces then grow along them, and each
            entry keeps its own.
        progress: told how far the work is.
        **options: the other fields of `TrainConfig`.

    Returns:
        A codebook of exactly `size` entries, best first. The same input gives the same bytes.

    Raises:
        ConfigError: an empty or missing corpus, or a bad option.
        FormatError: a corpus file that is no UTF-8 text.
        VocabularyError: fewer candidates than `size`.
    """
    try:
        config = TrainConfig(size=size, **options)
    except TypeError as error:
        raise ConfigError(f"{error}. The options are the fields of TrainConfig.") from error
    tokenizer = BaseTokenizer.load(base)
    stream = read_units(
        tokenizer,
        documents(texts),
        scene_starts=scene_starts,
        max_characters=config.max_characters,
        workers=config.workers,
        progress=progress,
    )
    if not len(stream.ids):
        raise ConfigError(
            "The corpus holds no text. Name files or folders with Russian text, .txt or .jsonl."
        )
    return _Training(tokenizer, stream, config, morpheme_cuts, progress).run()


class _Training:
    """One run: what its steps share."""

    def __init__(
        self,
        base: BaseTokenizer,
        stream: UnitStream,
        config: TrainConfig,
        morpheme_cuts: MorphemeCuts | None,
        progress: Progress,
    ) -> None:
        self.base, self.stream, self.config, self.progress = base, stream, config, progress
        if morpheme_cuts is not None and not isinstance(morpheme_cuts, RememberedCuts):
            morpheme_cuts = RememberedCuts(morpheme_cuts)
        self.cuts = morpheme_cuts
        self.edges: dict[int, frozenset[int]] = {}
        self.unit_ids, self.texts = _spell(base, stream.names)
        progress("counting", 0, None)
        self.grams: Grams = count_grams(
            stream,
            self.texts,
            domain_weights(stream.characters, config.balance)[stream.domain],
            max_units=config.max_units,
            min_count=config.min_count,
            min_documents=config.min_documents,
        )
        self.selector = Selector(stream, self.grams)
        self.guard = PieceGuard(base)
        self.base_cost: Floats = np.array([len(ids) for ids in self.unit_ids], np.float64)

    def run(self) -> Codebook:
        size = self.config.size
        alone = self.selector.parse(np.zeros(len(self.grams.length), np.bool_))
        pool = self._pool(alone)
        pieces, share = self._balance(pool, alone)
        pool, share = self._without_spelled(pool, share, len(pieces.parts))
        if share + int(pool.sum()) < size:  # learn pieces from words that phrases cover, too
            pieces = self._pieces(alone.weighted, None, size, 0.0)
            pool, share = self._without_spelled(pool, share, len(pieces.parts))
        active, gain, usage = self._select(pool, pieces, share)
        candidates = self._candidates(active, gain, usage, pieces.first(share))
        if len(candidates) < size:
            remedy = "Ask for fewer, or give more text." if candidates else "Give more text."
            raise VocabularyError(
                f"size={size}: the corpus has only {len(candidates)} candidates that occur often "
                f"enough (min_count={self.config.min_count}, "
                f"min_documents={self.config.min_documents}). {remedy}"
            )
        return build_codebook(self.base, candidates)

    def _balance(self, pool: Bools, alone: Usage) -> tuple[Pieces, int]:
        """Pieces, and how many of them go into the codebook beside the phrases.

        A piece earns its id as a phrase does, so pieces are taken while they save more than the
        weakest phrase. Half the way each time, or the two would swing about each other.
        """
        size = self.config.size
        pieces = self._pieces(alone.weighted, None, size // 2, 0.0)
        share = len(pieces.parts) // 2
        for _ in range(_ROUNDS):
            active, gain, usage = self._select(pool, pieces, share)
            full = int(active.sum()) == size - share
            weakest = float(np.quantile(gain[active], _MARGIN)) if full and active.any() else 0.0
            pieces = self._pieces(usage.weighted, active, size, weakest)
            share = (share + min(len(pieces.parts), size)) // 2
        return pieces, min(share, len(pieces.parts))

    def _without_spelled(self, pool: Bools, share: int, pieces: int) -> tuple[Bools, int]:
        """The pool without what a piece spells (a text has one entry), and the number of pieces,
        raised if the phrases left over are too few to fill the size.
        """
        never = len(self.guard.expansions)
        ranks = {
            gram: rank
            for gram in np.flatnonzero(pool).tolist()
            if (rank := self.guard.spelled.get("".join(self._texts(gram)).encode(), never)) < never
        }
        while True:
            left = pool.copy()
            left[[gram for gram, rank in ranks.items() if rank < share]] = False
            lacking = self.config.size - share - int(left.sum())
            if lacking <= 0 or share == pieces:
                return left, share
            share = min(pieces, share + lacking)

    def _pool(self, usage: Usage) -> Bools:
        """Legal grams that would save most if nothing else were there, `_POOL` times as many as
        asked for.
        """
        grams, config = self.grams, self.config
        weighted = usage.weighted.copy()
        cost = np.concatenate([self.base_cost, np.empty(len(grams.length) - grams.units)])
        for level in grams.levels:
            here = slice(level.first, level.stop)
            cost[here] = cost[grams.prefix[here]] + self.base_cost[grams.last[here]]
            weighted[here] = np.bincount(
                level.grams - level.first, grams.weight[level.places], level.stop - level.first
            )
        saves = weighted * (cost - 1)
        saves[: grams.units][usage.count[: grams.units] < config.min_count] = 0
        order = np.lexsort((np.arange(len(saves)), -saves))[: _POOL * config.size]
        order = order[saves[order] > 0]
        legal = legal_phrases(
            self.base,
            [self._runs(int(g)) for g in order],
            ["".join(self._texts(int(g))) for g in order],
        )
        pool = np.zeros(len(saves), np.bool_)
        pool[order[np.array(legal, np.bool_)]] = True
        return pool

    def _select(self, pool: Bools, pieces: Pieces, share: int) -> tuple[Bools, Floats, Usage]:
        """The phrases that go with the first `share` pieces."""
        size, at_first = self.config.size - share, int(pool.sum())

        def told(held: int) -> None:
            self.progress("pruning", at_first - held, max(0, at_first - size))

        cost = self._unit_cost(pieces.parts[:share])
        return self.selector.select(pool, cost, size, keep=_KEEP, progress=told)

    def _pieces(self, weighted: Floats, active: Bools | None, limit: int, least: float) -> Pieces:
        """Pieces for the units that no phrase covers."""
        weight = weighted[: self.grams.units].copy()
        weight[self.base_cost < 2] = 0
        if active is not None:
            weight[active[: self.grams.units]] = 0
        order = np.lexsort((np.arange(len(weight)), -weight))[:_PIECE_WORDS]
        order = order[weight[order] > 0]
        words = [(self.unit_ids[u], float(weight[u])) for u in order]
        edges = None
        if self.cuts is not None:
            self.cuts.ask((self.texts[u] for u in order), self.config.workers)
            edges = [self._edges(int(u)) for u in order]
        self.guard.start()
        pieces = learn_pieces(
            words,
            seam=self.base.size,
            limit=limit,
            least_gain=max(least, float(self.config.min_count)),
            accept=self.guard,
            edges=edges,
            crossing=self.config.crossing,
            progress=lambda done: self.progress("merging", done, limit),
        )
        examples = [(int(order[word]), first) for word, first in pieces.examples]
        return replace(pieces, examples=examples)

    def _edges(self, unit: int) -> frozenset[int]:
        """Where morphemes of a unit begin or end, in its base ids, as `learn_pieces` counts."""
        assert self.cuts is not None
        if len(self.unit_ids[unit]) > _LONGEST_WORD:
            return frozenset()
        if unit not in self.edges:
            text, sizes = self.texts[unit], self.base.token_bytes
            ends = [0, *accumulate(len(sizes[i]) for i in self.unit_ids[unit])]
            places = [len(text[:edge].encode()) for edge in morpheme_edges(text, self.cuts)]
            self.edges[unit] = frozenset(
                bisect_left(ends, place) + bisect_right(ends, place) - 1 for place in places
            )
        return self.edges[unit]

    def _cuts_of_phrase(self, gram: int) -> tuple[int, ...] | None:
        return None if self.cuts is None else inner_cuts("".join(self._texts(gram)), self.cuts)

    def _cuts_of_piece(
        self, example: tuple[int, int], ids: tuple[int, ...]
    ) -> tuple[int, ...] | None:
        """Where morphemes meet in a piece: as in the heaviest word that it was learned from."""
        if self.cuts is None:
            return None
        unit, first = example
        sizes = self.base.token_bytes
        begin = sum(len(sizes[i]) for i in self.unit_ids[unit][:first])
        data = b"".join(sizes[i] for i in ids)
        text = self.texts[unit]
        places = (len(text[:cut].encode()) - begin for cut in inner_cuts(text, self.cuts))
        return tuple(len(data[:at].decode(errors="replace")) for at in places if 0 < at < len(data))

    def _unit_cost(self, parts: list[tuple[int, int]]) -> Floats:
        merges = {pair: self.base.size + rank for rank, pair in enumerate(parts)}
        return np.array(
            [
                len(ids) if len(ids) < 2 else len(merge_by_rank(list(ids), merges))
                for ids in self.unit_ids
            ],
            np.float64,
        )

    def _candidates(
        self, active: Bools, gain: Floats, usage: Usage, pieces: Pieces
    ) -> list[Candidate]:
        """Phrases and pieces together, best first, pieces in their order."""
        phrases = [
            Candidate(
                gain=float(gain[gram]),
                units=self._runs(gram),
                count=int(usage.count[gram]),
                whole_scenes=int(usage.whole[gram]),
                cuts=self._cuts_of_phrase(gram),
            )
            for gram in np.flatnonzero(active).tolist()
        ]
        merged = [
            Candidate(
                gain=pieces.gains[n],
                parts=parts,
                count=round(pieces.uses[n]),
                piece=n,
                cuts=self._cuts_of_piece(pieces.examples[n], self.guard.expansions[n]),
            )
            for n, parts in enumerate(pieces.parts)
        ]
        return sorted(phrases + merged, key=lambda c: (-c.gain, c.piece, c.units))

    def _runs(self, gram: int) -> tuple[tuple[int, ...], ...]:
        return tuple(self.unit_ids[u] for u in self.grams.spell(gram))

    def _texts(self, gram: int) -> list[str]:
        return [self.texts[u] for u in self.grams.spell(gram)]


def domain_weights(characters: list[int], balance: float) -> NDArray[np.float32]:
    """Weight of a character in each domain: size to the power `-balance`, scaled so that the corpus
    keeps its total.
    """
    sizes = np.maximum(np.array(characters, np.float64), 1.0)
    weights = sizes**-balance
    weights *= sizes.sum() / (weights * sizes).sum()
    return weights.astype(np.float32)


def _spell(base: BaseTokenizer, names: list[Unit]) -> tuple[list[tuple[int, ...]], list[str]]:
    """Base ids and text of each distinct unit."""
    if base.split_pattern is not None:
        texts = [name for name in names if isinstance(name, str)]
        return base.encode_units(texts), texts
    runs = [name for name in names if not isinstance(name, str)]
    return runs, [
        b"".join(map(base.token_bytes.__getitem__, run)).decode(errors="replace") for run in runs
    ]
