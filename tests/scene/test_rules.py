"""Every example written in a table of rules is run, and its own row decides it."""

from __future__ import annotations

import re

import pytest
from scene.by_hand import example, shown

from hyperlex.scene.arguments import role_of
from hyperlex.scene.assemble import Clauses, clauses_of, scenes_of
from hyperlex.scene.connectives import CONNECTIVES, LINKS, OPENING, Connective
from hyperlex.scene.head_rules import HEAD_RULES, HeadRule, head_rule
from hyperlex.scene.join_rules import JOIN_RULES, JoinRule
from hyperlex.scene.kind_rules import KIND_RULES, KindRule
from hyperlex.scene.layout import LINE_RULES, Layout, LineRule
from hyperlex.scene.operators import OPERATORS, Operator
from hyperlex.scene.protected import PATTERNS
from hyperlex.scene.role_rules import ADVERB_RULES, ROLE_RULES, AdverbRule, RoleRule, adverb_role
from hyperlex.scene.tree import Tree
from hyperlex.types import Sentence, Span, Word


@pytest.mark.parametrize("rule", HEAD_RULES, ids=lambda rule: rule.name)
def test_a_head_rule_decides_its_example(rule: HeadRule) -> None:
    sentence, text = example(rule.example)
    tree = Tree(sentence)
    assert shown(text, [piece.span.start for piece in clauses_of(sentence)]) == rule.example
    found = (head_rule(tree, place) for place in range(len(tree.words)))
    assert rule.name in {met.name for met in found if met is not None}


@pytest.mark.parametrize("rule", KIND_RULES, ids=lambda rule: rule.name)
def test_a_kind_rule_decides_its_example(rule: KindRule) -> None:
    sentence, _ = example(rule.example)
    kinds = Clauses(sentence).kinds
    root = next(n for n, word in enumerate(sentence.words) if word.head == word.index)
    assert kinds[root] == (rule.kind, rule.name)


@pytest.mark.parametrize(
    "rule", [rule for rule in JOIN_RULES if rule.example], ids=lambda rule: rule.name
)
def test_a_join_rule_makes_one_scene_of_its_example(rule: JoinRule) -> None:
    sentence, text = example(rule.example)
    (scene,) = scenes_of(sentence, text)
    assert scene.by == (rule.name,)
    assert len({clause.number for clause in scene.clauses}) == 2


@pytest.mark.parametrize("rule", OPERATORS, ids=lambda rule: f"{rule.value}-{rule.alone}")
def test_an_operator_gives_its_facet_and_leaves_the_event(rule: Operator) -> None:
    sentence, lemma = rule.example.split("|")
    (scene,) = scenes_of(*example(sentence))
    assert scene.event.lemma == lemma
    facet = scene.tension.modality if rule.facet == "modality" else (scene.tension.phase,)
    assert rule.value in facet


@pytest.mark.parametrize("rule", CONNECTIVES, ids=lambda rule: rule.link)
def test_a_connective_gives_its_link(rule: Connective) -> None:
    sentence, text = example(rule.example)
    last = scenes_of(sentence, text)[-1]
    if len(last.clauses) == 2:  # «Он встал,| чтобы уйти.» is one scene, so its tie is inside.
        assert "чтобы" in text
    else:
        assert last.context.link == rule.link
        assert last.context.connective in rule.phrases.split(",")


def test_no_connective_is_listed_twice() -> None:
    listed = [phrase for rule in CONNECTIVES for phrase in rule.phrases.split(",")]
    assert sorted(set(listed)) == sorted(listed)
    assert set(LINKS) >= OPENING


_HEADS = {"speech": "говорить", "motion": "идти", "dative": "нужно"}


@pytest.mark.parametrize(
    "rule", ROLE_RULES, ids=lambda rule: rule.example.split("|")[0].replace(" ", "_")
)
def test_a_role_rule_decides_its_example(rule: RoleRule) -> None:
    phrase, lemma = rule.example.split("|")
    feats = [f"Case={rule.case}"] if rule.case else []
    if rule.kind in ("animate", "passive", "dative"):
        feats.append("Animacy=Anim")
    elif rule.kind:
        feats.append("Animacy=Inan")
    upos = {"verb": "VERB", "number": "NUM"}.get(rule.kind, "NOUN")
    above = "Voice=Pass" if rule.kind == "passive" else ""
    words = [_word("есть", _HEADS.get(rule.kind, "быть"), "VERB", above, 0, 0, "root")]
    words.append(_word(phrase.split()[-1], lemma, upos, "|".join(feats), 1, 0, rule.relation))
    preposition = rule.preposition.split(",")[0].strip("-")
    if preposition:
        words.append(_word(preposition, preposition, "ADP", "", 2, 1, "case"))
    tree = Tree(Sentence(Span(0, 1), tuple(words), (1.0,) * len(words)))
    decided = role_of(tree, 1, rule.relation, preposition, rule.kind == "dative")
    assert decided == (rule.role, rule.example)


@pytest.mark.parametrize("rule", ADVERB_RULES, ids=lambda rule: rule.role)
def test_an_adverb_rule_decides_its_example(rule: AdverbRule) -> None:
    (scene,) = scenes_of(*example(rule.example))
    (adverb,) = (argument for argument in scene.arguments if argument.relation == "advmod")
    assert adverb.role == rule.role
    assert adverb.word.lemma in rule.lemmas.split()


def test_adverbs_of_manner_are_told_from_degrees_and_particles() -> None:
    assert adverb_role("быстро") == adverb_role("по-русски") == "manner"
    assert adverb_role("очень") == adverb_role("только") == adverb_role("уже") == ""


def _word(
    text: str, lemma: str, upos: str, feats: str, index: int, head: int, relation: str
) -> Word:
    return Word(Span(index, index + 1), text, lemma, upos, feats, index, head, relation, "hand")


@pytest.mark.parametrize("rule", LINE_RULES, ids=lambda rule: rule.name)
def test_a_line_rule_gives_the_form_of_its_example(rule: LineRule) -> None:
    start = rule.example.index("\n") + 1
    place = start + next(m.start() for m in re.finditer(r"\w", rule.example[start:]))
    stop = rule.example.find("\n", start)
    layout = Layout(rule.example)
    assert layout.form(place, stop if stop >= 0 else len(rule.example)) == (rule.form, rule.name)


@pytest.mark.parametrize("row", PATTERNS, ids=lambda row: row[2].replace(" ", "_"))
def test_a_protected_pattern_finds_its_example(row: tuple[str, str, str]) -> None:
    kind, pattern, text = row
    sentence = _plain(text)
    scenes = scenes_of(sentence, text)
    found = [item for scene in scenes for item in scene.protected if item.kind == kind]
    assert [item.text for item in found] == [re.search(pattern, text)[0]]  # type: ignore[index]


def _plain(text: str) -> Sentence:
    words = tuple(
        Word(Span(*m.span()), m[0], m[0].lower(), "NOUN", "", n, 0, "root" if not n else "nmod", "")
        for n, m in enumerate(re.finditer(r"\S+", text))
    )
    return Sentence(Span(0, len(text)), words, (1.0,) + (0.0,) * (len(words) - 1))
