"""One scene as a Russian sentence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hyperlex.ladder.outline import Frame, Item, Lexeme, Outline, Slot
from hyperlex.ladder.realise.forms import Forms, of_literal
from hyperlex.ladder.realise.government import NOMINATIVE, OBJECT, Pair, Table
from hyperlex.ladder.realise.hints import hints
from hyperlex.ladder.realise.sketch import Sketch, Stand, choose, joining, stands
from hyperlex.ladder.realise.write import write

# Nouns that an intransitive verb has in the bare accusative: «спал ночь», «прошёл метр».
_MEASURES = frozenset(
    (
        *("секунда", "минута", "час", "сутки", "день", "ночь", "утро", "вечер", "неделя", "месяц"),
        *("год", "полгода", "век", "зима", "лето", "время", "раз", "метр", "километр", "верста"),
        *("миля", "шаг", "рубль", "копейка", "доллар", "тонна", "килограмм"),
    )
)


def _takes_no_object(stand: Stand | None, word: Forms) -> bool:
    """Whether the word stands after a verb that is intransitive: no «стоял дверь»."""
    return (
        stand is not None
        and stand.takes[1:] == "i"
        and stand.over != "быть/V"
        and word.lemma not in _MEASURES
    )


class Realiser:
    """Outlines to sentences, with the forms that were needed so far.

    Attributes:
        table: what words govern.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self._forms: dict[Lexeme, Forms] = {}

    def forms(self, lexeme: Lexeme) -> Forms:
        """The forms of a lexeme; looked up once."""
        forms = self._forms.get(lexeme)
        if forms is None:
            participle = self.table.participles.get(lexeme.lemma, "")
            forms = self._forms[lexeme] = Forms(lexeme, participle if lexeme.kind == "T" else "")
        return forms

    def sentence(self, outline: Outline) -> str:
        """The scene of an outline, with a capital and a final mark; "" where it says nothing."""
        known = self._forms
        words = [
            (known.get(item.lexeme) or self.forms(item.lexeme))
            if type(item) is Item
            else of_literal(item.text)  # type: ignore[union-attr]
            for item in outline.items
        ]
        given = hints(outline.items)
        sketch = self.sketch(outline.frame, words, given)
        return write(sketch, given, self.table)

    def sketch(self, frame: Frame, words: Sequence[Forms], given: Sequence[Slot | None]) -> Sketch:
        """The grammar of a scene; slots that are given are kept to."""
        table = self.table
        points = table.plural.__getitem__

        def joins(words: Sequence[Forms], place: int, noun: int) -> bool:
            mine, its = given[place], given[noun]
            if mine is not None and its is not None and mine.case and its.case:
                return mine.case == its.case and (mine.number == its.number or not its.number)
            return sum(map(points, joining(words, place, noun, table))) >= 0

        sketch = Sketch(frame, words, joins)
        self._choose(sketch, given)
        return sketch

    def _choose(self, sketch: Sketch, given: Sequence[Slot | None]) -> None:
        scores, pairs = self.table.scores, self.table.pairs
        number, points = self.table.number, self.table.plural.__getitem__
        nominative = self.table.index.get(NOMINATIVE, 0)
        direct = self.table.index.get(OBJECT, -1)
        words = sketch.words
        found = stands(sketch, given, self.table)
        closest, lead = -1, -(1 << 30)

        def decide(place: int, rows: list[int], of: tuple[str, ...]) -> tuple[Pair, bool]:
            nonlocal closest, lead
            total = np.add.reduce(scores.take(rows, 0), 0, scores.dtype)
            if direct >= 0 and _takes_no_object(found[place], words[place]):
                total[direct] = np.iinfo(scores.dtype).min
            best = int(total.argmax())
            short = int(total[nominative]) - int(total[best])
            if short > lead:
                closest, lead = place, short
            pair = pairs[best]
            rows += number(pair, of)
            return pair, sum(map(points, rows)) > 0

        choose(sketch, found, given, self.table, decide)
        agent = sketch.frame.agent
        if sketch.subject < 0 and closest >= 0 and (agent == "noun" or agent == "nouns"):
            sketch.subject = closest
            sketch.pairs[closest] = NOMINATIVE
        subject = sketch.subject
        if subject >= 0 and agent == "nouns" and not sketch.words[subject].only:
            slot = given[subject]
            sketch.plural[subject] = slot is None or slot.number != "Sing"
