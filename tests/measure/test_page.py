"""The page of a report, without a browser: whole, asking for nothing, and escaping everything."""

from __future__ import annotations

import dataclasses
import html
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from measure import report_by_hand as by_hand

from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.page import render
from hyperlex.measure.report import Passage, PassageCut, Report, Run, Score
from hyperlex.visible import PART, visible

VOID = {"meta", "input", "br"}
REPORTS = ("report", "lonely", "crowded", "bare", "hostile")


@dataclasses.dataclass
class Node:
    """An element with its elements and texts, in order."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Node | str] = dataclasses.field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()

    @property
    def text(self) -> str:
        return "".join(self.texts())

    def texts(self) -> Iterator[str]:
        for child in self.children:
            yield from (child,) if isinstance(child, str) else child.texts()

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            if isinstance(child, Node):
                yield from child.walk()

    def all(self, tag: str, name: str | None = None) -> list[Node]:
        """The elements below with this tag and this class."""
        return [n for n in self.walk() if n.tag == tag and (name is None or name in n.classes)]

    def part(self, id: str) -> Node:
        """The element below with this id."""
        (found,) = (n for n in self.walk() if n.attributes.get("id") == id)
        return found


class Tree(HTMLParser):
    """Builds nodes, and fails where tags do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        node = Node(tag, dict(attrs))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read(report: Report) -> Node:
    return Tree(render(report)).root


@pytest.fixture(scope="module", params=REPORTS)
def any_page(request: pytest.FixtureRequest) -> str:
    return render(getattr(by_hand, request.param)())


@pytest.fixture(scope="module")
def page() -> Node:
    return read(by_hand.report())


def panels(root: Node) -> list[Node]:
    return root.all("div", "panel")


def number(text: str) -> tuple[float, float]:
    """A number as it is shown, and half a unit of its last digit."""
    found = re.search(r"[+−]?([\d,]+(?:\.(\d+))?)", text)
    assert found, text
    value = float(found[0].replace(",", "").replace("−", "-"))
    return value, 0.5 * 10 ** -len(found[2] or "")


def shows(text: str, value: float, unit: str = "") -> bool:
    """Whether `text` is `value`, rounded where it ends."""
    shown, room = number(text)
    return abs(shown - value * (100 if unit == "%" else 1)) <= room * (1 + 1e-6)


def shows_bounds(text: str, interval: Interval, unit: str) -> bool:
    if math.isnan(interval.low):
        return text == ""
    low, high = re.split(r" to |(?<=\d)–", text)
    return shows(low, interval.low, unit) and shows(high, interval.high, unit)


# Safe to open


def assert_asks_for_nothing(text: str) -> None:
    root = Tree(text).root
    for node in root.walk():
        assert node.tag not in {"link", "img", "iframe", "object", "embed", "base", "form", "use"}
        assert not {"src", "srcset", "action", "background", "poster"} & node.attributes.keys()
        assert (node.attributes.get("href") or "#").startswith("#")
    code = "".join(node.text for tag in ("style", "script") for node in root.all(tag))
    for word in ("http:", "https:", "url(", "@import", "fetch(", "XMLHttpRequest", "WebSocket"):
        assert word not in code


def test_the_page_nests_and_asks_the_network_for_nothing(any_page: str) -> None:
    assert_asks_for_nothing(any_page)


@pytest.mark.parametrize(
    "added",
    [
        '<link rel="stylesheet" href="x.css">',
        "<style>@import 'x.css';</style>",
        '<img src="x">',
        "<p><b></p></b>",
    ],
)
def test_the_network_test_can_fail(added: str) -> None:
    with pytest.raises(AssertionError):
        assert_asks_for_nothing(render(by_hand.bare()).replace("</body>", f"{added}</body>"))


def assert_holds_no_foreign_markup(text: str, like: str) -> None:
    """The same elements with the same names of attributes as a page with tame texts."""
    found, expected = (
        [(node.tag, sorted(node.attributes)) for node in Tree(t).root.walk()] for t in (text, like)
    )
    assert found == expected


def test_nothing_of_a_text_becomes_markup() -> None:
    page = render(by_hand.hostile())
    assert_holds_no_foreign_markup(page, render(by_hand.changed(by_hand.report(), lambda t: t)))
    assert "\x00" not in page and "\x1b" not in page and "\u202e" not in page


def test_a_hostile_text_is_shown_as_it_is() -> None:
    root = read(by_hand.hostile())
    shown = visible(by_hand.HOSTILE)
    for place in (root.part("passage"), root.part("skipped"), root.part("provenance")):
        assert shown in place.text
    assert shown + "o200k" in root.all("p", "lead")[0].text


def test_the_escape_test_can_fail() -> None:
    tame = render(by_hand.changed(by_hand.report(), lambda text: text))
    with pytest.raises(AssertionError):
        assert_holds_no_foreign_markup(html.unescape(render(by_hand.hostile())), tame)


def test_two_processes_write_the_same_bytes() -> None:
    script = (
        "import sys; from measure.report_by_hand import crowded\n"
        "from hyperlex.measure.page import render\n"
        "sys.stdout.buffer.write(render(crowded()).encode())"
    )
    pages = [
        subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            cwd=Path(__file__).parent.parent,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout
        for seed in ("1", "2")
    ]
    assert pages[0] == pages[1] == render(by_hand.crowded()).encode()


# Every number of the report is on the page


@pytest.mark.parametrize("name", ["report", "lonely", "crowded", "bare"])
def test_every_score_is_on_the_page_with_its_interval(name: str) -> None:
    report = getattr(by_hand, name)()
    for metric, panel in zip(report.metrics, panels(read(report)), strict=True):
        scores = {row.tokenizer: row.scores for row in report.rows}
        if metric.scope == "model":
            scores = {f"{r.model} · {r.tokenizer}": r.scores for r in report.models.rows}
        expected = {n: of[metric.key] for n, of in scores.items() if metric.key in of}
        for table, difference in zip(panel.all("table", "rows"), (False, True), strict=False):
            rows = {cells[0].text.split(" reference")[0]: cells for cells in body(table)}
            rows = {name.split(" drops text")[0]: cells for name, cells in rows.items()}
            wanted = {n: s for n, s in expected.items() if not difference or s.difference}
            assert rows.keys() == wanted.keys()
            for tokenizer, score in wanted.items():
                interval = score.difference if difference else score.interval
                assert interval is not None
                _, _, value, bounds, *_ = (cell.text for cell in rows[tokenizer])
                assert shows(value, interval.value, metric.unit)
                assert shows_bounds(bounds, interval, metric.unit)
        differs = any(score.difference for score in expected.values())
        assert len(panel.all("table", "rows")) == 1 + differs


def body(table: Node) -> list[list[Node]]:
    (rows,) = table.all("tbody")
    return [[c for c in row.children if isinstance(c, Node)] for row in rows.all("tr")]


def test_every_score_of_a_domain_is_on_the_page(page: Node) -> None:
    report = by_hand.report()
    tables = 0
    for metric, panel in zip(report.metrics, panels(page), strict=True):
        for table in panel.all("table", "heat"):
            tables += 1
            heads = [head.text for head in table.all("thead")[0].all("th")][1:]
            assert heads == [domain.name for domain in report.domains]
            for name, *cells in body(table):
                for domain, cell in zip(report.domains, cells, strict=True):
                    row = next(r for r in domain.rows if r.tokenizer == name.text)
                    if metric.key not in row.scores:
                        assert cell.text == ""
                        continue
                    interval = row.scores[metric.key].interval
                    value, small = cell.children
                    assert isinstance(value, str) and shows(value, interval.value, metric.unit)
                    assert isinstance(small, Node)
                    assert shows_bounds(small.text, interval, metric.unit)
    assert tables == sum(
        metric.key in report.domains[0].rows[0].scores for metric in report.metrics
    )


@pytest.mark.parametrize(("part", "field"), [("lengths", "lengths"), ("kinds", "kinds")])
def test_every_count_of_tokens_is_on_the_page(page: Node, part: str, field: str) -> None:
    report = by_hand.report()
    (table,) = page.part(part).all("table", "grid")
    heads = [head.text for head in table.all("thead")[0].all("th")][1:]
    shown = {
        (name, row[0].text): str(cell.children[0]).replace(",", "")
        for row in body(table)
        for name, cell in zip(heads, row[1:], strict=True)
    }
    wanted = {
        (histogram.tokenizer, kind): str(count)
        for histogram in getattr(report, field)
        for kind, count in histogram.tokens.items()
    }
    assert shown == wanted
    for histogram in getattr(report, field):
        assert f"{sum(histogram.tokens.values()):,}" in page.part(part).text


def test_sizes_settings_and_tokenizers_are_on_the_page(page: Node) -> None:
    report = by_hand.report()
    text = " ".join(page.part("provenance").texts())
    sizes = [report.size, report.sample, report.models.size, *(d.size for d in report.domains)]
    counts = {count for size in sizes for count in dataclasses.astuple(size) if count}
    counts |= {report.parallel, report.resampling.clusters, report.sample_resampling.clusters}
    counts |= {domain.resampling.clusters for domain in report.domains}
    counts |= {report.settings.draws, report.settings.limit, report.settings.seed}
    counts |= {report.models.context, report.models.stride}
    counts |= {row.tokens for row in report.models.rows}
    counts |= {count for t in report.tokenizers for count in (t.size, t.hyper)}
    shown = set(re.findall(r"[\d,]*\d", text))
    assert {f"{count:,}" for count in counts} <= shown
    assert "95\N{NO-BREAK SPACE}%" in text and f"order {report.settings.renyi_order}" in text
    for tokenizer in report.tokenizers:
        assert tokenizer.name in text and tokenizer.kind in text and tokenizer.sha256 in text
    for library, version in report.libraries.items():
        assert f"{library} {version}" in text


def test_each_definition_and_each_skipped_tokenizer_is_told(page: Node) -> None:
    report = by_hand.report()
    for metric in report.metrics:
        for told in (metric.title, metric.definition, metric.source):
            assert told in page.part("trust").text
    for skipped in report.skipped:
        assert skipped.name in page.part("skipped").text
        assert skipped.reason in page.part("skipped").text


# What the charts show


def test_the_best_stands_first_in_each_ranking(page: Node) -> None:
    for metric, panel in zip(by_hand.report().metrics, panels(page), strict=True):
        values = [number(row[2].text)[0] for row in body(panel.all("table", "rows")[0])]
        if metric.better:
            assert values == sorted(values, reverse=metric.better == "more")


@pytest.mark.parametrize("name", ["report", "crowded", "lonely", "bare"])
def test_dots_stand_in_proportion_between_whiskers_and_on_the_axis(name: str) -> None:
    for panel in panels(read(getattr(by_hand, name)())):
        for table in panel.all("table", "rows"):
            points = []
            for row in body(table):
                (dot,) = row[1].all("circle")
                at = percent(dot.attributes["cx"])
                for line in row[1].all("line", "whisker"):
                    low, high = (percent(line.attributes[end]) for end in ("x1", "x2"))
                    assert 0 <= low <= at <= high <= 100
                points.append((*number(row[2].text), at))
            labels = table.all("tfoot")[0].all("span")
            for label in labels:
                value = number(label.text)[0] * (1000 if label.text.endswith("k") else 1)
                points.append((value, 0.0, percent((label.attributes["style"] or "")[5:])))
            (first, _, _), (last, _, _) = points[-len(labels)], points[-1]
            for value, room, at in points:
                slope = 100 / (last - first)
                assert at == pytest.approx((value - first) * slope, abs=room * slope + 0.01)


def percent(text: str | None) -> float:
    assert text and text.endswith("%")
    return float(text[:-1])


def test_differences_tell_better_from_worse_and_from_neither() -> None:
    report = by_hand.report()
    rows = [
        dataclasses.replace(
            row,
            scores={
                "tokens_per_word": Score(
                    Interval(2.0, 1.9, 2.1), {"gpt2": gap(1), "qwen3": gap(0)}.get(row.tokenizer)
                ),
                "characters_per_token": Score(
                    Interval(2.0, 1.9, 2.1), {"gpt2": gap(1)}.get(row.tokenizer)
                ),
                "hypertoken_coverage": Score(
                    Interval(0.2, 0.1, 0.3), {"gpt2": gap(0.3)}.get(row.tokenizer)
                ),
            },
        )
        for row in report.rows
    ]
    verdicts = {}
    page = read(dataclasses.replace(report, rows=tuple(rows)))
    for metric, panel in zip(report.metrics, panels(page), strict=True):
        for table in panel.all("table", "rows")[1:]:
            for row in table.all("tbody")[0].all("tr"):
                verdicts[metric.key, row.all("th")[0].text] = row.attributes["class"]
    assert {key: v for key, v in verdicts.items() if key[0] != "bits_per_character"} == {
        ("tokens_per_word", "gpt2"): "worse",
        ("tokens_per_word", "qwen3"): "open",
        ("characters_per_token", "gpt2"): "better",
        ("hypertoken_coverage", "gpt2"): "",
    }


def gap(value: float) -> Interval:
    return Interval(value, value - 0.2, value + 0.2)


def test_an_undefined_figure_has_a_dash_and_no_dot() -> None:
    report = by_hand.report()
    nothing = Score(Interval(math.nan, math.nan, math.nan))
    first, *others = report.rows
    first = dataclasses.replace(first, scores={**first.scores, "premium": nothing})
    page = read(dataclasses.replace(report, rows=(first, *others)))
    index = [metric.key for metric in report.metrics].index("premium")
    *_, last = body(panels(page)[index].all("table", "rows")[0])
    assert last[0].text.strip() == "hyperlex" and last[2].text == "–"
    assert last[1].all("circle") == [] and last[3].text == ""


def test_stacked_bars_tile_and_are_as_long_as_their_tokens(page: Node) -> None:
    totals = [sum(h.tokens.values()) for h in by_hand.report().kinds]
    lengths = []
    for row in body(page.part("kinds").all("table", "rows")[0]):
        end = 0.0
        for rect in row[1].all("rect"):
            assert percent(rect.attributes["x"]) == pytest.approx(end, abs=0.02)
            end += percent(rect.attributes["width"])
        lengths.append(end)
    for total, length in zip(totals, lengths, strict=True):
        assert length / lengths[0] == pytest.approx(total / totals[0], rel=0.01)


def test_parts_that_are_empty_are_left_out() -> None:
    page = read(by_hand.bare())
    assert [n.attributes["id"] for n in page.all("section")] == ["ranking", "trust", "provenance"]
    assert not page.all("table", "heat") and not page.all("line", "whisker")


@pytest.mark.parametrize("name", REPORTS)
def test_links_and_labels_lead_somewhere(name: str) -> None:
    root = read(getattr(by_hand, name)())
    ids = [node.attributes["id"] for node in root.walk() if "id" in node.attributes]
    assert len(ids) == len(set(ids))
    for link in root.all("a"):
        assert (link.attributes["href"] or "")[1:] in ids
    assert sum("checked" in node.attributes for node in root.all("input")) == 1


# The passage and the words


def test_each_pane_shows_the_whole_passage_and_each_token_its_id(page: Node) -> None:
    report = by_hand.report()
    assert report.passage
    for cut, pane in zip(report.passage.cuts, page.all("article", "pane"), strict=True):
        (text,) = pane.all("p", "tokens")
        assert text.text.replace("⏎\n", "\n").replace(PART, "") == report.passage.text
        told = [span.attributes["title"] for span in text.all("span")]
        ids = [int((title or "").rsplit(" · id ")[1]) for title in told]
        assert ids == [run.id for run in cut.runs]
        assert f"{len(cut.runs)} tokens" in pane.text


def test_tokens_are_coloured_by_what_they_cover() -> None:
    runs = ["Дед", " сто", "ял у", " дв", "", "е", "ри", ",", " я", "\n"]
    words = [1, 1, 2, 1, 1, 1, 1, 0, 1, 0]
    cut = PassageCut(
        "o200k",
        tuple(Run(t, t == "ял у", n, i) for i, (t, n) in enumerate(zip(runs, words, strict=True))),
    )
    passage = Passage("".join(runs), "fiction", (cut,))
    page = read(dataclasses.replace(by_hand.lonely(), passage=passage))
    spans = page.all("p", "tokens")[0].all("span")
    assert [" ".join(span.classes) for span in spans] == [
        *("whole", "piece", "several hyper", "piece", "piece", "piece", "piece", "sign"),
        *("whole", "sign"),
    ]
    assert spans[1].attributes["title"] == "␣сто · id 1" and spans[4].text == PART


def test_each_word_shows_its_joints_and_the_cuts_of_each_tokenizer(page: Node) -> None:
    report = by_hand.report()
    for example, word in zip(report.alignments, page.all("article", "word"), strict=True):
        assert word.all("h3")[0].text == "|".join(text for text, _ in example.morphemes)
        for cut, (name, pieces, told) in zip(example.cuts, body(word.all("table")[0]), strict=True):
            marks = ["|" if on else "✕" for on in cut.on_joint]
            spelled = "".join(p + m for p, m in zip(cut.pieces, [*marks, ""], strict=True))
            assert (name.text, pieces.text) == (cut.tokenizer, spelled)
            right = f"{sum(cut.on_joint)} of {len(cut.on_joint)}" if cut.on_joint else "whole"
            assert told.text == right


def test_all_parts_have_the_order_of_the_ranking() -> None:
    report = by_hand.report()
    shuffled = dataclasses.replace(
        report,
        lengths=report.lengths[::-1],
        kinds=report.kinds[::-1],
        passage=dataclasses.replace(report.passage, cuts=report.passage.cuts[::-1]),
    )
    assert render(shuffled) == render(report)


def test_a_tokenizer_that_drops_text_is_marked() -> None:
    page = read(by_hand.crowded())
    marked = {node.text for node in page.all("small", "lossy")}
    assert marked == {"drops text"}
    rows = body(panels(page)[0].all("table", "rows")[0])
    assert [row[0].text.strip() for row in rows if "drops" in row[0].text] == ["t5 drops text"]
