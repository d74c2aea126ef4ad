"""Every card is whole, and the table in the README is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hyperlex_corpora import Card, card, list_cards
from hyperlex_corpora.cards import FORMATS, nearest, read_card
from hyperlex_corpora.load import _LOADERS
from hyperlex_corpora.table import BEGIN, END, patched, table

ROOT = Path(__file__).parents[2]
SMALL = """\
name = "small"
title = "A small corpus"
url = "https://example.org"
licence = "CC0"
citation = "Nobody"
domain = "news"
format = "lenta"
size = "2 texts"
"""


def test_there_is_a_card_for_every_format() -> None:
    assert {one.format for one in list_cards()} == set(FORMATS) - {"plain"}


def test_every_format_of_a_card_has_a_loader() -> None:
    assert set(FORMATS) - {"samples"} <= _LOADERS.keys()


@pytest.mark.parametrize("one", list_cards(), ids=lambda one: one.name)
def test_a_card_says_what_a_person_needs(one: Card) -> None:
    for said in (one.title, one.url, one.licence, one.citation, one.size):
        assert said.strip()
    assert all(file.url.startswith(("https://", "http://")) for file in one.files)
    assert one.files or one.dataset or one.format == "samples"


def test_the_table_in_the_readme_is_that_of_the_cards() -> None:
    document = (ROOT / "corpora" / "README.md").read_text("utf-8")
    assert patched(document) == document, "run: python -m hyperlex_corpora.table corpora/README.md"


def test_the_table_keeps_what_is_around_it() -> None:
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert patched(document).startswith("before\n") and patched(document).endswith("\nafter\n")
    assert patched(patched(document)) == patched(document)
    assert "old" not in patched(document)
    with pytest.raises(ValueError, match="marks"):
        patched("no marks")


def test_every_card_is_a_row() -> None:
    assert len(table(list_cards()).splitlines()) == len(list_cards()) + 2


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"No corpus is called 'lnta'. Near to it: lenta"):
        card("lnta")
    assert nearest("zzz").startswith("There are: lenta, ")


def test_a_card_may_stand_for_many_files(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    entry = '\n[[files]]\nurl = "https://example.org/a-{part:02d}.csv"\nparts = 3\n'
    file.write_text(SMALL + entry, "utf-8")
    assert [one.name for one in read_card(file).files] == ["a-00.csv", "a-01.csv", "a-02.csv"]


FILE = '\n[[files]]\nurl = "https://example.org/a.csv"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (SMALL.replace("licence", "license"), "keys license are unknown, and licence are missing"),
        (SMALL.replace('"small"', '"other"'), "its name is that of its file, small.toml"),
        (SMALL.replace('"news"', '"gossip"'), "its domain is one of"),
        (SMALL.replace('"lenta"', '"pdf"'), "its format is one of"),
        (SMALL + FILE + 'sha256 = "abc"\n', "sha256 has 64"),
        (SMALL + FILE + FILE, "a name of its own"),
        (SMALL + FILE + 'name = "../a"\n', "a name of its own"),
        (SMALL + FILE + 'split = "dev"\n', "a split by files"),
        (SMALL + '\n[split]\nby = "files"\n' + FILE, "a split by files"),
        (SMALL + "\n[split]\nshare = 1\n", "keys share are unknown"),
        ("name = ", "small.toml is no card"),
    ],
)
def test_a_broken_card_is_refused(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "small.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=told):
        read_card(file)
