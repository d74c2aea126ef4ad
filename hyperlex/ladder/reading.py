"""Scenes to outlines: which words a lower rung names, which it must keep to the letter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hyperlex.ladder.outline import AGENTS, Frame, Item, Lexeme, Literal, Outline, Slot
from hyperlex.scene.scene import Agent, Protected, Scene, SceneKind, Tension
from hyperlex.types import Span, Word
from hyperlex.word.dictionary import dictionary

NEGATIONS = frozenset(("не", "ни", "нет", "нельзя", "без"))
"""Spellings that are always named where they stand, so that negation keeps its number and scope."""

ATTACHING = frozenset(("не", "ни", "без"))
"""Those that negate the word after them."""

LITERAL_KINDS = frozenset(("number", "date", "code", "address"))
"""Protected text that stands as it stood, as units do. Names may be lexemes, a negation is one."""

_SHORT_QUOTE = 4
"""A quotation of up to so many words is the name of something and stands as it stood; a longer one
is told by scenes of its own."""

# OpenCorpora's parts of speech that carry content; those that carry grammar are the realiser's.
_CONTENT = frozenset(
    ("NOUN", "VERB", "INFN", "ADJF", "ADJS", "COMP", "ADVB", "PRTF", "PRTS", "GRND", "NUMR", "PRED")
)
_KINDS = {"NOUN": "N", "PROPN": "P", "ADJ": "A", "ADV": "R", "DET": "D", "PRON": "D", "NUM": "M"}
_VERB_FORMS = {"Inf": "I", "Conv": "G", "Part": "T"}
_NOTHING = Frame("nominal")
_PRONOUNS = frozenset(("я", "ты", "он", "она", "оно", "мы", "вы", "они", "кто"))


@dataclass(frozen=True, slots=True)
class Found:
    """An item as it was met.

    Attributes:
        item: the lexeme with the slot that it has in the text, or a literal.
        span: where it stands.
        protected: whether every rung must keep it.
    """

    item: Item | Literal
    span: Span
    protected: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A scene as the lower rungs see it.

    Attributes:
        frame: who and how.
        found: its items in the order of the text.
        foreign: whether it is no Russian to speak of (code, another language): then only its exact
            text is kept. None where it has no letters and tells nothing either way.
    """

    frame: Frame
    found: tuple[Found, ...]
    foreign: bool | None

    @property
    def says_nothing(self) -> bool:
        """Whether there is nothing to tell: no item, and a frame of no event."""
        return not self.found and self.frame == _NOTHING

    @property
    def outline(self) -> Outline:
        """The outline of all that was found."""
        return Outline(self.frame, tuple(found.item for found in self.found))


def read(scene: Scene, text: str) -> Reading:
    """What the lower rungs see of `scene`, a scene of `text`."""
    literal = [span for p in scene.protected if (span := _to_the_letter(p)) is not None]
    kept = [p.span for p in scene.protected if p.kind in ("name", "number")]
    units = {p.span.start for p in scene.protected if p.kind == "unit"}
    negating = {p.span.start for p in scene.protected if p.kind == "negation"}
    prepositions = _prepositions(scene.words)
    found: list[Found] = []
    passed = 0
    for place, word in enumerate(scene.words):
        while passed < len(literal) and literal[passed].stop <= word.span.start:
            passed += 1
        if passed < len(literal) and literal[passed].start < word.span.stop:
            span = _hull(literal[passed], word.span)
            if found and found[-1].span.stop > literal[passed].start:
                span = _hull(found.pop().span, span)
            found.append(Found(Literal(" ".join(span.of(text).split())), span, True))
            continue
        if _stands_fast(scene.words, place):
            span = _hull(word.span, scene.words[place + 1].span)
            found.append(Found(Literal(span.of(text).lower()), span, True))
            continue
        if word.span.start in units or any(c.isdigit() for c in word.text):
            found.append(Found(Literal(word.text), word.span, True))
            continue
        item = _item(word, prepositions)
        if item is not None and item.lexeme.lemma in ATTACHING and item.lexeme.kind == "-":
            negated = _negated_outside(scene.words, place)
            if negated is not None:
                span = _hull(word.span, negated.span)
                found.append(Found(Literal(" ".join(span.of(text).lower().split())), span, True))
                continue
        if item is None and word.span.start in negating:
            found.append(Found(Literal(word.text.lower()), word.span, True))  # «никто», «ничем»
        elif item is None and lies_in(kept, word):
            found.append(Found(Literal(word.text), word.span, True))  # «Ли Бо»
        if item is not None:
            protected = item.lexeme.kind in "-P" or lies_in(kept, word) or _is_ordinal(word)
            found.append(Found(item, word.span, protected))
    return Reading(frame_of(scene), tuple(found), _is_foreign(scene.words))


_ENDS = frozenset('.!?…—–:«"\n')


def by_own_words(scene: Scene, text: str, reading: Reading) -> Reading:
    """The reading of a scene without an item: its words as they stand where it is a sentence by
    itself («Да.», «А вы?»). What is left of another sentence says nothing.
    """
    spans = [word.span for word in scene.words if any(c.isalpha() for c in word.text)]
    if not spans:
        return reading
    span = Span(spans[0].start, spans[-1].stop)
    before = text[max(0, span.start - _NEAR) : span.start].rstrip(" \t")
    after = text[span.stop : span.stop + _NEAR].lstrip(" \t")
    if (before[-1:] or "\n") not in _ENDS or (after[:1] or "\n") not in _ENDS:
        return reading
    words = Found(Literal(" ".join(span.of(text).split())), span, False)
    return Reading(Frame("nominal", question=reading.frame.question), (words,), reading.foreign)


_NEAR = 8
"""Code points in which the mark before or behind a sentence is looked for."""
_INITIALS = re.compile(r"(?:\b(?:[^\W\d_]|Дж)\.\s*)+")


def _to_the_letter(found: Protected) -> Span | None:
    """What of protected text stands as it stood: of a name its initials, for «А. С.» are no words
    that could be inflected.
    """
    kept = found.kind in LITERAL_KINDS
    if kept or (found.kind == "quote" and len(found.text.split()) <= _SHORT_QUOTE):
        return found.span
    initials = _INITIALS.search(found.text) if found.kind == "name" else None
    if initials is None:
        return None
    start = found.span.start + initials.start()
    return Span(start, start + len(initials[0].rstrip()))


def lies_in(spans: Sequence[Span], word: Word) -> bool:
    """Whether a word begins in one of some spans."""
    return any(span.start <= word.span.start < span.stop for span in spans)


def _stands_fast(words: Sequence[Word], place: int) -> bool:
    """«Вряд ли», «едва ли»: without them the scene would be asserted. «Ни разу» has one form."""
    pair = tuple(word.text.lower() for word in words[place : place + 2])
    return pair in (("вряд", "ли"), ("едва", "ли"), ("ни", "разу"))


def _is_ordinal(word: Word) -> bool:
    """«на третьем этаже»: a number, though the tagger calls it an adjective."""
    return word.upos == "ADJ" and _is_ordinal_spelling(word.text.lower())


@lru_cache(maxsize=1 << 15)
def _is_ordinal_spelling(spelling: str) -> bool:
    return "Anum" in dictionary().parse(spelling)[0].tag.grammemes


def _negated_outside(words: Sequence[Word], place: int) -> Word | None:
    """The word after a negation where it is no content word («не он», «не только»): then both are
    literal, lest the negation be read with the next content word.
    """
    following = next((word for word in words[place + 1 :] if word.upos != "ADP"), None)
    if following is None:
        return None
    grammatical = following.upos in ("PRON", "PART", "CCONJ", "SCONJ")
    return following if grammatical and not carries_content(following.text.lower()) else None


def _hull(left: Span, right: Span) -> Span:
    return Span(min(left.start, right.start), max(left.stop, right.stop))


def frame_of(scene: Scene) -> Frame:
    """The frame of a scene."""
    tension = scene.tension
    question = "question" in tension.modality
    if scene.kind is SceneKind.NOMINAL:
        return Frame("nominal", question=question)
    mood = _mood(tension)
    tense = "" if mood or tension.tense == "none" else tension.tense
    return Frame(_agent(scene.agent), tense, mood, question)


def _mood(tension: Tension) -> str:
    for mood in ("imperative", "conditional"):
        if mood in tension.modality:
            return mood
    return ""


def _agent(agent: Agent) -> str:
    if agent.source == "none":
        return "none"
    shown = agent.source in ("verb", "host")
    if not shown:
        if agent.lemma in _PRONOUNS:
            return agent.lemma
        return "nouns" if agent.number == "Plur" else "noun"
    plural = agent.number == "Plur"
    if agent.person == 1:
        pronoun = "мы" if plural else "я"
    elif agent.person == 2:
        pronoun = "вы" if plural else "ты"
    elif plural:
        pronoun = "они"
    else:
        pronoun = {"Fem": "она", "Neut": "оно"}.get(agent.gender, "он")
    return f"({pronoun})"


assert all(f"({p})" in AGENTS or p == "кто" for p in _PRONOUNS)


def _prepositions(words: Sequence[Word]) -> dict[int, str]:
    """Prepositions by the index of the word that they govern."""
    return {
        word.head: word.text.lower()
        for word in words
        if word.upos == "ADP" and word.relation == "case"
    }


def _item(word: Word, prepositions: dict[int, str]) -> Item | None:
    lower = word.text.lower()
    if lower in NEGATIONS:
        return Item(Lexeme(lower, "-"))
    lexeme = lexeme_of(word)
    slot = None
    if lexeme is not None and lexeme.kind in "NPATDM":
        slot = Slot(prepositions.get(word.index, ""), word.feat("Case"), word.feat("Number"))
    return None if lexeme is None else Item(lexeme, slot)


def lexeme_of(word: Word) -> Lexeme | None:
    """The lexeme of a word that carries content."""
    if word.upos == "PUNCT" or not carries_content(word.text.lower()):
        return None
    kind = kind_of(word)
    lemma = word.lemma if kind == "P" else word.lemma.lower()
    return Lexeme(lemma.replace("ё", "е").replace("Ё", "Е"), kind)


def kind_of(word: Word) -> str:
    """The kind of a word that carries content, a letter of `KINDS`."""
    if word.upos in ("VERB", "AUX"):
        feats = word.feats
        if "Variant=Short" in feats:
            return "S"
        for form, kind in _VERB_FORMS.items():
            if f"VerbForm={form}" in feats:
                return kind
        return "V"
    if word.upos == "ADJ":
        if "Variant=Short" in word.feats:
            return "S"
        return "C" if "Degree=Cmp" in word.feats else "A"
    return _KINDS.get(word.upos, "O")


@lru_cache(maxsize=1 << 17)
def carries_content(spelling: str) -> bool:
    """Whether a spelling in lower case is a content word for the dictionary, read without context.

    Of a spelling, so that no change of the tagger's mind adds or loses a word.
    """
    if not any(c.isalnum() for c in spelling):
        return False
    pos = dictionary().parse(spelling)[0].tag.POS
    return pos is None or str(pos) in _CONTENT


def _is_foreign(words: Iterable[Word]) -> bool | None:
    """Whether fewer than half of the letters are Cyrillic; None without letters."""
    letters = cyrillic = 0
    for word in words:
        for c in word.text:
            if c.isalpha():
                letters += 1
                cyrillic += "а" <= c <= "я" or "А" <= c <= "Я" or c in "ёЁ"
    return 2 * cyrillic < letters if letters else None
