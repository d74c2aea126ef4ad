"""What the recipe makes is what the analyzer reads: torch and numpy agree, lists are reconciled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from hyperlex.errors import ConfigError, FormatError
from hyperlex.morpheme import MorphemeAnalyzer, notation, parse_notation
from hyperlex.morpheme.decode import best
from hyperlex.morpheme.labels import CLASSES, pieces
from hyperlex.morpheme.network import Network
from hyperlex.morpheme.store import Learned, from_bytes, to_bytes
from hyperlex.recipes.morphemes.data import (
    FORMS,
    FREQUENCIES,
    LEMMAS,
    Row,
    read_rows,
    reconciled,
    usual_types,
)
from hyperlex.recipes.morphemes.evidence import (
    DICTIONARY_FEATURES,
    FEATURES,
    VOTE_FEATURES,
    Dictionary,
    Votes,
    ballots,
    context_hashes,
)
from hyperlex.recipes.morphemes.learn import Witness, answers, learn, learn_endings, with_known
from hyperlex.recipes.morphemes.measure import figures
from hyperlex.recipes.morphemes.networks import (
    Letters,
    Student,
    StudentConfig,
    TeacherConfig,
    label_loss,
)
from hyperlex.types import MorphemeType

LINES = [
    f"{prefix}:PREF/{root}:ROOT/{suffix}:SUFF/{end}:END"
    for prefix in ("под", "за", "при")
    for root in ("вод", "кос", "лет", "нос")
    for suffix, end in (("н", "ый"), ("к", "а"), ("ни", "е"))
]
SMALL = StudentConfig(bits=8, depth=4, width=16, layers=2, epochs=30, batch=8, dropped_runs=0.0)


def row(line: str, inflected: bool = False) -> Row:
    found = parse_notation(line)
    return Row(
        "".join(m.text for m in found),
        tuple(m.text for m in found),
        tuple(m.type for m in found),
        inflected,
    )


ROWS = [row(line) for line in LINES]


def said(stage: str) -> None:
    pass


def test_numpy_computes_what_torch_does() -> None:
    torch.manual_seed(1)
    network = Student(SMALL).eval()
    words = ["подводный", "а", "серо-зеленый"]
    letters = Letters(words, SMALL.bits)
    with torch.no_grad():
        scores = network(
            torch.from_numpy(letters.ids), torch.from_numpy(letters.rows.astype(np.int64))
        ).numpy()
    whole = Network(network.weights())
    for start, word in zip(letters.starts, words, strict=True):
        np.testing.assert_allclose(whole(word), scores[start : start + len(word)], atol=0.1)


def test_letters_of_words_are_the_same_in_any_order() -> None:
    words = ["дом", "подоконник", "я"]
    one, other = Letters(words, 8), Letters(words[::-1], 8)
    for index, word in enumerate(words):
        places = one.places(np.array([index]))[1:-1]
        again = other.places(np.array([len(words) - 1 - index]))[1:-1]
        assert one.ids[places].tolist() == other.ids[again].tolist()
        assert np.array_equal(one.rows[places], other.rows[again])
        assert len(places) == len(word)


def test_a_vote_does_not_count_for_oneself() -> None:
    rows = [row("дом:ROOT"), row("вод:ROOT/а:END")]
    hashes, given = context_hashes([r.word for r in rows]), ballots(rows)
    alone = Votes(hashes[:3], given[:3])
    assert np.array_equal(alone(hashes[:3], given[:3]), np.zeros((3, VOTE_FEATURES), np.float32))
    assert alone(hashes[:3]).any()


def test_evidence_has_a_row_per_letter() -> None:
    dictionary = Dictionary(["вода", "водный"], ROWS, {"вода": 100.0})
    assert dictionary("подводный").shape == (9, DICTIONARY_FEATURES)
    witness = Witness(ROWS, dictionary)
    letters = sum(len(r.word) for r in ROWS)
    assert witness.rows.features.shape == (letters, FEATURES)
    assert witness(["водка"]).features.shape == (5, FEATURES)


def test_evidence_tells_words_of_the_list_of_forms() -> None:
    witness = Witness(
        [*ROWS, row("вод:ROOT/ы:END", inflected=True)], Dictionary(["вода"], ROWS, {})
    )
    assert witness.rows.features[-4:, -1].all()
    assert not witness.rows.features[:-4, -1].any()
    assert not witness(["водка"]).features[:, -1].any()


def test_only_the_boundary_counts_where_no_type_is_known() -> None:
    scores = torch.full((2, CLASSES), -20.0)
    scores[0, [0, 4]] = 10.0
    scores[1, [1, 9]] = 10.0
    assert float(label_loss(scores, torch.tensor([-2, -3]))) == pytest.approx(0.0, abs=1e-4)
    assert float(label_loss(scores, torch.tensor([-3, -2]))) > 5


def test_what_is_known_overrules_the_teachers() -> None:
    rows = [row("вод:ROOT/а:END"), Row("вода", ("вод", "а"), None, False)]
    shares = np.full((8, CLASSES), 1 / CLASSES, np.float16)
    known = with_known(shares, rows)
    assert answers(["вода"], known[:4]) == [((3, MorphemeType.ROOT), (1, MorphemeType.END))]
    assert [length for length, _ in answers(["вода"], known[4:])[0]] == [3, 1]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("дел:ROOT/а:SUFF/ть:END", "дел:ROOT/а:SUFF/ть:SUFF"),
        ("рад:ROOT/ост:SUFF/ь:END", "рад:ROOT/ость:SUFF"),
        ("дел:ROOT/а:SUFF/в:SUFF/ш:SUFF/ий:END", "дел:ROOT/а:SUFF/вш:SUFF/ий:END"),
        ("тол:ROOT/к:SUFF/н:SUFF/у:SUFF/ть:END", "тол:ROOT/к:SUFF/ну:SUFF/ть:SUFF"),
        ("кос:ROOT/вш:SUFF/ий:END/ся:POSTFIX", "кос:ROOT/вш:SUFF/ий:SUFF/ся:POSTFIX"),
        ("объ:PREF/езд:ROOT", "объ:ROOT/езд:ROOT"),
        ("учи:ROOT/тел:SUFF/и:END", "учи:ROOT/тел:SUFF/и:END"),
        ("книг:ROOT/а:END", "книг:ROOT/а:END"),
    ],
)
def test_forms_are_written_as_lemmas_are(line: str, expected: str) -> None:
    lemmas = ["объ:ROOT/ем:ROOT", "объ:ROOT/ем:ROOT/н:SUFF", "тел:ROOT/о:END", "тел:ROOT/ец:SUFF"]
    lemmas += ["чита:ROOT/тель:SUFF", "чита:ROOT/тель:SUFF/ниц:SUFF/а:END"]
    usual = usual_types([row(lemma) for lemma in [*lemmas, *["дел:ROOT/а:SUFF/ть:SUFF"] * 9]])
    found = reconciled(row(line), usual)
    assert "/".join(map(":".join, zip(found.texts, found.types or (), strict=True))) == expected


def test_a_lemma_takes_its_types_from_the_forms(tmp_path: Path) -> None:
    write_lists(tmp_path)
    (tmp_path / FORMS).write_text("водка\tвод:ROOT/к:SUFF/а:END\t\t\n", "utf-8")
    assert [(r.word, r.types is not None, r.inflected) for r in read_rows(tmp_path)] == [
        ("вода", True, False),
        ("водка", True, False),
    ]


def test_endings_are_learned_where_two_forms_agree() -> None:
    read = [row(f"{stem}:ROOT/ющ:SUFF/ий:END", True) for stem in ("чита", "дела")]
    known = {
        "читать": ((4, MorphemeType.ROOT), (2, MorphemeType.SUFF)),
        "делать": ((4, MorphemeType.ROOT), (2, MorphemeType.SUFF)),
    }
    rules = learn_endings(read, known)
    assert rules.rules == {("ть", "ющий", 3): (6, 7, 8, 9)}
    assert not learn_endings(read[:1], known).rules


def test_the_plural_of_an_adjective_ends_in_an_ending() -> None:
    read = [row(f"{stem}:ROOT/ые:SUFF", True) for stem in ("голуб", "прям")]
    known = {
        r.word[:-2] + "ой": ((len(r.word) - 2, MorphemeType.ROOT), (2, MorphemeType.END))
        for r in read
    }
    assert learn_endings(read, known).rules == {("ой", "ые", 3): (8, 9)}


def write_lists(folder: Path) -> None:
    (folder / LEMMAS).write_text(
        "word\tboundaries\tlabelled\nвода\tвод|а\tвод:ROOT/а:END\nводка\tвод|к|а\t\n", "utf-8"
    )
    (folder / FORMS).write_text("воды\tвод:ROOT/ы:END\t-ы\t\nвода\tвод:ROOT/а:END\t\t\n", "utf-8")
    (folder / FREQUENCIES).write_text("Lemma\tPoS\tFreq(ipm)\nвода\ts\t500\n", "utf-8")


def test_lists_are_read_each_word_once(tmp_path: Path) -> None:
    write_lists(tmp_path)
    rows = read_rows(tmp_path)
    assert [(r.word, r.types is not None, r.inflected) for r in rows] == [
        ("вода", True, False),
        ("водка", False, False),
        ("воды", True, True),
    ]


def test_the_ending_of_an_adjective_is_one(tmp_path: Path) -> None:
    write_lists(tmp_path)
    (tmp_path / FORMS).write_text(
        "водные\tвод:ROOT/н:SUFF/ы:SUFF/е:END\t-е\t(sp: NOUN, class_num: 225)\n"
        "водствие\tвод:ROOT/ств:SUFF/и:SUFF/е:END\t\t(sp: NOUN, class_num: 17)\n",
        "utf-8",
    )
    assert [r.texts for r in read_rows(tmp_path)[2:]] == [
        ("вод", "н", "ые"),
        ("вод", "ств", "и", "е"),
    ]


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"train_lemmas\.tsv does not exist.*--data"):
        read_rows(tmp_path)


def test_a_damaged_list_is_named(tmp_path: Path) -> None:
    write_lists(tmp_path)
    (tmp_path / LEMMAS).write_text("word\tboundaries\tlabelled\nвода\tвод|ы\t\n", "utf-8")
    with pytest.raises(FormatError, match=r"'вод\|ы' does not make 'вода'"):
        read_rows(tmp_path)


@pytest.mark.slow
def test_learning_twice_gives_the_same_bytes() -> None:
    def made() -> Learned:
        return learn(
            ROWS,
            ["водка", "носка"],
            Dictionary(["вода", "водка"], ROWS, {}),
            [TeacherConfig(bits=8, depth=4, width=16, layers=1, epochs=20, batch=8)],
            SMALL,
            said,
        )

    one, other = made(), made()
    assert to_bytes(one) == to_bytes(other)
    again = from_bytes(to_bytes(one), str(one.endings), Path("there"))
    analyzer = MorphemeAnalyzer(again)
    gold = [parse_notation(line) for line in LINES]
    assert figures(analyzer, gold).typed == 1.0
    assert notation(analyzer("заводный")) == "за:PREF/вод:ROOT/н:SUFF/ый:END"
    assert pieces(best(Network(again.weights)("подкосный")))[0] == (3, MorphemeType.PREF)
