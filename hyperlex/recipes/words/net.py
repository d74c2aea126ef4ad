"""The torch twin of `hyperlex.word.network`: the same function, with gradients and dropout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from torch import Tensor, nn

from hyperlex.word.features import ROWS
from hyperlex.word.labels import GROUPS, RELATIONS
from hyperlex.word.network import REACH

BAG = 128
"""Width of the table of features, the same for every shape, so that nets can inherit it."""


@dataclass(frozen=True)
class Shape:
    """How large a net is.

    Attributes:
        width: of the words' vectors.
        arc, label: of the vectors between which arcs and relations are judged.
        layers: dilations of the convolutions; 0 is self-attention.
        heads: of self-attention; they divide `width`.
    """

    width: int
    arc: int
    label: int
    layers: tuple[int, ...] = (1, 1, 0, 2, 4, 0, 1)
    heads: int = 4


TEACHER = Shape(256, 96, 64)
STUDENT = Shape(128, 64, 32)
"""What ships. The time of a short sentence goes with the number of weights that it is multiplied
with: 0.7 million against a teacher's 2.8.
"""


@dataclass(frozen=True)
class Batch:
    """Sentences side by side; `B` of them, the longest of `T` words, `U` different spellings.

    Attributes:
        rows, offsets, weights: the feature bags of the spellings, as `embedding_bag` takes them.
        meanings: `[U]`, rows of the table of lemma vectors.
        words: `[B, T]`, the place of each word's spelling among the `U`.
        mask: `[B, T]`, 1.0 for words, 0.0 for filling.
    """

    rows: Tensor
    offsets: Tensor
    weights: Tensor
    meanings: Tensor
    words: Tensor
    mask: Tensor


@dataclass(frozen=True)
class Outputs:
    """Logits of all heads: tags `[B, T, K]`, breaks `[B, T]`, arcs `[B, T, T]` (diagonal = root),
    and the words as dependents and governors, `[B, T, L]` each.
    """

    tags: Tensor
    breaks: Tensor
    arcs: Tensor
    dependents: Tensor
    governors: Tensor


class SharedDropout(nn.Module):
    """Dropout with one mask for all words of a sentence (Gal & Ghahramani 2016): cheaper, and
    better for sequences.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2]) > self.p
        dropped: Tensor = x * kept.to(x.dtype) / (1 - self.p)
        return dropped


class Convolution(nn.Module):
    def __init__(self, width: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.linear = nn.Linear(3 * width, 2 * width)
        self.dropout = SharedDropout(dropout)
        self.dilation = dilation

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        y = self.norm(x) * mask[..., None]
        far = self.dilation
        padded = functional.pad(y, (0, 0, far, far))
        length = y.shape[1]
        near = torch.cat((padded[:, :length], y, padded[:, 2 * far :]), -1)
        out: Tensor = x + self.dropout(functional.glu(self.linear(near), -1))
        return out


class Attention(nn.Module):
    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * REACH + 1))
        self.dropout = SharedDropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.qkv(self.norm(x)).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = q @ k.transpose(-1, -2) / math.sqrt(width // self.heads)
        scores = scores + self.bias[:, _distances(length)] + (1 - mask[:, None, None]) * -1e4
        mixed = torch.softmax(scores, -1) @ v
        out = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        added: Tensor = x + self.dropout(out)
        return added


class Net(nn.Module):
    """See `hyperlex.word.network.Network`.

    Args:
        meanings: `[L, V]`, vectors of lemmas; not trained, for text will have lemmas that the trees
            do not.
        dropout: in every block.
        shape: its sizes.
        withheld: while it trains, shares of spellings, of meanings and of whole words that it has
            to do without, so that none is relied on alone.
    """

    def __init__(
        self,
        meanings: NDArray[np.float32],
        dropout: float,
        shape: Shape = TEACHER,
        withheld: tuple[float, float, float] = (0.05, 0.15, 0.06),
    ) -> None:
        super().__init__()
        self.shape = shape
        self.withheld = withheld
        width, arc, label = shape.width, shape.arc, shape.label
        table = torch.from_numpy(np.concatenate((meanings, np.zeros_like(meanings[:1]))))
        self.meanings = nn.Parameter(table, requires_grad=False)
        self.table = nn.Embedding(ROWS, BAG, sparse=True)
        nn.init.normal_(self.table.weight, 0, 0.05)
        self.input = nn.Linear(BAG + meanings.shape[1], width)
        self.masked = nn.Parameter(torch.randn(width) * 0.1)
        self.blocks = nn.ModuleList(
            Convolution(width, layer, dropout) if layer else Attention(width, shape.heads, dropout)
            for layer in shape.layers
        )
        self.norm = nn.LayerNorm(width)
        self.dropout = SharedDropout(dropout)
        self.tags = nn.Linear(width, sum(GROUPS))
        self.breaks = nn.Linear(3 * width, 1)
        self.arc = nn.Linear(width, 2 * arc)
        self.arc_u = nn.Parameter(torch.randn(arc, arc) / arc)
        self.arc_head = nn.Linear(arc, 1)
        self.arc_distance = nn.Parameter(torch.zeros(2 * REACH + 1))
        self.label = nn.Linear(width, 2 * label)
        self.label_u = nn.Parameter(torch.randn(len(RELATIONS), label, label) / label)
        self.label_both = nn.Linear(2 * label, len(RELATIONS))

    def encode(self, batch: Batch, hidden: Tensor | None = None) -> Tensor:
        """`[B, T, D]`; `hidden`, `[B, T]` bool, are words to mask."""
        bag = functional.embedding_bag(
            batch.rows, self.table.weight, batch.offsets, mode="sum", sparse=True,
            per_sample_weights=batch.weights,
        )  # fmt: skip
        meaning = self.meanings[batch.meanings]
        if self.training:
            bag = bag * (torch.rand(len(bag), 1) > self.withheld[0])
            meaning = meaning * (torch.rand(len(meaning), 1) > self.withheld[1])
        spellings = self.input(torch.cat((bag, meaning), -1))
        x = functional.embedding(batch.words, spellings)
        if hidden is None and self.training:
            hidden = torch.rand(batch.words.shape) < self.withheld[2]
        if hidden is not None:
            x = torch.where(hidden[..., None], self.masked.to(x.dtype), x)
        x = x * batch.mask[..., None]
        for block in self.blocks:
            x = block(x, batch.mask)
        h: Tensor = self.dropout(self.norm(x))
        return h

    def read(self, h: Tensor, mask: Tensor) -> Outputs:
        """All heads but that of relations, which needs the tree."""
        before = functional.pad(h[:, :-1], (0, 0, 1, 0))
        counts = torch.arange(1, h.shape[1] + 1)[None, :, None]
        mean = (h * mask[..., None]).cumsum(1) / counts
        breaks = self.breaks(torch.cat((h, before, mean), -1))[..., 0]
        dependents, governors = functional.leaky_relu(self.arc(h), 0.1).chunk(2, -1)
        arcs = dependents @ self.arc_u @ governors.transpose(1, 2)
        arcs = arcs + self.arc_head(governors).transpose(1, 2)
        arcs = arcs + self.arc_distance[_distances(h.shape[1])] + (1 - mask[:, None]) * -1e4
        labels = functional.leaky_relu(self.label(h), 0.1).chunk(2, -1)
        return Outputs(self.tags(h), breaks, arcs, *labels)

    def relations(self, outputs: Outputs, heads: Tensor) -> Tensor:
        """`[B, T, R]`, logits of the relation between each word and its head."""
        places = heads[..., None].expand(-1, -1, self.shape.label)
        governors = torch.gather(outputs.governors, 1, places)
        mixed = torch.einsum("btd,rde,bte->btr", outputs.dependents, self.label_u, governors)
        both = self.label_both(torch.cat((outputs.dependents, governors), -1))
        logits: Tensor = mixed + both
        return logits

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The weights by the names of the numpy twin, matrices as `[in, out]`."""
        named: dict[str, Tensor] = {
            "table": self.table.weight, "meanings": self.meanings,
            "arc.u": self.arc_u, "arc.distance": self.arc_distance, "label.u": self.label_u,
        }  # fmt: skip
        linear = {
            "input": self.input, "tags": self.tags, "break": self.breaks, "arc": self.arc,
            "label.in": self.label, "label": self.label_both,
        }  # fmt: skip
        norms: dict[str, Any] = {"norm": self.norm}
        for k, block in enumerate(self.blocks):
            norms[f"block{k}.norm"] = block.norm
            if isinstance(block, Convolution):
                linear[f"block{k}"] = block.linear
            elif isinstance(block, Attention):
                linear |= {f"block{k}.qkv": block.qkv, f"block{k}.out": block.out}
                named[f"block{k}.bias"] = block.bias
        for name, layer in linear.items():
            named |= {f"{name}.w": layer.weight.T, f"{name}.b": layer.bias}
        for name, norm in norms.items():
            named |= {f"{name}.w": norm.weight, f"{name}.b": norm.bias}
        named |= {"arc.head": self.arc_head.weight.T, "arc.head.b": self.arc_head.bias}
        return {name: np.ascontiguousarray(t.detach().float().numpy()) for name, t in named.items()}


def _distances(length: int) -> Tensor:
    places = torch.arange(length)
    return (places[None] - places[:, None]).clamp(-REACH, REACH) + REACH


def groups(tags: Tensor) -> Sequence[Tensor]:
    """The tag logits of each group: part of speech, then each feature."""
    return torch.split(tags, list(GROUPS), -1)
