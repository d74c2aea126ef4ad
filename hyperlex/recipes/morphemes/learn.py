"""From lists to learned data: evidence, large networks, their answers, the small network."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hyperlex.morpheme.decode import best
from hyperlex.morpheme.endings import EndingRules, common_prefix
from hyperlex.morpheme.labels import CLASSES, Piece, classes, pieces
from hyperlex.morpheme.lexicon import build
from hyperlex.morpheme.network import Weights
from hyperlex.morpheme.store import Learned
from hyperlex.recipes.morphemes import networks
from hyperlex.recipes.morphemes.data import (
    BEGINS,
    CONTINUES,
    Row,
)
from hyperlex.recipes.morphemes.evidence import (
    VOTES,
    Dictionary,
    Votes,
    ballots,
    context_hashes,
    unrelated_votes,
)
from hyperlex.types import MorphemeType

Halves = NDArray[np.float16]
Told = Callable[[str], None]

# Forms of one lemma share this many letters at least, or a rule says nothing.
_SHARED = 2
_SEEN = 2
# Suffixes in the list of lemmas, where they end names of animals and plants; in a form, endings.
_ADJECTIVAL = frozenset(["ые", "ие"])


@dataclass(frozen=True)
class Evidence:
    """Features of letters, `(letters, FEATURES)` float16.

    `unrelated` are the votes as for words of unknown roots, for training rows only.
    """

    features: Halves
    unrelated: Halves | None = None


class Witness:
    """Evidence for training rows, and for any words after them."""

    def __init__(self, rows: Sequence[Row], dictionary: Dictionary, unrelated: bool = True) -> None:
        self._dictionary = dictionary
        hashes, given = context_hashes([row.word for row in rows]), ballots(rows)
        self._votes = Votes(hashes, given)
        related = self._votes(hashes, given)
        counts = self._counts([row.word for row in rows])
        apart = unrelated_votes(rows, hashes, given, related) if unrelated else related
        forms = np.concatenate([np.full((len(r.word), 1), r.inflected) for r in rows])
        self.rows = Evidence(
            np.concatenate([counts, related.astype(np.float16), forms.astype(np.float16)], 1),
            apart.astype(np.float16),
        )

    def _counts(self, words: Sequence[str]) -> Halves:
        return np.concatenate([self._dictionary(word) for word in words]).astype(np.float16)

    def __call__(self, words: Sequence[str]) -> Evidence:
        found = []
        for start in range(0, len(words), 20_000):
            part = words[start : start + 20_000]
            votes = self._votes(context_hashes(part)).astype(np.float16)
            forms = np.zeros((len(votes), 1), np.float16)
            found.append(np.concatenate([self._counts(part), votes, forms], 1))
        return Evidence(np.concatenate(found))


def train_teacher(
    rows: Sequence[Row],
    evidence: Evidence,
    config: networks.TeacherConfig,
    seed: int,
    told: Told,
) -> networks.Teacher:
    """One large network, from segmented words. Deterministic on one thread."""
    torch.manual_seed(seed)
    network = networks.Teacher(config)
    letters = networks.Letters([row.word for row in rows], config.bits)
    labels = _spread(letters, np.concatenate([np.array(row.labels()) for row in rows]), -1)
    features = _spread(letters, evidence.features, 0)
    assert evidence.unrelated is not None
    apart = _spread(letters, evidence.unrelated, 0)
    rng = np.random.default_rng(seed + 100)

    def loss(words: NDArray[np.int64]) -> Tensor:
        places = letters.places(words)
        seen = features[places].astype(np.float32)
        unknown = np.repeat(rng.random(len(words)) < config.unrelated, letters.lengths[words] + 1)
        unknown = np.append(unknown, False)
        seen[unknown, VOTES] = apart[places[unknown]]
        scores = network(*_inputs(letters, places), torch.from_numpy(seen))
        return networks.label_loss(scores, torch.from_numpy(labels[places]))

    networks.train(
        network, len(rows), loss, epochs=config.epochs, rate=config.rate, batch=config.batch,
        seed=seed, told=lambda at, of, value: told(f"teacher {seed}: {at}/{of} loss {value:.4f}"),
    )  # fmt: skip
    return network


def _inputs(letters: networks.Letters, places: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    return (
        torch.from_numpy(letters.ids[places]),
        torch.from_numpy(letters.rows[places].astype(np.int64)),
    )


def _spread(letters: networks.Letters, values: NDArray[np.generic], empty: int) -> NDArray:  # type: ignore[type-arg]
    """Values of letters at their places."""
    found = np.full((len(letters.ids), *values.shape[1:]), empty, values.dtype)
    found[letters.filled] = values
    return found


@torch.no_grad()
def shares_of(
    teacher: networks.Teacher, words: Sequence[str], evidence: Evidence
) -> NDArray[np.float16]:
    """What the teacher gives each class of each letter, `(letters, CLASSES)`, summing to 1."""
    letters = networks.Letters(words, teacher.config.bits)
    features = _spread(letters, evidence.features, 0)
    found: NDArray[np.float16] = np.zeros((len(letters.ids), CLASSES), np.float16)
    for start in range(0, len(words), 1024):
        places = letters.places(np.arange(start, min(start + 1024, len(words))))
        with torch.autocast("cpu", torch.bfloat16):
            seen = torch.from_numpy(features[places].astype(np.float32))
            scores = teacher(*_inputs(letters, places), seen)
        found[places] = torch.softmax(scores, 1).numpy()
    kept: NDArray[np.float16] = found[letters.filled]
    return kept


def with_known(shares: NDArray[np.float16], rows: Sequence[Row]) -> NDArray[np.float16]:
    """The teachers' shares of training rows, with what is known of each letter put in."""
    found: NDArray[np.float32] = shares.astype(np.float32)
    labels = np.concatenate([np.array(row.labels()) for row in rows])
    found[labels == BEGINS, 1::2] = 0
    found[labels == CONTINUES, 0::2] = 0
    typed = labels >= 0
    found[typed] = 0
    found[np.flatnonzero(typed), labels[typed]] = 1
    found /= np.maximum(found.sum(1, keepdims=True), 1e-9)
    return found.astype(np.float16)


def train_student(
    words: Sequence[str],
    shares: NDArray[np.float16],
    config: networks.StudentConfig,
    seed: int,
    told: Told,
) -> Weights:
    """The network that is shipped, from the shares of all words."""
    torch.manual_seed(seed)
    network = networks.Student(config)
    letters = networks.Letters(words, config.bits)
    wanted = _spread(letters, shares, 0)

    def loss(chosen: NDArray[np.int64]) -> Tensor:
        places = letters.places(chosen)
        ids, rows = _inputs(letters, places)
        aim = torch.from_numpy(wanted[places].astype(np.float32))
        return networks.share_loss(network(ids, rows), aim, (ids > 0).float())

    networks.train(
        network, len(words), loss, epochs=config.epochs, rate=config.rate, batch=config.batch,
        seed=seed, told=lambda at, of, value: told(f"student: {at}/{of} loss {value:.4f}"),
    )  # fmt: skip
    return network.weights()


def answers(words: Sequence[str], shares: NDArray[np.float16]) -> list[tuple[Piece, ...]]:
    """The best legal segmentation of each word."""
    scores = np.log(np.maximum(shares.astype(np.float32), 1e-9))
    found = []
    position = 0
    for word in words:
        found.append(pieces(best(scores[position : position + len(word)])))
        position += len(word)
    return found


def learn_endings(rows: Sequence[Row], known: dict[str, tuple[Piece, ...]]) -> EndingRules:
    """The rules that lead from a known lemma to a segmented form, where two forms agree on one."""
    from hyperlex.word.dictionary import dictionary

    counted: dict[tuple[str, str, int], Counter[tuple[int, ...]]] = {}
    for row in rows:
        types = row.types
        if not row.inflected or types is None:
            continue
        if row.texts[-1] in _ADJECTIVAL:
            types = (*types[:-1], MorphemeType.END)
        form, labels = row.word, replace(row, types=types).labels()
        lemmas = {parse.normal_form.replace("ё", "е") for parse in dictionary().parse(form)}
        if form in lemmas:
            continue
        for lemma in sorted(lemmas & known.keys()):
            of_lemma = known[lemma]
            stem, cut = lemma, form
            if of_lemma[-1][1] is MorphemeType.POSTFIX and types[-1] is MorphemeType.POSTFIX:
                stem, cut = lemma[: -of_lemma[-1][0]], form[: -len(row.texts[-1])]
            shared = common_prefix(stem, cut)
            if shared < _SHARED or shared == len(cut):
                continue
            key = (stem[shared:], cut[shared:], classes(of_lemma)[shared - 1])
            counted.setdefault(key, Counter())[tuple(labels[shared : len(cut)])] += 1
    rules = {}
    for key, found in counted.items():
        (answer, count), *_ = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        continues = answer[0] % 2 == 1
        if count >= _SEEN and not (continues and answer[0] // 2 != key[2] // 2):
            rules[key] = answer
    return EndingRules(dict(sorted(rules.items())))


def learn(
    rows: Sequence[Row],
    words: Sequence[str],
    dictionary: Dictionary,
    teachers: Sequence[networks.TeacherConfig],
    student: networks.StudentConfig,
    told: Told,
) -> Learned:
    """Everything that is shipped. `words` are those of the dictionary that no row has."""
    told("evidence")
    witness = Witness(rows, dictionary)
    of_words = witness(words)
    row_words = [row.word for row in rows]
    jobs = [
        (rows, row_words, words, witness.rows, of_words, teacher, seed, told)
        for seed, teacher in enumerate(teachers)
    ]
    # Each on one thread of its own process: the same numbers on any number of cores.
    with _Jobs(jobs) as results:
        of_rows, of_others = (
            np.mean([np.asarray(r[k], np.float32) for r in results], 0).astype(np.float16)
            for k in (0, 1)
        )
    told("student")
    of_rows = with_known(of_rows, rows)
    weights = train_student(
        [*row_words, *words], np.concatenate([of_rows, of_others]), student, 0, told
    )
    told("tables")
    of_dictionary = dict(zip(row_words, answers(row_words, of_rows), strict=True))
    of_ensemble = dict(zip(words, answers(words, of_others), strict=True))
    endings = learn_endings(rows, {**of_ensemble, **of_dictionary})
    return Learned(weights, build(of_dictionary.items()), build(of_ensemble.items()), endings)


_pending: list[tuple[object, ...]] = []


def _run(index: int) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    torch.set_num_threads(1)
    rows, row_words, words, of_rows, of_words, config, seed, told = _pending[index]
    network = train_teacher(rows, of_rows, config, seed, told)  # type: ignore[arg-type]
    return (
        shares_of(network, row_words, of_rows),  # type: ignore[arg-type]
        shares_of(network, words, of_words),  # type: ignore[arg-type]
    )


class _Jobs:
    """Teachers trained in forked processes, which share the evidence instead of copying it."""

    def __init__(self, jobs: Sequence[tuple[object, ...]]) -> None:
        self._jobs = jobs

    def __enter__(self) -> list[tuple[NDArray[np.float16], NDArray[np.float16]]]:
        _pending[:] = self._jobs
        with multiprocessing.get_context("fork").Pool(min(2, len(self._jobs))) as pool:
            return pool.map(_run, range(len(self._jobs)), chunksize=1)

    def __exit__(self, *_: object) -> None:
        _pending.clear()
