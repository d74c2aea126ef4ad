"""How an event stands to reality: polarity, modality, tense, aspect, phase, intensity."""

from __future__ import annotations

from itertools import pairwise

from hyperlex.scene.arguments import is_state
from hyperlex.scene.lexicon import NEGATIVE_PREDICATES, NEGATIVE_PRONOUNS
from hyperlex.scene.operators import (
    BY_LEMMA,
    HORTATIVES,
    INVITATIONS,
    MODALITIES,
    QUESTION_WORDS,
    STRONG,
    SUBJUNCTIVES,
    WEAK,
)
from hyperlex.scene.scene import ClauseKind, Tension
from hyperlex.scene.tree import NOWHERE, Tree
from hyperlex.scene.view import View, descend

Notes = list[str] | None
"""Where a facet writes which rule decided, when someone asks."""


def tension_of(view: View, notes: Notes = None) -> Tension:
    """The tension of one scene."""
    held = _modalities(view, notes)
    phase = next((op.value for _, op in view.operators if op.facet == "phase"), "")
    return Tension(
        polarity=_polarity(view, notes),
        modality=tuple(m for m in MODALITIES if m in held) if held else ("fact",),
        tense=_tense(view, held, notes),
        aspect=view.tree.words[view.event].feat("Aspect"),
        phase=phase,
        intensity=_intensity(view, notes),
    )


def _polarity(view: View, notes: Notes) -> str:
    tree, marks = view.tree, view.marks
    denials = 0
    for place in view.chain:
        word = tree.words[place]
        if (
            not NEGATIVE_PREDICATES.isdisjoint((word.lemma.lower(), tree.lower[place]))
            and view.kind != ClauseKind.NOMINAL
        ):
            denials += 1
            _note(notes, f"polarity: «{word.text}» denies")
    for target, mark in marks.negated.items():
        if _denies_event(view, target) and not _expletive(view, mark):
            denials += 1
            _note(notes, f"polarity: «не» denies «{tree.words[target].text}»")
    if view.lacks:
        denials += 1
        _note(notes, "polarity: «не» before a preposition denies that there is anybody")
    if not denials and view.kind in (ClauseKind.NOMINAL, ClauseKind.PREDICATIVE):
        for place in view.places:
            if (
                tree.words[place].lemma.lower() in NEGATIVE_PRONOUNS or tree.lower[place] == "нет"
            ) and view.cut.of_word[place] == view.head:
                if place in marks.negated.values():
                    continue
                denials = 1
                _note(notes, f"polarity: «{tree.words[place].text}» without a verb denies")
                break
    return "-" if denials % 2 else "+"


def _denies_event(view: View, target: int) -> bool:
    """Whether a «не» before `target` denies the event: it stands before the predicate, one of its
    operators, its copula, or, in a nominal predicate, before anything that belongs to it.
    """
    tree, chain = view.tree, view.chain
    if target in chain:
        return True
    if tree.bases[target] in ("aux", "cop") and tree.heads[target] in chain:
        return True
    if view.kind == ClauseKind.NOMINAL:  # «мне не до шуток»
        return tree.bases[target] == "case" and tree.heads[target] == view.head
    if view.kind != ClauseKind.PREDICATIVE or tree.words[view.event].upos == "VERB":
        return False
    while tree.bases[target] in ("case", "amod", "det", "nummod", "advmod", "fixed"):
        target = tree.heads[target]
        if target in chain:
            return True
        if target == NOWHERE:
            break
    return False


def _expletive(view: View, mark: int) -> bool:
    """«Пока он не придёт», «как бы не упал»: a «не» that denies nothing."""
    tree = view.tree
    words = tree.words
    for place in view.places:
        if place >= mark:
            break
        if tree.lower[place] == "пока" and "Aspect=Perf" in words[view.head].feats:
            return True
        if tree.lower[place] == "как" and place + 1 < len(words) and tree.lower[place + 1] == "бы":
            return True
    return False


def _modalities(view: View, notes: Notes) -> set[str]:
    tree, marks = view.tree, view.marks
    held: set[str] = set()
    for place, operator in view.operators:
        if operator.facet == "modality":
            held.add(operator.value)
            _note(notes, f"modality: {operator.value} («{tree.words[place].text}»)")
    for head, kind in view.members:
        if kind == ClauseKind.GERUND:
            for place, operator in descend(tree, head)[0]:
                if operator.facet == "modality":
                    held.add(operator.value)
                    _note(notes, f"modality: {operator.value} (gerund «{tree.words[place].text}»)")
    if view.lacks:
        held.add("can")
        _note(notes, "modality: can («не с кем»)")
    if _is_almost(view):
        held.add("almost")
        _note(notes, "modality: almost")
    own = [p for p in view.places if view.cut.of_word[p] == view.head]
    lower = [tree.lower[p] for p in own]
    if _conditional(view, lower):
        held.add("conditional")
        _note(notes, "modality: conditional (бы, чтобы with the past)")
    if view.head in marks.asked or _whether(tree, own):
        held.add("question")
        _note(notes, "modality: question (the mark, or «ли»)")
    if _imperative(view, lower, "question" in held):
        held.add("imperative")
        _note(notes, "modality: imperative")
    return held


def _whether(tree: Tree, own: list[int]) -> bool:
    """Whether «ли» among the words of a clause asks: not as a name, and not in «вряд ли», «едва
    ли», «то ли».
    """
    return any(
        tree.lower[place] == "ли"
        and tree.words[place].upos != "PROPN"
        and tree.lower[before] not in ("вряд", "едва", "то")
        for before, place in pairwise(own)
    )


def _is_almost(view: View) -> bool:
    tree = view.tree
    if any(_denies_event(view, target) for target in view.marks.almost if target != NOWHERE):
        return True
    return any(
        tree.lower[child] == "почти" and tree.bases[child] == "advmod"
        for place in view.chain
        for child in tree.children[place]
    ) and (view.kind != ClauseKind.NOMINAL)


def _conditional(view: View, lower: list[str]) -> bool:
    if "бы" in lower or "б" in lower or _supposes(view):
        return True
    past = _past(view.tree, view.head) or any(
        _past(view.tree, c) for c in view.tree.children[view.head] if view.tree.bases[c] == "cop"
    )
    if not past or SUBJUNCTIVES.isdisjoint(lower):
        return False
    tree = view.tree
    return any(
        tree.lower[c] in SUBJUNCTIVES and tree.bases[c] == "mark" for c in tree.children[view.head]
    ) or not any(
        "VerbForm=Inf" in tree.words[p].feats
        for p in view.places
        if view.cut.of_word[p] == view.head
    )


def _supposes(view: View) -> bool:
    """«Приди я раньше, …»: an imperative whose subject is nobody who is spoken to."""
    tree = view.tree
    return "Mood=Imp" in tree.words[view.head].feats and any(
        tree.bases[child] == "nsubj" and tree.lower[child] in _NOT_ADDRESSED
        for child in tree.children[view.head]
        if child > view.head
    )


_NOT_ADDRESSED = frozenset(["я", "он", "она", "оно", "мы", "они"])


def _past(tree: Tree, place: int) -> bool:
    return "Tense=Past" in tree.words[place].feats and "VerbForm=Fin" in tree.words[place].feats


def _imperative(view: View, lower: list[str], question: bool) -> bool:
    tree = view.tree
    whoever = view.head > 0 and tree.lower[view.head - 1] == "ни"  # «сколько ни проси»
    if view.lacks or whoever:
        return False
    if "Mood=Imp" in tree.words[view.head].feats:
        return not _supposes(view)
    if not question and _imperative_homonym(view):
        return True
    if "VerbForm=Fin" in tree.words[view.head].feats and lower and lower[0] in HORTATIVES:
        return True
    if any(tree.lower[c] in HORTATIVES | INVITATIONS for c in tree.children[view.head]):
        return view.kind in (ClauseKind.FINITE, ClauseKind.INFINITIVE, ClauseKind.PREDICATIVE)
    return (
        view.kind == ClauseKind.INFINITIVE
        and tree.is_root(view.head)
        and not question
        and not tree.has(view.head, "nsubj", "aux")
        and (not view.has_dative() or _orders_all(view))
        and QUESTION_WORDS.isdisjoint(lower)
    )


def _orders_all(view: View) -> bool:
    """«Всем встать!»"""
    return view.head in view.marks.exclaimed and any(
        view.tree.lower[child] == "всем" for child in view.tree.children[view.head]
    )


def _imperative_homonym(view: View) -> bool:
    """«Отключите питание»: spelled as the future of «вы», and without «вы» hardly ever that."""
    tree, head = view.tree, view.head
    feats = tree.words[head].feats
    return (
        "Person=2" in feats
        and "Number=Plur" in feats
        and "Aspect=Perf" in feats
        and tree.lower[head].endswith(("ите", "итесь"))
        and not tree.has(head, "nsubj", "mark")
    )


def _tense(view: View, held: set[str], notes: Notes) -> str:
    tree, head = view.tree, view.head
    if view.kind == ClauseKind.NOMINAL or "conditional" in held or "imperative" in held:
        return "none"
    word = tree.words[head]
    for child in tree.children[head]:
        if tree.bases[child] in ("cop", "aux"):
            tense = _shown(tree, child)
            if tense:
                _note(notes, f"tense: {tense} (auxiliary «{tree.words[child].text}»)")
                return tense
    if "VerbForm=Fin" in word.feats:
        tense = _shown(tree, head)
    elif "Variant=Short" in word.feats and "VerbForm=Part" in word.feats:
        state = is_state(word) or tree.lower[head] in BY_LEMMA  # «разрешено»
        tense = "past" if "Aspect=Perf" in word.feats and not state else "present"
    elif view.kind == ClauseKind.PREDICATIVE:
        tense = "present"
    else:
        tense = "none"
    _note(notes, f"tense: {tense} (form of «{word.text}»)")
    return tense or "none"


def _shown(tree: Tree, place: int) -> str:
    """The tense that one verb form shows; a perfective without the past means the future."""
    word = tree.words[place]
    if "Tense=Past" in word.feats:
        return "past"
    if "Tense=Fut" in word.feats or tree.lower[place] in _FUTURE:
        return "future"
    if "VerbForm=Fin" in word.feats and "Mood=Cnd" not in word.feats:
        return "future" if "Aspect=Perf" in word.feats and word.upos == "VERB" else "present"
    return ""


_FUTURE = frozenset(["буду", "будешь", "будет", "будем", "будете", "будут"])


def _intensity(view: View, notes: Notes) -> int:
    tree = view.tree
    level = 1 if view.head in view.marks.exclaimed else 0
    for place in view.chain:
        for child in tree.children[place]:
            if tree.bases[child] != "advmod" or child + 1 in view.marks.almost.values():
                continue
            if tree.lower[child] in STRONG:
                if child in view.marks.weakened:
                    _note(notes, f"intensity: «не {tree.words[child].text}» weakens")
                    return -1
                level = 1
                _note(notes, f"intensity: «{tree.words[child].text}» strengthens")
            elif tree.lower[child] in WEAK:
                _note(notes, f"intensity: «{tree.words[child].text}» weakens")
                return -1
    return level


def _note(notes: Notes, line: str) -> None:
    if notes is not None:
        notes.append(line)
