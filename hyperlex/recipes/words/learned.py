"""Lemmas that treebanks give and the dictionary does not: «тем» PRON → «то», «г» NOUN → «год»."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from hyperlex.recipes.words.treebank import Target
from hyperlex.word.dictionary import dictionary
from hyperlex.word.entries import plain
from hyperlex.word.readings import readings

_CLOSED = frozenset(("PRON", "DET", "ADV", "NUM", "PART", "ADP", "SCONJ", "CCONJ", "AUX"))
_LEAST_CLOSED, _LEAST_OPEN, _SHARE = 2, 3, 0.75
"""How often a lemma must have been seen, and what share of its spelling it must have. Names and
nouns need more: treebanks have their slips.
"""
_SHORT = 3
"""Longer spellings than abbreviations keep their first letter in their lemma."""


def learned_lemmas(sentences: Iterable[Sequence[Target]]) -> list[tuple[str, str, str]]:
    """(spelling in lower case, part of speech, lemma), sorted."""
    seen: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for sentence in sentences:
        for target in sentence:
            if target.lemma and target.upos not in ("", "PUNCT", "SYM", "X"):
                seen[target.form.lower(), target.upos][target.lemma] += 1
    found = []
    for (form, upos), lemmas in sorted(seen.items()):
        lemma, count = min(lemmas.items(), key=lambda item: (-item[1], item[0]))
        least = _LEAST_CLOSED if upos in _CLOSED else _LEAST_OPEN
        if count < least or count < _SHARE * lemmas.total() or not _credible(form, upos, lemma):
            continue
        offered = {
            plain(r.lemma) for r in readings(form, dictionary().parse(form)) if r.upos == upos
        }
        # Either none of the readings has it, or it is one of several.
        if offered and (plain(lemma) not in offered or len(offered) > 1):
            found.append((form, upos, lemma if upos == "PROPN" else lemma.lower()))
    return found


def _credible(form: str, upos: str, lemma: str) -> bool:
    if not lemma.replace("-", "").isalpha() or not form[0].isalpha():
        return False
    return upos in _CLOSED or len(form) <= _SHORT or plain(lemma)[0] == plain(form)[0]
