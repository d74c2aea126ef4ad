"""Writes the learned parts as `hyperlex.word.load` reads them, and their card."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from hyperlex.files import atomic_write_bytes, atomic_write_text
from hyperlex.recipes.sources import table
from hyperlex.recipes.words.net import Net
from hyperlex.word.load import (
    CONFIG,
    FORMAT_VERSION,
    LEARNED,
    LEMMAS,
    WEIGHTS,
    labels,
    quantise,
)

CARD = "words.md"
SHIPPED_LEMMAS = 24_000
"""The most frequent lemmas, whose vectors ship; the rarer ones helped to learn only."""

_SMALL = 4096
"""Weights; smaller matrices, vectors and the tensor of relations stay float16."""


def export(
    net: Net,
    lemmas: Sequence[str],
    learned: Iterable[tuple[str, str, str]],
    facts: Mapping[str, object],
    sources: Sequence[Path],
    root: Path,
    directory: Path,
) -> None:
    """Writes weights, configuration, word lists and card into `directory`.

    Args:
        facts: of the training, for the card.
        sources: every file that was read; `root` is taken off their names.
    """
    from safetensors.numpy import save

    tensors: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {}
    lemmas = lemmas[:SHIPPED_LEMMAS]
    weights = net.weights()
    unknown = weights["meanings"][-1:]
    weights["meanings"] = np.concatenate((weights["meanings"][: len(lemmas)], unknown))
    for name, value in sorted(weights.items()):
        if value.ndim == 2 and value.size > _SMALL:
            tensors[name], tensors[name + ".scale"] = quantise(value)
        else:
            tensors[name] = value.astype(np.float16)
    config = {
        "format_version": FORMAT_VERSION,
        "layers": list(net.shape.layers),
        "heads": net.shape.heads,
        "labels": labels(),
    }
    directory.mkdir(parents=True, exist_ok=True)
    atomic_write_bytes(directory / WEIGHTS, save(tensors))
    rows = ["spelling\tupos\tlemma", *("\t".join(row) for row in learned)]
    atomic_write_text(directory / LEARNED, "\n".join(rows) + "\n")
    atomic_write_text(directory / LEMMAS, "\n".join(lemmas))
    atomic_write_text(directory / CONFIG, json.dumps(config, ensure_ascii=False, indent=1) + "\n")
    atomic_write_text(directory / CARD, _card(facts, sources, root))


def _card(facts: Mapping[str, object], sources: Sequence[Path], root: Path) -> str:
    lines = [
        "# The word analyzer: tagger and parser",
        "",
        "Made by `python -m hyperlex.recipes.words`. It ships what was learned: hashed features,",
        "vectors of lemmas, the weights of the network, and lemmas that treebanks give and the",
        "dictionary does not. No sentence of its sources is in it.",
        "",
        *(f"- {name}: {value}" for name, value in facts.items()),
        "",
        "## Sources",
        "",
        "Universal Dependencies trees (Taiga, CC BY-SA 4.0; GramEval 2020 and MorphoRuEval 2017,",
        "for research) and raw text of the corpora; pymorphy3 with the dictionary of OpenCorpora.",
        "",
        *table(sources, root),
    ]
    return "\n".join(lines) + "\n"
