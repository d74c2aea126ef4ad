"""Which words head a clause: rules as data, the first that holds decides.

The definition is that of Universal Dependencies with two choices of ours: a gerund is always a
clause, a participle is one where it has dependants and is set off («стоявший у двери»). Infinitives
under a verb («хочет войти») and bare attributes are not.

In the examples `|` stands where a clause begins or resumes because of the rule; the trees of all
examples are in `tests/scene/trees.txt`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hyperlex.scene.tree import NOWHERE, Tree


class HeadRule(NamedTuple):
    """A reason to take a word for the head of a clause.

    Attributes:
        name: shown by `Clause.by`.
        relations: the relations it looks at; one that ends in `*` means subtypes too.
        holds: of the tree and the place of the word.
        example: a sentence in which it decides.
    """

    name: str
    relations: tuple[str, ...]
    holds: Callable[[Tree, int], bool]
    example: str


def _always(tree: Tree, place: int) -> bool:
    return True


def _form(form: str) -> Callable[[Tree, int], bool]:
    mark = f"VerbForm={form}"
    return lambda tree, place: mark in tree.words[place].feats


def _child(*bases: str) -> Callable[[Tree, int], bool]:
    return lambda tree, place: tree.has(place, *bases)


def _phrase_participle(tree: Tree, place: int) -> bool:
    return "VerbForm=Part" in tree.words[place].feats and bool(tree.children[place])


def _detached_participle(tree: Tree, place: int) -> bool:
    if "VerbForm=Part" not in tree.words[place].feats:
        return False
    punctuated = [tree.bases[child] == "punct" for child in tree.children[place]]
    return any(punctuated) and not all(punctuated)


def _short_beside_predicate(tree: Tree, place: int) -> bool:
    # Up the chain of conjuncts by hand: a list may be longer than Python's stack is deep.
    while "Variant=Short" in tree.words[place].feats and tree.heads[place] != NOWHERE:
        place = tree.heads[place]
        if tree.words[place].relation != "conj":
            return head_rule(tree, place) is not None
        if any(rule.holds(tree, place) for rule in _CONJUNCT_RULES):
            return True
    return False


def _ordered_too(tree: Tree, place: int) -> bool:
    """An infinitive beside one that orders: neither has a subject, and nothing governs them."""
    while tree.words[place].relation == "conj":
        if "VerbForm=Inf" not in tree.words[place].feats or tree.has(place, "nsubj", "aux"):
            return False
        place = tree.heads[place]
    return (
        tree.heads[place] == NOWHERE
        and "VerbForm=Inf" in tree.words[place].feats
        and not tree.has(place, "nsubj", "aux", "iobj", "csubj", "xcomp")
    )


HEAD_RULES: tuple[HeadRule, ...] = (
    HeadRule("root", ("root",), _always, "Он стоял у двери."),
    HeadRule("complement", ("ccomp*",), _always, "Он знал,| что дверь закрыта."),
    HeadRule("clausal-subject", ("csubj*",), _always, "Ему нужно| идти."),
    HeadRule("parataxis", ("parataxis*",), _always, "Дверь,| говорят,| закрыта."),
    HeadRule("relative", ("acl:relcl",), _always, "Человек,| который вошёл,| молчал."),
    HeadRule("adverbial-finite", ("advcl*",), _form("Fin"), "Он ушёл,| когда стемнело."),
    HeadRule("gerund", ("advcl*",), _form("Conv"), "Он стоял у двери,| не решаясь войти."),
    HeadRule("adverbial-participle", ("advcl*",), _form("Part"), "Уставший за день,| он уснул."),
    HeadRule(
        "adverbial-marked", ("advcl*",), _child("nsubj", "cop", "mark"), "Он встал,| чтобы уйти."
    ),
    HeadRule("attribute-finite", ("acl",), _form("Fin"), "Мысль,| что он ушёл,| пугала."),
    HeadRule("attribute-marked", ("acl",), _child("nsubj", "mark"), "Способ,| как уйти,| нашёлся."),
    HeadRule("participle", ("acl",), _phrase_participle, "Человек,| стоявший у двери,| молчал."),
    HeadRule(
        "detached-participle", ("amod",), _detached_participle, "Открытая им,| дверь скрипела."
    ),
    HeadRule("coordinated-finite", ("conj",), _form("Fin"), "Он встал| и вышел."),
    HeadRule("coordinated-gerund", ("conj",), _form("Conv"), "Он сидел,| не читая| и не думая."),
    HeadRule(
        "coordinated-subject", ("conj",), _child("nsubj", "cop"), "Он врач,| а она была учителем."
    ),
    HeadRule("coordinated-order", ("conj",), _ordered_too, "Встать| и молчать!"),
    HeadRule("coordinated-short", ("conj",), _short_beside_predicate, "Дом построен| и продан."),
)


def _by_relation(rules: tuple[HeadRule, ...]) -> tuple[dict[str, list[HeadRule]], ...]:
    exact: dict[str, list[HeadRule]] = {}
    based: dict[str, list[HeadRule]] = {}
    for rule in rules:
        for relation in rule.relations:
            table = based if relation.endswith("*") else exact
            table.setdefault(relation.removesuffix("*"), []).append(rule)
    return exact, based


_CONJUNCT_RULES = tuple(
    rule for rule in HEAD_RULES if "conj" in rule.relations and rule.name != "coordinated-short"
)
_EXACT, _BASED = _by_relation(HEAD_RULES)
_ROOT = HEAD_RULES[0]


def head_rule(tree: Tree, place: int) -> HeadRule | None:
    """The rule by which a word heads a clause, or None where it heads none."""
    if tree.heads[place] == NOWHERE:
        return _ROOT
    rules = _EXACT.get(tree.words[place].relation) or _BASED.get(tree.bases[place])
    if rules is not None:
        for rule in rules:
            if rule.holds(tree, place):
                return rule
    return None
