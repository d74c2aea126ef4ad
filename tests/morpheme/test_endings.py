"""From the morphemes of a lemma to those of a form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.morpheme import notation, parse_notation
from hyperlex.morpheme.endings import EndingRules, common_prefix
from hyperlex.morpheme.labels import Piece
from hyperlex.types import Morpheme, MorphemeType, Span

WORD = st.text(st.sampled_from("аеоийьтлнксяю"), min_size=1, max_size=8)
RULES = EndingRules({("ть", "ющий", 3): (6, 7, 8, 9)})


def pieces(line: str) -> tuple[Piece, ...]:
    return tuple((len(m.text), m.type) for m in parse_notation(line))


def shown(form: str, found: tuple[Piece, ...] | None) -> str:
    """Tikhonov's notation of `form`, or «—»."""
    if found is None:
        return "—"
    morphemes = []
    position = 0
    for length, kind in found:
        span = Span(position, position + length)
        morphemes.append(Morpheme(span, span.of(form), kind, "test"))
        position += length
    return notation(morphemes)


@pytest.mark.parametrize(
    ("lemma", "pos", "form"),
    [
        ("книг:ROOT/а:END", "NOUN", "книг:ROOT/ами:END"),
        ("книг:ROOT/а:END", "NOUN", "книг:ROOT"),
        ("дом:ROOT", "NOUN", "дом:ROOT/ов:END"),
        ("конь:ROOT", "NOUN", "кон:ROOT/я:END"),
        ("рад:ROOT/ость:SUFF", "NOUN", "рад:ROOT/ост:SUFF/и:END"),
        ("рад:ROOT/ость:SUFF", "NOUN", "рад:ROOT/ость:SUFF/ю:END"),
        ("герой:ROOT", "NOUN", "геро:ROOT/ями:END"),
        ("окош:ROOT/к:SUFF/о:END", "NOUN", "окош:ROOT/ек:SUFF"),
        ("окн:ROOT/о:END", "NOUN", "окон:ROOT"),
        ("круж:ROOT/ок:SUFF", "NOUN", "круж:ROOT/к:SUFF/и:END"),
        ("пт:ROOT/енец:SUFF", "NOUN", "пт:ROOT/енц:SUFF/а:END"),
        ("день:ROOT", "NOUN", "дн:ROOT/я:END"),
        ("нов:ROOT/ый:END", "ADJF", "нов:ROOT/ого:END"),
        ("чита:ROOT/ть:SUFF", "VERB", "чита:ROOT/л:SUFF/а:END"),
        ("чита:ROOT/ть:SUFF", "VERB", "чита:ROOT/л:SUFF"),
        ("чита:ROOT/ть:SUFF", "VERB", "чита:ROOT/ет:END"),
        ("чита:ROOT/ть:SUFF", "VERB", "чита:ROOT/й:SUFF/те:END"),
        ("пис:ROOT/а:SUFF/ть:SUFF", "VERB", "пиш:ROOT/у:END"),
        ("люб:ROOT/и:SUFF/ть:SUFF", "VERB", "любл:ROOT/ю:END"),
        ("рис:ROOT/ова:SUFF/ть:SUFF", "VERB", "рис:ROOT/у:SUFF/ют:END"),
        ("верн:ROOT/у:SUFF/ть:SUFF/ся:POSTFIX", "VERB", "верн:ROOT/у:SUFF/л:SUFF/и:END/сь:POSTFIX"),
        ("умн:ROOT/ый:END", "COMP", "умн:ROOT/ее:SUFF"),
        ("тих:ROOT/ий:END", "COMP", "по:PREF/тиш:ROOT/е:SUFF"),
        ("нов:ROOT/ый:END", "ADJF", "нов:ROOT/ейш:SUFF/ая:END"),
        ("человек:ROOT", "NOUN", "люд:ROOT/ям:END"),
        ("чита:ROOT/ть:SUFF", "PRTF", "чита:ROOT/ющ:SUFF/ий:END"),
        ("каса:ROOT/ть:SUFF/ся:POSTFIX", "PRTF", "каса:ROOT/ющ:SUFF/ий:END/ся:POSTFIX"),
    ],
)
def test_a_form_is_cut_as_its_lemma(lemma: str, pos: str, form: str) -> None:
    word = "".join(m.text for m in parse_notation(lemma))
    target = "".join(m.text for m in parse_notation(form))
    assert shown(target, RULES.transfer(word, pieces(lemma), target, pos)) == form


def test_a_form_of_another_stem_is_left_to_the_next_unit() -> None:
    lemma = pieces("мо:ROOT/чь:SUFF")
    assert RULES.transfer("мочь", lemma, "могут", "VERB") is None


def test_the_rules_are_read_back() -> None:
    assert EndingRules.parse(str(RULES)) == RULES


@pytest.mark.parametrize(
    ("one", "other", "length"), [("", "а", 0), ("аб", "аб", 2), ("аб", "ав", 1)]
)
def test_common_prefix(one: str, other: str, length: int) -> None:
    assert common_prefix(one, other) == length


@given(lemma=WORD, form=WORD, cuts=st.lists(st.integers(1, 4), max_size=6), data=st.data())
def test_a_transfer_tiles_the_form_or_is_none(
    lemma: str, form: str, cuts: list[int], data: st.DataObject
) -> None:
    of_lemma = []
    left = len(lemma)
    for cut in [*cuts, left]:
        if cut := min(cut, left):
            of_lemma.append((cut, data.draw(st.sampled_from(MorphemeType))))
            left -= cut
    if left:
        of_lemma.append((left, MorphemeType.END))
    pos = data.draw(st.sampled_from(["NOUN", "ADJF", "VERB", "GRND", "PRTF", "COMP", "ADVB"]))
    found = RULES.transfer(lemma, of_lemma, form, pos)
    assert found is None or all(length > 0 for length, _ in found)
