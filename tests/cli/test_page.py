"""The HTML page, without a browser: it is whole, asks for nothing, and escapes everything."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hyperlex.cli import page as page_module
from hyperlex.cli.page import Bar, Check, Page, headline, render, text_page
from hyperlex.cli.render import Token, Use, base_tokens, hyper_tokens

EMPTY = {"br", "input", "meta"}
HOSTILE = (
    "<script>alert(1)</script> </script><img src=x onerror=alert(2)> {{panes}} {{title}} "
    '" onmouseover="alert(3) \' &lt; \\u003c <!-- --> ]]> \x00 \u202e дед стоял у двери,\n\n\nвсё'
)


class Reader(HTMLParser):
    """Collects elements and text, and fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[tuple[str, dict[str, str | None]]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: dict[str, list[str]] = {"style": [], "script": []}
        self.panes: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        element = (tag, dict(attrs))
        self.elements.append(element)
        if tag == "p" and element[1].get("class") == "tokens":
            self.panes.append("")
        if tag not in EMPTY:
            self.stack.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tag, _ = self.stack[-1] if self.stack else ("", {})
        if tag in self.text:
            self.text[tag].append(data)
        if any(attributes.get("class") == "tokens" for _, attributes in self.stack):
            # Marks are not text, but for that of a line end, which stands for one.
            self.panes[-1] += data.replace("⏎", "\n").replace("▯", "") if tag == "i" else data


@pytest.fixture
def hostile(tok) -> str:
    return text_page(tok, HOSTILE, title=HOSTILE)


def test_the_page_nests_and_asks_the_network_for_nothing(hostile: str) -> None:
    reader = Reader(hostile)
    for tag, attributes in reader.elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "a"}
        assert not {"src", "href", "srcset", "action", "background"} & attributes.keys()
    code = "".join(reader.text["style"] + reader.text["script"])
    for word in ("http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket"):
        assert word not in code


def test_the_network_test_can_fail(hostile: str) -> None:
    with pytest.raises(AssertionError):
        test_the_page_nests_and_asks_the_network_for_nothing(
            hostile.replace("</head>", '<link rel="stylesheet" href="x.css"></head>')
        )


def test_nothing_of_a_text_becomes_markup(hostile: str) -> None:
    reader = Reader(hostile)
    assert sum(tag == "script" for tag, _ in reader.elements) == 2
    assert not [name for _, found in reader.elements for name in found if name.startswith("on")]
    assert "\x00" not in hostile and "\u202e" not in hostile
    assert reader.elements == Reader(hostile.replace("alert", "other")).elements


def test_a_hypertoken_cannot_end_the_script_that_tells_of_it(tok) -> None:
    token = Token(400, "</script><b>", "phrase", ("</script>", "<b>"))
    bars = [Bar("own", 1, own=True), Bar("now", 2)]
    panes = [("one", [token]), ("two", [Token(1, token.text)])]
    reader = Reader(render(Page("title", token.text, panes, bars, [Use(token, 1, 7)], [])))
    meanings = json.loads(reader.text["script"][0])
    assert meanings == {"400": ["</script><b>", ["</script>", "<b>"], 1, 7]}
    assert sum(tag == "script" for tag, _ in reader.elements) == 2


def test_the_escape_test_can_fail(tok, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "_safe", lambda text: text)
    with pytest.raises(AssertionError):
        test_nothing_of_a_text_becomes_markup(text_page(tok, HOSTILE, title="title"))


@pytest.mark.parametrize(
    "text",
    ["Дед стоял у двери, не решаясь войти.\n\nКот вышел.\n", "\n\n\n a  b\nc \n", "", "🙂 \n д"],
)
def test_both_panes_show_the_whole_text(tok, text: str) -> None:
    assert Reader(text_page(tok, text, title="x")).panes == [text, text]


def test_a_long_text_is_cut_and_says_so(tok, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "SHOWN", 50)
    text = "Дед стоял у двери, не решаясь войти. " * 9
    told = text_page(tok, text, title="x")
    assert all(30 < len(pane) <= 50 and text.startswith(pane) for pane in Reader(told).panes)
    assert "The first 50 characters" in told and f"{len(text)} characters" in told


def test_each_hypertoken_has_its_meaning(tok) -> None:
    text = "Дед стоял у двери, не решаясь войти. Бабка стояла у двери."
    reader = Reader(text_page(tok, text, title="x"))
    meanings = json.loads(reader.text["script"][0])
    shown = {found["data-i"] for _, found in reader.elements if "data-i" in found}
    assert shown and shown == meanings.keys()
    for index, (spelled, parts, times, trained) in meanings.items():
        entry = tok.codebook[int(index) - tok.layout.base_size]
        assert "".join(parts).strip() == spelled == entry.text.strip()
        assert (len(parts), trained) == (len(entry.ids), entry.count)
        assert times == tok.encode(text).count(int(index))


def shown(tok, text: str, bars: list[Bar], checks: list[Check]) -> str:
    tokens, base = hyper_tokens(tok, tok.encode(text)), base_tokens(tok.base, tok.base_encode(text))
    panes = [("one", tokens), ("two", base), ("three", base)]
    return render(Page("title", text, panes, bars, [], checks))


def test_bars_keep_their_proportions_and_tell_what_was_recorded(tok) -> None:
    bars = [Bar("own", 100, own=True), Bar("now", 300), Bar("then", 400, recorded="2026-01-02")]
    told = shown(tok, "текст", bars, [])
    assert re.findall(r"width:([\d.]+)%", told) == ["25.00", "75.00", "100.00"]
    assert told.count('class="recorded"') == 1 and "2026-01-02" in told
    assert "4.00 ×" in told


def test_a_choice_is_offered_among_several_others(tok) -> None:
    reader = Reader(shown(tok, "текст", [Bar("own", 1, own=True), Bar("now", 2)], []))
    assert sum(tag == "option" for tag, _ in reader.elements) == 2
    hidden = [found for tag, found in reader.elements if tag == "div" and "hidden" in found]
    assert [found.get("data-pane") for found in hidden] == ["1", None]


def test_a_broken_law_is_shown_as_broken(tok) -> None:
    bars = [Bar("own", 1, own=True), Bar("now", 2)]
    told = shown(tok, "текст", bars, [Check("holds", True), Check("fails", False)])
    assert "<li>holds</li>" in told and "<li class=broken>fails</li>" in told


def test_the_headline_names_the_nearest_and_the_farthest_rival() -> None:
    own, base = Bar("own", 100, own=True), Bar(page_module.OWN_BASE, 150)
    recorded = [Bar("r", 200, recorded="day"), Bar("s", 500, recorded="day")]
    assert headline([own, base]) == "its own base needs 1.50 times as many."
    told = headline([own, base, *recorded])
    assert told == "r needs 2.00 times as many, s 5.00 times."
    assert headline([own, base, *recorded, Bar("n", 250)]) == "n needs 2.50 times as many."


def test_the_template_is_all_used(tok) -> None:
    template = (Path(page_module.__file__).parent / "page.html").read_text("utf-8")
    assert "{{" in template
    assert "{{" not in text_page(tok, "текст", title="x")
