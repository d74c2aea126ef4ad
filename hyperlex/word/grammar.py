"""What grammar says of an arc and its relation, beside the network: tables, and how well they fit.

Probabilities of tags and breaks in, log-probabilities to add out; none forbids anything, for the
network errs and so do people.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hyperlex.word.labels import COLUMNS, FEATS, RELATIONS, UPOS

Floats = NDArray[np.float32]
Places = NDArray[np.int64]

WEIGHT = 0.5
"""Of what tags and breaks say of an arc, beside what the network says of it: it has seen the same
words, so their evidence is no evidence of its own. From 0.25 to 1 little changes.
"""
UNLIKELY = 4.0
"""Nats against what grammar hardly ever has, and against any head beyond the candidates. From 2.5
to 6 little changes."""
_LEAST = 0.02
"""Probabilities of evidence are no smaller: the network errs."""

ROOT = 2.0
"""Nats against a noun or a preposition as the root of a sentence with a finite verb; the same again
against a case that no subject has. From 1 to 3 little changes."""

ONCE = (
    ("nsubj", "nsubj:pass", "csubj"),
    ("obj",), ("iobj",), ("ccomp",), ("xcomp",), ("cc",), ("mark",), ("cop",), ("aux:pass",),
)  # fmt: skip
"""Of each group a head has at most one."""
_AFTER = ("conj", "appos", "fixed", "flat", "flat:name", "flat:foreign", "goeswith")
"""Never before their heads."""
_BEFORE = ("case", "cc", "mark")
"""Seldom after their heads: half of `UNLIKELY`."""
_WITHIN = (
    *("case", "obj", "iobj", "obl", "obl:agent", "advmod", "amod", "nmod"),
    *("det", "xcomp", "fixed", "nummod:gov", "nummod", "cop", "aux", "aux:pass", "flat"),
    *("flat:name", "cc", "mark"),
)
"""Of one clause with their heads: not just one clause boundary lies between. Subjects are left out,
for it is behind them that breaks are wrong most often."""
_ACROSS = ("parataxis", "ccomp", "csubj", "acl:relcl")
"""Always clauses of their own: at least one boundary lies between."""
_CASES: dict[str, tuple[str, ...]] = {
    "nsubj": ("Nom", "Gen", "Par"),
    "nsubj:pass": ("Nom",),
    "obj": ("Acc", "Gen", "Ins", "Par"),
    "iobj": ("Dat", "Ins", "Acc", "Gen"),
    "obl": ("Gen", "Dat", "Acc", "Ins", "Loc", "Par"),
    "obl:agent": ("Ins",),
    "nmod": ("Nom", "Gen", "Dat", "Acc", "Ins", "Loc"),
}
"""What a noun in this relation may stand in; a word without a case fits all but `obl:agent`."""

_NUMBER = {name: k for k, name in enumerate(RELATIONS)}


def _row(relations: Sequence[str], value: float) -> Floats:
    row = np.zeros(len(RELATIONS), np.float32)
    row[[_NUMBER[name] for name in relations]] = value
    return row


_EVIDENCE = np.stack(
    [
        _row(_AFTER, -UNLIKELY),
        _row(_BEFORE, -UNLIKELY / 2),
        _row(_WITHIN, WEIGHT),
        _row(_ACROSS, WEIGHT),
        _row(("nsubj", "nsubj:pass"), WEIGHT / 2),
        _row(("amod", "det"), WEIGHT),
    ]
)
"""`[F, R]`: what each piece of evidence of `_of_arcs` counts for each relation. Agreement of
subjects counts half: so many of them, «кто» and «пять домов», have none.
"""


def _fitting() -> Floats:
    """`[1 + cases, R]`, how well each case, and none, fits each relation."""
    cases = ("", *FEATS["Case"])
    fit = np.ones((len(cases), len(RELATIONS)), np.float32)
    for name, allowed in _CASES.items():
        without = () if name == "obl:agent" else ("",)
        fit[:, _NUMBER[name]] = [1 if c in (*allowed, *without) else _LEAST for c in cases]
    return fit


_FITTING = _fitting()


def evidence(tags: Floats, breaks: Floats, heads: Places) -> Floats:
    """`[N, K, R]`, what is added to the log-probability of each relation to each head.

    Args:
        tags: `[N, sum(GROUPS)]`, probabilities within each group.
        breaks: `[N]`, of a clause beginning at the word. That of a sentence's first word lies
            between no two of its words.
        heads: `[N, K]`, rows of both.
    """
    fitting: Floats = np.log(tags[:, COLUMNS["Case"]] @ _FITTING)
    arcs = _of_arcs(tags, breaks, heads)
    found: Floats = (arcs.reshape(-1, len(_EVIDENCE)) @ _EVIDENCE).reshape(*heads.shape, -1)
    found += WEIGHT * fitting[:, None]
    return found


def as_roots(tags: Floats) -> Floats:
    """`[T]`, what is added to the score of each word of one sentence as its root.

    Where a sentence has a finite verb, its root is hardly ever a noun or a preposition, and less so
    a noun that is not in the nominative: «тот, кто ищет, найдёт», «с тем, кто лжёт, не дружу».

    Args:
        tags: `[T, sum(GROUPS)]`, probabilities within each group.
    """
    verb = (_of("VerbForm", "Fin", tags) * tags[:, _VERB]).max()
    cases = tags[:, COLUMNS["Case"]]
    oblique = 1 - cases[:, 0] - _of("Case", "Nom", tags)
    found: Floats = -ROOT * verb * (tags[:, _NO_ROOTS].sum(1) + oblique)
    return found


def _of_arcs(tags: Floats, breaks: Floats, heads: Places) -> Floats:
    """`[N, K, F]`, evidence on each arc, in the order of `_EVIDENCE`."""
    words = np.arange(len(heads))[:, None]
    found = np.empty((*heads.shape, len(_EVIDENCE)), np.float32)
    np.less(words, heads, out=found[:, :, 0], casting="unsafe")
    np.subtract(1, found[:, :, 0], out=found[:, :, 1])
    none, one = _boundaries(breaks, heads)
    alike = _alike(tags[:, _AGREEING], heads)
    likely = found[:, :, 2:]
    likely[:, :, 0], likely[:, :, 1] = 1 - one, 1 - none
    likely[:, :, 2] = 1 - _disagreement(tags, alike[:, :, 1], alike[:, :, 2], heads)
    likely[:, :, 3] = alike[:, :, 0]
    np.log(np.maximum(likely, _LEAST, out=likely), out=likely)
    return found


_AGREEING = slice(COLUMNS["Case"].start, COLUMNS["Gender"].stop)
_AGREE = ("Case", "Number", "Gender")
"""They stand side by side among the tags."""
_NONE = [COLUMNS[name].start - _AGREEING.start for name in _AGREE]
_SAME = np.zeros((_AGREEING.stop - _AGREEING.start, len(_AGREE)), np.float32)
for _k, _name in enumerate(_AGREE):
    _SAME[_NONE[_k] + 1 : COLUMNS[_name].stop - _AGREEING.start, _k] = 1


def _alike(values: Floats, heads: Places) -> Floats:
    """`[N, K, 3]`, probabilities that word and head agree in each of `_AGREE`, or one lacks it."""
    governors = values[heads]
    own, of_head = values[:, None, _NONE], governors[:, :, _NONE]
    both = (values[:, None] * governors).reshape(-1, len(_SAME))
    found: Floats = (both @ _SAME).reshape(*heads.shape, -1)
    found += own + of_head - own * of_head
    return found


def _disagreement(tags: Floats, number: Floats, gender: Floats, heads: Places) -> Floats:
    """`[N, K]`, the probability that a noun disagrees with a finite verb.

    A person may be of either sex: «врач сказала».

    Args:
        number, gender: `[N, K]`, probabilities of agreement in either.
    """
    person = _of("Gender", "Masc", tags) * _of("Animacy", "Anim", tags)
    either = np.minimum(gender + person[:, None] * _of("Gender", "Fem", tags)[heads], 1)
    noun = tags[:, _NOUN] + tags[:, _NAME]
    found: Floats = (1 - number * either) * _of("VerbForm", "Fin", tags)[heads] * noun[:, None]
    return found


_NOUN, _NAME, _VERB = (UPOS.index(upos) for upos in ("NOUN", "PROPN", "VERB"))
_NO_ROOTS = [UPOS.index(upos) for upos in ("NOUN", "PROPN", "PRON", "DET", "ADP")]


def _of(name: str, value: str, tags: Floats) -> Floats:
    """`[N]`, the probability of a feature's value."""
    found: Floats = tags[:, COLUMNS[name].start + 1 + FEATS[name].index(value)]
    return found


def _boundaries(breaks: Floats, heads: Places) -> tuple[Floats, Floats]:
    """`[N, K]`, the probabilities that no boundary, and that just one, lies before a word and
    behind its head, or before the head and behind the word.
    """
    clipped = np.clip(breaks.astype(np.float64), 0, 0.99)
    sums = np.cumsum((np.log1p(-clipped), clipped / (1 - clipped)), 1)
    logs, odds = np.abs(sums[:, heads] - sums[:, :, None])
    none = np.exp(-logs)
    return none, none * odds
