"""All rules about one sentence, one after another, on any tree: it stays a tree with one root."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from word.trees_by_hand import is_tree, trees_over

from hyperlex.word.address import address
from hyperlex.word.appositions import appose
from hyperlex.word.deeds import bake_or_stove, kiss_or_whole, things_or_deeds
from hyperlex.word.homonyms import cost_or_stand, home_or_house, old_or_elder
from hyperlex.word.hosts import return_to_host
from hyperlex.word.idioms import bind_idioms
from hyperlex.word.initials import read_initials
from hyperlex.word.looks import describe_by_clothes, describe_by_others
from hyperlex.word.objects import await_objects, last_long, release_means, release_pronouns
from hyperlex.word.pairs import pair_up
from hyperlex.word.phrases import bind_phrases, govern_next
from hyperlex.word.predicates import state_by_adjective, state_without_verb
from hyperlex.word.quantities import name_estimates
from hyperlex.word.readings import Offer
from hyperlex.word.repair import state_beside_dash
from hyperlex.word.roles import entitle, name_actors, name_doers, name_ones, unaddress
from hyperlex.word.signs import read_signs
from hyperlex.word.subordinate import join_finite, resume, subordinate
from hyperlex.word.tree import root_of

PAST = "Gender=Masc|Number=Sing|VerbForm=Fin"
ONE = "Case=Nom|Gender=Masc|Number=Sing"
READINGS = {
    "А": ("PROPN", ""), "В": ("X", ""), ".": ("PUNCT", ""), ",": ("PUNCT", ""),
    "Пушкин": ("PROPN", ONE), "пришёл": ("VERB", PAST), "войти": ("VERB", "VerbForm=Inf"),
    "стоит": ("VERB", "Number=Sing|Person=3|VerbForm=Fin"), "вправе": ("ADV", ""),
    "конца": ("NOUN", "Case=Gen|Number=Sing"), "года": ("NOUN", "Case=Gen|Number=Sing"),
    "дом": ("NOUN", "Animacy=Inan|" + ONE), "дело": ("NOUN", "Case=Nom|Gender=Neut|Number=Sing"),
    "время": ("NOUN", "Case=Acc|Number=Sing"), "раз": ("NOUN", "Case=Acc|Number=Sing"),
    "который": ("PRON", ONE), "тот": ("PRON", ONE), "то": ("PRON", "Case=Acc"),
    "один": ("ADJ", ONE), "сам": ("DET", ONE), "сколько": ("ADV", ""), "когда": ("SCONJ", ""),
    "как": ("SCONJ", ""), "и": ("CCONJ", ""), "к": ("ADP", ""), "в": ("ADP", ""),
    "ни": ("PART", ""), "ли": ("PART", ""), "вредно": ("ADV", ""), "около": ("ADP", ""),
    "друг": ("NOUN", "Animacy=Anim|" + ONE), "друга": ("NOUN", "Case=Acc|Number=Sing"),
    "может": ("VERB", "Number=Sing|Person=3|VerbForm=Fin"), "быть": ("AUX", "VerbForm=Inf"),
    "всё": ("PRON", ONE), "равно": ("ADJ", "Variant=Short"), "чистый": ("ADJ", ONE),
    "старого": ("NOUN", ONE), "печь": ("NOUN", ONE), "дома": ("NOUN", "Case=Gen|Number=Sing"),
    "будет": ("AUX", "VerbForm=Fin"), "%": ("PUNCT", ""), "?": ("PUNCT", ""),
    "5": ("NUM", ""), "кто": ("PRON", ONE), "его": ("DET", ""),
    "двое": ("NUM", "Case=Nom"), "из": ("ADP", ""), "стало": ("VERB", PAST),
    "ключом": ("NOUN", "Case=Ins"),
    "пальто": ("NOUN", "Case=Loc|Number=Sing"),
    "старше": ("ADJ", "Degree=Cmp"), "жгут": ("VERB", "Number=Plur|Person=3|VerbForm=Fin"),
}  # fmt: skip
RELATIONS = [
    "nsubj", "obj", "obl", "iobj", "nmod", "conj", "parataxis", "acl:relcl", "acl", "ccomp",
    "advcl", "mark", "cc", "case", "punct", "advmod", "flat:name", "discourse", "appos", "xcomp",
    "aux", "fixed", "vocative", "csubj", "cop",
]  # fmt: skip


@settings(max_examples=400)
@given(trees_over(list(READINGS), 14), st.randoms(use_true_random=False))
def test_a_tree_stays_a_tree(tree: tuple[list[str], list[int]], random: Random) -> None:
    forms, heads = tree
    relations = [random.choice(RELATIONS) for _ in forms]
    relations[root_of(heads)] = "root"
    chosen: list[Offer] = [(form, *READINGS[form], 1.0, "dictionary") for form in forms]
    noun: Offer = ("жгут", "NOUN", "Animacy=Inan|" + ONE, 0.1, "dictionary")
    twins = {"жгут": noun, "старого": ("старый", "ADJ", ONE, 0.1, "dictionary"),
             "печь": ("печь", "VERB", "VerbForm=Inf", 0.1, "dictionary"),
             "дома": ("дома", "ADV", "", 0.1, "dictionary")}  # fmt: skip
    offers = [(offer, twins.get(offer[0], offer)) for offer in chosen]
    breaks = [0.5] * len(forms)
    dashes = [place for place in range(1, len(forms) - 1) if forms[place] == "А"]
    for rule in (
        lambda: bind_idioms(forms, offers, chosen, heads, relations, breaks),
        lambda: address(forms, chosen, heads, relations),
        lambda: read_signs(forms, chosen, heads, relations),
        lambda: old_or_elder(offers, chosen, heads, relations),
        lambda: home_or_house(forms, offers, chosen, heads, relations),
        lambda: kiss_or_whole(offers, chosen, heads, relations),
        lambda: bake_or_stove(forms, offers, chosen, heads, relations),
        lambda: things_or_deeds(forms, offers, chosen, heads, relations),
        lambda: pair_up(forms, offers, chosen, heads, relations, breaks),
        lambda: appose(forms, chosen, heads, relations, breaks),
        lambda: unaddress(forms, heads, relations, offers, chosen),
        lambda: last_long(forms, heads, relations, chosen),
        lambda: release_pronouns(heads, relations, offers, chosen),
        lambda: release_means(forms, heads, relations, chosen),
        lambda: await_objects(forms, heads, relations, offers, chosen),
        lambda: state_beside_dash(dashes, chosen, heads, relations, breaks),
        lambda: name_actors(forms, heads, relations, offers, chosen),
        lambda: name_estimates(forms, chosen, heads, relations),
        lambda: state_by_adjective(forms, chosen, heads, relations, breaks),
        lambda: state_without_verb(forms, offers, chosen, heads, relations),
        lambda: read_initials(forms, offers, chosen, heads, relations),
        lambda: govern_next(chosen, heads, relations),
        lambda: describe_by_clothes(chosen, heads, relations),
        lambda: describe_by_others(chosen, heads, relations),
        lambda: entitle(forms, offers, chosen, heads, relations),
        lambda: join_finite(chosen, heads, relations),
        lambda: resume(forms, chosen, heads, relations),
        lambda: name_doers(heads, relations, chosen),
        lambda: return_to_host(forms, offers, chosen, heads, relations),
        lambda: bind_phrases(forms, chosen, heads, relations),
        lambda: name_ones(heads, relations, offers, chosen),
        lambda: subordinate(forms, chosen, heads, relations),
        lambda: cost_or_stand(forms, chosen, heads, relations),
    ):
        rule()
        assert is_tree(heads)
        assert [k for k, name in enumerate(relations) if name == "root"] == [root_of(heads)]
