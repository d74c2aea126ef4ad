"""What a word can be: the parses of pymorphy3 in terms of Universal Dependencies.

OpenCorpora's grammemes are mapped by tables. Where one of its parts of speech answers to several of
UD, each becomes a reading, and the network chooses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
_OF_ADJECTIVES = frozenset(("Case", "Gender", "Number", "Variant", "Animacy"))


@dataclass(frozen=True, slots=True)
class Reading:
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


def readings(form: str, parses: Sequence[Any]) -> tuple[Reading, ...]:
    """All readings of a word, without repetition, the likeliest parse first.

    Args:
        form: its spelling without unread marks, case kept.
        parses: what pymorphy3 says of it.
    """
    if not any(c.isalnum() for c in form):
        symbol = form in _SYMBOLS or shape(form) in ("emoticon", "picture")
        marks = ("SYM", "PUNCT") if symbol else ("PUNCT",)
        return tuple(Reading(form, mark, "", 1.0, "shape") for mark in marks)
    if form[0].isdigit() and not any(c.isalpha() for c in form):
        return (Reading(form, "NUM", "", 1.0, "shape"), Reading(form, "ADJ", "", 0.1, "shape"))
    found: dict[tuple[str, str, str], Reading] = {}
    known: dict[str, bool] = {}
    for parse in parses:
        word = str(parse.word)
        if word not in known:
            known[word] = parse.is_known
        by = "dictionary" if known[word] else "suffix"
        normal = str(parse.normal_form)
        lower = word.lower()
        special = lower if lower in _SPECIAL else ""
        reflexive = normal.endswith(("ся", "сь"))
        for upos, feats in _ud(parse.tag, reflexive, normal == "быть", special):
            lemma = _lemma(parse, upos, normal, feats, form)
            key = (lemma, upos, feats)
            if key not in found:
                found[key] = Reading(lemma, upos, feats, max(float(parse.score), 1e-4), by)
    if form[0].isupper() and not any(known.values()):
        _add_indeclinable(form, found)
    if not found:
        return tuple(Reading(form.lower() if u != "PROPN" else form, u, "", 0.3, "shape")
                     for u in ("X", "PROPN", "NOUN"))  # fmt: skip
    return tuple(found.values())


_SYMBOLS = frozenset("%$€₽№+=<>*/&#@~^°§×±|\\")


@lru_cache(maxsize=8192)
def _ud(tag: Any, reflexive: bool, be: bool, special: str) -> tuple[tuple[str, str], ...]:
    """The parts of speech and features that a parse may have in terms of UD.

    Args:
        tag: of the parse.
        reflexive: whether its lemma ends in «ся».
        be: whether its lemma is «быть».
        special: the spelling, if it is of those that have features of their own, or "".
    """
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
    return tuple((upos, _feats(upos, pos, special, feats)) for upos in uposes)


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


def _lemma(parse: Any, upos: str, normal: str, feats: str, form: str) -> str:
    grammemes = parse.tag.grammemes
    if upos == "PRON" and normal in _NEUTER:
        # As a noun, «весь» is «всё» or «все», and «тот» is «то».
        return _NEUTER[normal] if "Neut" in feats else "все" if normal == "весь" else normal
    if "femn" in grammemes and ("Surn" in grammemes or "Patr" in grammemes):
        # The dictionary files a woman's name under her father's and her husband's.
        own = parse.inflect({"nomn", "sing", "femn"})
        normal = own.word if own is not None else normal
    if upos == "NOUN":
        return _as_noun(normal, feats) if "ADJF" in grammemes else _as_spelled(normal, parse.word)
    if "Supr" in grammemes and (superlative := _SUPERLATIVE.match(parse.word)):
        return superlative[1] + "ий"
    if upos == "ADV" and "COMP" in grammemes and normal.endswith(("ый", "ий", "ой")):
        return normal[:-2] + "о"
    if upos == "ADJ" and ("PRTF" in grammemes or "PRTS" in grammemes):
        normal = _as_adjective(parse.word, short="PRTS" in grammemes)
    if upos == "ADV" and "ADJS" in grammemes:
        normal = form.lower()
    if upos == "PROPN":
        return _as_name(normal, form)
    return normal


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


def _add_indeclinable(form: str, found: dict[tuple[str, str, str], Reading]) -> None:
    """«Мейдзи», «Рафферти»: an unknown name may be its own lemma whatever its case."""
    if form[-1].lower() not in "аоуэыиеёюя":
        return
    lemma = _as_name(form.lower(), form)
    weight = _FOREIGN if form[-1].lower() in "оуэыиеёю" else 1.0
    for reading in list(found.values()):
        own = (lemma, "PROPN", reading.feats)
        if reading.upos == "PROPN" and own not in found:
            found[own] = Reading(*own, reading.prior * weight, "suffix")


_FOREIGN = 3.0
"""Unknown names in these vowels are foreign more often than they are cases of Russian ones."""
