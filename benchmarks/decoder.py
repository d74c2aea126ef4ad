"""The decoder that the measures M1 and M4 ask: a language model that also reads codes.

It is a model of plain text, gone on with on two kinds of sequences, of which only exact text is
predicted:

    [end] exact text · code of a scene · ⟨told⟩ · that scene, exactly · code of the next … (M1)
    [end] a context, whole, shortened or none · the exact text after it                    (M4)

Rungs, their absence, and ways to shorten a context are drawn alike, so that none is read better for
having been read more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.copying import Copying, Spellings
from benchmarks.passages import RUNGS, Coder, Passage
from hyperlex.ladder.encode import VERBATIM
from hyperlex.ladder.lexicon import EXACT
from hyperlex.measure.baselines import RarestFirst, thinned
from hyperlex.measure.conditional import Gathered, Given, batches
from hyperlex.model.scene_embedding import SceneEmbedding
from hyperlex.recipes.pretrain.model import training_flops
from hyperlex.recipes.pretrain.schedule import Schedule
from hyperlex.recipes.pretrain.train import adamw
from hyperlex.tokenizer import HyperTokenizer

Integers = NDArray[np.int64]

TOLD = 2
"""A reserved marker: the code before it tells the text after it. `EXACT` before text says only that
what was told is over."""

NO_CONTEXT, FULL = "no context", "full exact context"
LAST, WORDS, POOLED = "last exact ids", "top-IDF words", "mean-pooled embeddings"
OUTLINES = {f"rung {rung}": rung for rung in RUNGS}
MIXED = {f"rung {rung}, then exact": rung for rung in (1, 2)}
SHORTENED = (*OUTLINES, *MIXED, LAST, WORDS, POOLED)


@dataclass(frozen=True)
class Lengths:
    """How many exact ids there are of everything.

    Attributes:
        before: that stand before the scenes of M1.
        scenes: of the scenes of M1 together, about.
        context: of the full context of M4.
        following: that are scored after a context.
        budgets: of shortened contexts, their marker included.
    """

    before: int = 64
    scenes: int = 128
    context: int = 256
    following: int = 256
    budgets: tuple[int, ...] = (32, 64, 128)


class Sequences:
    """Makes what the decoder reads.

    Args:
        coder: of the tokenizer.
        rarest: ranks words for the baseline.
        lengths: of everything.
    """

    def __init__(self, coder: Coder, rarest: RarestFirst, lengths: Lengths) -> None:
        self.coder, self.rarest, self.lengths = coder, rarest, lengths
        self._told = coder.first + TOLD
        self._exact = coder.first + EXACT

    def told(
        self,
        before: Integers,
        pieces: Sequence[Integers],
        codes: Sequence[Sequence[int]] | None,
        *,
        learn: bool = False,
    ) -> Given:
        """M1: each scene after its code, or plain text where there are no codes.

        Args:
            before: exact ids that stand before.
            pieces: the exact ids of each scene.
            codes: a code for each scene, or None.
            learn: score `before`, too.
        """
        parts: list[tuple[Any, bool]] = [([self.coder.end], False), (before, learn)]
        for place, piece in enumerate(pieces):
            if codes is not None:
                parts.append(([*codes[place], self._told], False))
            parts.append((piece, True))
        return Given.of(parts)

    def codes(self, passage: Passage, first: int, last: int, rung: int) -> list[Sequence[int]]:
        """The codes of some scenes at a rung; at rung 4 their exact ids."""
        if rung == VERBATIM:
            return [[self._exact, *piece.tolist()] for piece in passage.pieces(first, last)]
        return list(passage.codes[rung][first:last])

    def after(
        self,
        context: Passage,
        following: Integers,
        system: str,
        budget: int = 0,
        *,
        learn: bool = False,
    ) -> Given:
        """M4: exact ids after a context.

        Args:
            context: all of it, coded by itself.
            following: the ids after it.
            system: `NO_CONTEXT`, `FULL` or one of `SHORTENED`.
            budget: places that a shortened context takes at most, its marker included.
            learn: score exact ids of the context, too.
        """
        start: tuple[Any, bool] = ([self.coder.end], False)
        marker: tuple[Any, bool] = ([self._exact], False)
        ids, rest = context.ids, (following, True)
        if system == NO_CONTEXT:
            return Given.of([start, rest])
        if system == FULL or (system == LAST and len(ids) <= budget):
            return Given.of([start, (ids, learn), rest])
        if system == LAST:
            return Given.of([start, (ids[len(ids) - budget :], learn), rest])
        if system == POOLED:
            given = Given.of([start, (ids, False), marker, rest])
            return given.pooled(1, 1 + len(ids), budget - 1)
        if system == WORDS:
            words = thinned(context.text, budget - 1, self.rarest, self.coder.tok.encode)
            return Given.of([start, (words.ids, False), marker, rest])
        if system in OUTLINES:
            codes = context.codes[OUTLINES[system]]
            first = self.coder.last_that_fit(codes, budget - 1)
            return Given.of([start, (self.coder.joined(codes[first:]), False), marker, rest])
        codes = context.codes[MIXED[system]]
        cut = next(k for k in range(len(codes) + 1) if len(ids) - context.edge(k) <= budget // 2)
        tail = ids[context.edge(cut) :]
        first = self.coder.last_that_fit(codes[:cut], budget - 1 - len(tail))
        old = self.coder.joined(codes[first:cut])
        return Given.of([start, (old, False), marker, (tail, learn), rest])

    def sample(self, passage: Passage, random: np.random.Generator) -> Iterator[Given]:
        """One sequence of each kind from a passage to learn from, where it is long enough."""
        scenes = len(passage.begins)
        first = int(random.integers(scenes))
        last = self.scenes_from(passage, first)
        rung = int(random.integers(VERBATIM + 1))
        begins = passage.edge(first)
        codes = self.codes(passage, first, last, rung) if rung else None
        before = passage.ids[max(0, begins - self.lengths.before) : begins]
        yield self.told(before, passage.pieces(first, last), codes, learn=True)
        cuts = [k for k in range(1, scenes) if passage.edge(k) < len(passage.ids)]
        if cuts:
            cut = cuts[int(random.integers(len(cuts)))]
            context = self.part(passage, cut)
            edge = passage.edge(cut)
            following = passage.ids[edge : edge + self.lengths.following]
            system = (NO_CONTEXT, FULL, *SHORTENED)[int(random.integers(2 + len(SHORTENED)))]
            budget = int(random.choice(self.lengths.budgets))
            yield self.after(context, following, system, budget, learn=True)

    def scenes_from(self, passage: Passage, first: int) -> int:
        """One past the last scene of those from `first` on that are scored together."""
        last = first + 1
        while last < len(passage.begins) and (
            passage.edge(last) - passage.edge(first) < self.lengths.scenes
        ):
            last += 1
        return last

    def part(self, passage: Passage, stop: int) -> Passage:
        """The scenes before scene `stop` that the full context has room for, as a passage."""
        edge = passage.edge(stop)
        first = next(k for k in range(stop + 1) if edge - passage.edge(k) <= self.lengths.context)
        begin = passage.edge(first)
        start, end = passage.character(begin), passage.character(edge)
        return Passage(
            passage.domain,
            passage.text[start:end],
            passage.ids[begin:edge],
            passage.stops[begin:edge] - start,
            passage.begins[first:stop] - begin,
            {rung: codes[first:stop] for rung, codes in passage.codes.items()},
        )


class Decoder(nn.Module):
    """A causal language model that also reads scene ids, and copies what it has read.

    Args:
        model: of transformers; trained along.
        tok: its tokenizer, with scene ids.
        dtype: to compute the model in while it is trained; None: as its weights are.
    """

    def __init__(self, model: Any, tok: HyperTokenizer, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.model, self.dtype = model, dtype
        self.embed = SceneEmbedding(model.get_input_embeddings(), tok)
        head = model.get_output_embeddings().weight
        self.copying = Copying(head, Spellings(tok), tok.layout.first_scene)

    def forward(self, batch: Gathered) -> Tensor:
        """Nats of the scored ids of a batch: float [k]."""
        head = self.model.get_output_embeddings().weight
        vectors = batch.vectors(self.embed)
        lower = self.dtype if self.training else None
        with torch.autocast(head.device.type, lower, enabled=lower is not None):
            found = self.model.base_model(inputs_embeds=vectors, use_cache=False)
            hidden = found.last_hidden_state
            logits = hidden.flatten(0, 1)[batch.asked] @ head.T
        nats: Tensor = self.copying(batch, vectors, hidden.float(), head, logits.float())
        return nats


@dataclass(frozen=True)
class Training:
    """How the decoder is trained.

    Attributes:
        flops: how much, forward and backward, as `training_flops` counts them.
        rate: the highest learning rate.
        places: of a batch, padding included.
        seed: of the order.
    """

    flops: float
    rate: float = 2e-3
    places: int = 2_048
    seed: int = 0


def train(
    decoder: Decoder, sequences: Sequences, passages: Sequence[Passage], options: Training
) -> list[float]:
    """Train until the FLOPs are spent, the same at every run on one thread; losses of the steps."""
    schedule = Schedule(options.rate, "wsd", warmup=0.03, decay=0.4)
    optimiser = adamw(decoder, options.rate, 0.1)
    per_place = training_flops(decoder.model, 1, sequences.lengths.context)
    spent, losses = 0.0, []
    decoder.train()
    for given in _batches(sequences, passages, options):
        flops = float(per_place * len(given) * max(map(len, given)))
        flops += decoder.copying.flops(given)
        for group in optimiser.param_groups:
            group["lr"] = schedule((spent + flops / 2) / options.flops)
        loss = decoder(Gathered.of(given)).mean()
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(float(loss.detach()))
        spent += flops
        if spent >= options.flops:
            break
    decoder.eval()
    return losses


_POOL = 64
"""Passages whose sequences are put together by length."""


def _batches(
    sequences: Sequences, passages: Sequence[Passage], options: Training
) -> Iterator[list[Given]]:
    random = np.random.default_rng(options.seed)
    while True:
        order = random.permutation(len(passages))
        for start in range(0, len(order), _POOL):
            pool = [
                given
                for number in order[start : start + _POOL].tolist()
                for given in sequences.sample(passages[number], random)
            ]
            cut = list(batches(pool, options.places))
            for number in random.permutation(len(cut)).tolist():
                yield [pool[k] for k in cut[number]]
