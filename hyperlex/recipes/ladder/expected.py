"""The model of forms: which form of a word its neighbours let one expect, learned from the corpora.

No reader is needed: a word teaches where the dictionary knows one lemma and part of speech for it.
The log-linear model of `hyperlex.ladder.expected` is fitted with Adam (Kingma and Ba 2015) to the
likelihood of the spelling, summed over the forms that are spelled so, with facts dropped at random;
then its weights are rounded. One thread: sums come out differently with more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray

from hyperlex.codebook.corpus import Document
from hyperlex.codebook.processes import in_processes
from hyperlex.ladder.expected import FormModel, parts_of
from hyperlex.ladder.forms import certain_lexeme, forms, plain
from hyperlex.ladder.neighbours import (
    LEFT,
    RIGHT,
    Neighbours,
    features,
    left_of,
    right_of,
    tokens_of,
)
from hyperlex.ladder.outline import Lexeme
from hyperlex.ladder.punctuation import sentences_of, thin
from hyperlex.recipes.ladder.fitting import descend, kept_facts, rounded

_BATCH = 512
_JOB = 500_000
"""Code points that a process reads at a time."""

Cost = Callable[[str], int]
"""How many ids the exact lane takes for a word."""


@dataclass(frozen=True)
class FormConfig:
    """What decides the model.

    Attributes:
        characters: of the sample that is read.
        facts: the most frequent ones are kept.
        easy: of the words that one id spells, one in so many is learned from; of the others, all.
        told: of such words, one in so many is shown to the word on its left as a lexeme.
        epochs: passes over the lessons.
        rate: of Adam at first; it falls to 0.
        dropout: the share of facts that is hidden.
    """

    characters: int = 120_000_000
    facts: int = 56_000
    easy: int = 8
    told: int = 6
    epochs: int = 4
    rate: float = 0.01
    dropout: float = 0.1


@dataclass(frozen=True)
class Lessons:
    """Words met in texts.

    Attributes:
        facts: uint32, of all words one after another.
        ends: [words] int64, where in `facts` those of each word end.
        lexemes: [words].
        spellings: [words], in lower case with `е` for `ё`.
    """

    facts: NDArray[np.uint32]
    ends: NDArray[np.int64]
    lexemes: list[Lexeme]
    spellings: list[str]


def read_lessons(
    sample: Iterable[Document],
    cost: Cost,
    known: frozenset[Lexeme],
    config: FormConfig,
    processes: int = 2,
) -> Lessons:
    """What some texts teach of the forms of `known` lexemes."""
    cost = lru_cache(maxsize=1 << 20)(cost)

    def lessons_of(texts: list[str]) -> Lessons:
        return _of_texts(texts, cost, known, config)

    return _joined([found for _, found in in_processes(lessons_of, _jobs(sample), processes)])


def _jobs(sample: Iterable[Document]) -> Iterator[list[str]]:
    texts: list[str] = []
    size = 0
    for document in sample:
        texts.append(document.text)
        size += len(document.text)
        if size > _JOB:
            yield texts
            texts, size = [], 0
    yield texts


def _of_texts(
    texts: Iterable[str], cost: Cost, known: frozenset[Lexeme], config: FormConfig
) -> Lessons:
    facts: list[list[int]] = []
    lexemes: list[Lexeme] = []
    spellings: list[str] = []
    for text in texts:
        tokens = tokens_of(" ".join(thin(sentence) for _, sentence in sentences_of(text)))
        for place, token in enumerate(tokens):
            lexeme = certain_lexeme(token)
            if lexeme not in known or (cost(token) < 2 and place % config.easy):
                continue
            following = (
                _shown(t, cost, known, config.told, place)
                for t in tokens[place + 1 : place + 1 + RIGHT]
            )
            around = Neighbours(left_of(tokens[max(0, place - LEFT) : place]), right_of(following))
            facts.append(features(lexeme, around))
            lexemes.append(lexeme)
            spellings.append(plain(token))
    ends = np.cumsum([len(of) for of in facts], dtype=np.int64)
    return Lessons(np.array(list(chain.from_iterable(facts)), np.uint32), ends, lexemes, spellings)


def _shown(token: str, cost: Cost, known: frozenset[Lexeme], told: int, place: int) -> str | Lexeme:
    """A word as one to the left of it sees it: some are told by lexemes themselves."""
    lexeme = certain_lexeme(token)
    if lexeme not in known or (cost(token) < 2 and place % told):
        return token
    return lexeme


def _joined(parts: Sequence[Lessons]) -> Lessons:
    shifts = np.cumsum([0, *(len(part.facts) for part in parts)])
    return Lessons(
        np.concatenate([part.facts for part in parts]),
        np.concatenate([part.ends + shift for part, shift in zip(parts, shifts, strict=False)]),
        [lexeme for part in parts for lexeme in part.lexemes],
        [spelling for part in parts for spelling in part.spellings],
    )


def learn_forms(
    lessons: Lessons, config: FormConfig, told: Callable[[str], None] = print
) -> FormModel:
    """The model that some lessons teach. Deterministic."""
    kept, rows = kept_facts(lessons.facts, config.facts)
    batches = _Batches(lessons, rows, len(kept))
    weights = torch.nn.EmbeddingBag(len(kept), len(batches.parts), mode="sum", sparse=True)
    random = np.random.default_rng(0)
    epochs = descend(
        weights,
        len(batches.words),
        lambda chosen: batches.loss(weights, chosen, config.dropout, random),
        random,
        batch=_BATCH,
        epochs=config.epochs,
        rate=config.rate,
    )
    for epoch, loss in enumerate(epochs, 1):
        told(f"forms, epoch {epoch}: {loss:.3f} nats a word")
    return FormModel(batches.parts, kept, rounded(weights.weight))


class _Batches:
    """Words with their candidates, made ready for the loss."""

    def __init__(self, lessons: Lessons, rows: NDArray[np.int64], kept: int) -> None:
        self._rows = rows
        self._kept = kept
        self._starts = np.concatenate([[0], lessons.ends])
        self._lexemes = lessons.lexemes
        self._tables: dict[Lexeme, tuple[list[str], list[tuple[int, ...]]]] = {}
        places: dict[str, int] = {}
        self.words: list[tuple[int, frozenset[int]]] = []
        for number, (lexeme, spelling) in enumerate(
            zip(lessons.lexemes, lessons.spellings, strict=True)
        ):
            spellings, _ = self._table(lexeme, places)
            right = frozenset(k for k, each in enumerate(spellings) if each == spelling)
            if right and len(set(spellings)) > 1:
                self.words.append((number, right))
        self.parts = tuple(places)

    def _table(
        self, lexeme: Lexeme, places: dict[str, int]
    ) -> tuple[list[str], list[tuple[int, ...]]]:
        """The spellings of a lexeme, and the parts of each."""
        found = self._tables.get(lexeme)
        if found is None:
            table = forms(lexeme)
            parts = [
                tuple(places.setdefault(part, len(places)) for part in parts_of(form))
                for form in table
            ]
            found = self._tables[lexeme] = ([plain(each) for each in table.values()], parts)
        return found

    def loss(
        self,
        weights: torch.nn.EmbeddingBag,
        numbers: NDArray[np.int64],
        dropout: float,
        random: np.random.Generator,
    ) -> torch.Tensor:
        """Mean negative log-likelihood of the spellings of some words."""
        words = [self.words[number] for number in numbers.tolist()]
        shown = []
        candidates: list[tuple[int, ...]] = []
        owners: list[int] = []
        right: list[bool] = []
        for owner, (number, chosen) in enumerate(words):
            rows = self._rows[self._starts[number] : self._starts[number + 1]]
            shown.append(rows[(rows < self._kept) & (random.random(len(rows)) >= dropout)])
            _, parts = self._tables[self._lexemes[number]]
            candidates += parts
            owners += [owner] * len(parts)
            right += [k in chosen for k in range(len(parts))]
        offsets = np.cumsum([0, *map(len, shown)])[:-1]
        sums = weights(torch.from_numpy(np.concatenate(shown)), torch.from_numpy(offsets))
        longest = max(map(len, candidates))
        padded = torch.tensor([[*parts, *[-1] * (longest - len(parts))] for parts in candidates])
        owner_of = torch.tensor(owners)
        scores = sums[owner_of[:, None], padded.clamp(min=0)] * (padded >= 0)
        scores = scores.sum(1) / (1 - dropout)
        of_all = _log_sum(scores, owner_of, len(words))
        wrong = torch.tensor(right).logical_not()
        return (of_all - _log_sum(scores.masked_fill(wrong, -1e9), owner_of, len(words))).mean()


def _log_sum(scores: torch.Tensor, owners: torch.Tensor, size: int) -> torch.Tensor:
    """log Σ exp of the scores of each owner."""
    most = torch.full((size,), -1e9).scatter_reduce(0, owners, scores.detach(), "amax")
    sums = torch.zeros(size).index_add(0, owners, (scores - most[owners]).exp())
    return sums.log() + most
