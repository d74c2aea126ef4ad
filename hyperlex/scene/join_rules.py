"""Which clauses belong to the scene of the clause they depend on: rules as data.

The first rule that holds decides; where none does the clause is a scene of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from hyperlex.scene.scene import ClauseKind
from hyperlex.scene.tree import Tree


class JoinRule(NamedTuple):
    """A reason to join a clause to its host.

    Attributes:
        name: shown by `Scene.by`.
        kinds: of the clause.
        relations: of its head to the host, without subtypes; empty for any but a root.
        holds: of the tree, the place of its head and the mark before it in the text.
        example: clauses apart by `|`, of which the last joins the first.
    """

    name: str
    kinds: frozenset[ClauseKind]
    relations: frozenset[str]
    holds: Callable[[Tree, int, str], bool]
    example: str


def _always(tree: Tree, place: int, mark: str) -> bool:
    return True


def _no_subject(tree: Tree, place: int, mark: str) -> bool:
    return not tree.has(place, "nsubj")


def _inserted(tree: Tree, place: int, mark: str) -> bool:
    return mark not in {":", ";", ".", "…", "!", "?", "\n", "»"}


_INTRODUCTORY = frozenset(["мочь", "быть", "казаться", "значить", "стать", "видеть"])


def _introductory(tree: Tree, place: int, mark: str) -> bool:
    """«Может быть», «кажется», «стало быть»: a verb that has nothing with it but a verb."""
    return (
        tree.words[place].lemma in _INTRODUCTORY
        and _inserted(tree, place, mark)
        and all(tree.bases[c] in ("punct", "xcomp", "fixed") for c in tree.children[place])
        and len(tree.children[place]) <= 4
    )


def _kinds(*kinds: ClauseKind) -> frozenset[ClauseKind]:
    return frozenset(kinds)


JOIN_RULES: tuple[JoinRule, ...] = (
    JoinRule(
        "gerund",
        _kinds(ClauseKind.GERUND),
        frozenset(),
        _always,
        "Он стоял у двери,| не решаясь войти.",
    ),
    JoinRule(
        "participle",
        _kinds(ClauseKind.PARTICIPLE),
        frozenset(["acl", "amod", "advcl", "conj", "nmod", "appos"]),
        _always,
        "Человек,| стоявший у двери,| молчал.",
    ),
    JoinRule(
        "infinitive",
        _kinds(ClauseKind.INFINITIVE),
        frozenset(["csubj", "ccomp", "advcl", "acl", "xcomp", "conj", "obj", "obl"]),
        _no_subject,
        "Он встал,| чтобы уйти.",
    ),
    JoinRule(
        "comparison",
        _kinds(ClauseKind.NOMINAL),
        frozenset(["advcl", "acl"]),
        _always,
        "Снег лежал,| как вата.",
    ),
    JoinRule(
        "insertion",
        _kinds(ClauseKind.NOMINAL),
        frozenset(["parataxis"]),
        _inserted,
        "Он,| к счастью,| молчал.",
    ),
    JoinRule(
        "introductory",
        _kinds(ClauseKind.FINITE),
        frozenset(["parataxis"]),
        _introductory,
        "Он,| кажется,| спит.",
    ),
    JoinRule(
        "fragment",
        _kinds(ClauseKind.NOMINAL),
        frozenset(
            [
                "obl",
                "nmod",
                "advmod",
                "amod",
                "conj",
                "appos",
                "obj",
                "iobj",
                "nsubj",
                "case",
                "cc",
                "mark",
                "det",
                "discourse",
                "fixed",
                "flat",
                "nummod",
                "vocative",
                "orphan",
                "list",
                "dep",
            ]
        ),
        _inserted,
        "",
    ),
)


def join_rule(tree: Tree, place: int, kind: ClauseKind, mark: str) -> JoinRule | None:
    """The rule that joins the clause headed at `place` to its host, or None: a scene of its own.

    Args:
        mark: the punctuation before the clause, its last character, a line break as a newline.
    """
    relation = tree.bases[place]
    for rule in JOIN_RULES:
        if (
            kind in rule.kinds
            and (not rule.relations or relation in rule.relations)
            and rule.holds(tree, place, mark)
        ):
            return rule
    return None
