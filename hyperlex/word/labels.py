"""The label sets of the network's heads, in the order of its outputs: Universal Dependencies."""

from __future__ import annotations

UPOS = (
    *("NOUN", "VERB", "PUNCT", "ADP", "ADV", "ADJ", "PRON", "CCONJ", "PROPN", "PART", "DET"),
    *("SCONJ", "NUM", "AUX", "X", "SYM", "INTJ"),
)

FEATS: dict[str, tuple[str, ...]] = {
    "Case": ("Nom", "Acc", "Gen", "Ins", "Loc", "Dat", "Par", "Voc"),
    "Number": ("Sing", "Plur"),
    "Gender": ("Masc", "Fem", "Neut"),
    "Animacy": ("Inan", "Anim"),
    "Tense": ("Pres", "Past", "Fut"),
    "Aspect": ("Imp", "Perf"),
    "Mood": ("Ind", "Cnd", "Imp"),
    "Person": ("1", "2", "3"),
    "VerbForm": ("Fin", "Inf", "Conv", "Part"),
    "Voice": ("Act", "Mid", "Pass"),
    "Degree": ("Pos", "Cmp", "Sup"),
    "Variant": ("Short",),
    "Polarity": ("Neg",),
    "Abbr": ("Yes",),
}
"""Each feature's values; output 0 of its group says that a word has none."""

RELATIONS = (
    *("punct", "case", "nsubj", "root", "obl", "advmod", "amod", "nmod", "conj", "cc", "obj"),
    *("parataxis", "det", "mark", "iobj", "xcomp", "advcl", "acl", "appos", "fixed", "nummod:gov"),
    *("ccomp", "acl:relcl", "cop", "nsubj:pass", "csubj", "flat:name", "discourse", "nummod"),
    *("vocative", "aux", "orphan", "aux:pass", "list", "obl:agent", "expl", "flat"),
    *("flat:foreign", "goeswith", "dislocated", "compound", "nummod:entity"),
)

GROUPS = (len(UPOS), *(len(values) + 1 for values in FEATS.values()))
"""Widths of the groups of tag outputs: parts of speech, then each feature."""


def _columns() -> dict[str, slice]:
    columns = {}
    start = len(UPOS)
    for name, values in FEATS.items():
        columns[name] = slice(start, start + len(values) + 1)
        start += len(values) + 1
    return columns


COLUMNS = _columns()
"""Where the outputs for each feature stand among those for tags; the first is for none."""
