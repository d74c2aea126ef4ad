"""A scene as ids at rungs 1 and 2: groups of items, the frame first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hyperlex.ladder.lexicon import Lexicon
from hyperlex.ladder.merge import Group, attach, merge
from hyperlex.ladder.outline import Item, Lexeme, Literal, Slot, in_a_row
from hyperlex.ladder.reading import ATTACHING, Reading, lies_in
from hyperlex.types import Span, Word


@dataclass(frozen=True, slots=True)
class IdGroup:
    """Ids that stand or fall together.

    Attributes:
        ids: one id of the scene range, or those that spell a literal.
        bits: self-information of what they say.
        protected: whether every rung must keep them.
        frame: whether the frame is in it.
        content: whether a content word is.
        spans: of the words that it tells.
        literal: what its ids spell, or "".
    """

    ids: tuple[int, ...]
    bits: float
    protected: bool
    frame: bool
    content: bool
    spans: tuple[Span, ...]
    literal: str = ""


@dataclass(slots=True)
class _Literal:
    """Words that are spelled, one after another.

    Attributes:
        place: of the first of them among the items.
        words: their text.
        spans: where they stand.
        protected: whether every rung must keep them.
    """

    place: int
    words: list[str]
    spans: list[Span]
    protected: bool


# A literal has no count: its pieces are taken to be as rare as the rarest words.
_BITS_OF_LITERAL = 16.0


class Outliner:
    """Makes groups of readings.

    Args:
        lexicon: the vocabulary.
        spell: ids of a text in the exact lane.
        offset: what is added to a scene code to make an id.
        stop: only codes below it are used.
    """

    def __init__(
        self, lexicon: Lexicon, spell: Callable[[str], list[int]], offset: int, stop: int
    ) -> None:
        self._lexicon = lexicon
        self._spell = spell
        self._offset = offset
        self._stop = stop
        self._bits = lexicon.bits.tolist()
        codes = (lexicon.lexeme_codes.get(Lexeme(word, "-")) for word in ATTACHING)
        self._attaching = frozenset(code for code in codes if code is not None)

    def groups(self, reading: Reading, text: str) -> list[IdGroup]:
        """The groups of rung 2: the one with the frame first, the others in the order of `text`."""
        codes: list[int | None] = [self._lexicon.frame_codes[reading.frame]]
        literals: list[_Literal] = []
        for found in reading.found:
            code = None
            if isinstance(found.item, Item):
                code = self._lexicon.lexeme_codes.get(found.item.lexeme)
            if code is not None:
                codes.append(code)
                continue
            if isinstance(found.item, Literal):
                written = found.item.text
            else:
                written = " ".join(found.span.of(text).split())
            # What is denied stands or falls with its negation.
            protected = found.protected or codes[-1] in self._attaching
            if codes[-1] is None and literals[-1].protected == protected:
                literals[-1].words.append(written)
                literals[-1].spans.append(found.span)
            else:
                literals.append(_Literal(len(codes), [written], [found.span], protected))
            codes.append(None)
        denied = {place + 1 for place, code in enumerate(codes) if code in self._attaching}
        placed: list[tuple[int, IdGroup]] = []
        for group in self._merged(codes, reading):
            frame = group.places[0] == 0
            made = IdGroup(
                (self._offset + group.code,),
                self._bits[group.code],
                any(
                    place in denied or (place and reading.found[place - 1].protected)
                    for place in group.places
                ),
                frame,
                len(group.places) > 1 or not frame,
                tuple(reading.found[place - 1].span for place in group.places if place),
            )
            placed.append((group.places[0], made))
        for literal in literals:
            spelled = in_a_row(literal.words)
            ids = tuple(self._spell(f" {spelled}"))
            bits = _BITS_OF_LITERAL * len(literal.words)
            spans = tuple(literal.spans)
            made = IdGroup(ids, bits, literal.protected, False, True, spans, spelled)
            placed.append((literal.place, made))
        placed.sort(key=lambda pair: pair[0])
        return [group for _, group in placed]

    def _merged(self, codes: Sequence[int | None], reading: Reading) -> list[Group]:
        """The items as hyperlexemes: those that claim no other place for a word than it has."""
        merges, stop = self._lexicon.merges, self._stop
        banned: set[int] = set()
        while True:
            free, fixed = attach(codes, self._attaching, merges, stop, banned)
            groups = [
                Group(code, tuple(place for k in within for place in free[k].places))
                for code, within in merge([one.code for one in free], merges, stop, banned)
            ]
            wrong = {group.code for group in groups if not self._agrees(group, reading)}
            if not wrong:
                return groups + fixed
            banned |= wrong

    def _agrees(self, group: Group, reading: Reading) -> bool:
        """Whether a hyperlexeme says what stands there: each noun in its slot, number aside, nouns
        in their order, and with the frame no word but a predicate and those that begin the scene.
        """
        if len(group.places) == 1:
            return True
        met = {}
        for rank, place in enumerate(group.places):
            item = reading.found[place - 1].item if place else None
            if isinstance(item, Item):
                if group.places[0] == 0 and place != rank and item.lexeme.kind not in _PREDICATES:
                    return False
                met[item.lexeme] = item.slot
        said = [item for item in self._lexicon.members(group.code)[1] if item.lexeme.kind in "NP"]
        if [item.lexeme for item in said] != [lexeme for lexeme in met if lexeme.kind in "NP"]:
            return False
        return all(_same_place(item.slot, met[item.lexeme]) for item in said if item.slot)


_PREDICATES = "VSI-"
"""Kinds that a frame may be joined with wherever they stand: the realiser finds their place."""


def _same_place(said: Slot, met: Slot | None) -> bool:
    return met is not None and (said.preposition, said.case) == (met.preposition, met.case)


def floor(groups: Sequence[IdGroup]) -> list[int]:
    """Places of the groups that may never be left out: those protected, and with them the frame."""
    kept = [place for place, group in enumerate(groups) if group.protected]
    return sorted({0, *kept}) if kept else []


def telling(word: Word | None, groups: Sequence[IdGroup]) -> int | None:
    """Place of the group that tells a word, or None."""
    if word is None:
        return None
    for place, group in enumerate(groups):
        if lies_in(group.spans, word):
            return place
    return None


def best(groups: Sequence[IdGroup], about: int | None) -> list[int]:
    """Places of the groups of rung 1: the frame, what the scene is about, and the floor. Where no
    group tells what it is about and no other names a content word, the one that says most.

    Args:
        about: the place of the group that tells the head of the scene.
    """
    kept = {0, *floor(groups)}
    if about is not None:
        kept.add(about)
    elif not any(groups[place].content for place in kept):
        others = [place for place in range(len(groups)) if groups[place].content]
        if others:
            kept.add(max(others, key=lambda place: (groups[place].bits, -place)))
    return sorted(kept)
