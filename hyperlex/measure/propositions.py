"""What a text says, counted: propositions of the original that stand in the text made of a code.

The second of the measures of meaning (M2). Both texts go through one extractor, `hyperlex.scenes`,
whose state at the time of measuring is `analyzer_version()`; the realised text is all that it sees
of a code. The units are tuples, compared as multisets (micro precision, recall and F1, as in the
evaluation of semantic role labels: X. Carreras, L. Màrquez, *Introduction to the CoNLL-2005 Shared
Task*, 2005).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from hyperlex.measure.bootstrap import Statistic, divided
from hyperlex.scene.fillers import fillers, head_of, is_nominal
from hyperlex.scene.scene import Scene
from hyperlex.word.dictionary import dictionary

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_SPELLED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")

UNITS = ("tuples", "pairs", "events", "denials", "numbers", "names", "spelled")
"""What is counted. `tuples` are the propositions; `pairs` their predicate and lemma alone; `events`
the predicates, `denials` the predicates with their polarity; `numbers` runs of digits, exactly;
`names` proper names in whatever case, `spelled` the same to the letter.
"""


class Proposition(NamedTuple):
    """One thing that is said of an event; lemmas in lower case with `е` for `ё`.

    Attributes:
        predicate: the lemma of the event; of a scene without one, that of its head word.
        polarity: `+` or `-`.
        stance: modality and tense: `fact past`, `can+question present`; `nominal` without an event.
        role: of the participant or circumstance; "" where the event itself is asserted.
        lemma: of the head word that fills the role; "" likewise.
    """

    predicate: str
    polarity: str
    stance: str
    role: str = ""
    lemma: str = ""


def propositions(scenes: tuple[Scene, ...]) -> list[Proposition]:
    """The propositions of scenes in order: one for the event, one for each role that a word fills.

    See `hyperlex.scene.fillers` for what counts as one.
    """
    return [found for scene in scenes for found in _of_scene(scene)]


def _of_scene(scene: Scene) -> Iterator[Proposition]:
    tension, head = scene.tension, head_of(scene)
    if is_nominal(scene):
        if head is not None:
            yield Proposition(_plain(head.lemma), tension.polarity, "nominal")
        return
    event = Proposition(
        _plain(scene.event.lemma), tension.polarity, f"{'+'.join(tension.modality)} {tension.tense}"
    )
    yield event
    for filler in fillers(scene):
        yield event._replace(role=filler.role, lemma=_plain(filler.lemma))


def _plain(lemma: str) -> str:
    return lemma.lower().replace("ё", "е")


@dataclass(frozen=True, slots=True)
class Said:
    """What one text says: a multiset for each of `UNITS`."""

    units: Mapping[str, Counter[Any]]

    @classmethod
    def of(cls, text: str, scenes: tuple[Scene, ...] | None = None) -> Said:
        """What `text` says.

        Args:
            text: any text.
            scenes: of that text, where they are known from elsewhere: from a gold tree.
        """
        if scenes is None:
            from hyperlex.scene import iter_scenes

            scenes = tuple(iter_scenes(text))
        found = propositions(scenes)
        events = [p for p in found if not p.role and p.stance != "nominal"]
        proper = (w.text for s in scenes for w in s.words if w.upos == "PROPN")
        names = [part for text in proper for part in _SPELLED.findall(text)]
        return cls(
            {
                "tuples": Counter(found),
                "pairs": Counter((p.predicate, p.lemma) for p in found),
                "events": Counter(p.predicate for p in events),
                "denials": Counter((p.predicate, p.polarity) for p in events),
                "numbers": Counter(_NUMBER.findall(text)),
                "names": Counter(map(dictionary_form, names)),
                "spelled": Counter(names),
            }
        )


@lru_cache(maxsize=1 << 16)
def dictionary_form(word: str) -> str:
    """The first reading's dictionary form, without context, so that every text is read alike."""
    return _plain(str(dictionary().parse(word)[0].normal_form))


def compare(original: Said, realised: Said, text: str) -> dict[str, int]:
    """Counts of `wanted`, `given` and `kept` for each unit, as `"tuples wanted"`.

    Args:
        original, realised: what the two texts say.
        text: the realised one. Names are looked for among all of its words, for a realiser may not
            be punished for what a tagger makes of a name; so no `given` is counted for them.
    """
    counts: dict[str, int] = {}
    words = _SPELLED.findall(text)
    forms = {
        "names": Counter(map(dictionary_form, words)),
        "spelled": Counter(words),
    }
    for unit in UNITS:
        wanted = original.units[unit]
        given = forms.get(unit, realised.units[unit])
        counts[f"{unit} wanted"] = wanted.total()
        counts[f"{unit} kept"] = (wanted & given).total()
        if unit not in forms:
            counts[f"{unit} given"] = given.total()
    return counts


def recall(unit: str) -> Statistic:
    """Of totals: the share of what was wanted that was kept."""
    return lambda counts: divided(counts[f"{unit} kept"], counts[f"{unit} wanted"])


def precision(unit: str) -> Statistic:
    """Of totals: the share of what was given that was wanted."""
    return lambda counts: divided(counts[f"{unit} kept"], counts[f"{unit} given"])


def f1(unit: str) -> Statistic:
    """Of totals: the harmonic mean of precision and recall."""
    return lambda counts: divided(
        2 * counts[f"{unit} kept"], counts[f"{unit} wanted"] + counts[f"{unit} given"]
    )


def polarity(counts: Mapping[str, Any]) -> Any:
    """Of totals: of the events that were kept, the share that is asserted or denied as it was."""
    return divided(counts["denials kept"], counts["events kept"])


FIGURES: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "proposition F1": f1("tuples"),
    "proposition precision": precision("tuples"),
    "proposition recall": recall("tuples"),
    "predicate and lemma F1": f1("pairs"),
    "event F1": f1("events"),
    "polarity": polarity,
    "numbers kept": recall("numbers"),
    "names kept": recall("names"),
    "names kept to the letter": recall("spelled"),
}
"""The figures of M2 by their names in tables."""
