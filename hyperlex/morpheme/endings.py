"""How the end of an inflected form is cut, from how its lemma is.

Two kinds of rules, tried in this order: those learned from forms that people segmented, one line of
`morphemes.tsv` each; and the regular endings of Russian nouns, adjectives and verbs, here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hyperlex.morpheme.labels import Piece, classes, pieces
from hyperlex.types import MorphemeType

END, SUFF, ROOT, POSTFIX = (
    MorphemeType.END,
    MorphemeType.SUFF,
    MorphemeType.ROOT,
    MorphemeType.POSTFIX,
)

NOMINAL = frozenset((
    "а", "я", "о", "е", "ы", "и", "у", "ю", "ой", "ей", "ою", "ею", "ом", "ем", "ам", "ям",
    "ами", "ями", "ах", "ях", "ов", "ев", "ью", "ый", "ий", "ая", "яя", "ое", "ее", "ые", "ие",
    "ого", "его", "ому", "ему", "ым", "им", "ую", "юю", "ых", "их", "ыми", "ими", "ьми", "мя",
))  # fmt: skip
"""Endings of declension. (The ё of «окном» and «селом», of «землёй», is written е here.)"""

PERSONAL = frozenset((
    "у", "ю", "ешь", "ет", "ем", "ете", "ут", "ют", "ишь", "ит", "им", "ите", "ат", "ят",
))  # fmt: skip
"""Endings of the present and of the simple future."""

PAST = {"л": (), "ла": (1,), "ло": (1,), "ли": (1,)}
GERUND = frozenset(["а", "я", "в", "вши", "ши", "ючи", "учи"])
THEMES = frozenset(["а", "я", "и", "е", "о", "ну"])
"""Suffixes of the infinitive that the present leaves out: `пис|а|ть` but `пиш|у`."""

COMPARATIVE = frozenset(["е", "ее", "ей", "ше"])
SUPERLATIVE = frozenset(["ейш", "айш"])

_NOMINAL_POS = frozenset(["NOUN", "ADJF", "PRTF", "NPRO", "NUMR", "ADJS", "PRTS"])
_FLEETING = frozenset("еои")
# The last consonant of a stem in the present: `пис-` but `пиш-`, `плат-` but `плач-`.
_SOFTENED = {
    "с": "ш", "з": "ж", "т": "чщ", "д": "ж", "к": "ч", "г": "ж", "х": "ш", "ст": "щ", "ск": "щ",
}  # fmt: skip


@dataclass(frozen=True)
class EndingRules:
    """Learned rules: `(end of the lemma, end of the form, class before)` to the classes of the end.

    The class before is that of the last letter that both share, which the first letter of the end
    may continue. Sorted by the ends, the more frequent answer where forms disagreed.
    """

    rules: dict[tuple[str, str, int], tuple[int, ...]]

    HEADER = "# format_version\t1\nlemma_end\tform_end\tafter\tclasses\n"

    @classmethod
    def parse(cls, text: str) -> EndingRules:
        """The rules of a `morphemes.tsv`. Raises `ValueError` for any other text."""
        if not text.startswith(cls.HEADER):
            raise ValueError("the table of endings does not begin with its header")
        rules = {}
        for line in text[len(cls.HEADER) :].splitlines():
            lemma_end, form_end, after, labels = line.split("\t")
            rules[lemma_end, form_end, int(after)] = tuple(int(label) for label in labels.split())
        return cls(rules)

    def __str__(self) -> str:
        lines = (
            f"{lemma_end}\t{form_end}\t{after}\t{' '.join(map(str, labels))}\n"
            for (lemma_end, form_end, after), labels in sorted(self.rules.items())
        )
        return self.HEADER + "".join(lines)

    def transfer(
        self, lemma: str, lemma_pieces: Sequence[Piece], form: str, pos: str
    ) -> tuple[Piece, ...] | None:
        """The segmentation of `form`, or None where no rule leads there."""
        form, form_postfix = _without_postfix(form, pos)
        if lemma_pieces[-1][1] is POSTFIX and len(lemma_pieces) > 1:
            lemma, lemma_pieces = lemma[: -lemma_pieces[-1][0]], lemma_pieces[:-1]
        found = self._learned(lemma, lemma_pieces, form) or regular(lemma, lemma_pieces, form, pos)
        return (*found, *form_postfix) if found else None

    def _learned(
        self, lemma: str, lemma_pieces: Sequence[Piece], form: str
    ) -> tuple[Piece, ...] | None:
        shared = common_prefix(lemma, form)
        labels = classes(lemma_pieces)
        if shared < 2 or shared == len(form):
            return None
        end = self.rules.get((lemma[shared:], form[shared:], labels[shared - 1]))
        return pieces([*labels[:shared], *end]) if end else None


def common_prefix(one: str, other: str) -> int:
    """How many letters two words share from the start."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count


def _without_postfix(form: str, pos: str) -> tuple[str, tuple[Piece, ...]]:
    if pos in ("VERB", "INFN", "GRND", "PRTF", "PRTS") and form.endswith(("ся", "сь")):
        return form[:-2], ((2, POSTFIX),)
    return form, ()


def regular(
    lemma: str, lemma_pieces: Sequence[Piece], form: str, pos: str
) -> tuple[Piece, ...] | None:
    """The segmentation of `form` by the regular endings of its part of speech, or None."""
    if pos in _NOMINAL_POS:
        return _declined(lemma, lemma_pieces, form) or _suppletive(lemma_pieces, form, pos)
    if pos == "COMP":
        return _compared(lemma, lemma_pieces, form)
    if pos in ("VERB", "GRND"):
        return _conjugated(lemma, lemma_pieces, form, pos)
    return None


def _declined(lemma: str, lemma_pieces: Sequence[Piece], form: str) -> tuple[Piece, ...] | None:
    stem_pieces = list(lemma_pieces)
    stem = lemma
    if stem_pieces[-1][1] is END and len(stem_pieces) > 1:
        stem = lemma[: -stem_pieces.pop()[0]]
    for variant, changed in _stems(stem, stem_pieces):
        if form.startswith(variant):
            rest = form[len(variant) :]
            if not rest:
                return tuple(changed)
            if rest in NOMINAL:
                return (*changed, (len(rest), END))
            if rest[:3] in SUPERLATIVE and rest[3:] in NOMINAL:
                return (*changed, (3, SUFF), (len(rest) - 3, END))
    return None


def _compared(lemma: str, lemma_pieces: Sequence[Piece], form: str) -> tuple[Piece, ...] | None:
    """`умн|ее`, `выш|е`, `по|выш|е`."""
    if lemma_pieces[-1][1] is not END or len(lemma_pieces) < 2:
        return None
    stem, stem_pieces = lemma[: -lemma_pieces[-1][0]], tuple(lemma_pieces[:-1])
    for prefix in ("", "по"):
        bare = form.removeprefix(prefix)
        front = ((len(prefix), MorphemeType.PREF),) if prefix and bare != form else ()
        for variant, changed in _softened(stem, stem_pieces):
            if bare.startswith(variant) and bare[len(variant) :] in COMPARATIVE:
                return (*front, *changed, (len(bare) - len(variant), SUFF))
    return None


def _suppletive(lemma_pieces: Sequence[Piece], form: str, pos: str) -> tuple[Piece, ...] | None:
    """A noun of another stem than its lemma, which is a bare root: `люд|ей` of «человек»."""
    if pos != "NOUN" or any(kind not in (ROOT, END) for _, kind in lemma_pieces):
        return None
    for length in (3, 2, 1):
        if len(form) - length >= 2 and form[-length:] in NOMINAL:
            return ((len(form) - length, ROOT), (length, END))
    return None


def _stems(stem: str, stem_pieces: Sequence[Piece]) -> Iterable[tuple[str, list[Piece]]]:
    """The stem as it is, with its last letter or its fleeting vowel gone, or with one put in."""
    yield stem, list(stem_pieces)
    *front, (length, kind) = stem_pieces
    if stem[-1] in "ьй" and length > 1:
        yield stem[:-1], [*front, (length - 1, kind)]
        if stem[-1] == "й" and length > 2 and stem[-2] in "еи":
            # воробей, воробь|я
            yield stem[:-2] + "ь", [*front, (length - 1, kind)]
    if length > 1:
        soft = stem[-1] in "ьй" and length > 2
        tail = stem[-2:] if soft else stem[-1:]
        vowel = stem[-len(tail) - 1]
        head = stem[: -len(tail) - 1]
        if vowel in _FLEETING and length > len(tail) and head:
            yield head + tail, [*front, (length - 1, kind)]
            yield head + tail.rstrip("ь"), [*front, (length - 1 - soft, kind)]
            yield head + "ь" + tail, list(stem_pieces)
            yield head + "й" + tail, list(stem_pieces)
    if len(stem) > 1:
        for vowel in "оеи":
            inserted = stem[:-1] + vowel + stem[-1]
            yield inserted, [*front, (length + 1, kind)]
            if stem[-2] in "ьй":
                # коньк|и, конек: the vowel takes the place of the sign
                inserted = stem[:-2] + vowel + stem[-1]
                if length > 1:
                    yield inserted, list(stem_pieces)
                elif front and front[-1][0] > 1:
                    less = [*front[:-1], (front[-1][0] - 1, front[-1][1])]
                    yield inserted, [*less, (length + 1, kind)]
    yield stem + "ь", [*front, (length + 1, kind)]


def _conjugated(
    lemma: str, lemma_pieces: Sequence[Piece], form: str, pos: str
) -> tuple[Piece, ...] | None:
    if lemma_pieces[-1] != (2, SUFF) or len(lemma_pieces) < 2:
        return None
    stem, stem_pieces = lemma[:-2], tuple(lemma_pieces[:-1])
    if form.startswith(stem):
        rest = form[len(stem) :]
        if pos == "VERB" and rest in PAST:
            return (*stem_pieces, (1, SUFF), *((n, END) for n in PAST[rest]))
        if pos == "VERB" and rest in PERSONAL:
            return (*stem_pieces, (len(rest), END))
        if pos == "VERB" and rest in ("й", "йте"):
            return (*stem_pieces, (1, SUFF), *(((2, END),) if len(rest) == 3 else ()))
        if pos == "GRND" and rest in GERUND:
            return (*stem_pieces, (len(rest), SUFF))
    length, kind = stem_pieces[-1]
    theme = stem[-length:]
    if kind is SUFF and theme in ("ова", "ева") and len(stem_pieces) > 1:
        for vowel in "ую":
            rest = form.removeprefix(stem[:-3] + vowel)
            if rest != form:
                front = (*stem_pieces[:-1], (1, SUFF))
                if rest in PERSONAL:
                    return (*front, (len(rest), END))
                if rest in ("й", "йте"):
                    return (*front, (1, SUFF), *(((2, END),) if len(rest) == 3 else ()))
                if rest == "я":
                    return (*front, (1, SUFF))
    if kind is SUFF and theme in THEMES and len(stem_pieces) > 1:
        front, base = stem_pieces[:-1], stem[:-length]
        if theme == "ну":
            front, base = (*front, (1, SUFF)), stem[:-1]
        for variant, changed in _softened(base, front):
            rest = form.removeprefix(variant)
            if rest == form and variant:
                continue
            if pos == "VERB" and rest in PERSONAL:
                return (*changed, (len(rest), END))
            if pos == "VERB" and rest in ("и", "ите"):
                return (*changed, (1, SUFF), *(((2, END),) if len(rest) == 3 else ()))
            if pos == "VERB" and rest in ("ь", "ьте"):
                front_length, front_kind = changed[-1]
                grown = (*changed[:-1], (front_length + 1, front_kind))
                return (*grown, *(((2, END),) if len(rest) == 3 else ()))
            if pos == "GRND" and rest in GERUND:
                return (*changed, (len(rest), SUFF))
    return None


def _softened(stem: str, stem_pieces: tuple[Piece, ...]) -> Iterable[tuple[str, tuple[Piece, ...]]]:
    yield stem, stem_pieces
    *front, (length, kind) = stem_pieces
    if stem.endswith(("б", "п", "в", "м", "ф")):
        yield stem + "л", (*front, (length + 1, kind))
    for end, others in _SOFTENED.items():
        if stem.endswith(end) and length >= len(end):
            for other in others:
                shorter = length - len(end) + 1
                yield stem[: -len(end)] + other, (*front, (shorter, kind))
