"""Treebanks: the text comes back from CoNLL-U, in documents where there are any."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex_corpora.sources.ud import load_ud, parse_sentences, parse_ud

WORDS = {
    "Дед спит.": ["Дед", "спит|No", "."],
    "Кот — нет.": ["Кот", "—", "нет|No", "."],
    "Дождь.": ["Дождь|No", "."],
}


def sentence(text: str, *comments: str, words: list[str] | None = None) -> str:
    lines = [f"# {comment}" for comment in comments]
    for number, word in enumerate(words or WORDS[text], 1):
        form, _, glued = word.partition("|")
        misc = "SpaceAfter=No" if glued else "_"
        lines.append("\t".join([str(number), form, *"_______", misc]))
    return "\n".join(lines) + "\n\n"


def lines(*sentences: str) -> list[str]:
    return "".join(sentences).splitlines(keepends=True)


def test_sentences_of_a_document_are_one_text() -> None:
    treebank = lines(
        sentence("Дед спит.", "newdoc id = n01", "sent_id = n01001", "text = Дед спит."),
        sentence("Кот — нет.", "sent_id = n01002", "text = Кот — нет."),
        sentence("Дождь.", "newpar", "sent_id = n01003", "text = Дождь."),
        sentence("Дождь.", "newdoc id = n02", "sent_id = n02001", "text = Дождь."),
    )
    first, second = parse_ud(treebank)
    assert first.text == "Дед спит. Кот — нет.\nДождь."
    assert (first.document, first.sent_ids) == ("n01", ("n01001", "n01002", "n01003"))
    assert (second.text, second.document) == ("Дождь.", "n02")


def test_sentences_may_be_wanted_one_by_one_and_keep_their_document() -> None:
    treebank = lines(
        sentence("Дед спит.", "newdoc id = n01", "sent_id = 1"), sentence("Дождь.", "sent_id = 2")
    )
    records = list(parse_ud(treebank, unit="sentence"))
    assert [(record.text, record.document) for record in records] == [
        ("Дед спит.", "n01"),
        ("Дождь.", "n01"),
    ]


def test_without_documents_each_sentence_is_one() -> None:
    treebank = lines(sentence("Дед спит.", "sent_id = s1"), sentence("Дождь.", "sent_id = s2"))
    assert [record.document for record in parse_ud(treebank)] == ["s1", "s2"]


@pytest.mark.parametrize(
    ("comments", "documents"),
    [
        (("newdoc = xix__1840", "sent_id = a-1"), ["xix__1840"]),
        (("newdoc", "title = Блог", "sent_id = a-1"), ["ru.conllu 1"]),
        (("sent_id = 2003Anketa.xml_1",), ["2003Anketa.xml"]),
    ],
)
def test_documents_are_named_in_several_ways(
    comments: tuple[str, ...], documents: list[str]
) -> None:
    treebank = lines(sentence("Дождь.", *comments))
    read = parse_ud(treebank, name="folder/ru.conllu")
    assert [record.document for record in read] == documents


def test_words_spell_the_text_where_no_comment_does() -> None:
    words = ["Да|No", ",", "нет"]
    text = sentence("", "sent_id = 1", words=words)
    # A range of words is what was written; the words in it, and empty nodes, are analysis.
    text += "\n".join(
        "\t".join([index, form, *"_______", "_"])
        for index, form in [("1-2", "du"), ("1", "de"), ("2", "le"), ("2.1", "нет"), ("3", "кот")]
    )
    assert [one.text for one in parse_sentences(lines(text))] == ["Да, нет", "du кот"]


def test_the_last_sentence_needs_no_empty_line() -> None:
    text = sentence("Дождь.", "sent_id = 1").rstrip("\n")
    assert [record.text for record in parse_ud(lines(text))] == ["Дождь."]


@pytest.mark.parametrize("broken", ["1 Дед _ _ _ _ _ _ _ _", "1\tДед\t_\t_"])
def test_a_broken_line_has_a_place(broken: str) -> None:
    treebank = lines(sentence("Дождь.", "sent_id = 1"), broken)
    with pytest.raises(ValueError, match=r"x\.conllu, line 5, has \d columns: ten"):
        list(parse_ud(treebank, name="x.conllu"))


def test_a_folder_is_read_in_order_of_name(tmp_path: Path, packed) -> None:
    packed("b.conllu", sentence("Дождь.", "sent_id = 2").encode())
    (tmp_path / "a.conllu").write_text(sentence("Дед спит.", "sent_id = 1"), "utf-8")
    assert [record.text for record in load_ud(tmp_path)] == ["Дед спит.", "Дождь."]


@given(st.lists(st.tuples(st.sampled_from(sorted(WORDS)), st.sampled_from("абв")), min_size=1))
def test_no_sentence_is_lost(parts: list[tuple[str, str]]) -> None:
    treebank = "".join(
        sentence(text, f"newdoc id = {document}", f"sent_id = {number}", f"text = {text}")
        for number, (text, document) in enumerate(parts)
    )
    skipped: Counter[str] = Counter()
    records = list(parse_ud(lines(treebank), skipped=skipped))
    assert "\n".join(record.text for record in records) == "\n".join(text for text, _ in parts)
    assert [one for record in records for one in record.sent_ids] == [
        str(number) for number in range(len(parts))
    ]
    assert not skipped
