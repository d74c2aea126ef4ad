"""The analyzer on any string: morphemes tile the word, and the order of the units is data."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hyperlex.morpheme import MorphemeAnalyzer, cuts, morphemes, notation, parse_notation
from hyperlex.morpheme.store import EMBEDDED, MACHINE_FILE, Learned
from hyperlex.morpheme.units import UNITS
from hyperlex.types import Morpheme, Span

RUSSIAN = st.text(
    st.sampled_from("абвгдеёжзийклмнопрстуфхцчшщъыьэюя-АОЕСК\u00ad\u0301"), max_size=30
)
ANY = st.one_of(st.text(max_size=30), RUSSIAN)

shipped = pytest.mark.skipif(
    not (EMBEDDED / MACHINE_FILE).is_file(), reason="the learned data is not built here"
)


def tiles(word: str, found: tuple[Morpheme, ...]) -> bool:
    """Whether the spans are in order, without gap, not empty, and slice the word."""
    position = 0
    for morpheme in found:
        if morpheme.span.start != position or not morpheme.text:
            return False
        if morpheme.span.of(word) != morpheme.text:
            return False
        position = morpheme.span.stop
    return position == len(word)


@pytest.fixture(scope="module")
def analyzer(tiny: Learned) -> MorphemeAnalyzer:
    return MorphemeAnalyzer(tiny)


@given(word=ANY)
@example("")
@example("-")
@example("\u00ad")
@example("\u0301о")
@example("---то")
@example("кое-")
@example("İ-то")
@example("и\u0306")
@example("е\u0308ж")
@example("🙂-ка")
@example("\ud800")
@example("а" * 10_000)
def test_morphemes_tile_the_word(analyzer: MorphemeAnalyzer, word: str) -> None:
    assert tiles(word, analyzer(word))


@shipped
@given(word=ANY)
def test_the_shipped_morphemes_tile_the_word(word: str) -> None:
    assert tiles(word, morphemes(word))


@given(word=ANY)
def test_cuts_are_the_ends_of_the_morphemes(analyzer: MorphemeAnalyzer, word: str) -> None:
    assert analyzer.cuts(word) == tuple(m.span.stop for m in analyzer(word)[:-1])


@given(word=RUSSIAN)
def test_case_does_not_move_a_cut_of_a_plain_word(analyzer: MorphemeAnalyzer, word: str) -> None:
    lower = word.lower()
    assert analyzer.cuts(lower) == analyzer.cuts(lower.title() if lower.istitle() else lower)
    assert analyzer.cuts(lower) == analyzer.cuts(lower.replace("ё", "е"))


def test_the_empty_word_has_no_morphemes(analyzer: MorphemeAnalyzer) -> None:
    assert analyzer("") == () == analyzer.cuts("")


@pytest.mark.parametrize(
    ("word", "expected", "by"),
    [
        ("подоконник", "под:PREF/окон:ROOT/ник:SUFF", "dictionary"),
        ("Подоконник", "Под:PREF/окон:ROOT/ник:SUFF", "dictionary"),
        ("ПОДОКОННИК", "ПОД:PREF/ОКОН:ROOT/НИК:SUFF", "dictionary"),
        ("серебряный", "серебр:ROOT/ян:SUFF/ый:END", "ensemble"),
        ("окошками", "окош:ROOT/к:SUFF/ами:END", "inflection"),
        ("книгу", "книг:ROOT/у:END", "inflection"),
        ("чита\u0301ющий", "чита\u0301:ROOT/ющ:SUFF/ий:END", "inflection"),
        (
            "по\u00adдо\u00adкон\u00adник",
            "по\u00adд:PREF/о\u00adкон\u00ad:ROOT/ник:SUFF",
            "dictionary",
        ),
        ("книга-то", "книг:ROOT/а:END/-:HYPH/то:POSTFIX", "hyphens"),
        ("кое-книга", "кое:PREF/-:HYPH/книг:ROOT/а:END", "hyphens"),
        ("web-книга", "web:ROOT/-:HYPH/книг:ROOT/а:END", "hyphens"),
        ("5-го", "5:ROOT/-:HYPH/го:END", "hyphens"),
        ("СССР", "СССР:ROOT", "fallback"),
        ("НАТО", "НАТО:ROOT", "fallback"),
        ("МГУ", "МГУ:ROOT", "fallback"),
        ("ВУЗами", "ВУЗ:ROOT/ами:END", "fallback"),
        ("http", "http:ROOT", "fallback"),
        ("2026", "2026:ROOT", "fallback"),
        ("🙂", "🙂:ROOT", "fallback"),
        ("COVIDный", "COVID:ROOT/н:SUFF/ый:END", "fallback"),
        ("книгами", "книг:ROOT/ами:END", "inflection"),
        ("Не", "Не:ROOT", "unchanging"),
        ("или", "или:ROOT", "unchanging"),
        ("google'ом", "google:ROOT/':ROOT/ом:END", "fallback"),
    ],
)
def test_each_unit_answers_for_its_words(
    analyzer: MorphemeAnalyzer, word: str, expected: str, by: str
) -> None:
    found = analyzer(word)
    if by != "network":
        assert notation(found) == expected
    assert {m.by for m in found} == {by}


def test_the_order_of_the_units_decides(tiny: Learned) -> None:
    names = [unit.name for unit in UNITS]
    assert names == [
        *("hyphens", "dictionary", "unchanging", "ensemble"),
        *("inflection", "network", "fallback"),
    ]
    backwards = MorphemeAnalyzer(tiny, tuple(reversed(UNITS)))
    assert {m.by for m in backwards("подоконник")} == {"fallback"}


@given(word=ANY)
def test_any_units_alone_tile_the_word(tiny: Learned, word: str) -> None:
    for unit in UNITS:
        assert tiles(word, MorphemeAnalyzer(tiny, (unit,))(word))


def test_an_answer_is_kept(tiny: Learned) -> None:
    analyzer = MorphemeAnalyzer(tiny)
    assert analyzer("книга") is analyzer("книга")


def test_spans_are_shared_and_types_print(analyzer: MorphemeAnalyzer) -> None:
    (first, *_) = analyzer("книга")
    assert first.span == Span(0, 4)
    assert str(first.type) == "ROOT"


def test_cuts_can_be_sent_to_a_worker() -> None:
    import pickle

    assert pickle.loads(pickle.dumps(cuts)) is cuts


@shipped
def test_processes_agree() -> None:
    script = (
        "from hyperlex.morpheme import morphemes\n"
        "for word in ('переподключившимися', 'хренотень', 'глокая', 'бокрёнка', 'штеко'):\n"
        "    print(morphemes(word))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
        ).stdout
        for seed in ("0", "7")
    }
    assert len(outputs) == 1


@given(word=ANY)
def test_notation_is_read_back(analyzer: MorphemeAnalyzer, word: str) -> None:
    found = analyzer(word)
    again = parse_notation(notation(found))
    assert [(m.span, m.text, m.type) for m in again] == [(m.span, m.text, m.type) for m in found]
