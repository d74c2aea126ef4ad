"""The learned data of `hyperlex.morpheme`.

    python -m hyperlex.recipes.morphemes --data ../shared/data

Writes `hyperlex/artifacts/analyzer/morphemes*`; the same lists and dictionary give the same bytes
on the same machine. About an hour on two busy cores.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import torch
from rich.console import Console

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_write_bytes, atomic_write_text
from hyperlex.morpheme.store import EMBEDDED, MACHINE_FILE, READABLE_FILE, Learned, to_bytes
from hyperlex.recipes.morphemes.data import (
    SOURCES,
    dictionary_words,
    read_frequencies,
    read_rows,
)
from hyperlex.recipes.morphemes.evidence import Dictionary
from hyperlex.recipes.morphemes.learn import learn
from hyperlex.recipes.morphemes.measure import Figures, measure, read_gold
from hyperlex.recipes.morphemes.networks import StudentConfig, TeacherConfig

CARD_FILE = "morphemes.md"
TEACHERS = (TeacherConfig(),) * 6
"""Each with its place as seed."""
DEVELOPMENT = "tikhonov_dev.tsv"


def build(folder: Path, console: Console) -> Learned:
    """Learn from the lists in `folder`."""
    rows = read_rows(folder)
    console.print(f"{len(rows):,} segmented words; reading the dictionary")
    lemmas, participles = dictionary_words()
    known = {row.word for row in rows}
    words = [word for word in sorted({*lemmas, *participles}) if word not in known]
    console.print(f"{len(lemmas):,} lemmas, {len(words):,} words to answer for")
    dictionary = Dictionary(lemmas, rows, read_frequencies(folder))
    return learn(
        rows, words, dictionary, TEACHERS, StudentConfig(),
        lambda line: print(line, flush=True),
    )  # fmt: skip


def card(learned: Learned, folder: Path, figures: dict[str, Figures]) -> str:
    """What the data were learned from, how, and how good they are."""
    sources = "\n".join(
        f"| {name} | {(folder / name).stat().st_size:,} | "
        f"`{hashlib.sha256((folder / name).read_bytes()).hexdigest()}` |"
        for name in SOURCES
    )
    table = "\n".join(
        f"| {name} | {f.words:,} | {f.typed:.2%} | {f.exact:.2%} | {f.f1:.2%} |"
        for name, f in figures.items()
    )
    return f"""# The learned morphemes

Made by `python -m hyperlex.recipes.morphemes --data DATA`; the same files give the same bytes on
the same machine. `{MACHINE_FILE}` holds:

- `dictionary`: {len(learned.dictionary):,} segmented words of the lists below, as 40-bit hashes
  with a pattern of lengths and types: the words themselves are not in it. Where a list gives no
  types, the networks gave them;
- `ensemble`: the answers of {len(TEACHERS)} networks too large to ship, for
  {len(learned.ensemble):,} other lemmas and participles of pymorphy3's dictionary
  (pymorphy3-dicts-ru {version("pymorphy3-dicts-ru")}, OpenCorpora, CC BY-SA 3.0);
- a convolutional network on letters and hashed runs of letters, 8 bits a weight, taught by them.

`{READABLE_FILE}` holds {len(learned.endings.rules):,} rules for the ends of inflected forms.

Options of each large network: `{asdict(TEACHERS[0])}`.
Options of the small network: `{asdict(StudentConfig())}`. torch {torch.__version__.split("+")[0]}.

| list | bytes | sha256 |
|---|---|---|
{sources}

Segmentation follows Tikhonov's dictionary as later work types it (Sorokin; Bolshakova and Sapin).

## Measured

On `{DEVELOPMENT}`, which is never learned from. A word is right when all its boundaries are
(boundaries) and all its types too (typed); F1 is that of boundaries.

| words | number | typed | boundaries | F1 |
|---|---|---|---|---|
{table}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn the morphemes of Russian words.")
    parser.add_argument("--data", type=Path, required=True, help="folder with morphemes/ in it")
    parser.add_argument("--out", type=Path, default=EMBEDDED, help="where to write them")
    options = parser.parse_args()
    console = Console(stderr=True)
    folder = options.data / "morphemes"
    torch.set_num_threads(1)
    begin = time.monotonic()
    try:
        learned = build(folder, console)
        data = to_bytes(learned)
        atomic_write_bytes(options.out / MACHINE_FILE, data)
        atomic_write_text(options.out / READABLE_FILE, str(learned.endings))
        console.print(f"{len(data):,} bytes after {time.monotonic() - begin:.0f} s")
        figures = {}
        if (folder / DEVELOPMENT).is_file():
            figures = measure(options.out, read_gold(folder / DEVELOPMENT), read_rows(folder))
        atomic_write_text(options.out / CARD_FILE, card(learned, folder, figures))
    except ConfigError as error:
        console.print(str(error), style="red")
        raise SystemExit(2) from error
    for name, of in figures.items():
        console.print(name, of)
    console.print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
