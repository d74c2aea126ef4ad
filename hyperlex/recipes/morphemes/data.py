"""The lists of segmented words, reconciled to one scheme, and the words of the dictionary."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hyperlex.errors import ConfigError, FormatError
from hyperlex.morpheme import parse_notation
from hyperlex.morpheme.labels import Piece, classes
from hyperlex.morpheme.letters import ALPHABET
from hyperlex.types import MorphemeType

BEGINS, CONTINUES = -2, -3
"""Labels of letters where only the boundaries are known, not the types."""

LEMMAS, FORMS, FREQUENCIES = "train_lemmas.tsv", "train_forms.tsv", "freqrnc2011.csv"
SOURCES = (LEMMAS, FORMS, FREQUENCIES)

_LETTERS = frozenset(ALPHABET)
# Adjectives that are nouns in the plural; the list of forms cuts their ending in two.
_ADJECTIVES = "(sp: NOUN, class_num: 225)"
# A type that fewer of a morpheme's occurrences have is taken for a slip.
_RARE = 0.05


@dataclass(frozen=True)
class Row:
    """One segmented word: its morphemes' texts, and their types where they are known."""

    word: str
    texts: tuple[str, ...]
    types: tuple[MorphemeType, ...] | None
    inflected: bool

    def pieces(self) -> tuple[Piece, ...]:
        assert self.types is not None
        return tuple((len(t), k) for t, k in zip(self.texts, self.types, strict=True))

    def labels(self) -> list[int]:
        """A class per letter, or `BEGINS` and `CONTINUES`."""
        if self.types is not None:
            return classes(self.pieces())
        return [CONTINUES if i else BEGINS for text in self.texts for i in range(len(text))]


def read_rows(folder: Path) -> list[Row]:
    """The training rows: all lemmas, then the forms that are no lemmas, each word once.

    A lemma whose types are unknown takes them from the list of forms, where that has it with the
    same boundaries. Raises `ConfigError` where a list is missing, `FormatError` where one is not
    what it should be.
    """
    for name in SOURCES:
        if not (folder / name).is_file():
            raise ConfigError(
                f"{folder / name} does not exist. The lists of segmented words were expected. Name "
                "the folder that holds `morphemes/` with --data."
            )
    lemmas: dict[str, Row] = {}
    for line in (folder / LEMMAS).read_text(encoding="utf-8").splitlines()[1:]:
        word, bounds, typed = (*line.split("\t"), "")[:3]
        texts = tuple(bounds.split("|"))
        row = _typed(word, typed) if typed else Row(word, texts, None, False)
        if "".join(row.texts) != word:
            raise FormatError(f"{LEMMAS}: {bounds!r} does not make {word!r}. Fetch the list again.")
        lemmas[word] = row
    usual = usual_types(list(lemmas.values()))
    forms: dict[str, Row] = {}
    for line in (folder / FORMS).read_text(encoding="utf-8").splitlines():
        word, typed, _, grammar = (*line.split("\t"), "", "")[:4]
        row = _typed(word, typed)
        row = reconciled(_with_one_ending(row) if grammar == _ADJECTIVES else row, usual)
        # A few dozen rows spell the word otherwise than its morphemes.
        if "".join(row.texts) != word:
            continue
        of_lemma = lemmas.get(word)
        if of_lemma is None:
            forms.setdefault(word, row)
        elif of_lemma.types is None and of_lemma.texts == row.texts:
            lemmas[word] = replace(row, inflected=False)
    return [*lemmas.values(), *forms.values()]


def _with_one_ending(row: Row) -> Row:
    """`голов|ые` for `голов|ы|е`."""
    assert row.types is not None
    if row.texts[-2:] not in (("ы", "е"), ("и", "е")):
        return row
    return replace(
        row, texts=(*row.texts[:-2], row.texts[-2] + "е"), types=(*row.types[:-2], MorphemeType.END)
    )


def _typed(word: str, line: str) -> Row:
    found = parse_notation(line)
    return Row(word, tuple(m.text for m in found), tuple(m.type for m in found), False)


Usual = dict[str, tuple[MorphemeType, frozenset[MorphemeType]]]


def usual_types(rows: Sequence[Row]) -> Usual:
    """For each morpheme of the typed lemmas its most frequent type, and all that are not rare."""
    counted: dict[str, Counter[MorphemeType]] = {}
    for row in rows:
        for text, kind in zip(row.texts, row.types or (), strict=False):
            counted.setdefault(text, Counter())[kind] += 1
    return {
        text: (
            max(sorted(kinds), key=kinds.__getitem__),
            frozenset(k for k, n in kinds.items() if n >= _RARE * kinds.total()),
        )
        for text, kinds in counted.items()
        if kinds.total() > 1
    }


def reconciled(row: Row, usual: Usual) -> Row:
    """A row of the list of forms in the scheme of the list of lemmas.

    There, a final soft sign or `й` is not cut off as an ending, the suffixes «ну» and «вш» are one,
    the infinitive's «ть» is a suffix, as is what stands before a postfix; and what the program that
    typed the list did not know is a root (`объ`, `разъ`, `ем`), whatever a linguist would say.
    """
    assert row.types is not None
    suffix, ending = MorphemeType.SUFF, MorphemeType.END
    made: list[tuple[str, MorphemeType]] = []
    pairs = list(zip(row.texts, row.types, strict=True))
    for index, (text, kind) in enumerate(pairs):
        after = pairs[index + 1] if index + 1 < len(pairs) else None
        if made and kind is ending and text in ("ь", "й"):
            made[-1] = (made[-1][0] + text, made[-1][1])
            continue
        before = made[-1] if made else ("", kind)
        if kind is suffix is before[1] and (
            (before[0], text) == ("в", "ш")
            or ((before[0], text) == ("н", "у") and after is not None and after[0] == "ть")
        ):
            made[-1] = (before[0] + text, suffix)
            continue
        if kind is ending and after is not None and after[1] is MorphemeType.POSTFIX:
            kind = suffix
        made.append((text, kind))
    typed = []
    for text, kind in made:
        most, some = usual.get(text, (kind, frozenset({kind})))
        # «учи|тел|и»: not the root of «тело» but what is left of «тель».
        softened = kind is suffix and suffix in usual.get(text + "ь", (kind, frozenset()))[1]
        typed.append((text, kind if kind in some or softened else most))
    return Row(row.word, tuple(t for t, _ in typed), tuple(k for _, k in typed), True)


def read_frequencies(folder: Path) -> dict[str, float]:
    """Occurrences per million words by lemma, `ё` written as `е`."""
    found: dict[str, float] = {}
    with (folder / FREQUENCIES).open(encoding="utf-8", newline="") as lines:
        for row in list(csv.reader(lines, delimiter="\t"))[1:]:
            lemma = row[0].lower().replace("ё", "е")
            found[lemma] = found.get(lemma, 0.0) + float(row[2])
    return found


def dictionary_words() -> tuple[list[str], list[str]]:
    """The lemmas of pymorphy3's dictionary, and the participles as a dictionary would list them
    (nominative singular masculine); sorted, `ё` written as `е`.
    """
    from hyperlex.word.dictionary import dictionary

    known = dictionary().dictionary
    listed = [
        {"PRTF", "nomn", "masc", "sing"} <= set(str(tag).replace(" ", ",").split(","))
        for tag in known.gramtab
    ]
    lemmas: set[str] = set()
    participles: set[str] = set()
    for word, (paradigm, index) in known.words.iteritems():
        if index == 0:
            lemmas.add(word.replace("ё", "е"))
        else:
            tags = known.paradigms[paradigm]
            if listed[tags[len(tags) // 3 + index]]:
                participles.add(word.replace("ё", "е"))

    def plain(words: set[str]) -> list[str]:
        return sorted(w for w in words if 1 < len(w) <= 40 and _LETTERS.issuperset(w))

    return plain(lemmas), plain(participles - lemmas)
