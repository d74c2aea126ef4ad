"""What the steps make of sentences: words hidden and replaced, marks left out, targets that fit."""

from __future__ import annotations

from random import Random

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from word.sample_by_hand import sample_of

from hyperlex.recipes.words import careless
from hyperlex.recipes.words.batches import Spellings
from hyperlex.recipes.words.corrupt import MARKS, Corruption
from hyperlex.recipes.words.loss import IGNORED
from hyperlex.recipes.words.silver import Views
from hyperlex.recipes.words.treebank import Target

LEMMAS = ["кот", "спать", "и", ","]
SENTENCES = [
    ["Коты", "спят", ",", "и", "кот", "спит", "."],
    ["Кот", "спал", "—", "и", "спал", "«", "кот", "»", "."],
    ["лев", "спит", "и", "слон", "спит", "и", "мальчик", "спит", ",", "коты", "спали", "."],
    ["Кота", "усыпил", "дождь", ",", "который", "лил", ":", "коты", "спали", "!"],
]


def corrupted(seed: int, copies: int = 40):
    sample = sample_of(SENTENCES * copies)
    spellings = Spellings(LEMMAS)
    for form in ("Заранее", "известные"):  # numbers of spellings are not those of types
        spellings.id(form)
    corruption = Corruption(sample, spellings, lemmas=len(LEMMAS), seed=seed)
    return sample, spellings, corruption.batch(np.arange(len(sample.lengths)))


def test_only_hidden_and_replaced_words_are_asked_for() -> None:
    _, spellings, batch = corrupted(seed=1)
    changed = batch.hidden | batch.replaced
    assert 0.1 < batch.hidden.sum() / batch.real.sum() < 0.15
    assert 0.02 < batch.replaced.sum() / batch.real.sum() < 0.15  # few words have others
    assert not (batch.hidden & batch.replaced).any()
    assert not (changed & ~batch.real).any()
    assert (batch.lemmas[~changed] == IGNORED).all() and (batch.tags[~changed] == IGNORED).all()
    asked = set(batch.lemmas[changed].tolist())
    assert {LEMMAS.index("кот"), LEMMAS.index("спать")} <= asked <= {*range(len(LEMMAS)), IGNORED}
    assert set(batch.tags[changed].tolist()) - {IGNORED}
    assert len(spellings.tags) > batch.words.max() >= 2


def test_words_are_replaced_by_forms_of_their_lemma_or_words_of_their_tag() -> None:
    _, spellings, batch = corrupted(seed=2)
    forms, tags = 0, 0
    for row, column in zip(*np.nonzero(batch.replaced), strict=True):
        seen, lemma = batch.words[row, column], batch.lemmas[row, column]
        same_lemma = lemma != IGNORED and spellings.meanings[seen] == lemma
        forms += same_lemma
        tags += not same_lemma and bool(spellings.tags[seen])
    assert forms and tags
    assert forms + tags == batch.replaced.sum()


def test_marks_left_out_are_told_of_before_the_word_behind_them() -> None:
    sample, _, batch = corrupted(seed=3)
    assert (batch.marks[:, 0] == IGNORED).all()
    assert (batch.marks[~batch.real] == IGNORED).all()
    told = batch.marks[batch.real & (batch.marks != IGNORED)]
    assert set(told.tolist()) == {0, 1, 2, 3, 4, 5}
    # «, и»: with the comma gone, «и» says so; with it, nothing.
    words = [batch.real[k].sum() for k in range(0, len(batch.real), len(SENTENCES))]
    assert min(words) < len(SENTENCES[0]) < max(words)  # some lost marks, some run on
    for k in range(0, len(sample.lengths), len(SENTENCES)):
        kinds = batch.marks[k][batch.real[k]]
        if len(kinds) == 5:  # no mark is left
            assert kinds.tolist() == [IGNORED, 0, MARKS[","], 0, 0]


def test_the_same_seed_corrupts_the_same() -> None:
    one, other, third = (corrupted(seed)[2] for seed in (5, 5, 6))
    for name in ("words", "hidden", "replaced", "marks"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    assert one.words.shape != third.words.shape or (one.words != third.words).any()


def tree(heads: list[int], marks: list[str | None]) -> list[Target]:
    return [
        Target(mark or f"Слово{k}", "", "PUNCT" if mark else "NOUN", "", head, "dep",
               None if mark else k % 2 == 0)
        for k, (head, mark) in enumerate(zip(heads, marks, strict=True))
    ]  # fmt: skip


@given(
    st.lists(st.sampled_from([None, None, ",", "—", ".", "»"]), min_size=2, max_size=12),
    st.data(),
)
def test_careless_trees_keep_every_word_its_head_and_its_boundary(marks, data) -> None:
    places = st.integers(0, len(marks) - 1)
    heads = [data.draw(places) for _ in marks]
    whole = tree(heads, marks)
    (thin,) = careless.trees([whole], Random(data.draw(st.integers(0, 99))))
    words = [t for t in whole if t.upos != "PUNCT"]
    kept = [t for t in thin if t.upos != "PUNCT"]
    assert [t.form.lower() for t in kept] == [t.form.lower() for t in words]
    assert [t.starts for t in kept] == [t.starts for t in words]
    for before, after in zip(words, kept, strict=True):
        assert thin[after.head].form.lower() == whole[before.head].form.lower()


def test_some_trees_are_written_carelessly_and_most_are_not() -> None:
    whole = tree([1, 1, 1, 4, 1, 1], [None, None, ",", "—", None, "."])
    written = careless.trees([whole] * 2000, Random(0))
    assert 0.6 < sum(t == whole for t in written) / len(written) < 0.8
    assert any(len(t) == 3 for t in written) and any(t[0].form == "слово0" for t in written)


def test_silver_without_marks_keeps_what_the_teachers_said_of_the_words() -> None:
    torch.manual_seed(0)
    comma = 7
    forms = [[1, comma, 2, 3, comma, 4], [5, 6]]
    arcs = torch.rand(2, 6, 6)
    arcs /= arcs.sum(-1, keepdim=True)
    heads = torch.tensor([[2, 2, 2, 4, 2, 3], [1, 1, 0, 0, 0, 0]])
    views = Views(torch.rand(2, 6, 3), torch.rand(2, 6), arcs, heads, torch.rand(2, 6, 4))
    random = Random(0)
    while True:  # until both marks of the first sentence are gone
        thin, seen = careless.silver(forms, views, frozenset([comma]), random)
        if len(thin[0]) == 4:
            break
    assert thin == [[1, 2, 3, 4], [5, 6]]
    kept = [0, 2, 3, 5]
    assert torch.equal(seen.tags[0], views.tags[0, kept])
    assert torch.equal(seen.breaks[0], views.breaks[0, kept])
    assert torch.equal(seen.relations[1, :2], views.relations[1, :2])
    # The third word hung on a comma, and is asked for the relation to itself.
    assert seen.heads[0].tolist() == [1, 1, 2, 2]
    square = arcs[0][kept][:, kept]
    torch.testing.assert_close(seen.arcs[0], square / square.sum(-1, keepdim=True))
    torch.testing.assert_close(
        seen.arcs[1, :2, :2], (arcs[1, :2, :2] / arcs[1, :2, :2].sum(-1, keepdim=True))
    )
    assert (seen.arcs[1, :2, 2:] == 0).all()
