"""The edge rule: its two tellings agree, and it says what a reader of Russian would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text
from tokenizers import Regex
from tokenizers.pre_tokenizers import Split

from hyperlex.codebook.edges import (
    CLOSES,
    INNER,
    OPENS,
    closes_at,
    first_class,
    opens_at,
    sample_of,
)


# Where the phrase ends («|»), with what follows; the mark is taken out before the question.
@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("дом|.", True),
        ("дом|", True),
        ("дом| и", True),
        ("дом|а", False),
        ("кто|-то", False),
        ("кто|-", True),
        ("кто|\u2011то", False),
        ("кто|\u2010то", False),
        ("под|\u00adъезд", False),
        ("до|\u200dм", False),
        ("до|\u200cм", False),
        ("дом|\u00ad и", True),
        ("5|-й", False),
        ("1914|-18", True),
        ("Су|-27", False),
        ("5|- й", True),
        ("кто| -то", True),
        ("д|'Артаньян", False),
        ("до|\u0301м", False),
        ("20|24", False),
        ("2024| г", True),
        ("2024|г", True),
        ("дом,| и", True),
        ("дом,|\n", False),
        ("дом,|и", False),
        ("дом.|»", False),
        ("дом.|", True),
    ],
)
def test_a_phrase_closes_at_word_edges(marked: str, expected: bool) -> None:
    stop = marked.index("|")
    text = marked.replace("|", "")
    assert closes_at(text, stop) is expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("|дом", True),
        ("о|н", False),
        ("кто-|то", False),
        ("кто|-то", False),
        ("кто\u2011|то", False),
        ("под\u00ad|ъезд", False),
        ("под|\u00adъезд", False),
        ("5-|й", False),
        ("5|-й", False),
        ("Су-|27", False),
        ("Су|-27", False),
        ("1914|-18", True),
        ("1914-|18", True),
        ("кто|- то", True),
        ("да|--нет", True),
        (" |-то", True),
        ("-|то", True),
        ("«|дом", True),
        ("Слово|Дом", False),
        ("1|2", False),
        ("№|2", True),
        ("дом| и", True),
        ("дом|, и", True),
    ],
)
def test_a_phrase_opens_at_word_edges(marked: str, expected: bool) -> None:
    start = marked.index("|")
    assert opens_at(marked.replace("|", ""), start) is expected


_words = st.lists(st.sampled_from([*"абв15 .,-", *INNER]), max_size=12).map("".join)


@given(st.one_of(_words, any_text), st.data())
def test_the_pattern_and_the_predicates_agree(text: str, data: st.DataObject) -> None:
    """Every occurrence of a stretch of the text, found by the engine and by the predicates."""
    start = data.draw(st.integers(0, max(0, len(text) - 1)))
    body = text[start : data.draw(st.integers(start, min(len(text), start + 12)))]
    if not body:
        return
    pattern = OPENS[first_class(body)] + "".join(f"\\x{{{ord(c):X}}}" for c in body) + CLOSES
    engine = Split(Regex(pattern), "removed", invert=True).pre_tokenize_str(text)
    expected, at = [], 0
    while (at := text.find(body, at)) >= 0:
        if opens_at(text, at) and closes_at(text, at + len(body)):
            expected.append((at, at + len(body)))
            at += len(body)
        else:
            at += 1
    assert [span for _, span in engine] == expected


@given(_words, st.data())
def test_a_sample_character_stands_for_its_kind(text: str, data: st.DataObject) -> None:
    """The trainer asks about kinds of characters instead of characters."""
    alike = "".join(map(sample_of, text))
    at = data.draw(st.integers(0, max(0, len(text) - 1)))
    if text:
        assert opens_at(text, at) == opens_at(alike, at)
        assert closes_at(text, at + 1) == closes_at(alike, at + 1)
