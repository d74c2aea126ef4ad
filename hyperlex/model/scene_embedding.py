"""Scene ids read without rows of their own: each as the mean of the rows that spell what it says.

`extend_model` gives each of the 169,000 scene ids a row, which a model of a few million parameters
has no room for, and no text to train with. Here nothing is stored but a few hundred small rows, and
what a scene id reads as changes with the rows of the words that it names.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hyperlex.ladder.outline import KINDS
from hyperlex.model.scene_rows import scene_spellings
from hyperlex.tokenizer import HyperTokenizer


class SceneEmbedding(nn.Module):
    """An embedding of all ids of a tokenizer on top of a model's own.

    Base ids and hypertokens have the model's rows. A scene id is

        mean(rows of the ids that spell its lemmas in the exact lane) + a small row

    where markers, forms and frames have a small row each, all lexemes of one kind share one, and so
    do hyperlexemes with one frame, and all those without. A scene id is only read, never
    predicted: the head of the model stays as it is.

    Args:
        embedding: the model's, which stays its own and is trained along; it must have rows for all
            ids below the scene range.
        tok: a tokenizer with scene ids.
        seed: of the small rows of markers, forms and frames; the others begin as 0.
    """

    def __init__(self, embedding: nn.Embedding, tok: HyperTokenizer, *, seed: int = 0) -> None:
        super().__init__()
        lexicon, layout = tok.lexicon, tok.layout
        self.embedding = embedding
        self.first = layout.first_scene
        ids, said = scene_spellings(tok, tok.encode)
        lengths = np.concatenate([np.zeros(lexicon.first_frame, np.int64), said])
        of_scene, rows = _small_rows(tok)
        for name, table in (
            ("spelled", ids),
            ("lengths", lengths),
            ("starts", np.cumsum(lengths) - lengths),
            ("small_row", of_scene),
        ):
            self.register_buffer(name, torch.from_numpy(table), persistent=False)
        weight = embedding.weight
        self.small = nn.Embedding(rows, weight.shape[1], device=weight.device, dtype=weight.dtype)
        with torch.no_grad():
            drawn = torch.randn(
                self.small.weight.shape, generator=torch.Generator().manual_seed(seed)
            )
            self.small.weight.copy_(drawn * weight.std().cpu())
            self.small.weight[lexicon.first_lexeme :] = 0  # words begin as what spells them
        self.to(weight.device)

    spelled: Tensor
    lengths: Tensor
    starts: Tensor
    small_row: Tensor

    def forward(self, ids: Tensor) -> Tensor:
        """Vectors of ids, int64 [...]: float [..., width]."""
        is_scene = ids >= self.first
        found: Tensor = self.embedding(ids.masked_fill(is_scene, 0))
        codes = ids[is_scene] - self.first
        if not len(codes):
            return found
        return found.masked_scatter(is_scene[..., None], self._scenes(codes).to(found.dtype))

    def _scenes(self, codes: Tensor) -> Tensor:
        lengths = self.lengths[codes]
        begins = lengths.cumsum(0) - lengths
        shift = torch.repeat_interleave(self.starts[codes] - begins, lengths)
        members = self.spelled[torch.arange(len(shift), device=codes.device) + shift]
        means: Tensor = nn.functional.embedding_bag(
            members, self.embedding.weight, begins, mode="mean"
        )
        small: Tensor = self.small(self.small_row[codes])
        return means + small


def _small_rows(tok: HyperTokenizer) -> tuple[NDArray[np.int64], int]:
    """For each scene id the number of its small row, int64 [scene ids], and how many there are."""
    lexicon = tok.lexicon
    first, size = lexicon.first_lexeme, tok.layout.scene_size
    rows = np.arange(size)
    of_kind = {kind: first + place for place, kind in enumerate(KINDS)}
    unframed = first + len(KINDS)
    for code in range(first, size):
        frame, items = lexicon.members(code)
        if code < lexicon.first_hyperlexeme:
            rows[code] = of_kind[items[0].lexeme.kind]
        else:
            rows[code] = unframed if frame is None else lexicon.frame_codes[frame]
    return rows, unframed + 1
