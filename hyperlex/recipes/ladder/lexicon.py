"""Learning the lexicon of the ladder from observed scenes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hyperlex.ladder.expected import FormModel
from hyperlex.ladder.forms import form_of, is_preposition
from hyperlex.ladder.lexicon import Lexicon
from hyperlex.ladder.outline import AGENTS, MOODS, TENSES, Frame, Lexeme, Slot
from hyperlex.ladder.reading import ATTACHING
from hyperlex.ladder.stops import StopModel
from hyperlex.recipes.ladder.merges import attached, learn_merges, usual_shapes, with_attached
from hyperlex.recipes.ladder.observations import Observation, Observed

# Kinds whose form says nothing, or is not that of a dictionary.
_UNINFLECTED = "RO-"


@dataclass(frozen=True)
class LexiconConfig:
    """How large the vocabulary becomes.

    Attributes:
        lexemes: at most.
        min_count: a lexeme met less often is spelled.
        hyperlexemes: at most.
        min_documents: in which a hyperlexeme must be met.
        forms: at most.
        slots: at most.
    """

    lexemes: int = 80_000
    min_count: int = 2
    hyperlexemes: int = 100_000
    min_documents: int = 3
    forms: int = 200
    slots: int = 2_000


def learn_lexicon(observations: Iterable[Observation], config: LexiconConfig) -> Lexicon:
    """Frames, lexemes, hyperlexemes and forms, by counting; which form to expect is not learned
    here.

    Deterministic: the same scenes in the same order give the same lexicon.
    """
    scenes = list(observations)
    frames = all_frames()
    lexemes, slots, counts = _count(scenes, frames, config)
    symbols: dict[Frame | Lexeme, int] = {frame: k for k, frame in enumerate(frames)}
    symbols |= {lexeme: len(frames) + k for k, lexeme in enumerate(lexemes)}
    places = {slot: k for k, slot in enumerate(slots)}
    coded = []
    coded_slots = []
    for scene in scenes:
        known = _in_scope([item for item in scene.items if item.lexeme in symbols])
        coded.append((symbols[scene.frame], *(symbols[x.lexeme] for x in known if x.lexeme)))
        coded_slots.append([0, *(places.get(x.slot, 0) if x.slot else 0 for x in known)])
    numbers = [scene.document for scene in scenes]
    negations = {symbols[x] for x in lexemes if x.kind == "-" and x.lemma in ATTACHING}
    pairs = attached(coded, numbers, negations, config.min_documents)
    joined = {pair: len(symbols) + k for k, pair in enumerate(pairs)}
    pairs += learn_merges(
        [with_attached(scene, negations, joined) for scene in coded],
        numbers,
        len(symbols) + len(pairs),
        config.hyperlexemes - len(pairs),
        config.min_documents,
        config.min_documents,
    )
    shapes = usual_shapes(coded, coded_slots, pairs, len(symbols), len(frames), negations)
    return Lexicon(
        _forms(scenes, set(lexemes), config.forms),
        frames,
        lexemes,
        slots,
        counts,
        np.array(pairs, np.int32).reshape(-1, 2),
        np.array([symbol for shape in shapes for symbol, _ in shape], np.int32),
        np.array([slot for shape in shapes for _, slot in shape], np.int32),
        np.cumsum([len(shape) for shape in shapes], dtype=np.int64),
        FormModel.empty(),
        StopModel.empty(),
    )


def _in_scope(items: Sequence[Observed]) -> list[Observed]:
    """The items without negations that the word after them does not take: «не он», «не только»."""
    kept = []
    for place, item in enumerate(items):
        if item.lexeme and item.lexeme.kind == "-" and item.lexeme.lemma in ATTACHING:
            before = items[place + 1].before if place + 1 < len(items) else ""
            if before != item.lexeme.lemma and not is_preposition(before):
                continue
        kept.append(item)
    return kept


def all_frames() -> list[Frame]:
    """Every frame that there is, so that no scene lacks one."""
    return [
        Frame(agent, tense, mood, question)
        for agent in AGENTS
        for mood in MOODS
        for tense in TENSES
        for question in (False, True)
        if not (tense and (mood or agent == "nominal")) and not (mood and agent == "nominal")
    ]


def _count(
    scenes: Sequence[Observation], frames: Sequence[Frame], config: LexiconConfig
) -> tuple[list[Lexeme], list[Slot], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    of_frames = Counter(scene.frame for scene in scenes)
    items = [item for scene in scenes for item in scene.items]
    # A word with a digit in it always stands as it stood.
    of_lexemes = Counter(
        item.lexeme
        for item in items
        if item.lexeme and not any(map(str.isdigit, item.lexeme.lemma))
    )
    of_slots = Counter(item.slot for item in items if item.slot)
    lexemes = [x for x in _ranked(of_lexemes) if of_lexemes[x] >= config.min_count]
    lexemes = lexemes[: config.lexemes]
    slots = [Slot(), *(slot for slot in _ranked(of_slots) if slot != Slot())][: config.slots]
    counts = [of_frames[frame] for frame in frames] + [of_lexemes[lexeme] for lexeme in lexemes]
    return lexemes, slots, np.array(counts, np.int64)


def _forms(scenes: Iterable[Observation], lexemes: set[Lexeme], size: int) -> list[str]:
    """The most frequent forms."""
    total: Counter[str] = Counter()
    met = Counter(
        (item.lexeme, item.spelling.lower())
        for scene in scenes
        for item in scene.items
        if item.lexeme in lexemes and item.lexeme.kind not in _UNINFLECTED
    )
    for (lexeme, spelling), count in met.items():
        form = form_of(lexeme, spelling)
        if form is not None:
            total[form] += count
    return _ranked(total)[:size]


def _ranked(counts: Counter[Any]) -> list[Any]:
    """The most frequent first; ties in their own order."""
    return sorted(counts, key=lambda key: (-counts[key], key))
