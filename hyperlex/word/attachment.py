"""Which nouns and verbs like which prepositions, asked where a phrase may hang on several words.

«Встретить соседа у магазина», «встретить соседа из Тулы»: grammar allows both to hang on either
word, and what decides is what «встретить» and «сосед» were seen with. Lexical association after
Hindle & Rooth 1993, counted in trees that this very parser drew, after van Noord 2007
(self-trained bilexical preferences); made by `hyperlex.recipes.attachment`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hyperlex.errors import FormatError
from hyperlex.word.entries import plain
from hyperlex.word.prepositions import SHORT
from hyperlex.word.readings import Offer

FILE = "attachment.safetensors"
FORMAT_VERSION = 1
WEIGHT = 0.8
"""Of a preference beside what the network says of an arc, which has seen the same texts. From 0.3
to 1 little changes but for `obl`."""
STEP = 1 / 32
"""Nats of one unit of what is stored."""

VERBAL = frozenset(("VERB", "ADJ", "ADV"))
NOMINAL = frozenset(("NOUN", "PROPN", "PRON"))

_REMEDY = "Reinstall hyperlex, or make it anew with `python -m hyperlex.recipes.attachment`."


def is_verbal(upos: str) -> bool | None:
    """Whether a word takes phrases as verbs do or as nouns do; None for what takes none."""
    return True if upos in VERBAL else False if upos in NOMINAL else None


def preposition(lemma: str) -> str:
    """A preposition as it is counted: «во», «въ» and «в» are one."""
    lower = lemma.lower()
    return _SHORT.get(lower, lower)


_SHORT = {**SHORT, "въ": "в", "съ": "с", "къ": "к"}


class Attachment:
    """The preferences.

    Args:
        lemmas: as `plain` gives them.
        prepositions: as `preposition` gives them.
        others: `[len(lemmas), 2]`, int8, of each as a noun and as a verb: for a preposition that it
            was hardly or never seen with, in steps of `STEP` nats against the average of its kind.
        places: `[P]`, uint32 and rising: ((lemma * 2 + verbal) * prepositions + preposition) * 2 +
            whether the phrase stands behind its head.
        values: `[P]`, int8, for those.
    """

    __slots__ = ("_lemmas", "_others", "_places", "_prepositions", "_values")

    def __init__(
        self,
        lemmas: Sequence[str],
        prepositions: Sequence[str],
        others: NDArray[np.int8],
        places: NDArray[np.uint32],
        values: NDArray[np.int8],
    ) -> None:
        self._lemmas = {lemma: k for k, lemma in enumerate(lemmas)}
        self._prepositions = {lemma: k for k, lemma in enumerate(prepositions)}
        self._others = others.reshape(-1)
        # One more than any place, so that every search ends at an entry.
        self._places = np.append(places.astype(np.int64), np.iinfo(np.int64).max)
        self._values = np.append(values, np.int8(0))

    def add(
        self, arcs: NDArray[np.float32], chosen: Sequence[Offer], breaks: NDArray[np.float32]
    ) -> None:
        """Adds what is preferred to the arcs of one sentence, in place.

        Nothing is added where a clause ends between the words: the phrases of another clause are
        not what a word takes.

        Args:
            arcs: `[T, T]`, row = word, column = its head; logits.
            chosen: the reading of each word.
            breaks: `[T]`, the probability of a clause beginning at each word.
        """
        nouns, prepositions = self._phrases(arcs, chosen)
        if not nouns:
            return
        heads, words = self._heads(chosen)
        rows, columns = np.array(nouns)[:, None], np.array(heads, np.int64)
        found = self.preferences(
            np.array(words, np.int64), np.array(prepositions)[:, None], columns < rows
        )
        clause = np.cumsum(breaks > 0.5)
        found[(clause[rows] != clause[columns]) | (rows == columns)] = 0
        arcs[rows, columns] += found

    def _phrases(
        self, arcs: NDArray[np.float32], chosen: Sequence[Offer]
    ) -> tuple[list[int], list[int]]:
        """Nouns that a known preposition stands before, and its number."""
        found: dict[int, int] = {}
        for place, (lemma, upos, *_) in enumerate(chosen):
            number = self._prepositions.get(preposition(lemma)) if upos == "ADP" else None
            if number is None:
                continue
            noun = int(arcs[place].argmax())
            if noun > place and is_verbal(chosen[noun][1]) is False:
                found.setdefault(noun, number)
        return list(found), list(found.values())

    def _heads(self, chosen: Sequence[Offer]) -> tuple[list[int], list[int]]:
        """The places of known nouns and verbs, and which they are."""
        heads, words = [], []
        for place, (lemma, upos, *_) in enumerate(chosen):
            verbal = is_verbal(upos)
            number = None if verbal is None else self._lemmas.get(plain(lemma))
            if number is not None:
                heads.append(place)
                words.append(2 * number + bool(verbal))
        return heads, words

    def preferences(
        self, words: NDArray[np.int64], prepositions: NDArray[np.int64], behind: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        """Nats, times `WEIGHT`, for each word and preposition; shapes are broadcast.

        Args:
            words: lemma * 2 + verbal.
            prepositions: their numbers.
            behind: whether the phrase stands behind the word.
        """
        places = (words * len(self._prepositions) + prepositions) * 2 + behind
        near = np.searchsorted(self._places, places)
        stored = self._places[near] == places
        units = np.where(stored, self._values[near], self._others[words])
        return units.astype(np.float32) * np.float32(WEIGHT * STEP)


def load_attachment(directory: Path) -> Attachment:
    """The preferences in `directory`.

    Raises:
        FormatError: the file is absent or broken, or of another format.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    path = directory / FILE
    try:
        stored = load_file(path)
        version = int(stored["format_version"][0])
        if version != FORMAT_VERSION:
            raise ValueError(f"its format_version is {version}, {FORMAT_VERSION} was expected")
        lemmas = bytes(stored["lemmas"]).decode().split("\n")
        prepositions = bytes(stored["prepositions"]).decode().split("\n")
        others, places, values = (stored[name] for name in ("others", "places", "values"))
        if others.shape != (len(lemmas), 2) or places.shape != values.shape:
            raise ValueError("its parts do not fit each other")
        return Attachment(lemmas, prepositions, others, places, values)
    except KeyError as error:
        what = f"has no {error}"
    except (OSError, ValueError, TypeError, IndexError, SafetensorError) as error:
        what = f"cannot be read: {error}"
    raise FormatError(f"{path} {what}. {_REMEDY}")
