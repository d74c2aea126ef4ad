"""What the documents show is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def python_blocks(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(encoding="utf-8"), re.DOTALL)


SHOWN = re.compile(r"```python\n([^`]*)```\n\n<!-- output -->\n```\n(.*?)```", re.DOTALL)
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
EXAMPLES = [
    pytest.param(code, output, id=page.relative_to(ROOT).as_posix())
    for page in PAGES
    for code, output in SHOWN.findall(page.read_text(encoding="utf-8"))
]


def test_there_are_examples_to_run() -> None:
    way = {f"docs/way/{stage}.md" for stage in ("words", "morphemes", "scenes", "exact", "ladder")}
    assert {example.id for example in EXAMPLES} >= {"README.md", *way}


@pytest.mark.parametrize(("code", "output"), EXAMPLES)
def test_an_example_prints_what_is_shown(code: str, output: str) -> None:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert printed.getvalue() == output


def test_the_quickstart_runs() -> None:
    first, second, *_ = python_blocks("docs/quickstart.md")
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(first, names)
    assert printed.getvalue().count("\n") >= 2  # entries were met and printed
    exec(second, names)


def linked(page: Path) -> list[str]:
    """Targets of the page's links that are files of this repository."""
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    return [link for link in links if "://" not in link and not link.startswith("mailto:")]


@pytest.mark.parametrize(
    "page",
    [p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]],
)
def test_links_lead_somewhere(page: str) -> None:
    for link in linked(ROOT / page):
        assert (ROOT / page).parent.joinpath(link).exists(), link
