"""The page of `analyze`, without a browser: whole, asking for nothing, and escaping everything."""

from __future__ import annotations

import dataclasses
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cli.analysis_by_hand import TEXT, sentences

from hyperlex.cli import analyze_page
from hyperlex.cli.analysis import Analysed, Block
from hyperlex.cli.analyze_page import AnalysisPage
from hyperlex.types import Morpheme, MorphemeType, Span

EMPTY = {"input", "meta"}
HOSTILE = "</script><img src=x onerror=alert(1)>{{text}}\" onfocus='&lt;"


class Reader(HTMLParser):
    """Collects elements, scripts and the text of the article, and fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.code: list[str] = []
        self.article = ""
        self.scenes: dict[str, str] = {}
        self._scene = ""
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if "data-s" in dict(attrs) or dict(attrs).get("class") == "gap":
            self._scene = dict(attrs).get("data-s") or ""
        if tag not in EMPTY:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1] in ("script", "style"):
            self.code.append(data)
        if "article" in self.stack and "h2" not in self.stack:
            self.article += data
            if "span" in self.stack and self._scene:
                self.scenes[self._scene] = self.scenes.get(self._scene, "") + data

    @property
    def data(self) -> dict:
        return json.loads(self.code[1])


def page(given: list[Analysed], **options: bool) -> str:
    made = AnalysisPage(**options)
    for sentence in given:
        made.add(sentence)
    return made.render()


def hostile() -> list[Analysed]:
    """The first sentence with every word, lemma, morpheme and gloss replaced by markup."""
    sentence, *_ = sentences()
    (scene,) = sentence.scenes
    span = Span(0, len(HOSTILE))
    word = dataclasses.replace(
        scene.words[0], span=span, text=HOSTILE, lemma=HOSTILE, by=HOSTILE, feats=f"A={HOSTILE}"
    )
    clause = dataclasses.replace(scene.clauses[0], span=span, segments=(span,), by=HOSTILE)
    scene = dataclasses.replace(
        scene,
        span=span,
        segments=(span,),
        words=(word,),
        clauses=(clause,),
        agent=dataclasses.replace(scene.agent, word=word, lemma=HOSTILE),
        event=dataclasses.replace(scene.event, word=word, members=(HOSTILE,)),
        arguments=(),
        by=(HOSTILE,),
    )
    part = Morpheme(span, HOSTILE, MorphemeType.ROOT, HOSTILE)
    block = Block(HOSTILE, HOSTILE)
    return [Analysed(block, (scene,), (word,), (clause,), {0: (part,)}, why=(HOSTILE,))]


def test_the_page_asks_the_network_for_nothing() -> None:
    reader = Reader(page(hostile(), why=True))
    for tag, attributes in reader.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "a"}
        assert not {"src", "href", "srcset", "action", "background"} & attributes.keys()
    for word in ("http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket"):
        assert word not in reader.code[0] + reader.code[2]


def test_nothing_of_a_text_becomes_markup() -> None:
    reader = Reader(page(hostile(), why=True))
    assert sum(tag == "script" for tag, _ in reader.elements) == 2
    assert not [name for _, found in reader.elements for name in found if name.startswith("on")]
    assert HOSTILE in reader.article
    assert reader.data["scenes"][0]["facets"][0] == ["agent", HOSTILE]


def test_the_escape_test_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyze_page, "_safe", lambda text: text)
    with pytest.raises(AssertionError):
        test_nothing_of_a_text_becomes_markup()


def test_the_page_shows_the_whole_text_scene_by_scene() -> None:
    reader = Reader(page(sentences()))
    assert reader.article == TEXT.rstrip("\n")
    assert reader.scenes == {
        "0": "Он стоял у двери, не решаясь войти.",
        "1": "Человек,молчал.",
        "2": "который вошёл,",
        "3": "Глава 2",
    }


def test_each_scene_is_one_stop_of_the_keyboard() -> None:
    reader = Reader(page(sentences()))
    segments = [found for _, found in reader.elements if "data-s" in found]
    assert [found["data-s"] for found in segments] == ["0", "1", "2", "1", "3"]
    stops = [found["data-s"] for found in segments if "tabindex" in found]
    assert stops == ["0", "1", "2", "3"]


def test_each_scene_has_its_facets_and_each_word_its_morphemes() -> None:
    told = page(sentences())
    data = Reader(told).data
    assert data["scenes"][0]["facets"] == [
        ["agent", "он"],
        ["event", "стоять [сидеть, лежать]"],
        ["tension", "+ dare past Imp"],
        ["context", "place=у дверь"],
        ["protected", "negation=не"],
    ]
    roles = {data["words"][number][0]: role for number, role in data["scenes"][0]["words"] if role}
    assert roles == {"он": "agent", "стоять": "event", "дверь": "place"}
    assert '<i class="root">двер</i><i class="end">и</i>' in told
    shown = {found["data-w"] for _, found in Reader(told).elements if "data-w" in found}
    assert shown == {str(number) for number in range(len(data["words"]))}


def test_clauses_are_parted_and_protected_words_marked() -> None:
    told = page(sentences())
    article = told[told.index("<article") :]
    assert article.count('<b class="bar"></b>') == 1
    kept = re.findall(r'class="w kept" data-w="(\d+)"', article)
    assert [Reader(told).data["words"][int(number)][0] for number in kept] == ["не", "2"]


def test_why_is_told_only_where_asked() -> None:
    assert "joined by gerund" not in page(sentences())
    data = Reader(page(sentences(why=True), why=True)).data
    assert "joined by gerund" in data["scenes"][0]["why"]
    assert data["words"][3][2:] == ["obl ← стоял", "dictionary; lexicon"]


def test_a_long_text_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analyze_page, "SHOWN", 50)
    told = page(sentences())
    assert Reader(told).article == "Он стоял у двери, не решаясь войти."
    assert "The first 50 characters" in told and "4 scenes." in told


def test_several_files_have_headings() -> None:
    told = page([*sentences("one.txt"), *sentences("two.txt")])
    assert re.findall("<h2>(.*?)</h2>", told) == ["one.txt", "two.txt"]
    assert Reader(told).article == TEXT + TEXT.rstrip("\n")


def test_an_empty_text_has_a_page() -> None:
    reader = Reader(page([]))
    assert reader.article == "No words." and reader.data == {"scenes": [], "words": []}


def test_windows_line_ends_are_line_ends() -> None:
    assert analyze_page._safe("a\r\nb\rc\td\x00") == "a\nb␍c\td␀"


def test_the_template_is_all_used() -> None:
    template = (Path(analyze_page.__file__).parent / "analyze.html").read_text("utf-8")
    assert "{{" in template
    assert "{{" not in page(sentences())
