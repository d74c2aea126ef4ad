"""Trees by hand: a sentence, each word with the number of its head and its relation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from hyperlex.types import Sentence, Span, Word
from hyperlex.word.dictionary import dictionary

TREES = Path(__file__).parent / "trees.txt"

_UPOS = {
    "NOUN": "NOUN", "ADJF": "ADJ", "ADJS": "ADJ", "COMP": "ADV", "VERB": "VERB", "INFN": "VERB",
    "PRTF": "VERB", "PRTS": "VERB", "GRND": "VERB", "NUMR": "NUM", "ADVB": "ADV", "NPRO": "PRON",
    "PRED": "ADV", "PREP": "ADP", "CONJ": "SCONJ", "PRCL": "PART", "INTJ": "INTJ",
}  # fmt: skip
_COORDINATING = frozenset(["и", "а", "но", "или", "либо", "да", "ни", "зато"])
_FEATS = {
    "nomn": "Case=Nom", "gent": "Case=Gen", "datv": "Case=Dat", "accs": "Case=Acc",
    "ablt": "Case=Ins", "loct": "Case=Loc", "gen2": "Case=Gen", "loc2": "Case=Loc",
    "sing": "Number=Sing", "plur": "Number=Plur", "masc": "Gender=Masc", "femn": "Gender=Fem",
    "neut": "Gender=Neut", "anim": "Animacy=Anim", "inan": "Animacy=Inan", "past": "Tense=Past",
    "pres": "Tense=Pres", "futr": "Tense=Fut", "1per": "Person=1", "2per": "Person=2",
    "3per": "Person=3", "perf": "Aspect=Perf", "impf": "Aspect=Imp", "actv": "Voice=Act",
    "pssv": "Voice=Pass",
}  # fmt: skip
_FORMS = {
    "VERB": "VerbForm=Fin", "INFN": "VerbForm=Inf", "PRTF": "VerbForm=Part",
    "PRTS": "VerbForm=Part|Variant=Short", "GRND": "VerbForm=Conv", "ADJS": "Variant=Short",
    "COMP": "Degree=Cmp",
}  # fmt: skip


def tagged(form: str, wanted: Iterable[str], relation: str) -> tuple[str, str, str]:
    """Lemma, UPOS and features of a form: of its likeliest reading with the wanted grammemes."""
    if not any(character.isalnum() for character in form):
        return form, "PUNCT", ""
    grammemes = {item for item in wanted if not item.startswith("=")}
    upos = next((item[1:] for item in wanted if item.startswith("=")), "")
    parses: list[Any] = dictionary().parse(form)
    parse = next((p for p in parses if grammemes <= set(map(str, p.tag.grammemes))), None)
    assert parse is not None, f"{form} is never {sorted(grammemes)}"
    tags = set(map(str, parse.tag.grammemes))
    pos = str(parse.tag.POS)
    if not upos:
        upos = _UPOS.get(pos, "X")
        if tags & {"Name", "Surn", "Patr", "Geox"} and form[0].isupper():
            upos = "PROPN"
        elif "Apro" in tags and pos == "ADJF":
            upos = "DET"
        elif pos == "CONJ" and form.lower() in _COORDINATING:
            upos = "CCONJ"
        elif relation in ("cop", "aux", "aux:pass"):
            upos = "AUX"
        elif form.isdigit():
            upos = "NUM"
    feats = [_FEATS[tag] for tag in tags if tag in _FEATS]
    feats += _FORMS.get(pos, "").split("|") if pos in _FORMS else []
    if "impr" in tags:
        feats = [f for f in feats if not f.startswith(("Tense", "Person"))]
        feats += ["Mood=Imp", "Person=1" if "incl" in tags else "Person=2"]
    if pos == "VERB" and "Voice=Pass" not in feats and "1per" not in tags:
        feats = [f for f in feats if not f.startswith("Voice")]
    lemma = parse.normal_form
    if upos == "PROPN":
        lemma = lemma.capitalize()
    return lemma, upos, "|".join(sorted(set(feats)))


def tree(line: str, breaks: float = 0.5) -> tuple[Sentence, str]:
    """A sentence and its text from `Он:2:nsubj стоял:0:root .:2:punct`.

    After an `@` stand grammemes of pymorphy3 that choose a reading, or `=UPOS`: `двери:2:obl@gent`.
    """
    rows = []
    for item in line.split():
        found = re.fullmatch(r"(.+?):(\d+):([a-z:]+)(?:@(\S+))?", item)
        assert found, item
        form, head, relation, wanted = found.groups()
        rows.append((form, int(head), relation, (wanted or "").split(",") if wanted else []))
    text = ""
    spans = []
    for n, (form, _, _, _) in enumerate(rows):
        glued = not n or form[0] in ".,:;!?…»)" or rows[n - 1][0] in "«("
        text += "" if glued else " "
        spans.append(Span(len(text), len(text) + len(form)))
        text += form
    words = []
    for n, (form, head, relation, wanted) in enumerate(rows):
        lemma, upos, feats = tagged(form, wanted, relation)
        place = head - 1 if head else n
        words.append(Word(spans[n], form, lemma, upos, feats, n, place, relation, "hand"))
    return Sentence(Span(0, len(text)), tuple(words), (1.0, *[breaks] * (len(words) - 1))), text


def read_trees(path: Path = TREES) -> dict[str, Sentence]:
    """All trees by hand by their text."""
    made = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            sentence, text = tree(line)
            assert text not in made, f"twice: {text}"
            made[text] = sentence
    return made


@cache
def trees() -> dict[str, Sentence]:
    """The trees of all examples, by text."""
    return read_trees()


def example(shown: str) -> tuple[Sentence, str]:
    """The tree of a sentence in the notation with `|`, and its text."""
    text = shown.replace("|", "")
    assert text in trees(), f"no tree by hand for: {text}"
    return trees()[text], text


def shown(text: str, starts: Iterable[int]) -> str:
    """`text` with `|` before every start but the first, spaces after it."""
    cuts = sorted(starts)[1:]
    out = []
    before = 0
    for cut in cuts:
        out.append(text[before:cut].rstrip())
        before = cut
    out.append(text[before:])
    return "| ".join(out)
