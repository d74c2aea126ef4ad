"""Circumstances of a scene and its tie to the one before."""

from __future__ import annotations

from hyperlex.scene.connectives import CORRELATES, LINKS, OPENING, RELATIVES
from hyperlex.scene.scene import Argument, Context
from hyperlex.scene.tree import NOWHERE
from hyperlex.scene.view import View


def context_of(view: View, arguments: list[tuple[int, Argument]], agent_place: int) -> Context:
    """Patient, other arguments and connective.

    The patient is the object of the event, or of an operator over it, or the subject of a passive.
    """
    heads, chain = view.tree.heads, view.chain
    patient = None
    patient_place = NOWHERE
    for place, argument in arguments:
        if (
            argument.role == "patient"
            and argument.relation in ("obj", "nsubj")
            and (heads[place] in chain or heads[place] == view.head)
        ):
            patient, patient_place = argument, place
            break
    rest = tuple(
        argument for place, argument in arguments if place != agent_place and place != patient_place
    )
    connective, link = connective_of(view)
    return Context(rest, patient, connective, link)


def connective_of(view: View) -> tuple[str, str]:
    """The words that tie the scene to what came before, in lower case, and their class."""
    tree, head = view.tree, view.head
    coordinating = ""
    for child in tree.children[head]:
        base = tree.bases[child]
        if base == "mark" or (base == "cc" and not coordinating):
            fixed = [c for c in tree.children[child] if tree.bases[c] == "fixed"]
            phrase = " ".join(tree.lower[c] for c in sorted([child, *fixed]))
            if base == "mark":
                before = child - 1
                while before >= 0 and tree.words[before].upos == "PUNCT":
                    before -= 1
                if before >= 0 and (both := (tree.lower[before], phrase)) in CORRELATES:
                    return " ".join(both), CORRELATES[both]
                return phrase, LINKS.get(phrase) or LINKS.get(tree.lower[child], "")
            coordinating = phrase
    if coordinating:
        return coordinating, LINKS.get(coordinating) or LINKS.get(coordinating.split()[0], "")
    relation = tree.words[head].relation
    first = [p for p in view.places if tree.words[p].upos != "PUNCT"][:3]
    if relation in ("acl:relcl", "ccomp", "acl", "csubj", "advcl"):
        for place in first:
            if tree.words[place].lemma.lower() in RELATIVES:
                word = tree.lower[place]
                if relation == "advcl":
                    return word, LINKS.get(word, "when")
                return word, "which" if relation.startswith("acl") else LINKS.get(word, "that")
    if first:
        word = tree.lower[first[0]]
        pair = " ".join(tree.lower[p] for p in first[:2])
        if pair in OPENING:
            return pair, LINKS[pair]
        if word in OPENING and tree.words[first[0]].upos in ("CCONJ", "SCONJ", "ADV", "PART"):
            return word, LINKS[word]
    return "", ""
