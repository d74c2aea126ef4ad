"""Laws of the whole street: any text, exact spans, one tree to a sentence, a stream."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hyperlex.types import Sentence
from hyperlex.word import iter_sentences, sentences, words
from hyperlex.word.analyzer import analyzer
from hyperlex.word.labels import RELATIONS, UPOS

STORY = (
    "Он долго стоял у двери, не решаясь войти. Наконец из комнаты позвали: «Кто там?» — и дверь "
    "открылась. Старик, которого он боялся с детства, спал в кресле.\n\n— Это вы, — сказала Анна "
    "Петровна. — Садитесь, пожалуйста: отец проснётся к трём."
)
texts = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(st.sampled_from([*STORY.split(" "), "\n", "\u00ad", "1", "A", "\U00017000"])).map(
        " ".join
    ),
)


def check(text: str, found: tuple[Sentence, ...]) -> None:
    index = stop = 0
    for sentence in found:
        assert sentence.words
        assert len(sentence.breaks) == len(sentence.words)
        assert sentence.breaks[0] == 1
        assert all(0 <= chance <= 1 for chance in sentence.breaks)
        span = sentence.words[0].span.start, sentence.words[-1].span.stop
        assert (sentence.span.start, sentence.span.stop) == span
        first = index
        for word in sentence.words:
            assert word.index == index
            assert word.span.start >= stop
            assert word.text == word.span.of(text) != ""
            assert word.lemma
            assert word.upos in UPOS
            assert word.relation in RELATIONS
            assert first <= word.head < first + len(sentence.words)
            assert (word.relation == "root") == (word.head == word.index)
            index, stop = index + 1, word.span.stop
        assert sum(word.head == word.index for word in sentence.words) == 1


@settings(max_examples=200)
@given(texts)
def test_any_string_is_analysed(text: str) -> None:
    check(text, sentences(text))


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u00a0\t", "\u00ad", "\ufeff", "\u200b\n"])
def test_where_there_is_nothing_to_read_there_is_no_word(text: str) -> None:
    assert sentences(text) == ()
    assert words(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "\ud800",
        "\U00017000\U0001f600",
        "a" * 10_000,
        "ы" * 10_000,
        "." * 10_000,
        ", " * 5_000,
        "не " * 5_000,
        "\x00\x01",
        "&quot;" * 100,
        "(" * 500,
    ],
    ids=["half a pair", "unnamed", "a", "ы", "stops", "commas", "не", "control", "&quot;", "("],
)
def test_strange_text_is_analysed(text: str) -> None:
    check(text, sentences(text))


def test_a_story_is_analysed(samples: dict[str, str]) -> None:
    for text in (STORY, *samples.values()):
        check(text, sentences(text))


def test_heads_are_where_a_reader_sees_them() -> None:
    found = {word.text: word for word in words("Старый дом стоит на берегу реки.")}
    all_words = words("Старый дом стоит на берегу реки.")
    heads = {text: all_words[word.head].text for text, word in found.items()}
    assert heads["стоит"] == "стоит"
    assert heads["Старый"] == "дом"
    assert heads["дом"] == "стоит"
    assert heads["на"] == "берегу"
    assert heads["реки"] == "берегу"
    assert found["дом"].relation == "nsubj"
    assert found["дом"].feat("Case") == "Nom"


def test_words_are_those_of_the_sentences_and_of_the_stream() -> None:
    assert words(STORY) == tuple(word for s in sentences(STORY) for word in s.words)
    assert sentences(STORY) == tuple(iter_sentences(STORY))


def test_a_text_is_analysed_again_the_same() -> None:
    first = tuple(iter_sentences(STORY))
    tuple(iter_sentences("Совсем другой текст, и слова в нём другие. " * 30))
    assert tuple(iter_sentences(STORY)) == first


def test_two_streams_do_not_disturb_each_other() -> None:
    one, other = STORY * 20, "Поезд ушёл ночью, а письмо осталось на столе. " * 90
    expected = [tuple(iter_sentences(one)), tuple(iter_sentences(other))]
    streams = [iter_sentences(one), iter_sentences(other)]
    found: list[list[Sentence]] = [[], []]
    while any(taken := [list(islice(stream, 7)) for stream in streams]):
        for k in (0, 1):
            found[k] += taken[k]
    assert [tuple(read) for read in found] == expected


def test_the_first_sentence_comes_before_the_last_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    analyse = type(analyzer())._analyse
    batches = []

    def counted(self: object, *arguments: object) -> object:
        batches.append(arguments)
        return analyse(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(type(analyzer()), "_analyse", counted)
    stream = iter_sentences("Дождь шёл весь день, и река поднялась. " * 5000)
    next(stream)
    assert len(batches) == 1
    list(islice(stream, 200))
    assert len(batches) < 10


def test_memory_is_that_of_a_paragraph() -> None:
    line = "Дождь шёл весь день, и река под\u00adнялась, а мы всё ждали переправы. "
    text = line * (2_000_000 // len(line))
    list(iter_sentences(line))
    tracemalloc.start()
    for sentence in islice(iter_sentences(text), 600):
        assert sentence.words
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # Copies of the text without soft hyphens, two bytes a letter, and what a batch needs.
    assert peak < 40_000_000


def test_two_processes_say_the_same() -> None:
    script = (
        "import sys, hyperlex.word as w\n"
        "for s in w.sentences(sys.stdin.read()):\n"
        "    for x in s.words:\n"
        "        print(x.text, x.lemma, x.upos, x.feats, x.head, x.relation, x.by)\n"
        "    print(s.breaks)\n"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            input=STORY,
            encoding="utf-8",
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "5")
    }
    assert len(answers) == 1


def test_the_analysis_imports_no_torch_and_no_transformers() -> None:
    script = (
        "import sys, hyperlex.word as w\n"
        "w.words('Дверь закрыта.')\n"
        "print([m for m in ('torch', 'transformers') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, encoding="utf-8"
    )
    assert done.stdout.strip() == "[]"


def test_unread_marks_are_in_spans_but_not_in_lemmas() -> None:
    text = "Cта\u0301рый за\u00ad\nмок и вода\u0301."
    found = words(text)
    expected = ["Cта\u0301рый", "за\u00ad\nмок", "и", "вода\u0301", "."]
    assert [word.text for word in found] == expected
    assert [word.lemma for word in found] == ["старый", "замок", "и", "вода", "."]


def test_breaks_are_likelier_where_clauses_begin() -> None:
    (sentence,) = sentences("Когда дождь кончился, мы вышли из дома, который стоял у реки.")
    chance = {word.text: p for word, p in zip(sentence.words, sentence.breaks, strict=True)}
    assert min(chance["мы"], chance["который"]) > 0.5
    assert max(chance[text] for text in ("дождь", "кончился", "из", "дома", "у", "реки")) < 0.5


def test_sentences_follow_one_another() -> None:
    for before, after in pairwise(sentences(STORY)):
        assert before.span.stop <= after.span.start
        assert after.words[0].index == before.words[-1].index + 1
