"""What a word can be: the parses of pymorphy3 in terms of Universal Dependencies.

OpenCorpora's grammemes are mapped by tables. Where one of its parts of speech answers to several of
UD, each becomes a reading, and the network chooses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from hyperlex.word.features import shape

# Part of speech of OpenCorpora -> those of UD it may be, and the features that go with it.
_POS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "NOUN": (("NOUN", "PROPN"), {}),
    "ADJF": (("ADJ", "NOUN"), {"Degree": "Pos"}),
    "ADJS": (("ADJ", "ADV"), {"Degree": "Pos", "Variant": "Short"}),
    "COMP": (("ADJ", "ADV", "NUM"), {"Degree": "Cmp"}),
    "VERB": (("VERB",), {"VerbForm": "Fin"}),
    "INFN": (("VERB",), {"VerbForm": "Inf"}),
    "PRTF": (("VERB", "ADJ"), {"VerbForm": "Part"}),
    "PRTS": (("VERB", "ADJ"), {"VerbForm": "Part", "Variant": "Short"}),
    "GRND": (("VERB",), {"VerbForm": "Conv"}),
    "NUMR": (("NUM",), {}),
    "ADVB": (("ADV", "PART", "SCONJ", "CCONJ", "ADP"), {"Degree": "Pos"}),
    "NPRO": (("PRON",), {}),
    "PRED": (("ADV", "ADJ", "VERB", "NOUN"), {"Degree": "Pos"}),
    "PREP": (("ADP",), {}),
    "CONJ": (("CCONJ", "SCONJ", "ADV", "PART"), {}),
    "PRCL": (("PART", "ADV", "CCONJ", "SCONJ", "AUX"), {}),
    "INTJ": (("INTJ", "PART"), {}),
}

_GRAMMEMES: dict[str, tuple[str, str]] = {
    "nomn": ("Case", "Nom"), "gent": ("Case", "Gen"), "datv": ("Case", "Dat"),
    "accs": ("Case", "Acc"), "ablt": ("Case", "Ins"), "loct": ("Case", "Loc"),
    "voct": ("Case", "Voc"), "gen1": ("Case", "Gen"), "gen2": ("Case", "Par"),
    "acc2": ("Case", "Acc"), "loc1": ("Case", "Loc"), "loc2": ("Case", "Loc"),
    "sing": ("Number", "Sing"), "plur": ("Number", "Plur"),
    "masc": ("Gender", "Masc"), "femn": ("Gender", "Fem"), "neut": ("Gender", "Neut"),
    "anim": ("Animacy", "Anim"), "inan": ("Animacy", "Inan"),
    "pres": ("Tense", "Pres"), "past": ("Tense", "Past"), "futr": ("Tense", "Fut"),
    "impf": ("Aspect", "Imp"), "perf": ("Aspect", "Perf"),
    "indc": ("Mood", "Ind"), "impr": ("Mood", "Imp"),
    "1per": ("Person", "1"), "2per": ("Person", "2"), "3per": ("Person", "3"),
    "Supr": ("Degree", "Sup"),
}  # fmt: skip

_NAMES = frozenset(("Name", "Surn", "Patr", "Geox", "Orgn", "Trad"))
# Pronouns that OpenCorpora counts among adjectives; UD splits them by use.
_PRONOMINAL = ("DET", "PRON")
_NEUTER = {"весь": "всё", "тот": "то", "этот": "это"}
_POSSESSIVE = frozenset(("его", "её", "ее", "их"))
_NEGATIVE = {"не": "Neg", "ни": "Neg", "нет": "Neg"}
_CONDITIONAL = frozenset(("бы", "б"))
_SPECIAL = _POSSESSIVE | _NEGATIVE.keys() | _CONDITIONAL
_GENDERS = tuple({"Gender": gender} for gender in ("Masc", "Fem", "Neut"))
_OF_ADJECTIVES = frozenset(("Case", "Gender", "Number", "Variant", "Animacy"))


class Reading(NamedTuple):
    """One way to read a word.

    Attributes:
        lemma: the dictionary form.
        upos: part of speech of UD.
        feats: CoNLL-U notation, sorted by name.
        prior: pymorphy3's score of the parse without context, 0 to 1.
        by: `dictionary`, or `suffix` where pymorphy3 guessed an unknown word, or `shape`.
    """

    lemma: str
    upos: str
    feats: str
    prior: float
    by: str


Offer = tuple[str, str, str, float, str]
"""The fields of a `Reading`. A spelling has five, of which most texts choose one or two."""


def readings(form: str, parses: Sequence[Any]) -> tuple[Reading, ...]:
    """All readings of a word, without repetition, the likeliest parse first.

    Args:
        form: its spelling without unread marks, case kept.
        parses: what pymorphy3 says of it.
    """
    return tuple([Reading(*offer) for offer in offers(form, parses)])


def offers(form: str, parses: Sequence[Any]) -> list[Offer]:
    """The same as tuples."""
    if not form.isalpha():
        if not any(c.isalnum() for c in form):
            symbol = form in _SYMBOLS or shape(form) in ("emoticon", "picture")
            marks = ("SYM", "PUNCT") if symbol else ("PUNCT",)
            return [(form, mark, "", 1.0, "shape") for mark in marks]
        if form[0].isdigit() and not any(c.isalpha() for c in form):
            return [(form, "NUM", "", 1.0, "shape"), (form, "ADJ", "", 0.1, "shape")]
        if form[0] == "#":  # «#едемнаморе» is a label, whatever it looks like
            return [(form, "X", "", 1.0, "shape")]
    found: Found = {}
    known: dict[str, tuple[str, str]] = {}
    for parse in parses:
        word, tag, normal, score, _ = parse
        if word not in known:
            lower = word.lower()
            known[word] = (
                "dictionary" if parse.is_known else "suffix",
                lower if lower in _SPECIAL else "",
            )
        by, special = known[word]
        offer = (max(float(score), 1e-4), by)
        reflexive = normal.endswith(("ся", "сь"))
        for upos, feats, derive in _ways(tag, reflexive, normal == "быть", special):
            lemma = normal if derive is None else derive(parse, form)
            lemma = _USUAL.get(lemma, lemma)
            key = (lemma, upos, feats)
            if key not in found:
                found[key] = offer
    if found and form[0].isupper():
        _add_names(form, found, any(by == "dictionary" for by, _ in known.values()))
    if not found:
        return [(form.lower() if u != "PROPN" else form, u, "", 0.3, "shape")
                for u in ("X", "PROPN", "NOUN")]  # fmt: skip
    return [(*key, *offer) for key, offer in found.items()]


# Lemmas that the dictionary has beside the usual ones, with the same forms but their own. Chosen by
# the own form's count against that of the genitive in 8 million words: «родный» never occurs.
_USUAL = {
    adjective[:-2] + ending: adjective
    for ending, adjectives in {
        "ый": "основной родной половой валовой исковой языковой дневной окружной ценовой бортовой "
        "печной ролевой дрянной хмельной верховой удалой корпусной переводной разрывной договорной "
        "мостовой суставной ветровой громовой",
        "ий": "заводской донской ямской мастерской",
    }.items()
    for adjective in adjectives.split()
} | {"деньга": "деньги"}
_SYMBOLS = frozenset("%$€₽№+=<>*/&#@~^°§×±|\\")


Derive = Callable[[Any, str], str]
"""Makes a lemma of a parse and the spelling as it is written."""

Ways = tuple[tuple[str, str, Derive | None], ...]
"""Parts of speech with their features and what makes the lemma, if not pymorphy3."""

_WAYS: dict[tuple[int, bool, bool, str], tuple[Any, Ways]] = {}
"""By the identity of a tag, which its row holds fast: tags hash and compare by grammemes."""
_MOST_WAYS = 8192


def _ways(tag: Any, reflexive: bool, be: bool, special: str) -> Ways:
    """How a parse may be read in terms of UD.

    Args:
        tag: of the parse.
        reflexive: whether its lemma ends in «ся».
        be: whether its lemma is «быть».
        special: the spelling, if it is of those that have features of their own, or "".
    """
    key = (id(tag), reflexive, be, special)
    row = _WAYS.get(key)
    if row is None:
        ways = tuple(
            [
                (upos, feats, _derivation(tag, upos, feats))
                for upos, feats in _ud(tag, reflexive, be, special)
            ]
        )
        if len(_WAYS) >= _MOST_WAYS:
            _WAYS.clear()
        row = _WAYS[key] = (tag, ways)
    return row[1]


def _ud(tag: Any, reflexive: bool, be: bool, special: str) -> tuple[tuple[str, str], ...]:
    """The parts of speech and features that a parse may have; see `_ways`."""
    grammemes = tag.grammemes
    if tag.POS is None:
        return ()
    pos = str(tag.POS)
    uposes, fixed = _POS[pos]
    feats = dict(fixed)
    for grammeme in grammemes:
        if grammeme in _GRAMMEMES:
            name, value = _GRAMMEMES[grammeme]
            feats[name] = value
    if "Apro" in grammemes and pos in ("ADJF", "ADJS"):
        uposes = _PRONOMINAL
        feats.pop("Degree", None)
    if "Anum" in grammemes:
        uposes = ("ADJ",)
    if pos == "NOUN" and (grammemes & _NAMES or "Abbr" in grammemes):
        uposes = ("PROPN", "NOUN")
    if pos == "NUMR":
        feats.pop("Animacy", None)
    if pos in ("VERB", "INFN", "GRND", "PRTF", "PRTS"):
        feats["Voice"] = "Pass" if "pssv" in grammemes else "Mid" if reflexive else "Act"
    if feats.get("Number") == "Plur" and pos not in ("NOUN", "NPRO"):
        feats.pop("Gender", None)
    if pos == "VERB" and be:
        uposes = ("AUX", "VERB")
    # Of «выборы» OpenCorpora names no gender, treebanks one: the network is asked about each.
    genders = _GENDERS if "Pltm" in grammemes and "Gender" not in feats else ({},)
    return tuple(
        (upos, _feats(upos, pos, special, feats | gender)) for upos in uposes for gender in genders
    )


def _feats(upos: str, pos: str, special: str, feats: Mapping[str, str]) -> str:
    kept = dict(feats)
    if pos in ("VERB", "GRND", "INFN"):
        kept.pop("Animacy", None)
        kept.pop("Case", None)
    if upos in ("PART", "SCONJ", "CCONJ", "ADP", "INTJ"):
        kept.clear()
    if upos in _PRONOMINAL and pos == "ADJF" and special in _POSSESSIVE:
        kept.clear()
    if upos == "NOUN":
        kept.pop("Degree", None)
    if upos == "ADV":
        kept = {"Degree": kept.get("Degree", "Pos")}
    if upos == "ADJ" and pos in ("PRTF", "PRTS"):
        kept = {name: value for name, value in kept.items() if name in _OF_ADJECTIVES}
        kept["Degree"] = "Pos"
    negative = _NEGATIVE.get(special)
    if negative and upos in ("PART", "VERB", "CCONJ"):
        kept["Polarity"] = negative
    if special in _CONDITIONAL and upos in ("AUX", "PART"):
        kept = {"Mood": "Cnd"}
    return "|".join(f"{name}={kept[name]}" for name in sorted(kept))


def _derivation(tag: Any, upos: str, feats: str) -> Derive | None:
    """What makes the lemma of a parse that is read so; None where it is pymorphy3's own."""
    grammemes = tag.grammemes
    if upos == "PRON":
        return partial(_neuter, neuter="Neut" in feats)
    # The dictionary files a woman's name under her father's and her husband's.
    woman = "femn" in grammemes and ("Surn" in grammemes or "Patr" in grammemes)
    if upos == "PROPN":
        return _name_of_woman if woman else _name
    if upos == "NOUN":
        if woman:
            return _woman
        return partial(_noun, feats=feats) if "ADJF" in grammemes else _spelled
    if "Supr" in grammemes:
        return _positive
    if upos == "ADV" and "COMP" in grammemes:
        return _adverb
    if upos == "ADJ" and ("PRTF" in grammemes or "PRTS" in grammemes):
        return partial(_participle, short="PRTS" in grammemes)
    if upos == "ADV" and "ADJS" in grammemes:
        return _as_written
    return None


def _neuter(parse: Any, form: str, neuter: bool) -> str:
    """As a noun, «весь» is «всё» or «все», and «тот» is «то»."""
    normal: str = parse.normal_form
    if normal in _NEUTER:
        return _NEUTER[normal] if neuter else "все" if normal == "весь" else normal
    return normal


def _woman(parse: Any, form: str) -> str:
    own = parse.inflect({"nomn", "sing", "femn"})
    return _as_spelled(own.word if own is not None else parse.normal_form, parse.word)


def _name_of_woman(parse: Any, form: str) -> str:
    own = parse.inflect({"nomn", "sing", "femn"})
    return _as_name(own.word if own is not None else parse.normal_form, form)


def _name(parse: Any, form: str) -> str:
    return _as_name(parse.normal_form, form)


def _noun(parse: Any, form: str, feats: str) -> str:
    return _as_noun(parse.normal_form, feats)


def _spelled(parse: Any, form: str) -> str:
    return _as_spelled(parse.normal_form, parse.word)


def _positive(parse: Any, form: str) -> str:
    superlative = _SUPERLATIVE.match(parse.word)
    return superlative[1] + "ий" if superlative else parse.normal_form


_ADVERBS = {"далёкий": "далеко", "ранний": "рано", "маленький": "мало", "большой": "много"}


def _adverb(parse: Any, form: str) -> str:
    normal: str = parse.normal_form
    if normal in _ADVERBS:
        return _ADVERBS[normal]
    return normal[:-2] + "о" if normal.endswith(("ый", "ий", "ой")) else normal


def _participle(parse: Any, form: str, short: bool) -> str:
    return _as_adjective(parse.word, short)


def _as_written(parse: Any, form: str) -> str:
    return form.lower()


def _as_name(lemma: str, form: str) -> str:
    if len(form) > 1 and form.isupper():
        return lemma.upper()
    return "-".join(part.capitalize() for part in lemma.split("-"))


_SUPERLATIVE = re.compile("(.*(?:[еа]йш|лучш|худш|высш|низш))(?!$)")


def _as_noun(adjective: str, feats: str) -> str:
    """The lemma of an adjective that is used as a noun: «прошлое», «любимая», «больной»."""
    if "Plur" in feats or "Masc" in feats or not adjective.endswith(("ый", "ий", "ой")):
        return adjective
    soft = adjective.endswith("ий") and adjective[-3] not in "гкхжшщч"
    sibilant = adjective.endswith("ий") and adjective[-3] in "жшщч"
    if "Neut" in feats:
        return adjective[:-2] + ("ее" if soft or sibilant else "ое")
    return adjective[:-2] + ("яя" if soft else "ая")


def _as_spelled(noun: str, word: str) -> str:
    """«мгновенья» has the lemma «мгновенье», where the dictionary has both under one head."""
    if noun.endswith("ие") and word.startswith(noun[:-2] + "ь"):
        return noun[:-2] + "ье"
    return noun


def _as_adjective(word: str, short: bool) -> str:
    """The lemma of a participle that is read as an adjective: «открытой» -> «открытый»."""
    word = word.removesuffix("ся")
    stem = (_SHORT_ENDING if short else _LONG_ENDING).sub("", word)
    if short and stem.endswith("н"):
        stem += "н"
    return stem + ("ий" if stem.endswith(("щ", "ш")) else "ый")


_SHORT_ENDING = re.compile("[аоы]$")
_LONG_ENDING = re.compile(
    "(?:[оеы]го|[оеы]му|[ыи]ми|[ыи]м|[ое]м|[ыи]х|[ыи]е|[ое]е|[ыи]й|[ое]й|ая|яя|ую|юю)$"
)


Found = dict[tuple[str, str, str], tuple[float, str]]


def _add_names(form: str, found: Found, known: bool) -> None:
    """Readings of a capitalised word as a name that the dictionary has not thought of."""
    lower = form.lower()
    spelled = len(form) > 2 and form.replace("-", "").isalpha()
    if known:
        # «Осколков», «Сигал»: surnames that are also forms of other words.
        named = any(upos == "PROPN" for _, upos, _ in found)
        if spelled and all(_zero_plural(lower, *key) and key[0][-1] != "я" for key in found):
            _offer_name(form, form, _OWN_CASES, _GUESSED, found)
        elif spelled and (not named or lower.endswith(_OF_SURNAMES)):
            _offer_name(form, form, _OWN_CASES[:1], _HOMONYM, found)
        return
    _add_indeclinable(form, found)
    if not spelled:
        return
    if not lower.endswith(("а", "я", *_DECLINED)):
        instrumental = lower.endswith(("ом", "ем")) and lower[-3] in _CONSONANTS
        _offer_name(form, form, _OWN_CASES, _RARE if instrumental else _GUESSED, found)
        if instrumental:
            for key in found:
                if key[0].lower() == lower:
                    found[key] = (min(found[key][0], _RARE), found[key][1])
        for key in [key for key in found if _zero_plural(lower, *key)]:
            del found[key]
    for ending, cases in _CASES_OF_NAMES.items():
        stem = form[: len(form) - len(ending)] if lower.endswith(ending) else form
        if len(stem) < len(form) and stem[-1].lower() in _CONSONANTS:
            _offer_name(stem, form, cases, _GUESSED, found)


def _zero_plural(lower: str, lemma: str, upos: str, feats: str) -> bool:
    """Whether a reading is a plural without an ending: «Бергойн» of several «Бергойна»."""
    return (
        upos in ("NOUN", "PROPN")
        and lower[-1] in _CONSONANTS
        and "Number=Plur" in feats
        and lemma.lower() in (lower + "а", lower[:-1] + "я", lower + "о")
    )


def _offer_name(
    stem: str, form: str, cases: Sequence[tuple[str, str]], prior: float, found: Found
) -> None:
    lemma = _as_name(stem.lower(), form)
    for animacy, case in cases:
        feats = f"Animacy={animacy}|Case={case}|Gender=Masc|Number=Sing"
        found.setdefault((lemma, "PROPN", feats), (prior, "suffix"))


_CONSONANTS = "бвгджзйклмнпрстфхцчшщ"
_OWN_CASES = (("Anim", "Nom"), ("Inan", "Nom"), ("Inan", "Acc"))
_CASES_OF_NAMES = {
    "а": (("Anim", "Gen"), ("Anim", "Acc"), ("Inan", "Gen")),
    "у": (("Anim", "Dat"), ("Inan", "Dat")),
    "ом": (("Anim", "Ins"), ("Inan", "Ins")),
    "е": (("Anim", "Loc"), ("Inan", "Loc")),
}
"""Endings of a foreign name in a consonant; its dictionary form is what stands before them."""
_OF_SURNAMES = ("ов", "ев", "ёв", "ин", "ын")
_GUESSED, _HOMONYM, _RARE = 0.1, 0.02, 0.005
"""Priors of what the dictionary did not say."""


def _add_indeclinable(form: str, found: Found) -> None:
    """«Мейдзи», «Рафферти»: an unknown name may be its own lemma whatever its case."""
    lower = form.lower()
    if lower[-1] not in _INDECLINABLE or lower.endswith(_DECLINED):
        return
    lemma = _as_name(lower, form)
    weight = 1.0 if lower[-1] == "а" else _FOREIGN
    for (_, upos, feats), (prior, _) in list(found.items()):
        own = (lemma, "PROPN", feats)
        if upos == "PROPN" and own not in found:
            found[own] = (prior * weight, "suffix")


_INDECLINABLE = "аоуэиеё"
_DECLINED = ("ии", "ого", "его", "ому", "ему", "ову", "еву", "ёву", "ину")
"""«Месопотамии», «Белковского»: case endings, though their last letter is one of names."""
_FOREIGN = 3.0
"""Unknown names in these vowels are foreign more often than they are cases of Russian ones."""
