"""Who acts, or whose state it is: the subject, or what the verb shows."""

from __future__ import annotations

from hyperlex.scene.arguments import NOUNLIKE, is_animate, is_passive
from hyperlex.scene.lexicon import (
    COLLECTIVES,
    IMPERSONAL,
    MANNER,
    NAMED_PERSONS,
    NEGATIVE_PREDICATES,
    PREDICATIVES,
    TIME,
)
from hyperlex.scene.operators import INVITATIONS
from hyperlex.scene.scene import Agent, ClauseKind
from hyperlex.scene.tree import NOWHERE, Tree
from hyperlex.scene.view import View
from hyperlex.types import Word

NOBODY = Agent(None, "", "agent", 0, "", "", None, False, "none")


def own_agent(view: View) -> tuple[Agent, int]:
    """The agent that the scene itself names or shows, and the place of its word or `NOWHERE`.

    A scene whose predicate could take its subject from an earlier one is asked in `inherits`.
    """
    tree = view.tree
    if view.kind == ClauseKind.NOMINAL:
        return NOBODY, NOWHERE
    passive = is_passive(tree, view.head) or is_passive(tree, view.event)
    if passive:
        place = _passive_agent(view)
        if place != NOWHERE:
            return _named(tree, place, "agent", "passive"), place
        if any(_subject(view)):
            return NOBODY, NOWHERE
    subject, denied = _subject(view)
    if subject is not None and not passive:
        return _named(tree, subject[0], "agent", "subject"), subject[0]
    if denied:
        return NOBODY, NOWHERE
    if view.dative and (place := _dative(view)) != NOWHERE:
        return _named(tree, place, "experiencer", "dative"), place
    if passive:
        return NOBODY, NOWHERE
    return _shown_by_verb(view), NOWHERE


def undergoer(view: View) -> Agent:
    """The subject of a passive, as the agent of what is coordinated with it; else nobody."""
    subject, _ = _subject(view)
    if subject is None or not (
        is_passive(view.tree, view.head) or is_passive(view.tree, view.event)
    ):
        return NOBODY
    return _named(view.tree, subject[0], "agent", "subject")


def inherits(view: View, agent: Agent, host: Agent, several: bool) -> bool:
    """Whether a scene that names no subject takes the one of the scene it is coordinated with:
    nothing that its verb shows may speak against it.

    Args:
        agent: what the scene itself shows.
        host: the agent of the scene it is coordinated with.
        several: whether that one is named with others («Иван и Мария»), so that a plural fits.
    """
    if agent.source not in ("verb", "none") or host.source not in ("subject", "host"):
        return False
    tree = view.tree
    if any(_subject(view)) or view.kind in (ClauseKind.NOMINAL, ClauseKind.INFINITIVE):
        return False
    word = tree.words[view.head]
    if "Mood=Imp" in word.feats or word.lemma.lower() in IMPERSONAL - _AMBIGUOUS:
        return False
    person, number, gender = _shape(view)
    if word.upos == "ADV" or (not number and word.lemma.lower() in PREDICATIVES):
        return False
    if any(
        tree.bases[k] == "xcomp" and _of_weather(tree.words[k]) for k in tree.children[view.head]
    ):
        # «Солнце село, стало прохладно»: nobody did.
        return False
    if tree.has(view.head, "mark"):
        # «Он ушёл, хотя обещал»: not coordinated, whatever the relation says.
        return False
    if person and host.person and person != host.person:
        return False
    if number and host.number and number != host.number and not (number == "Plur" and several):
        return False
    return not (gender and host.gender and gender != host.gender and host.number != "Plur")


def _of_weather(word: Word) -> bool:
    """Whether a word states how it is, and not how somebody is: «прохладно», «темно»."""
    short = "Variant=Short" in word.feats and "Gender=Neut" in word.feats
    return word.upos == "ADV" or (word.upos == "ADJ" and short)


_AMBIGUOUS = frozenset(
    ["стать", "становиться", "казаться", "думать", "подходить", "рвать", "везти"]
)


def _subject(view: View) -> tuple[tuple[int, Word] | None, bool]:
    """The subject, and whether there is one only in the genitive of denial («нет времени»)."""
    tree = view.tree
    denied = False
    for place in dict.fromkeys([view.head, *view.chain]):
        for child in tree.children[place]:
            if tree.bases[child] != "nsubj":
                continue
            word = tree.words[child]
            if (
                "Case=Gen" in word.feats
                and _denies_existence(view, place)
                and not _quantified(tree, child)
            ):
                denied = True
                continue
            if "Case=Dat" in word.feats or _disagrees(tree, child, place):
                continue
            return (child, word), False
    return None, denied


def _disagrees(tree: Tree, place: int, verb: int) -> bool:
    """Whether one thing stands beside a verb in the plural: «Мост закроют» says what, not who."""
    word, above = tree.words[place], tree.words[verb]
    return (
        "Number=Plur" in above.feats
        and "VerbForm=Fin" in above.feats
        and "Number=Sing" in word.feats
        and "Animacy=Inan" in word.feats
        and word.lemma.lower() not in COLLECTIVES
        and not tree.has(place, "conj", "nummod", "appos", "flat", "parataxis")
        and not _quantified(tree, place)
    )


def _denies_existence(view: View, place: int) -> bool:
    """Whether a predicate is one that puts its subject in the genitive: «нет времени», «не было
    писем». Elsewhere a genitive subject is a slip of the tagger.
    """
    return view.tree.words[place].lemma.lower() in NEGATIVE_PREDICATES or any(
        p in view.marks.negated for p in (place, view.head, *view.chain)
    )


def _quantified(tree: Tree, place: int) -> bool:
    return any(
        tree.bases[c] in ("nummod", "det", "advmod") or tree.words[c].upos == "NUM"
        for c in tree.children[place]
    )


def _passive_agent(view: View) -> int:
    """The one by whom it is done: named as such, or any bare instrumental but time and manner
    («построен рабочими», «предусмотрено договором»).
    """
    tree = view.tree
    for place in view.chain:
        for child in tree.children[place]:
            word = tree.words[child]
            if word.relation == "obl:agent":
                return child
            if (
                tree.bases[child] in ("obl", "iobj")
                and "Case=Ins" in word.feats
                and word.lemma.lower() not in TIME | MANNER
                and word.upos in NOUNLIKE
                and not tree.preposition(child)
            ):
                return child
    return NOWHERE


def _dative(view: View) -> int:
    tree = view.tree
    for place in view.chain:
        for child in tree.children[place]:
            word = tree.words[child]
            if (
                "Case=Dat" in word.feats
                and tree.bases[child] in ("iobj", "obl", "nsubj", "obj")
                and word.upos in NOUNLIKE
                and not tree.preposition(child)
                and (place == view.head or child < place)
            ):
                return child
    return NOWHERE


def _surname(tree: Tree, place: int) -> Word:
    """The word at a place, or the surname where that is the initial of one: «А. С. Пушкин»."""
    word = tree.words[place]
    if len(word.text) > 1 or word.upos != "PROPN":
        return word
    parts = (tree.words[k] for k in tree.children[place] if tree.bases[k] == "flat")
    return next((part for part in parts if len(part.text) > 1), word)


def _named(tree: Tree, place: int, role: str, source: str) -> Agent:
    word = _surname(tree, place)
    pronoun = NAMED_PERSONS.get(word.lemma.lower())
    person = int(word.feat("Person") or pronoun or 3)
    proper = word.upos == "PROPN"
    return Agent(
        word,
        word.lemma if proper else word.lemma.lower(),
        role,
        person,
        word.feat("Number"),
        word.feat("Gender"),
        is_animate(word),
        proper,
        source,
    )


def _shape(view: View) -> tuple[int, str, str]:
    """Person, number and gender that the finite verb, or the copula, shows; 0 and "" where none."""
    tree = view.tree
    shows = [view.event if view.tree.lower[view.head] in INVITATIONS else view.head]
    shows += [c for c in tree.children[view.head] if tree.bases[c] in ("cop", "aux")]
    person, number, gender = 0, "", ""
    for place in shows:
        word = tree.words[place]
        if "VerbForm=Fin" in word.feats or "Variant=Short" in word.feats:
            person = person or int(word.feat("Person") or 0)
            number = number or word.feat("Number")
            gender = gender or word.feat("Gender")
    return person, number, gender


def _shown_by_verb(view: View) -> Agent:
    tree = view.tree
    word = tree.words[view.head]
    if view.kind not in (ClauseKind.FINITE, ClauseKind.PREDICATIVE):
        return NOBODY
    person, number, gender = _shape(view)
    if "Mood=Imp" in word.feats and view.event == view.head:
        person, number = person or 2, number or "Sing"
    elif (
        gender == "Neut"
        or not (person or number)
        or (person == 3 and number == "Sing" and word.lemma.lower() in IMPERSONAL)
    ):
        return NOBODY
    if number == "Plur":
        gender = ""
    return Agent(None, "", "agent", person, number, "" if person else gender, None, False, "verb")
