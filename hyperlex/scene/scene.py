"""What the analysis of meaning gives: clauses, scenes, and the facets of a scene."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hyperlex.types import Span, Word


class ClauseKind(StrEnum):
    """What makes a run of words a clause."""

    FINITE = "finite"
    """A verb in a personal form: «он стоял»."""
    GERUND = "gerund"
    """«не решаясь войти»"""
    PARTICIPLE = "participle"
    """A participle with dependants: «стоявший у двери»."""
    INFINITIVE = "infinitive"
    """An infinitive that heads its clause: «чтобы войти», «Молчать!»."""
    PREDICATIVE = "predicative"
    """A short form, a predicative or a noun as predicate: «дверь закрыта», «ему холодно», «он
    врач».
    """
    NOMINAL = "nominal"
    """No predicate at all: titles, replies, items of a list."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One unbroken piece of a clause. Pieces tile the sentence, in order.

    A clause that another one interrupts («Человек,| который вошёл,| молчал.») has several pieces:
    they share `number`, `predicate` and `segments`.

    Attributes:
        span: the piece, from its first word to its last, punctuation after it included.
        words: the words of the piece, in order.
        number: the same for all pieces of one clause; numbered from 0 through the text by first
        piece. segments: the spans of all pieces of the clause, in order; `span` is one of them.
        kind: what makes it a clause.
        predicate: the word that heads it, wherever in the clause it stands; None for NOMINAL.
        by: which rule or weight began the piece here.
    """

    span: Span
    words: tuple[Word, ...]
    number: int
    segments: tuple[Span, ...]
    kind: ClauseKind
    predicate: Word | None
    by: str


@dataclass(frozen=True, slots=True)
class Argument:
    """A participant or a circumstance of a scene.

    Attributes:
        head: the span of its head word.
        span: the hull of the whole phrase, its preposition included.
        word: the head word.
        relation: how it depends on the predicate, in terms of Universal Dependencies without a
            subtype: `nsubj`, `obj`, `iobj`, `obl`, `xcomp`, `advmod`.
        role: agent, patient, recipient, experiencer, instrument, place, time, manner, cause, goal,
            source, topic, companion, attribute or other.
        preposition: in lower case, or "".
    """

    head: Span
    span: Span
    word: Word
    relation: str
    role: str
    preposition: str


@dataclass(frozen=True, slots=True)
class Agent:
    """Who acts, or whose state it is (агент).

    Attributes:
        word: the word that names it, or None where only the verb shows it, or nothing does.
        lemma: its lemma; "" where there is no such word.
        role: `agent`, or `experiencer` («ему холодно»).
        person: 1, 2, 3, or 0 where unknown (the past tense shows none).
        number: `Sing`, `Plur` or "".
        gender: `Masc`, `Fem`, `Neut` or "".
        animate: True, False, or None where nothing says.
        proper: whether it is a proper name.
        source: `subject`, `passive` («построен рабочими»), `dative` («ему нужно»), `verb` (the
            form of the verb shows it: «Иду»), `host` (taken from the clause that this one depends
            on) or `none`.
    """

    word: Word | None
    lemma: str
    role: str
    person: int
    number: str
    gender: str
    animate: bool | None
    proper: bool
    source: str

    @property
    def gloss(self) -> str:
        """One line: the lemma, or what the verb shows in parentheses, `(1sg)`, `(sg.f)`, or `—`."""
        if self.lemma:
            return self.lemma
        number = {"Sing": "sg", "Plur": "pl"}.get(self.number, "")
        gender = {"Masc": ".m", "Fem": ".f", "Neut": ".n"}.get(self.gender, "")
        shown = f"{self.person or ''}{number}{gender}"
        return f"({shown})" if shown else "—"


@dataclass(frozen=True, slots=True)
class Event:
    """What happens (событие).

    Attributes:
        word: the predicate, or None in a nominal scene.
        lemma: its lemma; "" in a nominal scene.
        archetype: the class of the predicate among those learned from corpora, or -1 where unknown.
        members: the lemmas nearest to the centre of that class: its readable gloss.
    """

    word: Word | None
    lemma: str
    archetype: int
    members: tuple[str, ...]

    @property
    def gloss(self) -> str:
        """One line: the lemma and the class it belongs to."""
        kin = f" [{', '.join(self.members)}]" if self.members else ""
        return (self.lemma or "—") + kin


@dataclass(frozen=True, slots=True)
class Tension:
    """How the event stands to reality (напряжение).

    Attributes:
        polarity: `+` or `-`: whether the event itself is asserted or denied.
        modality: in this order, those that hold: `can`, `must`, `want`, `dare`, `almost`,
            `conditional`, `imperative`, `question`; `("fact",)` where none does.
        tense: `past`, `present`, `future`, or `none` (imperative, conditional, bare infinitive, no
            predicate).
        aspect: `Imp`, `Perf` or "".
        phase: `begin`, `continue`, `end` or "".
        intensity: -1 (weakened: «едва», «чуть»), 0, or 1 (strengthened: «очень», «совсем», «!»).
    """

    polarity: str
    modality: tuple[str, ...]
    tense: str
    aspect: str
    phase: str
    intensity: int

    @property
    def gloss(self) -> str:
        """One line: `- can+question past`."""
        parts = (self.polarity, "+".join(self.modality), self.tense, self.aspect, self.phase)
        return " ".join(part for part in parts if part and part != "none")


@dataclass(frozen=True, slots=True)
class Context:
    """Where, when, how, why, to whom, and how the scene is tied to the one before (контекст).

    Attributes:
        arguments: the circumstances and the participants other than agent and patient.
        patient: whom or what the event is done to, or None.
        connective: the words that tie it to what came before, in lower case («но», «потому что»),
        or "". link: their class: `and`, `but`, `because`, `if`, `when`, `so`, `that`, `which`,
            `or`, `though`, `like`, or "".
    """

    arguments: tuple[Argument, ...]
    patient: Argument | None
    connective: str
    link: str

    @property
    def gloss(self) -> str:
        """One line: `patient=дверь place=у дверь but`."""
        parts = [f"patient={self.patient.word.lemma}"] if self.patient else []
        for argument in self.arguments:
            preposition = f"{argument.preposition} " if argument.preposition else ""
            parts.append(f"{argument.role}={preposition}{argument.word.lemma}")
        return " ".join([*parts, self.link]).strip()


@dataclass(frozen=True, slots=True)
class Protected:
    """Text that no lossy code may touch.

    Attributes:
        span: where it stands.
        text: exactly `span.of(text)`.
        kind: `negation`, `number`, `date`, `unit`, `name`, `quote`, `code` or `address`.
    """

    span: Span
    text: str
    kind: str

    @property
    def gloss(self) -> str:
        """One line: `number=14`."""
        return f"{self.kind}={self.text}"


class SceneKind(StrEnum):
    """What the scene is about."""

    VERBAL = "verbal"
    PREDICATIVE = "predicative"
    NOMINAL = "nominal"


class SceneForm(StrEnum):
    """How the scene stands on the page."""

    PROSE = "prose"
    QUOTE = "quote"
    REPLY = "reply"
    ITEM = "item"
    HEADING = "heading"


@dataclass(frozen=True, slots=True)
class Scene:
    """One event or state with its participants; close to the Scene of UCCA (Abend & Rappoport
    2013).

    Gerund, participial and infinitive clauses that share the actor belong to their host's scene.

    Attributes:
        span: the hull of its segments. Only a scene that another interrupts has several.
        segments: unbroken runs of text, in order; those of all scenes tile the sentence.
        words: its words, in order.
        clauses: its clause pieces, in order.
        kind: verbal, predicative or nominal.
        form: prose, quote, reply, item or heading.
        arguments: of its main predicate and of the clauses that belong to it.
        by: which rules joined its clauses.
    """

    span: Span
    segments: tuple[Span, ...]
    words: tuple[Word, ...]
    clauses: tuple[Clause, ...]
    kind: SceneKind
    form: SceneForm
    arguments: tuple[Argument, ...]
    agent: Agent
    event: Event
    tension: Tension
    context: Context
    protected: tuple[Protected, ...]
    by: tuple[str, ...]
