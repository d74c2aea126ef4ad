"""`analyze`: what is shown of words, morphemes and scenes, and what is refused."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from cli.analysis_by_hand import TEXT, morphemes, scenes, sentences
from hypothesis import given
from hypothesis import strategies as st

from hyperlex.cli import analysis
from hyperlex.cli.analysis import Analysed, Block, blocks, gathered
from hyperlex.cli.analyze_table import barred

SENTENCE = "Он стоял у двери, не решаясь войти."


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verb reads its text and shows the analysis made by hand instead of one of it."""

    def analysed(given: Iterable[Block], *, why: bool = False) -> Iterator[Analysed]:
        for block in given:
            yield from sentences(block.file, why=why) if block.text else ()

    monkeypatch.setattr("hyperlex.cli.analysis.analysed", analysed)


def paragraph(told: str, begins: str) -> list[str]:
    """The lines of the scene whose text begins so."""
    (found,) = [part for part in told.split("\n\n") if re.match(rf"\d+ +{re.escape(begins)}", part)]
    return [line.rstrip() for line in found.splitlines()]


def test_a_scene_is_shown_with_its_clauses_and_facets(run, by_hand) -> None:
    result = run("analyze", SENTENCE)
    assert result.exit_code == 0, result.output
    assert paragraph(result.stdout, "Он") == [
        "1  Он стоял у двери,| не решаясь войти.",
        "   agent      он",
        "   event      стоять [сидеть, лежать]",
        "   tension    + dare past Imp",
        "   context    place=у дверь",
        "   protected  negation=не",
    ]
    assert result.stdout.endswith("3 sentences, 13 words, 5 clauses, 4 scenes.\n")


def test_words_are_shown_with_lemma_tag_and_morphemes(run, by_hand) -> None:
    told = run("analyze", SENTENCE).stdout
    (row,) = [line for line in told.splitlines() if line.startswith("двери ")]
    assert re.split(r"  +", row.rstrip()) == [
        "двери",
        "дверь",
        "NOUN Inan Gen Fem Sing",
        "двер:ROOT/и:END",
    ]
    assert not [line for line in told.splitlines() if re.match(r"[,.] ", line)]


def test_morphemes_are_coloured_by_type_where_colours_are_seen(run, by_hand, monkeypatch) -> None:
    for name, value in {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "90"}.items():
        monkeypatch.setenv(name, value)
    told = run("analyze", SENTENCE).stdout
    assert "\x1b[1mдвер\x1b[0m\x1b[2m·\x1b[0m\x1b[35mи\x1b[0m" in told
    assert "\x1b[35mEND" in told and "END/" not in told


def test_an_interrupted_scene_is_shown_with_a_gap(run, by_hand) -> None:
    told = run("analyze", SENTENCE).stdout
    assert "\nЧеловек,| который вошёл,| молчал.\n" in told
    assert paragraph(told, "Человек")[0] == "2  Человек, … молчал."
    assert paragraph(told, "который")[0] == "3  который вошёл,"


def test_a_scene_that_is_not_verbal_prose_says_so(run, by_hand) -> None:
    told = run("analyze", SENTENCE).stdout
    assert paragraph(told, "Глава")[:3] == [
        "4  Глава 2  (nominal heading)",
        "   agent      —",
        "   event      —",
    ]


def test_scenes_alone(run, by_hand) -> None:
    told = run("analyze", SENTENCE, "--scenes").stdout
    assert "lemma" not in told and paragraph(told, "Он")


def test_why_says_who_decided(run, by_hand) -> None:
    plain, told = (run("analyze", SENTENCE, *words).stdout for words in ((), ("--why",)))
    assert "joined by gerund" not in plain and "dictionary" not in plain
    assert "  scene of clauses 0, 1 verbal, joined by gerund" in told
    assert re.search(r"^двери .*  obl ← стоял *\n .*  dictionary; lexicon *$", told, re.MULTILINE)
    first, *_ = run("analyze", SENTENCE, "--why", "--json").stdout.splitlines()
    assert json.loads(first)["why"][1] == "  scene of clauses 0, 1 verbal, joined by gerund"


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_table_fits_the_terminal(run, by_hand, monkeypatch, width: int) -> None:
    monkeypatch.setattr("hyperlex.cli.console.PIPE_WIDTH", width)
    for words in ((), ("--why",)):
        told = run("analyze", SENTENCE, *words).stdout
        assert max(map(len, told.splitlines())) <= width
        assert "…" not in told.replace(" … молчал", "")
        assert told.count("lexicon") == (12 if words else 0)


def test_each_sentence_is_one_json_object(run, by_hand) -> None:
    told = [json.loads(line) for line in run("analyze", SENTENCE, "--json").stdout.splitlines()]
    assert [sentence["text"] for sentence in told] == [
        SENTENCE,
        "Человек, который вошёл, молчал.",
        "Глава 2",
    ]
    first, second, title = told
    assert first["words"][3]["morphemes"] == [
        {"text": "двер", "type": "ROOT", "by": "lexicon"},
        {"text": "и", "type": "END", "by": "lexicon"},
    ]
    (scene,) = first["scenes"]
    assert scene["clauses"] == [0, 1] and scene["tension"]["modality"] == ["dare"]
    assert (scene["agent"]["word"], scene["agent"]["gloss"]) == (0, "он")
    assert scene["arguments"] == scene["context"]["arguments"]
    assert [len(scene["segments"]) for scene in second["scenes"]] == [2, 1]
    assert title["scenes"][0]["event"]["word"] is None


def test_json_points_into_the_text(run, by_hand) -> None:
    for line in run("analyze", SENTENCE, "--json").stdout.splitlines():
        sentence = json.loads(line)
        assert TEXT[sentence["start"] : sentence["stop"]] == sentence["text"]
        for word in sentence["words"]:
            assert TEXT[word["start"] : word["stop"]] == word["text"]
        pieces = [TEXT[piece["start"] : piece["stop"]] for piece in sentence["clauses"]]
        assert " ".join(pieces) == sentence["text"]


def test_json_counts_from_the_beginning_of_the_text() -> None:
    block = Block(TEXT, "a.txt", start=1_000)
    told = analysis_as_object(gathered(block, scenes()[1:3], morphemes, 50, 20))
    assert (told["file"], told["start"]) == ("a.txt", 1_000 + TEXT.index("Человек"))
    assert [word["index"] for word in told["words"]] == list(range(59, 66))
    assert {word["head"] for word in told["words"]} <= set(range(59, 66))
    assert [piece["number"] for piece in told["clauses"]] == [22, 23, 22]
    assert [piece["predicate"] for piece in told["clauses"]] == [64, 62, 64]
    assert [scene["agent"]["word"] for scene in told["scenes"]] == [59, 61]


def test_the_document_names_every_key() -> None:
    document = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    document = document.partition("## `hyperlex analyze --json`")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", document))

    def keys(value: object) -> set[str]:
        if isinstance(value, list):
            return {key for item in value for key in keys(item)}
        if not isinstance(value, dict):
            return set()
        return set(value) | {key for item in value.values() for key in keys(item)}

    met = {key for sentence in sentences() for key in keys(analysis_as_object(sentence))}
    assert met <= named
    assert {"morphemes", "segments", "archetype", "connective"} <= met


def analysis_as_object(sentence: Analysed) -> dict:
    from hyperlex.cli.analyze_json import as_object

    return json.loads(json.dumps(as_object(sentence)))


def test_several_files_are_told_apart(run, by_hand, tmp_path: Path) -> None:
    names = [tmp_path / "one.txt", tmp_path / "two.txt"]
    for name in names:
        name.write_text(SENTENCE, "utf-8")
    words = [word for name in names for word in ("--file", name)]
    told = run("analyze", *words, "--json").stdout.splitlines()
    assert [json.loads(line)["file"] for line in told] == [str(n) for n in names for _ in range(3)]
    told = run("analyze", *words).stdout.replace("\n", "")
    assert all(told.count(str(name)) == 1 for name in names)
    assert "6 sentences, 26 words, 10 clauses, 8 scenes." in told


@pytest.mark.parametrize("words", [(), ("--json",), ("--why",), ("--scenes",)])
def test_nothing_is_no_mistake(run, by_hand, words: tuple[str, ...]) -> None:
    result = run("analyze", *words, stdin=b"")
    assert result.exit_code == 0
    counts = "0 sentences, 0 words, 0 clauses, 0 scenes.\n"
    assert result.stdout == ("" if "--json" in words else counts)


def test_mistakes_are_one_line(refused, by_hand, tmp_path: Path) -> None:
    text, cp1251, missing = (tmp_path / name for name in ("a.txt", "b.txt", "c.txt"))
    text.write_text(SENTENCE, "utf-8")
    cp1251.write_bytes(SENTENCE.encode("cp1251"))
    assert f"--file {text}" in refused("analyze", text).stderr
    assert "One of them" in refused("analyze", SENTENCE, "--file", text).stderr
    assert "iconv" in refused("analyze", "--file", cp1251).stderr
    assert "cannot be read" in refused("analyze", "--file", missing).stderr
    assert "cannot be read" in refused("analyze", "--file", tmp_path).stderr
    assert "iconv" in refused("analyze", stdin=b"\xcf\xf0").stderr
    assert "byte 0xd0 at 2" in refused("analyze", stdin="д".encode() + b"\xd0").stderr


def test_a_page_that_cannot_be_written_is_refused(run, by_hand, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = run("analyze", SENTENCE, "--json", "--html", tmp_path / "file" / "page.html")
    assert result.exit_code == 2 and "Cannot write" in result.stderr


@given(st.lists(st.text("аб.?! \n\r\u00ad", max_size=40), max_size=6), st.integers(1, 50))
def test_blocks_are_the_text(parts: list[str], size: int) -> None:
    import io
    from unittest.mock import patch

    text = "".join(parts)
    with patch.object(analysis, "BLOCK", size):
        cut = list(analysis._stream(io.BytesIO(text.encode()), "x", None))
    assert "".join(block.text for block in cut) == text
    assert [text[block.start :][: len(block.text)] for block in cut] == [b.text for b in cut]
    for block in cut[:-1]:
        assert len(block.text) and block.text.endswith("\n")


def test_a_long_text_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "BLOCK", 200)
    file = tmp_path / "long.txt"
    file.write_text((SENTENCE + "\n") * 40, "utf-8")
    lengths = [len(block.text) for block in blocks(None, [file])]
    assert sum(lengths) == 40 * 36 and max(lengths) <= 400


def test_bars_stand_where_clauses_meet() -> None:
    first, second, title = sentences()
    assert barred(TEXT, first.clauses) == "Он стоял у двери,| не решаясь войти."
    assert barred(TEXT, second.clauses) == "Человек,| который вошёл,| молчал."
    assert barred(TEXT, second.scenes[0].clauses) == "Человек, … молчал."
    assert barred(TEXT, title.clauses) == "Глава 2"


# From here on the analysis is the real one.

STORY = """\
Глава вторая

Когда стемнело, дед, который стоял у двери, ушёл, не сказав ни слова.
— Кто там? — спросила бабка.
— Никого нет! — ответил кот и лёг.

Купить:
1) хлеб;
2) 3 кг муки.

Пишите на дед@example.org, он ответит.
"""


def test_the_sentence_has_two_clauses_and_one_scene(run) -> None:
    told = run("analyze", SENTENCE).stdout
    assert paragraph(told, "Он")[0] == "1  Он стоял у двери,| не решаясь войти."
    assert told.endswith("1 sentence, 7 words, 2 clauses, 1 scene.\n")


def test_why_comes_from_the_analyzer(run) -> None:
    told = run("analyze", SENTENCE, "--why").stdout
    assert "joined by gerund" in told and "network" in told


def test_blocks_change_nothing(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "story.txt"
    file.write_text((STORY + "\n") * 8, "utf-8")
    whole = run("analyze", "--json", "--file", file).stdout
    assert whole.count("\n") > 60
    monkeypatch.setattr(analysis, "BLOCK", 300)
    assert len(list(blocks(None, [file]))) > 4
    assert run("analyze", "--json", "--file", file).stdout == whole


def test_scenes_and_morphemes_of_the_real_analysis_tile(run) -> None:
    told = run("analyze", "--json", stdin=STORY.encode()).stdout.splitlines()
    assert len(told) >= 8
    for line in told:
        sentence = json.loads(line)
        for word in sentence["words"]:
            parts = "".join(part["text"] for part in word["morphemes"])
            assert parts == (word["text"] if any(map(str.isalpha, word["text"])) else "")
        segments = sorted(
            (s["start"], s["stop"]) for c in sentence["scenes"] for s in c["segments"]
        )
        assert (segments[0][0], segments[-1][1]) == (sentence["start"], sentence["stop"])
        for (_, stop), (start, _) in itertools.pairwise(segments):
            assert stop <= start and not STORY[stop:start].strip()


STRANGE = (
    "\x00",
    "\x1b[31mкрасный\x1b[0m",
    "\ufdfa \U0001f469\u200d\U0001f467 \u202eок",
    "у\u0301жин две\u00adрь",
    "—",
    "\n \n",
)


@pytest.mark.parametrize("text", STRANGE)
def test_any_text_is_shown(run, tmp_path: Path, text: str) -> None:
    for words in ((), ("--why",), ("--json",)):
        result = run("analyze", *words, "--html", tmp_path / "page.html", stdin=text.encode())
        assert result.exit_code == 0, result.output
        if "--json" not in words:
            assert not {"\x00", "\x1b", "\u202e"} & set(result.stdout)
