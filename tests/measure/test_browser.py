"""The page in a real Chromium: what is clicked, pointed at and typed does what it should."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Tab, browser, chromium
from measure import report_by_hand as by_hand

from hyperlex.measure.page import render
from hyperlex.visible import visible

pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium on this machine: apt-get install chromium"
)

REPORTS = ("report", "lonely", "crowded", "bare", "hostile")

SHOWN = "[...document.querySelectorAll('.panel')].filter((panel) => panel.offsetParent)"

FIGURES = f"{SHOWN}.map((panel) => panel.querySelector('tbody').innerText).join()"

# A phone's innerWidth grows with what overflows; the width of the root does not.
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

# What sticks out to the right of the window and is in nothing that scrolls or hides it.
STICKING = """[...document.querySelectorAll("main *")]
  .filter((found) => found.getBoundingClientRect().right > document.body.clientWidth + 0.5)
  .filter((found) => !found.closest(".scroll, .sr") && found.getClientRects().length)
  .map((found) => `${found.tagName} ${found.className} ${found.textContent.slice(0, 40)}`)"""

# Pairs of neighbours among the labels of each axis that is shown, closer than 2 pixels.
COLLIDING = """[...document.querySelectorAll(".axis .track, .scale")]
  .filter((axis) => axis.offsetParent)
  .flatMap((axis) => {
    const labels = [...axis.children].filter((label) =>
      label.textContent && getComputedStyle(label).visibility === "visible");
    const boxes = labels.map((label) => {
      const range = document.createRange();
      range.selectNodeContents(label);
      return range.getBoundingClientRect();
    });
    return labels.slice(1)
      .filter((_, n) => boxes[n + 1].left - boxes[n].right < 2)
      .map((label) => label.textContent);
  })"""

# Texts that stand out less than 4.5 to 1 (WCAG 2.2, 1.4.3) from what is painted behind them, with
# the contrast. Marks in tokens, which are no text, are left out.
PALE = """(() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    pen.globalAlpha = 1;
    for (const [colour, alpha] of colours) {
      pen.globalAlpha = alpha;
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
    }
    const light = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2];
  };
  const pale = [];
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const holder = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !holder.getClientRects().length) continue;
    if (holder.closest(".tokens i, .sr, svg")) continue;
    const grounds = [];
    let alpha = 1;
    for (let up = holder; up; up = up.parentElement) {
      grounds.unshift([getComputedStyle(up).backgroundColor, 1]);
      alpha *= getComputedStyle(up).opacity;
    }
    const ground = over(grounds);
    const ink = over([...grounds, [getComputedStyle(holder).color, alpha]]);
    const contrast = (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
    if (contrast < 4.5) pale.push(`${contrast.toFixed(2)} ${holder.className} ${holder.innerText}`);
  }
  return pale;
})()"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    pages = {name: folder / f"{name}.html" for name in REPORTS}
    for name, path in pages.items():
        path.write_text(render(getattr(by_hand, name)()), "utf-8")
    return pages


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(started: Tab) -> Iterator[Tab]:
    """The tab, which nothing may have gone wrong in, nor asked for a file but a page of ours."""
    started.scripts(True)
    started.complaints.clear()
    started.requests.clear()
    yield started
    assert started.complaints == []
    assert all(address.startswith("file:") for address in started.requests)
    assert {address.rsplit(".")[-1] for address in started.requests} <= {"html"}


def card(tab: Tab) -> list[str] | None:
    return tab.evaluate("card.hidden ? null : [...card.children].map((part) => part.textContent)")


def test_the_tab_notes_what_goes_wrong(started: Tab, tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    page.write_text("<script>console.error('boo'); missing();</script><img src='none.png'>")
    started.open(page, width=800)
    told = " ".join(started.complaints)
    assert "boo" in told and "missing is not defined" in told and "ERR_FILE_NOT_FOUND" in told
    assert started.requests[-1].endswith("none.png")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_switch_of_metrics_changes_the_chart(
    tab: Tab, files: dict[str, Path], scripts: bool
) -> None:
    tab.scripts(scripts)
    tab.open(files["report"], width=1280)
    seen = []
    for place, metric in enumerate(by_hand.report().metrics, 1):
        tab.click(f"label:has(#metric-{place})")
        assert tab.evaluate(f"{SHOWN}.map((panel) => panel.querySelector('h3').innerText)") == [
            metric.title
        ]
        seen.append(tab.evaluate(FIGURES))
    assert len(set(seen)) == len(seen)


def test_arrow_keys_go_through_the_metrics(tab: Tab, files: dict[str, Path]) -> None:
    tab.open(files["report"], width=1280)
    tab.click("label:has(#metric-1)")
    tab.press("ArrowRight")
    assert tab.evaluate(f"{SHOWN}.map((panel) => panel.className)") == ["panel of-2"]
    assert tab.evaluate("document.activeElement.id") == "metric-2"


@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_is_the_systems_until_the_button_is_pressed(
    tab: Tab, files: dict[str, Path], dark: bool
) -> None:
    tab.open(files["report"], width=1280, dark=dark)
    names, paper = [], []
    for _ in range(3):
        names.append(tab.evaluate("document.getElementById('theme').innerText"))
        paper.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        tab.click("#theme")
    light, night = "rgb(251, 250, 247)", "rgb(22, 21, 19)"
    assert paper == ([night, light, night] if dark else [light, night, light])
    assert names == (["Light", "Dark", "Light"] if dark else ["Dark", "Light", "Dark"])


def test_a_token_that_is_pointed_at_tells_its_text_and_id(tab: Tab, files: dict[str, Path]) -> None:
    tab.open(files["report"], width=1280)
    passage = by_hand.report().passage
    assert passage and card(tab) is None
    run = passage.cuts[0].runs[2]
    assert run.hyper
    tab.point(".pane .tokens span:nth-child(3)")
    told = [run.text.replace(" ", "␣"), f"id {run.id}: hypertoken, several words, or parts of them"]
    assert card(tab) == told
    tab.point("h1")
    assert card(tab) is None
    tab.click(".pane .tokens span:nth-child(3)")
    assert card(tab) == told
    tab.press("Escape")
    assert card(tab) is None


def test_tokens_are_reached_with_the_keyboard(tab: Tab, files: dict[str, Path]) -> None:
    tab.open(files["report"], width=1280)
    passage = by_hand.report().passage
    assert passage
    first, second = (cut.runs for cut in passage.cuts[:2])
    ids = []
    tab.evaluate("document.querySelector('.tokens span').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "End", "ArrowRight", "Home", "Tab"):
        tab.press(key)
        ids.append(int(card(tab)[1].split(":")[0].removeprefix("id ")))
    wanted = [first[1], first[2], first[1], first[-1], first[-1], first[0], second[0]]
    assert ids == [run.id for run in wanted]


def test_without_scripts_titles_tell_of_tokens(tab: Tab, files: dict[str, Path]) -> None:
    tab.scripts(False)
    tab.open(files["report"], width=1280)
    titles = tab.evaluate("[...document.querySelectorAll('.tokens span')].map((t) => t.title)")
    passage = by_hand.report().passage
    assert passage and len(titles) == sum(len(cut.runs) for cut in passage.cuts)
    assert all(" · id " in title for title in titles)
    assert tab.evaluate("document.getElementById('theme').offsetParent") is None


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("width", [320, 360, 1000, 1280])
def test_nothing_overflows_and_no_labels_collide(
    tab: Tab, files: dict[str, Path], name: str, width: int
) -> None:
    tab.open(files[name], width=width)
    tab.evaluate("document.querySelectorAll('details').forEach((found) => { found.open = true; })")
    for place in range(tab.evaluate("document.querySelectorAll('.panel').length")):
        tab.evaluate(f"document.getElementById('metric-{place + 1}').click()")
        assert tab.evaluate(OVERFLOW) <= 0
        assert tab.evaluate(STICKING) == []
        assert tab.evaluate(COLLIDING) == []


def test_the_overflow_test_can_fail(tab: Tab, files: dict[str, Path]) -> None:
    tab.open(files["report"], width=360)
    assert tab.evaluate("document.documentElement.clientWidth") == 360
    tab.evaluate("document.querySelector('h1').style.width = '400px'")
    assert tab.evaluate(OVERFLOW) > 0 and tab.evaluate(STICKING)
    tab.evaluate("document.querySelector('.of-1 .axis .track').style.width = '40px'")
    assert tab.evaluate(COLLIDING)


@pytest.mark.parametrize("dark", [False, True])
def test_texts_stand_out_from_their_ground(tab: Tab, files: dict[str, Path], dark: bool) -> None:
    tab.open(files["crowded"], width=1280, dark=dark)
    tab.evaluate("document.querySelectorAll('details').forEach((found) => { found.open = true; })")
    for place in (1, 2, 6):
        tab.evaluate(f"document.getElementById('metric-{place}').click()")
        assert tab.evaluate(PALE) == []


def test_the_contrast_test_can_fail(tab: Tab, files: dict[str, Path]) -> None:
    tab.open(files["bare"], width=1280)
    tab.evaluate("document.querySelector('h1').style.opacity = '0.4'")
    (pale,) = tab.evaluate(PALE)
    assert "Tokens per meaning" in pale


def test_tables_that_are_too_wide_scroll_by_themselves(tab: Tab, files: dict[str, Path]) -> None:
    tab.open(files["crowded"], width=360)
    wide = "[...document.querySelectorAll('.scroll')].filter((t) => t.scrollWidth > t.clientWidth)"
    assert tab.evaluate(f"{wide}.length") > 2
    assert tab.evaluate(f"{wide}.every((table) => table.tabIndex === 0 && table.ariaLabel)")


def test_markup_in_texts_is_text(tab: Tab, files: dict[str, Path]) -> None:
    tab.open(files["hostile"], width=1280)
    assert tab.evaluate("document.querySelectorAll('main script, main img').length") == 0
    assert visible(by_hand.HOSTILE) in tab.evaluate("document.body.innerText")


def test_a_section_is_reached_from_the_head(tab: Tab, files: dict[str, Path]) -> None:
    tab.open(files["report"], width=360)
    tab.click("a[href='#passage']")
    top = tab.evaluate("document.getElementById('passage').getBoundingClientRect().top")
    assert abs(top) < 2
