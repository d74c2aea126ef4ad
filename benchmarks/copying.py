"""A copy path for a small language model: without one it makes nothing of what it has read.

A model of a few million parameters that has read a few million tokens has no heads yet that copy,
and what it does not use looks as if the code had lost it. So the decoder may point: the probability
of the next id is a mixture of the model's own and of what some heads of attention point at (Merity
et al. 2016, *Pointer sentinel mixture models*, arXiv 1609.07843). What codes keep is then found by
all alike: with a code, without one, after any context.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hyperlex.ladder.forms import forms
from hyperlex.ladder.outline import Lexeme
from hyperlex.measure.conditional import Gathered, Given
from hyperlex.tokenizer import HyperTokenizer

HEADS, WIDTH = 4, 32


class Spellings:
    """The ids that spell what a scene id says: its words in all forms that the dictionary has.

    Args:
        tok: a tokenizer with scene ids.
    """

    def __init__(self, tok: HyperTokenizer) -> None:
        self._tok = tok
        self._first = tok.layout.first_scene
        self._of_words: dict[Lexeme, set[int]] = {}
        self._known: dict[int, NDArray[np.int64]] = {}

    def of(self, index: int) -> NDArray[np.int64]:
        """int64 [n], ascending; none for an id below the scene range, a marker, a form, a frame."""
        found = self._known.get(index)
        if found is None:
            lexicon, code = self._tok.lexicon, index - self._first
            items = lexicon.members(code)[1] if code >= lexicon.first_frame else ()
            spelled: set[int] = set()
            for item in items:
                spelled |= self._of_lexeme(item.lexeme)
            found = self._known[index] = np.array(sorted(spelled), np.int64)
        return found

    def _of_lexeme(self, lexeme: Lexeme) -> set[int]:
        found = self._of_words.get(lexeme)
        if found is None:
            words = {lexeme.lemma, *forms(lexeme).values()}
            if lexeme.kind == "P":
                words = {word.capitalize() for word in words} | {lexeme.lemma}
            found = {index for word in words for index in self._tok.encode(f" {word}")}
            self._of_words[lexeme] = found
        return found


@dataclass(frozen=True)
class _Sets:
    """The spellings of the scene ids of a batch, padded for each row.

    Attributes:
        ids: int64 [rows, E]; -1 where padded.
        places: int64 [rows, E], the place in the row that each is offered at; padded with the
            number of places.
    """

    ids: Tensor
    places: Tensor

    @classmethod
    def of(cls, batch: Gathered, spellings: Spellings) -> _Sets:
        rows, places = batch.shape
        ids, at = batch.ids.cpu().numpy(), batch.places.cpu().numpy()
        found = [spellings.of(index) for index in ids.tolist()]
        lengths = np.array([len(each) for each in found], np.int64)
        offered, where = np.concatenate(found), np.repeat(at, lengths)
        owner = where // places
        counts = np.bincount(owner, minlength=rows)
        within = np.arange(len(owner)) - (np.cumsum(counts) - counts)[owner]
        shape = (rows, int(counts.max(initial=0)))
        padded, beside = np.full(shape, -1, np.int64), np.full(shape, places, np.int64)
        padded[owner, within] = offered
        beside[owner, within] = where % places
        device = batch.ids.device
        return cls(torch.from_numpy(padded).to(device), torch.from_numpy(beside).to(device))


class Copying(nn.Module):
    """Points at places that were read, and says what stands there.

        p(x) = w_0 · p_model(x) + Σ_h w_h · Σ_j a_h(t, j) · c_j(x)

    with weights w of the place t after which x comes, and attention a to the places j up to t. What
    a place offers, c_j, is

        the id itself, where it has one exact id;
        of the ids that spell the words of a scene id, in all their forms, what the model would say
        next if it could say nothing else: p_model(x) / Σ p_model(those ids);
        softmax(s · E M e_j), what the head E of the model sees in its vector e_j through a linear
        map, for any other: a frame, a marker, the mean of several ids.

    Queries are made of the hidden state and the vector at t, keys of those at j and of the vector
    before j: what followed, the last time that this was read.

    Args:
        head: [rows, width] of the model; it is not kept.
        spellings: of scene ids.
        first_scene: the first of them.
        seed: of the first weights.
    """

    def __init__(self, head: Tensor, spellings: Spellings, first_scene: int, seed: int = 0) -> None:
        super().__init__()
        self._rows, width = head.shape
        self._spellings, self._first_scene = spellings, first_scene
        random = torch.Generator().manual_seed(seed)

        def drawn(*shape: int) -> nn.Parameter:
            return nn.Parameter(0.02 * torch.randn(shape, generator=random))

        square = float(head.detach().float().square().sum(1).mean())
        self.query_state, self.query_read = drawn(HEADS * WIDTH, width), drawn(HEADS * WIDTH, width)
        self.key_state, self.key_read = drawn(HEADS * WIDTH, width), drawn(HEADS * WIDTH, width)
        self.key_before = drawn(HEADS * WIDTH, width)
        with torch.no_grad():
            # The first half of the heads begins by looking for what followed the same id before.
            same = torch.randn(HEADS * WIDTH // 2, width, generator=random)
            same *= math.sqrt(8 / square / math.sqrt(WIDTH))
            self.query_read[: len(same)] = same
            self.key_before[: len(same)] = same
        self.distance = nn.Parameter(torch.tensor([0.0, 0.02, 0.05, 0.2]))
        self.weights = drawn(HEADS + 1, width)
        self.bias = nn.Parameter(torch.tensor([2.0] + [0.0] * HEADS))
        self.seen = nn.Parameter(torch.eye(width))
        self.sharpness = nn.Parameter(torch.tensor(math.log(10 / square)))

    def forward(
        self, batch: Gathered, vectors: Tensor, hidden: Tensor, head: Tensor, logits: Tensor
    ) -> Tensor:
        """Nats of the scored ids: float [k].

        Args:
            batch: that is scored.
            vectors: [rows, places, width], what is read.
            hidden: [rows, places, width], what the model makes of it.
            head: [ids, width], of the model.
            logits: [k, ids], of the model alone.
        """
        rows, at = batch.asked // batch.shape[1], batch.asked % batch.shape[1]
        attention = self._attention(vectors, hidden)[rows, :, at]  # [k, heads, places]
        said = logits.log_softmax(-1)
        offers = self._plain_offers(batch, vectors, head, rows)
        offers = offers + self._spelled_offers(batch, said, rows)
        of_heads = (attention @ offers[..., None]).squeeze(-1)
        weights = (hidden[rows, at] @ self.weights.T + self.bias).log_softmax(-1)
        copied = (weights[:, 1:].exp() * of_heads).sum(-1).clamp(min=1e-30).log()
        alone = said.gather(1, batch.targets[:, None]).squeeze(1)
        return -torch.logaddexp(weights[:, 0] + alone, copied)

    def _attention(self, vectors: Tensor, hidden: Tensor) -> Tensor:
        """[rows, heads, places, places], each to itself and those before it."""
        rows, places, _ = vectors.shape
        before = nn.functional.pad(vectors, (0, 0, 1, 0))[:, :-1]
        queries = hidden @ self.query_state.T + vectors @ self.query_read.T
        keys = hidden @ self.key_state.T + vectors @ self.key_read.T + before @ self.key_before.T
        queries, keys = (
            each.view(rows, places, HEADS, WIDTH).transpose(1, 2) for each in (queries, keys)
        )
        order = torch.arange(places, device=vectors.device)
        apart = order[:, None] - order
        scores = queries @ keys.transpose(2, 3) / math.sqrt(WIDTH)
        scores = scores - self.distance[:, None, None] * apart
        return scores.masked_fill(apart < 0, -math.inf).softmax(-1)

    def _plain_offers(self, batch: Gathered, vectors: Tensor, head: Tensor, rows: Tensor) -> Tensor:
        """[k, places], the probability that a place gives the scored id: of exact ids, and of what
        spells nothing.
        """
        cells, wanted = batch.shape[0] * batch.shape[1], batch.targets
        count = torch.bincount(batch.places, minlength=cells)
        ids = batch.ids.new_zeros(cells).index_copy(0, batch.places, batch.ids)
        exact = (count == 1) & (ids < self._first_scene)
        same = ids.masked_fill(~exact, -1).view(batch.shape)[rows] == wanted[:, None]
        other = self._others(batch, count, exact)
        if not len(other):
            return same.to(vectors.dtype)
        sharp = self.sharpness.exp() * (vectors.flatten(0, 1)[other] @ self.seen.T)
        total = vectors.new_full((cells,), math.inf)
        total = total.index_copy(0, other, (sharp @ head.T).logsumexp(-1))
        seen = vectors.new_zeros(cells, vectors.shape[2]).index_copy(0, other, sharp)
        seen = seen.view(vectors.shape)
        likely = (seen @ head[wanted].T).permute(2, 0, 1)[torch.arange(len(rows)), rows]
        return same + (likely - total.view(batch.shape)[rows]).exp()

    def _others(self, batch: Gathered, count: Tensor, exact: Tensor) -> Tensor:
        """The places of the flat batch that are no exact id and spell nothing."""
        spells = torch.zeros_like(exact)
        spelling = [len(self._spellings.of(index)) > 0 for index in batch.ids.tolist()]
        spells[batch.places[torch.tensor(spelling, device=exact.device)]] = True
        return ((count > 0) & ~exact & ~spells).nonzero().flatten()

    def _spelled_offers(self, batch: Gathered, said: Tensor, rows: Tensor) -> Tensor:
        """The same of places that spell words."""
        sets = _Sets.of(batch, self._spellings)
        ids, places = sets.ids[rows], sets.places[rows]  # [k, E]
        likely = said.gather(1, ids.clamp(min=0)).exp() * (ids >= 0)
        empty = said.new_zeros(len(rows), batch.shape[1] + 1)
        total = empty.scatter_add(1, places, likely)
        right = empty.scatter_add(1, places, likely * (ids == batch.targets[:, None]))
        return (right / total.clamp(min=1e-30))[:, :-1]

    def flops(self, given: Sequence[Given]) -> float:
        """Of training on sequences, what the model's own count leaves out: the product of the head
        with each place that is no exact id and spells nothing."""
        others = sum(
            sum(not len(self._spellings.of(i)) for i in each.ids[each.ids >= self._first_scene])
            + int((np.bincount(each.places) > 1).sum())
            for each in given
        )
        return 6.0 * others * self._rows * self.seen.shape[0]
