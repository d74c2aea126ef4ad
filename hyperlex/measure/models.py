"""Language models that read the sample, each through its own tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hyperlex.measure.bootstrap import Draws
from hyperlex.measure.cuts import CUT_TEXT_COUNTS, analysed_counts
from hyperlex.measure.language_model import bits, context_of, load_model
from hyperlex.measure.metrics import MODEL
from hyperlex.measure.peer import Peer
from hyperlex.measure.peers import load_peer
from hyperlex.measure.report import ModelRow, Models, Size
from hyperlex.measure.sample import Analysed
from hyperlex.measure.scores import Scorer
from hyperlex.measure.tally import Tally

Told = Callable[[str, int, int | None], None]


def read_by_models(
    names: Sequence[str],
    passages: Sequence[Analysed],
    size: Size,
    draws: Draws,
    *,
    context: int,
    stride: int | None,
    told: Told,
) -> Models:
    """Bits that each model needs for the sample: through its own tokenizer and, where that one is a
    hyperlex tokenizer, through its base as well.

    Differences are taken from the first row.

    Raises as `load_model`, `load_peer` and `bits`.
    """
    read: list[tuple[str, Peer]] = []
    counts: list[list[Any]] = []
    contexts, strides = [], []
    for name in names:
        model = load_model(name)
        own = load_peer(name)
        contexts.append(context_of(model, context))
        strides.append(stride or max(1, contexts[-1] // 2))
        for peer in _readers(own):
            label = f"{own.name} · {peer.kind}"
            counts.append([])
            for done, passage in enumerate(passages):
                told(f"reading: {label}", done, len(passages))
                (ids,) = peer.encode_batch([passage.text])
                of_tokens = bits(model, ids.tolist(), context=contexts[-1], stride=strides[-1])
                where = passage.edges.of_bytes(peer.stops(passage.text, ids))
                blocks = len(passage.edges)
                counts[-1].append(
                    (np.bincount(where, of_tokens, blocks), np.bincount(where, minlength=blocks))
                )
            read.append((own.name, peer))
    tally = Tally(
        (*CUT_TEXT_COUNTS, *((n, c) for n in range(len(read)) for c in ("bits", "tokens")))
    )
    for number, passage in enumerate(passages):
        row = analysed_counts(passage)
        for index, of_row in enumerate(counts):
            row[index, "bits"], row[index, "tokens"] = of_row[number]
        place = passage.passage
        tally.add(place.document, place.domain, row, len(passage.edges))
    table = tally.bootstrap(draws)
    scores = Scorer([peer for _, peer in read], 0, 0).resampled(table, MODEL)
    rows = tuple(
        ModelRow(name, peer.kind, int(table.totals[index, "tokens"]), scores[index])
        for index, (name, peer) in enumerate(read)
    )
    return Models(size, max(contexts), max(strides), rows)


def _readers(own: Peer) -> list[Peer]:
    return [own] if own.base is None else [own, own.base]
