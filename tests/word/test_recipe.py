"""The recipe in small: treebanks are read, vectors mean something, steps learn, files come back."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from word.sample_by_hand import sample_of

from hyperlex.recipes.words import steps, treebank
from hyperlex.recipes.words.batches import Spellings, by_length
from hyperlex.recipes.words.export import CARD, export
from hyperlex.recipes.words.learned import learned_lemmas
from hyperlex.recipes.words.net import STUDENT, Net
from hyperlex.recipes.words.pretrain import pretrain
from hyperlex.recipes.words.silver import Silver, label, views
from hyperlex.recipes.words.supervise import Trees, distil, gold_loss, teach
from hyperlex.recipes.words.teachers import label_shards, pupil, silver_step, state_of
from hyperlex.recipes.words.treebank import Target
from hyperlex.recipes.words.vectors import lemma_vectors
from hyperlex.word.entries import Entries
from hyperlex.word.load import load

TREES = """\
# text = Мальчик спит, а кот поёт.
1	Мальчик	мальчик	NOUN	_	Animacy=Anim|Case=Nom|Gender=Masc|Number=Sing	2	nsubj	_	_
2	спит	спать	VERB	_	Mood=Ind|Number=Sing|Tense=Pres|VerbForm=Fin	0	root	_	_
3	,	,	PUNCT	_	_	6	punct	_	_
4	а	а	CCONJ	_	_	6	cc	_	_
5	кот	кот	NOUN	_	Animacy=Anim|Case=Nom|Gender=Masc|Number=Sing	6	nsubj	_	_
6	поёт	петь	VERB	_	Mood=Ind|Number=Sing|Tense=Pres|VerbForm=Fin	2	conj	_	_
7	.	.	PUNCT	_	_	2	punct	_	_

# text = Анна-Мария пишет «привет»
1-2	Анна-Мария	_	_	_	_	_	_	_	_
1	Анна-Мария	Анна-Мария	PROPN	_	_	2	nsubj	_	_
2	пишет	писать	VERB	_	Mood=Ind|Number=Sing|Tense=Pres|VerbForm=Fin	0	root	_	_
3	«привет»	привет	NOUN	_	Case=Acc	2	obj	_	_

# text = Два корня
1	Два	два	NUM	_	_	0	root	_	_
2	корня	корень	NOUN	_	_	0	root	_	_

# text = Тишина
1	Тишина	тишина	NOUN	_	_	0	root	_	_
"""


@pytest.fixture
def trees(tmp_path: Path) -> list[list[Target]]:
    path = tmp_path / "train_small.conllu"
    path.write_text(TREES, encoding="utf-8")
    return treebank.read([path])


def quiet(step: int, steps: int, what: str) -> None:
    """Says nothing."""


def test_sound_trees_of_two_words_and_more_are_read(trees: list[list[Target]]) -> None:
    first, second = trees
    assert [t.form for t in first] == ["Мальчик", "спит", ",", "а", "кот", "поёт", "."]
    assert [t.head for t in first] == [1, 1, 5, 5, 5, 1, 1]
    assert [t.relation for t in first][:2] == ["nsubj", "root"]
    assert [t.starts for t in first] == [False, False, None, True, False, False, None]
    assert second[0].form == "Анна-Мария"
    # An empty cell of a name says nothing of its features; that of a mark says that it has none.
    assert second[0].feats is None
    assert first[2].feats == ""


def test_a_word_that_we_cut_further_keeps_its_head(trees: list[list[Target]]) -> None:
    second = trees[1]
    assert [t.form for t in second] == ["Анна-Мария", "пишет", "«", "привет", "»"]
    assert [t.head for t in second] == [1, 1, 1, 2, 2]
    assert [t.relation for t in second][2:] == ["obj", "flat", "punct"]


def test_development_files_are_never_trained_on(tmp_path: Path) -> None:
    for name in (
        "train_a.conllu",
        "train_17cent.conllu",
        "ru_x-ud-dev.conllu",
        "ru_x-ud-test.conllu",
    ):
        (tmp_path / name).touch()
    assert [path.name for path in treebank.training_files(tmp_path)] == ["train_a.conllu"]


def target(form: str, upos: str, lemma: str) -> Target:
    return Target(form, lemma, upos, "", 0, "root", False)


def test_lemmas_are_learned_where_the_dictionary_has_none() -> None:
    sentences = [
        *[[target("тем", "PRON", "то"), target("г", "NOUN", "год")]] * 3,
        *[[target("столы", "NOUN", "стол"), target("редкое", "ADJ", "ред")]],
    ]
    learned = learned_lemmas(sentences)
    assert ("г", "NOUN", "год") in learned
    assert {form for form, _, _ in learned} <= {"тем", "г"}


def test_words_of_like_contexts_have_like_vectors() -> None:
    animals, foods = ("кот", "пёс", "конь"), ("суп", "хлеб", "сыр")
    random = Random(0)
    texts = []
    for _ in range(600):
        texts.append([random.choice(animals), random.choice(("бежит", "спит")), "тихо", "."])
        texts.append(["мы", random.choice(("варим", "едим")), random.choice(foods), "."])
    lemmas, vectors = lemma_vectors(sample_of(texts))
    assert vectors.dtype == np.float32
    assert len(vectors) == len(lemmas) == len(set(lemmas))
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    near = (vectors / length) @ (vectors / length).T
    at = {lemma: k for k, lemma in enumerate(lemmas)}
    assert near[at["кот"], at["конь"]] > near[at["кот"], at["суп"]] + 0.3
    assert near[at["суп"], at["хлеб"]] > near[at["суп"], at["конь"]] + 0.3


def test_batches_have_each_sentence_once() -> None:
    lengths = [Random(3).randint(1, 30) for _ in range(200)]
    batches = list(by_length(lengths, 100, Random(1)))
    assert sorted(k for batch in batches for k in batch) == list(range(200))
    assert all(sum(lengths[k] for k in batch) <= 130 for batch in batches)


def small_net(seed: int = 0) -> tuple[Net, Spellings]:
    torch.manual_seed(seed)
    lemmas = ["мальчик", "спать", "кот", "петь", "."]
    meanings = np.random.default_rng(0).standard_normal((len(lemmas), 8)).astype(np.float32)
    return Net(meanings, dropout=0.1), Spellings(lemmas)


def loss_of(net: Net, data: Trees, spellings: Spellings) -> float:
    net.eval()
    batch = spellings.batch(data.forms)
    with torch.no_grad():
        return float(gold_loss(net, batch, data.gold(range(len(data.forms)), batch.mask.shape[1])))


def test_teaching_and_distilling_lower_the_loss(trees: list[list[Target]]) -> None:
    teacher, spellings = small_net()
    data = Trees(trees, spellings)
    before = loss_of(teacher, data, spellings)
    teach(teacher, trees, spellings, epochs=40, seed=0, progress=quiet)
    taught = loss_of(teacher, data, spellings)
    assert taught < 0.6 * before
    sample = sample_of([["Кот", "спит", "."], ["Мальчик", "поёт", ",", "а", "кот", "спит", "."]])
    silver = Silver([label([teacher], sample, spellings, 0)], sample, spellings)
    student = pupil(state_of(teacher))
    before = loss_of(student, data, spellings)
    distil(student, trees, silver, spellings, epochs=40, rounds=40, progress=quiet)
    assert loss_of(student, data, spellings) < 0.6 * before


def test_silver_is_what_the_teachers_said() -> None:
    teachers = [small_net(seed)[0].eval() for seed in (3, 4)]
    spellings = small_net()[1]
    texts = [["Кот", "спит", "."], ["Кот"], ["Мальчик", "поёт", ",", "а", "кот", "спит", "."]]
    sample = sample_of(texts)
    silver = Silver([label(teachers, sample, spellings, 0)], sample, spellings)
    # A sentence of one word is left out; the others come in an order of their own.
    numbers = sorted([spellings.id(form) for form in text] for text in (texts[0], texts[2]))
    assert sorted(silver.forms) == numbers
    assert [len(forms) for forms in silver.forms] == silver.lengths.tolist()
    batch = spellings.batch(silver.forms)
    kept, said = silver.views([0, 1]), views(teachers, batch)
    real = batch.mask > 0
    for name in ("tags", "breaks", "relations"):
        ours, theirs = getattr(kept, name)[real], getattr(said, name)[real]
        np.testing.assert_allclose(ours, theirs, atol=0.02, err_msg=name)
    for k, length in enumerate(silver.lengths.tolist()):
        np.testing.assert_allclose(
            kept.arcs[k, :length, :length], said.arcs[k, :length, :length], atol=0.02
        )
    assert torch.equal(kept.heads[real], said.heads[real])


def test_shards_of_the_sample_share_no_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hyperlex.recipes.words.silver.SHARD", 30)
    net, spellings = small_net()
    net.eval()
    sample = sample_of([["Кот", "спит", "."], ["Мальчик", "поёт", "."]] * 10)
    shards = [label([net], sample, spellings, k)["own"].tolist() for k in range(2)]
    assert [len(own) for own in shards] == [10, 10]
    assert not set(shards[0]) & set(shards[1])
    silver = Silver([label([net], sample, spellings, k) for k in range(2)], sample, spellings)
    assert len(silver.forms) == 20


def test_a_process_labels_shards_into_the_folder(tmp_path: Path) -> None:
    net, spellings = small_net()
    sample = sample_of([["Кот", "спит", "."], ["Мальчик", "поёт", "."]] * 10)
    lemmas = ["мальчик", "спать", "кот", "петь", "."]
    label_shards(tmp_path, [state_of(net)], 0.1, sample, lemmas, [0])
    labelled = label([net.eval()], sample, spellings, 0)
    kept = steps.kept(tmp_path, silver_step(0), dict)
    assert labelled.keys() == kept.keys()
    for name, values in labelled.items():
        np.testing.assert_array_equal(values, kept[name], err_msg=name)


def test_a_pupil_sees_words_as_its_teacher_and_is_smaller() -> None:
    teacher, _ = small_net()
    student = pupil(state_of(teacher))
    assert torch.equal(student.table.weight, teacher.table.weight)
    assert student.shape == STUDENT
    assert student.shape.width < teacher.shape.width


def test_the_same_seed_teaches_the_same(trees: list[list[Target]]) -> None:
    weights = []
    for _ in range(2):
        net, spellings = small_net()
        teach(net, trees, spellings, epochs=3, seed=7, progress=quiet)
        weights.append(net.weights())
    for name, value in weights[0].items():
        np.testing.assert_array_equal(value, weights[1][name], err_msg=name)


def test_hidden_words_are_learned_and_only_by_the_encoder() -> None:
    net, spellings = small_net()
    before = {name: value.copy() for name, value in net.weights().items()}
    sample = sample_of([["Мальчик", "спит", "и", "кот", "спит", "."]] * 40)
    pretrain(net, sample, spellings, words=200, progress=quiet)
    after = net.weights()
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert {"block0.w", "table"} <= changed
    assert not changed & {"tags.w", "arc.w", "label.u", "meanings"}


def test_what_is_exported_loads_and_says_the_same(
    tmp_path: Path, trees: list[list[Target]]
) -> None:
    net, spellings = small_net()
    teach(net, trees, spellings, epochs=5, seed=0, progress=quiet)
    source = tmp_path / "train.conllu"
    source.write_text(TREES, encoding="utf-8")
    lemmas = ["мальчик", "спать", "кот", "петь", "."]
    out = tmp_path / "out"
    export(net, lemmas, [("тем", "PRON", "то")], {"trees": 2}, [source], tmp_path, out)
    assert "| train.conllu | `" in (out / CARD).read_text(encoding="utf-8")
    network, entries = load(out)
    forms = [t.form for t in trees[0]]
    weights = net.weights()
    exact = Entries(
        weights["table"],
        {lemma: k for k, lemma in enumerate(lemmas)},
        weights["meanings"],
        weights["input.w"],
        weights["input.b"],
        {},
    )
    _, vectors = entries.of(forms)
    _, expected = exact.of(forms)
    np.testing.assert_allclose(vectors, expected, atol=0.05)
    (scores,) = network.forward(vectors, [len(forms)])
    with torch.no_grad():
        batch = spellings.batch([[spellings.id(form) for form in forms]])
        outputs = net.read(net.encode(batch), batch.mask)
    np.testing.assert_allclose(scores.arcs, outputs.arcs[0].numpy(), atol=0.15)
    np.testing.assert_allclose(scores.breaks, outputs.breaks[0].sigmoid().numpy(), atol=0.05)
