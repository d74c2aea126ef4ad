"""`hyperlex train`: texts to a codebook for one base tokenizer."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import hyperlex
from hyperlex.cli.options import JsonOption, tell_of_hub

if TYPE_CHECKING:
    from hyperlex.codebook import Codebook, TrainConfig

CARD_FILE = "codebook.json"
"""Beside the codebook: what it was trained with and on."""

CARD_VERSION = 1
BEST = 20

TextsArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="TEXTS...", help="Files or folders: .txt, .md, .jsonl, also as .xz, .gz, .bz2."
    ),
]
WorkersOption = Annotated[
    int | None, typer.Option(metavar="N", help="Processes that read. Default: one a core, up to 8.")
]


def train(
    texts: TextsArgument,
    base: Annotated[
        str,
        typer.Option(
            metavar="BASE", help="The tokenizer to extend: directory, tokenizer.json or hub id."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="A new directory for the codebook.")],
    size: Annotated[int, typer.Option(metavar="N", help="Hypertokens to learn.")] = 32_768,
    max_units: Annotated[int, typer.Option(metavar="N", help="Words in a phrase, at most.")] = 8,
    min_count: Annotated[int, typer.Option(metavar="N", help="Occurrences, at least.")] = 6,
    min_documents: Annotated[int, typer.Option(metavar="N", help="Documents, at least.")] = 3,
    balance: Annotated[
        float, typer.Option(metavar="X", help="0: by characters; 1: all folders alike.")
    ] = 0.5,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn the hypertokens that save most on your texts."""
    from hyperlex.codebook import BaseTokenizer, TrainConfig
    from hyperlex.files import atomic_directory, refuse_second_codebook

    refuse_second_codebook(out)
    given = {} if workers is None else {"workers": workers}
    config = TrainConfig(size, max_units, min_count, min_documents, balance, **given)
    # Entered first: a place that may not be written to is refused before the work, not after it.
    tell_of_hub(base)
    with atomic_directory(out) as staged:
        tokenizer = BaseTokenizer.load(base)
        codebook, card = learn(tokenizer, texts, config)
        card["base"]["name"] = Path(base).name if Path(base).exists() else base
        codebook.save(staged)
        text = json.dumps(card, ensure_ascii=False, indent=2) + "\n"
        (staged / CARD_FILE).write_text(text, "utf-8")
    if as_json:
        typer.echo(json.dumps(card, ensure_ascii=False))
    else:
        _report(codebook, card)
        typer.echo(f"\nCodebook: {out}\nNext: hyperlex extend {base} OUT --codebook {out}")


def learn(base: Any, paths: list[Path], config: TrainConfig) -> tuple[Codebook, dict[str, Any]]:
    """A codebook for `base` and its card, with progress on stderr."""
    from hyperlex.cli.console import progress
    from hyperlex.cli.sources import cards, sample
    from hyperlex.codebook import train_codebook
    from hyperlex.codebook.corpus import text_files

    options = dataclasses.asdict(config)
    files = [file for path in paths for file in text_files(path)]
    with progress() as told:
        codebook = train_codebook(base, files, progress=told, **options)
        told("describing", 0, None)
        texts = sample(files)
        base_runs = [codebook.base.encode(text) for text in texts]
        hyper_runs = [codebook.collapse(run) for run in base_runs]
        sources = cards(files)
    # How many processes read is no property of the result.
    del options["workers"]
    card = {
        "format_version": CARD_VERSION,
        "hyperlex": hyperlex.__version__,
        "base": {"name": "", "sha256": codebook.base.sha256, "ids": codebook.base_size},
        "config": options,
        "entries": _kinds(codebook),
        "sample": {
            "what": "the beginnings of the training texts",
            "characters": sum(map(len, texts)),
            "base_tokens": sum(map(len, base_runs)),
            "tokens": sum(map(len, hyper_runs)),
        },
        "sources": sources,
    }
    return codebook, card


def _kinds(codebook: Codebook) -> dict[str, int]:
    """How many entries there are of each kind."""
    names = {0: "pieces of words", 1: "single words", 2: "phrases of 2", 3: "phrases of 3"}
    counts = Counter(names.get(units, "phrases of 4 and more") for units in codebook.units.tolist())
    return dict(sorted(counts.items(), key=lambda item: -item[1]))


def _report(codebook: Codebook, card: dict[str, Any]) -> None:
    from hyperlex.cli.console import stdout, table
    from hyperlex.cli.render import joined_parts, on_one_line, spell

    console = stdout()
    sample = card["sample"]
    rows = [
        (name, f"{sample[key]:,}", f"{sample['characters'] / max(1, sample[key]):.2f}")
        for name, key in (("base", "base_tokens"), ("with hypertokens", "tokens"))
    ]
    console.print(f"On {sample['characters']:,} characters, {sample['what']}:\n")
    console.print(table(("", "#tokens", "#characters per token"), rows))
    console.print(f"\n{len(codebook):,} hypertokens:\n")
    kinds = [(name, f"{count:,}") for name, count in card["entries"].items()]
    console.print(table(("kind", "#entries"), kinds))
    console.print(f"\nThe best {min(BEST, len(codebook))}:\n")
    spelled = codebook.base.token_bytes
    best = []
    for entry in (codebook[rank] for rank in range(min(BEST, len(codebook)))):
        parts = joined_parts(spell(spelled[part] for part in entry.ids))
        best.append((on_one_line(entry.text), parts, f"{entry.count:,}", f"{entry.saved:,}"))
    console.print(table(("hypertoken", "stands for", "#count", "#saved"), best))
