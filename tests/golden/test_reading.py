"""The golden files obey their own notations, and the reader says where one does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from golden import reading

from hyperlex.errors import FormatError


def test_scenes_are_enough_and_of_five_genres() -> None:
    count = Counter(p.genre for p in reading.read_scenes() for _ in p.scenes)
    assert set(count) == set(reading.GENRES)
    assert count.total() >= 240
    assert min(count.values()) >= 48


def test_every_facet_value_occurs() -> None:
    scenes = [scene for passage in reading.read_scenes() for scene in passage.scenes]
    assert {scene.polarity for scene in scenes} == set(reading.POLARITIES)
    assert {scene.tense for scene in scenes} == set(reading.TENSES)
    assert {name for scene in scenes for name in scene.modality} == {*reading.MODALITIES, "fact"}


@pytest.mark.parametrize("name", ["scenes.txt", "clauses.txt"])
def test_pieces_are_the_text_but_for_blanks(name: str) -> None:
    read = reading.read_scenes if name == "scenes.txt" else reading.read_clauses
    passages = read()
    assert len(passages) >= 55
    for passage in passages:
        pieces = [piece.of(passage.text) for piece in passage.pieces]
        assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", passage.text), passage.where
        for piece, start in zip(passage.pieces, passage.starts, strict=True):
            assert piece.start <= start < piece.stop, passage.where
            assert passage.text[start].isalnum(), passage.where


@pytest.mark.parametrize("name", ["scenes.txt", "clauses.txt"])
def test_notation_is_what_was_read(name: str) -> None:
    read = reading.read_scenes if name == "scenes.txt" else reading.read_clauses
    lines = (reading.FOLDER / name).read_text(encoding="utf-8")
    for passage in read():
        assert f"\n{passage.notation}\n" in lines, passage.where
        for scene in passage.scenes:
            assert f"\n  {scene.notation}\n" in lines, scene.where


def test_no_passage_occurs_twice() -> None:
    texts = [passage.text for passage in (*reading.read_scenes(), *reading.read_clauses())]
    assert [text for text, count in Counter(texts).items() if count > 1] == []


def test_morphemes_tile_the_word() -> None:
    rows = reading.read_morphemes()
    assert len(rows) >= 240
    for row in rows:
        assert "".join(text for text, _ in row.morphemes) == row.word
    lines = (reading.FOLDER / "morphemes.tsv").read_text(encoding="utf-8")
    assert all(f"\n{row.word}\t{row.notation}\n" in lines for row in rows)


def test_words_are_in_their_sentences() -> None:
    rows = reading.read_words()
    assert len(rows) >= 110
    lines = (reading.FOLDER / "words.tsv").read_text(encoding="utf-8")
    for row in rows:
        assert row.span.of(row.text)
        assert "*" not in row.text and "\\u" not in row.text
    visible = [row for row in rows if "\\u0063" not in _line(lines, row.where)]
    assert all(f"\n{row.notation}\t{row.lemma}\t{row.upos}\t" in lines for row in visible)


def _line(lines: str, where: str) -> str:
    return lines.split("\n")[int(where.split(":")[1]) - 1]


def test_a_bar_stands_after_the_punctuation_of_its_clause() -> None:
    text = "— Иди, — сказал он."
    assert reading.barred(text, [2, text.index("сказал")]) == "— Иди,| — сказал он."
    assert reading.barred(text, []) == text


BROKEN_SCENES = [
    ("Он спит.\n  1  + fact  present  он", 1, "genre"),
    ("# genre: poetry\n", 1, "'poetry'"),
    ("# genre: law\n  1  + fact  present  он", 2, "without a text"),
    ("# genre: law\nОн спит.", 2, "none"),
    ("# genre: law\nОн спит.\n  2  + fact  present  он", 3, "from 1 to 1"),
    ("# genre: law\nОн спит.\n  1  ~ fact  present  он", 3, "polarity '~'"),
    ("# genre: law\nОн спит.\n  1  + must+can  present  он", 3, "in this order"),
    ("# genre: law\nОн спит.\n  1  + fact+can  present  он", 3, "in this order"),
    ("# genre: law\nОн спит.\n  1  + fact  now  он", 3, "tense 'now'"),
    ("# genre: law\nОн спит.\n  1  + fact  present  (4sg)", 3, "agent '(4sg)'"),
    ("# genre: law\nОн спит.\n  1  + fact  present", 3, "pieces, polarity"),
    ("# genre: law\nОн спит,| — сказал я.\n  1  + fact  present  он", 2, "scenes of pieces 1"),
    ("# genre: law\nОн спит.|\n  1  + fact  present  он", 2, "without a word"),
    ("# genre: law\nОн спал\nи ел.\n  1  + fact  past  он", 2, "line break"),
    ("# genre: law\nОн спал.\n  1  + fact  past  он\nДа.", 4, "after indented lines"),
    ("# genre: law\nОн спал. \n  1  + fact  past  он", 2, "blanks at the end"),
]


@pytest.mark.parametrize(("content", "line", "said"), BROKEN_SCENES)
def test_a_broken_scene_is_an_error_with_its_line(
    tmp_path: Path, content: str, line: int, said: str
) -> None:
    check_error(tmp_path / "bad.txt", reading.read_scenes, content, line, said)


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("Он спит,| — сказал я.\n  1-2", 2, "interrupted"),
        ("Он спит,| — сказал я.\n  1+3", 2, "from 1 to 2"),
        ("Он спит,| — сказал я.\n  one", 2, "numbers as in"),
    ],
)
def test_a_broken_clause_is_an_error_with_its_line(
    tmp_path: Path, content: str, line: int, said: str
) -> None:
    check_error(tmp_path / "bad.txt", reading.read_clauses, content, line, said)


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("дом\tдам:ROOT", 1, "make 'дам'"),
        ("# a\nдом\tдом:STEM", 2, "label 'STEM'"),
        ("дом\tдом", 1, "text:LABEL"),
        ("дом дом:ROOT", 1, "1 columns"),
        ("кто-то\tкто:ROOT/-:POSTFIX/то:POSTFIX", 1, "HYPH"),
        ("ах\tах:SUFF", 1, "no root"),
        ("дом\tдом:ROOT\nдом\tдом:ROOT", 2, "again"),
    ],
)
def test_a_broken_morpheme_is_an_error_with_its_line(
    tmp_path: Path, content: str, line: int, said: str
) -> None:
    check_error(tmp_path / "bad.tsv", reading.read_morphemes, content, line, said)


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ("Он спит.\tспать\tVERB\t_", 1, "one word in stars"),
        ("Он *спит*.\tспать\tVRB\t_", 1, "'VRB'"),
        ("Он *спит*.\tспать\tVERB\tTense=Now", 1, "'Tense=Now'"),
        ("Он *спит*.\tспать\tVERB\tTense=Pres|Person=3", 1, "alphabet"),
        ("Он *спит*.\t\tVERB\t_", 1, "lemma ''"),
    ],
)
def test_a_broken_word_is_an_error_with_its_line(
    tmp_path: Path, content: str, line: int, said: str
) -> None:
    check_error(tmp_path / "bad.tsv", reading.read_words, content, line, said)


def check_error(
    path: Path, read: Callable[[Path], object], content: str, line: int, said: str
) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path.name}:{line}: ")
    assert said in message
