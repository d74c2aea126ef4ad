"""The rules of this room about one sentence, in the order in which they see each other's work.

A rule changes readings (`chosen`, each one of what the word's `offers` are), the tree (`heads`,
`relations`) or the probability of a clause beginning at a word (`breaks`), always in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hyperlex.word.abbreviations import spell_out
from hyperlex.word.address import address
from hyperlex.word.appositions import appose
from hyperlex.word.deeds import bake_or_stove, kiss_or_whole, order_or_tell, things_or_deeds
from hyperlex.word.edges import mend_edges
from hyperlex.word.entries import Entry, choose
from hyperlex.word.homonyms import (
    cost_or_stand,
    home_or_house,
    old_or_elder,
    right_or_rights,
    sleep_or_fall,
    transitive_twin,
)
from hyperlex.word.hosts import return_to_host
from hyperlex.word.idioms import bind_idioms
from hyperlex.word.initials import read_initials
from hyperlex.word.looks import describe_by_clothes, describe_by_others
from hyperlex.word.network import Scores
from hyperlex.word.objects import (
    await_objects,
    decline_objects,
    decline_recipients,
    demote_objects,
    last_long,
    name_called,
    name_objects,
    name_partitives,
    name_pronouns,
    release_means,
    release_pronouns,
)
from hyperlex.word.pairs import pair_up
from hyperlex.word.phrases import bind_phrases, govern_next
from hyperlex.word.predicates import state_by_adjective, state_without_verb
from hyperlex.word.quantities import name_estimates
from hyperlex.word.readings import Offer
from hyperlex.word.repair import (
    agree_names,
    by_neighbours,
    capitalised,
    count_units,
    decline_names,
    name_adjectives,
    state_beside_dash,
    state_by_dash,
    tie_compounds,
    with_preposition,
)
from hyperlex.word.roles import (
    demote_subjects,
    entitle,
    name_actors,
    name_doers,
    name_ones,
    name_subjects,
    swap_roles,
    unaddress,
)
from hyperlex.word.segment import Token
from hyperlex.word.signs import read_signs
from hyperlex.word.subordinate import join_finite, resume, subordinate


@dataclass(slots=True)
class Read:
    """A sentence as network, dictionary and grammar have it.

    Attributes:
        forms: the spelling of each word.
        entries: what each word can be.
        scores: of the network.
        chosen: the reading of each word.
        tree: the head of each word, its own for the root, and its relation.
    """

    forms: list[str]
    entries: list[Entry]
    scores: Scores
    chosen: list[Offer]
    tree: tuple[list[int], list[str]]


def mend(tokens: Sequence[Token], read: Read) -> list[float]:
    """Mends readings and tree in place, and returns the probability of a clause beginning at each
    word.
    """
    forms = read.forms
    heads, relations = read.tree
    cased = with_preposition(heads, relations)
    if any("Case=" not in read.chosen[place][2] for place in cased):
        read.chosen = choose(read.entries, read.scores.tags, cased, capitalised(forms))
    chosen = read.chosen
    offers = [entry.offers for entry in read.entries]
    decline_names(cased, offers, chosen)
    if "." in forms:
        read_initials(forms, offers, chosen, heads, relations)
    if "flat:name" in relations:
        agree_names(heads, relations, offers, chosen)
    breaks: list[float] = read.scores.breaks.tolist()
    breaks[0] = 1.0
    within, between = _dashes(tokens)
    _tell_words(forms, offers, chosen, heads, relations, breaks)
    _give_roles(forms, offers, chosen, heads, relations)
    by_neighbours(forms, chosen)
    spell_out(forms, chosen)
    tie_compounds(within, chosen, heads, relations)
    count_units(forms, chosen, heads, relations, breaks)
    state_by_dash(between, forms, chosen, heads, relations, breaks)
    state_beside_dash(between, chosen, heads, relations, breaks)
    order_or_tell(forms, offers, chosen, heads, relations)
    state_by_adjective(forms, chosen, heads, relations, breaks)
    _join_clauses(forms, offers, chosen, heads, relations)
    right_or_rights(forms, offers, chosen, heads, relations)
    cost_or_stand(forms, chosen, heads, relations)
    sleep_or_fall(forms, chosen, heads, relations)
    mend_edges(forms, chosen, heads, relations, breaks, between)
    return breaks


def _tell_words(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
    breaks: list[float],
) -> None:
    """Which words are one, which of its homonyms a word is, and which nouns belong together."""
    bind_idioms(forms, offers, chosen, heads, relations, breaks)
    address(forms, chosen, heads, relations)
    read_signs(forms, chosen, heads, relations)
    old_or_elder(offers, chosen, heads, relations)
    home_or_house(forms, offers, chosen, heads, relations)
    kiss_or_whole(offers, chosen, heads, relations)
    bake_or_stove(forms, offers, chosen, heads, relations)
    things_or_deeds(forms, offers, chosen, heads, relations)
    pair_up(forms, offers, chosen, heads, relations, breaks)
    appose(forms, chosen, heads, relations, breaks)


def _give_roles(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """Who does what to whom: subjects, objects, how long and with what, and their cases."""
    unaddress(forms, heads, relations, offers, chosen)
    name_called(heads, relations, offers, chosen)
    name_subjects(heads, relations, offers, chosen)
    demote_objects(relations, chosen)
    name_actors(forms, heads, relations, offers, chosen)
    name_estimates(forms, chosen, heads, relations)
    last_long(forms, heads, relations, chosen)
    release_pronouns(heads, relations, offers, chosen)
    release_means(forms, heads, relations, chosen)
    await_objects(forms, heads, relations, offers, chosen)
    name_objects(forms, heads, relations, offers, chosen)
    swap_roles(heads, relations, offers, chosen)
    decline_objects(relations, offers, chosen)
    name_pronouns(heads, relations, offers, chosen)
    transitive_twin(forms, offers, chosen, heads, relations)
    name_partitives(forms, heads, relations, offers, chosen)
    decline_recipients(heads, relations, offers, chosen)
    demote_subjects(relations, offers, chosen)
    name_adjectives(forms, relations, offers, chosen)


def _join_clauses(
    forms: Sequence[str],
    offers: Sequence[Sequence[Offer]],
    chosen: list[Offer],
    heads: list[int],
    relations: list[str],
) -> None:
    """What the sentence states, and what hangs on what: phrases and clauses."""
    state_without_verb(forms, offers, chosen, heads, relations)
    govern_next(chosen, heads, relations)
    describe_by_clothes(chosen, heads, relations)
    describe_by_others(chosen, heads, relations)
    entitle(forms, offers, chosen, heads, relations)
    join_finite(chosen, heads, relations)
    resume(forms, chosen, heads, relations)
    name_doers(heads, relations, chosen)
    return_to_host(forms, offers, chosen, heads, relations)
    bind_phrases(forms, chosen, heads, relations)
    name_ones(heads, relations, offers, chosen)
    subordinate(forms, chosen, heads, relations)


def _dashes(tokens: Sequence[Token]) -> tuple[list[int], list[int]]:
    """Places of dashes without white space on either side, and of those with it on both."""
    within, between = [], []
    for place in range(1, len(tokens) - 1):
        if tokens[place].form == "—":
            spaced = (tokens[place].spaced, tokens[place + 1].spaced)
            if spaced == (True, True):
                between.append(place)
            elif spaced == (False, False):
                within.append(place)
    return within, between
