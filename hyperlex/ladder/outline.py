"""What the lower rungs say of a scene: its frame, and its content words in the order of the text.

An outline is the seam between the two halves of the ladder: the encoder makes ids of it, and the
realiser makes Russian of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

AGENTS = (
    "nominal", "none", "noun", "nouns",
    "я", "ты", "он", "она", "оно", "мы", "вы", "они", "кто",
    "(я)", "(ты)", "(он)", "(она)", "(оно)", "(мы)", "(вы)", "(они)",
)  # fmt: skip
"""Classes of agents: a scene without a predicate; a predicate without an agent; a noun among the
items, singular or plural; a pronoun that the text has; in parentheses, one that only the verb, or
the clause before, shows.
"""

TENSES = ("", "past", "present", "future")
MOODS = ("", "imperative", "conditional")

KINDS = "NPVIGTASCRDMO-"
"""Kinds of lexemes: noun, proper name, finite verb, infinitive, gerund, full participle, full
adjective, short adjective or participle, comparative, adverb, determiner, numeral, other; `-` is a
word that negates.
"""


@dataclass(frozen=True, slots=True, order=True)
class Frame:
    """Who acts, and how the event stands to reality: one of a few hundred.

    Attributes:
        agent: one of `AGENTS`.
        tense: one of `TENSES`; "" in an imperative, a conditional, or without a predicate.
        mood: one of `MOODS`; "" is the indicative.
        question: whether the scene asks.
    """

    agent: str
    tense: str = ""
    mood: str = ""
    question: bool = False

    @property
    def name(self) -> str:
        """Readable: `он·past`, `nominal`, `(ты)·imperative`, `noun·present?`."""
        parts = (self.agent, self.tense, self.mood)
        return "·".join(part for part in parts if part) + "?" * self.question


@dataclass(frozen=True, slots=True, order=True)
class Lexeme:
    """A lemma with its kind.

    Attributes:
        lemma: the dictionary form, lower case but for names, `е` for `ё`.
        kind: one letter of `KINDS`.
    """

    lemma: str
    kind: str


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """The place that a word takes in its phrase.

    Attributes:
        preposition: in lower case, or "".
        case: of Universal Dependencies (`Nom`, `Gen`, `Dat`, `Acc`, `Ins`, `Loc`), or "" where the
            word shows none.
        number: `Sing`, `Plur` or "".
    """

    preposition: str = ""
    case: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A content word of a scene.

    Attributes:
        lexeme: which word.
        slot: its place in the phrase; None where the code does not say.
    """

    lexeme: Lexeme
    slot: Slot | None = None


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands as it stood: a number, a date, an address, a name or word out of lexicon.

    Attributes:
        text: one or more words, without white space around them.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A frame and the items of a scene in the order of the text.

    Attributes:
        frame: who and how.
        items: lexemes and literals.
    """

    frame: Frame
    items: tuple[Item | Literal, ...]

    def without_slots(self) -> Outline:
        """The same outline as it is known from lexemes alone."""
        items = (replace(i, slot=None) if isinstance(i, Item) else i for i in self.items)
        return Outline(self.frame, tuple(items))


def run_together(before: str, after: str) -> bool:
    """Whether a number at the end of one text would be read as one with that of the next."""
    return before[-1:].isdigit() and after[:1].isdigit()


def in_a_row(words: Sequence[str]) -> str:
    """Words behind each other, two numbers kept apart: «с 690 до 575» is not «690 575»."""
    text = words[0] if words else ""
    for word in words[1:]:
        text += (", " if run_together(text, word) else " ") + word
    return text
