"""A sketch as text: agreement, prepositions, pronouns, commas."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from hyperlex.ladder.outline import Frame, Slot, in_a_row
from hyperlex.ladder.realise.forms import NUMBER, Forms
from hyperlex.ladder.realise.government import NOMINATIVE, Pair, Table
from hyperlex.ladder.realise.prepositions import GOVERNS, before
from hyperlex.ladder.realise.sketch import Sketch

_PRONOUNS = frozenset(("я", "ты", "он", "она", "оно", "мы", "вы", "они", "кто"))
_PERSONS = {"я": "1Sing", "мы": "1Plur", "ты": "2Sing", "вы": "2Plur", "они": "3Plur"}
_COLUMNS = {"она": "Fem", "оно": "Neut", "мы": "Plur", "вы": "Plur", "они": "Plur"}
_ENDS = (".", "!", "?", "…")
_LITERAL = frozenset(("L", NUMBER))
_CYRILLIC = "а"
_INSIDE = ("в", "на")
_GENITIVE = ("Gen",)
_FEW = frozenset(("<few>/#", "два/M", "три/M", "четыре/M", "оба/M", "полтора/M"))


def write(sketch: Sketch, hints: Sequence[Slot | None], table: Table) -> str:
    """The sentence, with a capital and a final mark; "" where the scene says nothing.

    A Latin literal keeps its letter at the beginning too: «iPhone».
    """
    frame, words, heads = sketch.frame, sketch.words, sketch.heads
    agent = frame.agent.strip("()")
    person, column = _agreement(sketch, agent)
    verb_key = _verb_key(frame, agent, person, column)
    spelled = [
        _spell(sketch, hints, table, place, verb_key, person, column) for place in range(len(words))
    ]
    pronoun = frame.agent if frame.agent in _PRONOUNS else ""
    at, leaders = _leaders(sketch, pronoun, verb_key == "let")
    out: list[str] = []
    open_group = False
    for place, word in enumerate(words):
        kind = word.kind
        if place == at:
            if open_group and out:
                out[-1] += ","
                open_group = False
            out += leaders
        elif open_group and place == sketch.subject and sketch.starts[place] == place:
            out[-1] += ","
            open_group = False
        if kind == "G" or (kind == "-" and _kind(words, place + 1) == "G"):
            if out and not (kind == "G" and _kind(words, place - 1) == "-"):
                out[-1] += ","
            open_group = open_group or (kind == "G" and place < at)
        noun = heads[place] if heads[place] >= 0 else place
        if sketch.starts[noun] == place and sketch.pairs[noun] is not None:
            joint = _joint(sketch, noun)
            if joint == ",":
                out[-1] += ","
                open_group = place < at
            elif joint:
                out.append(joint)
            preposition = _preposition(sketch, noun)
            if preposition:
                out.append(before(preposition, spelled[place]))
        out.append(spelled[place])
        if place == sketch.predicate and frame.mood == "conditional":
            out.append("бы")
    if at >= len(words):
        out += leaders
    if frame.mood == "conditional" and sketch.predicate < 0 and out:
        out.append("бы")
    return _finish(in_a_row(out), _kind(words, 0), frame.question)


def _finish(text: str, first: str, question: bool) -> str:
    if not text:
        return ""
    if first not in _LITERAL or text >= _CYRILLIC:
        text = text[0].upper() + text[1:]
    if text.endswith("?" if question else _ENDS):
        return text
    return text + ("?" if question else ".")


def _kind(words: Sequence[Forms], place: int) -> str:
    return words[place].kind if 0 <= place < len(words) else ""


def _agreement(sketch: Sketch, agent: str) -> tuple[str, str]:
    """Person with number, and the column of the past: gender or `Plur`."""
    if agent in _PRONOUNS:
        return _PERSONS.get(agent, "3Sing"), _COLUMNS.get(agent, "Masc")
    if agent == "nouns":
        return "3Plur", "Plur"
    if sketch.subject >= 0:
        if sketch.plural[sketch.subject]:
            return "3Plur", "Plur"
        word = sketch.words[sketch.subject]
        return "3Sing", word.gender or "Masc"
    return "3Sing", "Neut" if agent == "none" else "Masc"


def _verb_key(frame: Frame, agent: str, person: str, column: str) -> str:
    """The key of the finite verb; `let` where «пусть» says the imperative, "" where unknown."""
    if frame.mood == "imperative":
        if agent in ("ты", "none", "я"):
            return "!Sing"
        if agent == "вы":
            return "!Plur"
        return "!we" if agent == "мы" else "let"
    if frame.mood == "conditional" or frame.tense == "past":
        return column
    return person if frame.tense else ""


def _verb(word: Forms, frame: Frame, key: str, person: str, column: str, after: str) -> str:
    if key == "let":
        key = person
    if not key:
        key = column if word.perfective or word.lemma == "быть" else person
    if word.lemma == "быть" and frame.tense == "present":
        key = person if after == "I" else "now3Sing"
    return word.form(key)


def _spell(
    sketch: Sketch,
    hints: Sequence[Slot | None],
    table: Table,
    place: int,
    verb_key: str,
    person: str,
    column: str,
) -> str:
    word = sketch.words[place]
    kind = word.kind
    if kind == "V":
        return _verb(word, sketch.frame, verb_key, person, column, _kind(sketch.words, place + 1))
    if kind == "S":
        return word.form("Neut" if _is_impersonal(sketch, word, place, table) else column)
    if kind in "NP":
        return _noun(sketch, word, place, table)
    if kind in "ADTM":
        return _modifier(sketch, hints, word, place, column)
    if kind in "IGC":
        return word.form("")
    return word.lemma


def _is_impersonal(sketch: Sketch, word: Forms, place: int, table: Table) -> bool:
    """Whether a short form has no subject: «нужно спешить»."""
    if sketch.frame.agent == "none":
        return not word.participle
    return word.lemma in table.impersonal and (
        sketch.subject < 0 or _kind(sketch.words, place + 1) == "I"
    )


def _case(pair: Pair) -> str:
    """The case of a pair; where none is known, the first that the preposition governs."""
    preposition, case = pair
    if case or not preposition:
        return case
    return GOVERNS.get(preposition, _GENITIVE)[0]


def _noun(sketch: Sketch, word: Forms, place: int, table: Table) -> str:
    pair = sketch.pairs[place]
    assert pair is not None
    case = _case(pair)
    if not case:
        return word.lemma
    number = "Plur" if sketch.plural[place] else "Sing"
    if not word.nominal:
        column = "Plur" if sketch.plural[place] else word.gender or "Masc"
        return word.form(_column(case, column, living=True))
    key = case + number
    if key == "LocSing" and pair[0] in _INSIDE and word.lemma in table.indoors:
        key = "PlaceSing"
    if key == "GenPlur" and word.lemma == "человек" and _is_counted(sketch, place):
        return "человек"
    return word.form(key)


def _column(case: str, column: str, living: bool) -> str:
    """The key of an adjective's form."""
    return case + column + "!" * (living and case == "Acc" and column in ("Masc", "Plur"))


def _is_counted(sketch: Sketch, noun: int) -> bool:
    first = sketch.words[sketch.starts[noun]]
    return first.kind == NUMBER or (first.kind == "M" and first.nominal)


def _modifier(
    sketch: Sketch, hints: Sequence[Slot | None], word: Forms, place: int, column: str
) -> str:
    head = sketch.heads[place]
    if head >= 0:
        noun: Forms | None = sketch.words[head]
        case, plural = _with_noun(sketch, hints[place], word, head)
        gender = ""
    else:
        case, plural = _case(sketch.pairs[place] or NOMINATIVE) or "Nom", sketch.plural[place]
        noun = _noun_near(sketch, place, case, plural)
        gender = column if noun is None and case == "Nom" and column != "Plur" else ""
    if noun is not None:
        gender = noun.gender
    agreed = "Plur" if plural else gender or "Masc"
    living = noun is not None and noun.animate and not word.nominal
    return word.form(_column(case, agreed, living))


def _with_noun(sketch: Sketch, hint: Slot | None, word: Forms, head: int) -> tuple[str, bool]:
    """Case of a modifier of the noun at `head`, and whether it is plural."""
    pair = sketch.pairs[head] or NOMINATIVE
    case, plural = _case(pair) or "Nom", sketch.plural[head]
    if hint is not None and hint.case:
        return hint.case, hint.number == "Plur" or (plural and not hint.number)
    if case != "Gen":
        return case, plural
    if word.kind == "M" and word.nominal:
        # «в пять часов»: the preposition governs the numeral, and that the noun.
        return GOVERNS.get(pair[0], _GENITIVE)[0] if pair[0] else "Nom", plural
    return case, plural or sketch.words[sketch.starts[head]].trait in _FEW


def _noun_near(sketch: Sketch, place: int, case: str, plural: bool) -> Forms | None:
    """The noun that a modifier apart from it agrees with: the nearest before it, else after it."""
    for other in chain(range(place - 1, -1, -1), range(place + 1, len(sketch.words))):
        pair = sketch.pairs[other]
        if pair is None or sketch.words[other].kind not in "NP":
            continue
        if pair[1] == case and sketch.plural[other] == plural:
            return sketch.words[other]
    return None


def _preposition(sketch: Sketch, noun: int) -> str:
    pair = sketch.pairs[noun]
    assert pair is not None
    if pair[0] or pair[1] != "Loc":
        return pair[0]
    start = sketch.starts[noun]
    former = sketch.pairs[start - 1] if start else None
    return "" if former is not None and former[1] == "Loc" else "в"


def _joint(sketch: Sketch, noun: int) -> str:
    """What stands between a phrase and the noun right before it: «и», a comma, a dash or ""."""
    start = sketch.starts[noun]
    pair = sketch.pairs[noun]
    former = sketch.pairs[start - 1] if start else None
    if former is None or pair is None:
        return ""
    kind, other = sketch.words[noun].kind, sketch.words[start - 1].kind
    if other not in "NP":
        return ""
    if kind == "T":
        return ","
    if kind != "N" or other != "N" or pair[0] or pair[1] != former[1] or pair[1] in ("Gen", ""):
        return ""
    if pair == NOMINATIVE and sketch.predicate < 0 and sketch.frame.agent != "nominal":
        return "—"
    return "и"


def _leaders(sketch: Sketch, pronoun: str, let: bool) -> tuple[int, list[str]]:
    """The place before which the pronoun and «пусть» stand, and these words."""
    words = sketch.words
    at = sketch.predicate
    if at < 0:
        at = next((k for k, word in enumerate(words) if word.kind == "I"), 0)
    while at > 0 and words[at - 1].kind in "-R":
        at -= 1
    leaders = ["пусть"] * let + [pronoun] * bool(pronoun)
    return at, leaders
