"""The participants and circumstances of a scene, with their roles."""

from __future__ import annotations

import re
from functools import lru_cache

from hyperlex.scene.lexicon import (
    ANIMATE_PRONOUNS,
    CAUSE,
    EVENT_NOUNS,
    MANNER,
    MEASURES,
    MIDDLES,
    MOTION,
    SPEECH_AND_THOUGHT,
    STATES,
    TIME,
)
from hyperlex.scene.role_rules import ROLE_RULES, RoleRule, adverb_role
from hyperlex.scene.scene import Argument
from hyperlex.scene.tree import NOWHERE, Tree
from hyperlex.types import Span, Word
from hyperlex.word.dictionary import dictionary

NOUNLIKE = frozenset(["NOUN", "PROPN", "PRON", "NUM", "DET", "SYM"])
_CORE = frozenset(["nsubj", "obj", "iobj"])
RELATIONS = frozenset(["nsubj", "obj", "iobj", "obl", "xcomp", "advmod"])
_CLASSES = {
    "time": TIME,
    "event": EVENT_NOUNS,
    "manner": MANNER,
    "cause": CAUSE,
    "measure": MEASURES,
}


def arguments_of(
    tree: Tree, places: list[int], of_word: list[int], chain: list[int], dative: bool
) -> list[tuple[int, Argument]]:
    """The arguments among the words at `places`, each with its own place.

    Args:
        places: of the scene's words.
        of_word: the clause head of every word: a phrase ends where its clause does.
        chain: the operators and the event of the scene: an infinitive among them is no argument.
        dative: whether a dative of the chain names the one whose state it is.
    """
    found: list[tuple[int, Argument]] = []
    for place in places:
        relation = tree.bases[place]
        if relation not in RELATIONS:
            continue
        word = tree.words[place]
        if relation == "advmod":
            if word.upos == "ADV" and (role := adverb_role(word.lemma.lower())):
                found.append((place, Argument(word.span, word.span, word, relation, role, "")))
            continue
        if relation == "xcomp":
            if place in chain:
                continue
        elif word.upos not in NOUNLIKE and not (relation in _CORE and _stands_for_noun(word)):
            continue
        preposition = tree.preposition(place) if tree.children[place] else ""
        role, _ = role_of(tree, place, relation, preposition, dative)
        argument = Argument(
            word.span, _hull(tree, place, of_word), word, relation, role, preposition
        )
        found.append((place, argument))
    return found


def _stands_for_noun(word: Word) -> bool:
    """Whether an adjective or participle may take part: «одни спорили», «опоздавших не ждут»."""
    return word.upos == "ADJ" or word.feat("VerbForm") == "Part"


def role_of(
    tree: Tree, place: int, relation: str, preposition: str, dative: bool
) -> tuple[str, str]:
    """The role of an argument and the example of the rule that decided."""
    word, head = tree.words[place], tree.heads[place]
    if relation == "nsubj":
        if word.relation == "nsubj:pass" or (head != NOWHERE and is_passive(tree, head)):
            return "patient", "subject of a passive"
        if "Case=Gen" in word.feats and not tree.has(place, "nummod", "det", "advmod"):
            return "patient", "genitive subject"
        return ("experiencer" if "Case=Dat" in word.feats else "agent"), "subject"
    if word.relation == "obl:agent":
        return "agent", "obl:agent"
    case = word.feat("Case")
    if case == "Gen" and any(
        tree.words[c].relation == "nummod:gov" and "Case=Gen" not in tree.words[c].feats
        for c in tree.children[place]
    ):
        case = "Acc"
    for rule in _rules(relation, preposition):
        if (not rule.case or not case or rule.case == case) and (
            not rule.kind or _is(rule.kind, tree, word, head, dative)
        ):
            return rule.role, rule.example
    return "other", "no rule"


@lru_cache(maxsize=1024)
def _rules(relation: str, preposition: str) -> tuple[RoleRule, ...]:
    asked = preposition or "-"
    return tuple(
        rule
        for rule in ROLE_RULES
        if rule.relation == relation
        and (not rule.preposition or asked in rule.preposition.split(","))
    )


_DATE = re.compile(r"\d{1,4}(?:[./]\d{1,4}){1,2}")


def _is(kind: str, tree: Tree, word: Word, head: int, dative: bool) -> bool:
    if (lemmas := _CLASSES.get(kind)) is not None:
        return word.lemma.lower() in lemmas
    if kind == "deed":
        return word.lemma.lower().endswith(("ение", "ание", "тие"))
    if kind == "animate":
        return bool(is_animate(word))
    if kind == "number":
        return word.upos == "NUM" or word.text[0].isdigit()
    if kind == "date":
        return _DATE.fullmatch(word.text) is not None
    if kind == "digits":
        return word.text[0].isdigit() and not word.feat("Case")
    if kind == "verb":
        return word.upos in ("VERB", "AUX")
    if kind == "dative":
        return dative
    if head == NOWHERE:
        return False
    if kind == "passive":
        return is_passive(tree, head)
    return tree.words[head].lemma.lower() in (SPEECH_AND_THOUGHT if kind == "speech" else MOTION)


def is_animate(word: Word) -> bool | None:
    """What the features or the closed class of pronouns say, or None."""
    if "Animacy=Anim" in word.feats or word.lemma.lower() in ANIMATE_PRONOUNS:
        return True
    return False if "Animacy=Inan" in word.feats else None


def is_passive(tree: Tree, place: int) -> bool:
    """Whether the predicate at `place` is passive: its subject undergoes the event."""
    word = tree.words[place]
    if "Voice=Pass" in word.feats and not is_state(word):
        return True
    inanimate = True
    for child in tree.children[place]:
        relation = tree.words[child].relation
        if relation in ("nsubj:pass", "aux:pass"):
            return True
        if relation == "nsubj":
            inanimate = "Animacy=Inan" in tree.words[child].feats or not is_animate(
                tree.words[child]
            )
    return (
        inanimate
        and "Aspect=Imp" in word.feats
        and "VerbForm=Fin" in word.feats
        and word.lemma.endswith("ся")
        and is_reflexive_passive(word.lemma.lower())
    )


def is_state(word: Word) -> bool:
    """«Мы намерены», «он вынужден»: a participle by form, an adjective by meaning."""
    return "Variant=Short" in word.feats and word.lemma.lower() in STATES


@lru_cache(maxsize=4096)
def is_reflexive_passive(lemma: str) -> bool:
    """Whether an imperfective verb in -ся is the passive of the same verb without it: it is where
    that one is transitive and the pair has not parted in meaning («строится», not «находится»).
    """
    if lemma in MIDDLES:
        return False
    return any(
        parse.normal_form == lemma[:-2] and "tran" in parse.tag and "impf" in parse.tag
        for parse in dictionary().parse(lemma[:-2])
    )


def _hull(tree: Tree, place: int, of_word: list[int]) -> Span:
    """From the first to the last word of the phrase, as far as its clause goes."""
    children = tree.children
    if not children[place]:
        return tree.words[place].span
    owner = of_word[place]
    low = high = place
    below = list(children[place])
    while below:
        child = below.pop()
        if of_word[child] != owner or tree.words[child].upos == "PUNCT":
            continue
        if child < low:
            low = child
        elif child > high:
            high = child
        below.extend(children[child])
    return Span(tree.words[low].span.start, tree.words[high].span.stop)
