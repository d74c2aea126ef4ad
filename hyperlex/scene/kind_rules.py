"""What kind of clause a head makes: rules as data, the first that holds decides.

The examples are clauses whose root is the head in question; their trees are in
`tests/scene/trees.txt`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hyperlex.scene.lexicon import PREDICATIVES
from hyperlex.scene.scene import ClauseKind
from hyperlex.scene.tree import Tree


class KindRule(NamedTuple):
    """A reason to give a clause its kind; `holds` is asked of the tree and the head's place."""

    name: str
    kind: ClauseKind
    holds: Callable[[Tree, int], bool]
    example: str


def _form(form: str) -> Callable[[Tree, int], bool]:
    mark = f"VerbForm={form}"
    return lambda tree, place: mark in tree.words[place].feats


def _auxiliary(form: str) -> Callable[[Tree, int], bool]:
    mark = f"VerbForm={form}"
    return lambda tree, place: any(
        tree.bases[child] in ("aux", "cop") and mark in tree.words[child].feats
        for child in tree.children[place]
    )


def _infinitive_with_auxiliary(tree: Tree, place: int) -> bool:
    return "VerbForm=Inf" in tree.words[place].feats and _auxiliary("Fin")(tree, place)


def _short(tree: Tree, place: int) -> bool:
    return "Variant=Short" in tree.words[place].feats


def _predicative(tree: Tree, place: int) -> bool:
    if tree.words[place].lemma.lower() not in PREDICATIVES:
        return False
    return (
        tree.words[place].lemma != "нет"
        or tree.words[place].upos == "VERB"
        or tree.has(place, "nsubj", "obj", "obl", "iobj", "nmod")
    )


def _with_subject(tree: Tree, place: int) -> bool:
    return tree.has(place, "nsubj", "cop", "csubj")


def _adverb_of_state(tree: Tree, place: int) -> bool:
    word = tree.words[place]
    return (
        word.upos == "ADV"
        and word.lemma.endswith("о")
        and tree.bases[place] in ("root", "ccomp")
        and tree.has(place, "iobj", "obl", "obj", "xcomp")
    )


def _better(tree: Tree, place: int) -> bool:
    return "Degree=Cmp" in tree.words[place].feats and tree.has(place, "iobj", "advmod", "obl")


def _verb(tree: Tree, place: int) -> bool:
    return tree.words[place].upos in ("VERB", "AUX")


KIND_RULES: tuple[KindRule, ...] = (
    KindRule("personal-form", ClauseKind.FINITE, _form("Fin"), "Он стоял у двери."),
    KindRule("gerund", ClauseKind.GERUND, _form("Conv"), "Сидя у двери."),
    KindRule("short-form", ClauseKind.PREDICATIVE, _short, "Дом построен."),
    KindRule("future-infinitive", ClauseKind.FINITE, _infinitive_with_auxiliary, "Я буду читать."),
    KindRule("infinitive", ClauseKind.INFINITIVE, _form("Inf"), "Молчать!"),
    KindRule("gerund-copula", ClauseKind.GERUND, _auxiliary("Conv"), "Будучи больным."),
    KindRule("infinitive-copula", ClauseKind.INFINITIVE, _auxiliary("Inf"), "Быть врачом!"),
    KindRule("predicative-word", ClauseKind.PREDICATIVE, _predicative, "Нельзя войти."),
    KindRule("subject-or-copula", ClauseKind.PREDICATIVE, _with_subject, "Он врач."),
    KindRule("participle", ClauseKind.PARTICIPLE, _form("Part"), "Стоявший у двери."),
    KindRule("adverb-of-state", ClauseKind.PREDICATIVE, _adverb_of_state, "Мне тревожно."),
    KindRule("better", ClauseKind.PREDICATIVE, _better, "Отцу лучше."),
    KindRule("verb", ClauseKind.FINITE, _verb, "Бац!"),
)


def clause_kind(tree: Tree, place: int) -> tuple[ClauseKind, str]:
    """The kind of the clause that the word at `place` heads, and the rule that said so."""
    for rule in KIND_RULES:
        if rule.holds(tree, place):
            return rule.kind, rule.name
    return ClauseKind.NOMINAL, "no-predicate"
