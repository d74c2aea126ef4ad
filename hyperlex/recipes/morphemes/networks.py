"""The networks in torch: large ones that see the evidence, and the small one that is shipped.

Both read the letters of many words as one sequence with an empty place between words; a padded
batch would be half padding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from hyperlex.morpheme.labels import CLASSES
from hyperlex.morpheme.letters import ALPHABET
from hyperlex.morpheme.network import REACH, RUNS, Weights, letter_ids, run_rows
from hyperlex.recipes.morphemes.data import BEGINS, CONTINUES
from hyperlex.recipes.morphemes.evidence import FEATURES

MIX = 0x9E3779B97F4A7C15
_RNG = np.random.default_rng(20)
MULTIPLIERS = _RNG.integers(1, 1 << 63, (2 * REACH, RUNS), dtype=np.uint64) | np.uint64(1)
SALTS = _RNG.integers(1, 1 << 63, RUNS, dtype=np.uint64)
# A column is the run of `column + 2` letters from a place on, or of so many less five before it.
for _column in range(RUNS):
    _size = _column % (RUNS // 2) + 2
    _near = slice(REACH, REACH + _size) if _column < RUNS // 2 else slice(REACH - _size, REACH)
    _mask = np.zeros(2 * REACH, bool)
    _mask[_near] = True
    MULTIPLIERS[~_mask, _column] = 0


@dataclass(frozen=True)
class TeacherConfig:
    """A large network. Dropped runs and features keep it from leaning on what it remembers.

    They make it slow to learn: with fewer epochs than this, or with even more dropped, it is worse.
    `unrelated` is the share of words that see the votes of an unknown root.
    """

    bits: int = 16
    depth: int = 64
    width: int = 160
    layers: int = 4
    dropped_runs: float = 0.75
    dropout: float = 0.3
    unrelated: float = 0.1
    epochs: int = 10
    rate: float = 2e-3
    batch: int = 256


@dataclass(frozen=True)
class StudentConfig:
    """The network that is shipped: `2**bits * depth` bytes of memory, the rest is small."""

    bits: int = 15
    depth: int = 48
    width: int = 128
    layers: int = 4
    dropped_runs: float = 0.25
    epochs: float = 6
    rate: float = 3e-3
    batch: int = 256


class Letters:
    """Words as one sequence of letters, an empty place (id 0) before, between and after them.

    Attributes:
        ids: `(places,)`; rows: `(places, RUNS)` hashes of runs, of 16 bits or the table's.
        starts, lengths: of each word.
        filled: the places that hold letters, in order.
    """

    def __init__(self, words: Sequence[str], bits: int) -> None:
        self.lengths = np.array([len(word) for word in words])
        self.starts = np.cumsum(self.lengths + 1) - self.lengths
        self.ids = np.zeros(int(self.lengths.sum()) + len(words) + 1, np.int64)
        letters = np.array([i for word in words for i in letter_ids(word)], np.int64)
        which = np.repeat(np.arange(len(words)), self.lengths)
        offsets = np.arange(len(letters)) - (np.cumsum(self.lengths) - self.lengths)[which]
        self.filled = self.starts[which] + offsets
        self.ids[self.filled] = letters
        windows = np.zeros((len(letters), 2 * REACH), np.uint64)
        for near in range(2 * REACH):
            other = offsets + near - REACH
            inside = (other >= 0) & (other < self.lengths[which])
            windows[inside, near] = letters[np.flatnonzero(inside) + near - REACH]
        self.rows = np.zeros((len(self.ids), RUNS), np.int32)
        self.rows[self.filled] = run_rows(windows, MULTIPLIERS, SALTS, MIX, bits)

    def places(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of these words, each with the empty one before it, and an empty one last."""
        sizes = self.lengths[words] + 1
        begin = np.repeat(self.starts[words] - 1 - (np.cumsum(sizes) - sizes), sizes)
        return np.concatenate([begin + np.arange(int(sizes.sum())), [0]])


class Block(nn.Module):
    """A residual convolution of width three. `x`: `(places, width)`; `inside`: 1 on letters."""

    def __init__(self, width: int, normed: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width) if normed else nn.Identity()
        self.near = nn.Linear(3 * width, width)
        if not normed:
            nn.init.normal_(self.near.weight, std=(3 * width) ** -0.5)
            nn.init.zeros_(self.near.bias)

    def forward(self, x: Tensor, inside: Tensor) -> Tensor:
        on = F.relu(self.norm(x)) * inside
        edged = F.pad(on, (0, 0, 1, 1))
        done: Tensor = x + self.near(torch.cat([edged[:-2], on, edged[2:]], 1))
        return done


class Teacher(nn.Module):
    """Letters, runs and evidence to a score per class."""

    def __init__(self, config: TeacherConfig) -> None:
        super().__init__()
        self.config = config
        self.letters = nn.Embedding(len(ALPHABET) + 2, 64)
        self.runs = nn.Embedding(1 << config.bits, config.depth)
        nn.init.normal_(self.runs.weight, std=0.05)
        self.project = nn.Linear(2 * config.depth + 64, config.width)
        self.evidence = nn.Linear(FEATURES, config.width)
        self.blocks = nn.ModuleList(Block(config.width, True) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.out = nn.Linear(config.width, CLASSES)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, ids: Tensor, rows: Tensor, evidence: Tensor) -> Tensor:
        inside = (ids > 0).float()[:, None]
        sums = _summed(self.runs(rows), self.config.dropped_runs if self.training else 0.0)
        x = self.project(torch.cat([sums, self.letters(ids)], 1)) + self.evidence(evidence)
        x = self.dropout(x) * inside
        for block in self.blocks:
            x = block(x, inside)
        scores: Tensor = self.out(F.relu(self.norm(x)))
        return scores.float()


class Student(nn.Module):
    """What `hyperlex.morpheme.network` computes."""

    def __init__(self, config: StudentConfig) -> None:
        super().__init__()
        self.config = config
        self.letters = nn.Embedding(len(ALPHABET) + 2, config.width)
        nn.init.normal_(self.letters.weight, std=0.5)
        self.runs = nn.Embedding(1 << config.bits, config.depth)
        nn.init.normal_(self.runs.weight, std=0.1)
        self.project = nn.Linear(2 * config.depth, config.width, bias=False)
        self.blocks = nn.ModuleList(Block(config.width, False) for _ in range(config.layers))
        self.out = nn.Linear(config.width, CLASSES)

    def forward(self, ids: Tensor, rows: Tensor) -> Tensor:
        inside = (ids > 0).float()[:, None]
        sums = _summed(self.runs(rows), self.config.dropped_runs if self.training else 0.0)
        x = self.project(sums) + self.letters(ids)
        for block in self.blocks:
            x = block(x, inside)
        scores: Tensor = self.out(F.relu(x))
        return scores.float()

    @torch.no_grad()
    def weights(self) -> Weights:
        """The parameters as the numpy network wants them, the runs in 8 bits."""
        runs = self.runs.weight.numpy()
        # A few large entries would cost all others their precision.
        scale = float(np.quantile(np.abs(runs), 0.9999)) / 127
        return Weights(
            MULTIPLIERS,
            SALTS,
            MIX,
            np.clip(np.rint(runs / scale), -127, 127).astype(np.int8),
            np.ascontiguousarray(self.project.weight.numpy().T * np.float32(scale)),
            self.letters.weight.numpy(),
            tuple(
                (np.ascontiguousarray(near.weight.numpy().T), near.bias.numpy())
                for block in self.blocks
                if isinstance(near := block.near, nn.Linear)
            ),
            (np.ascontiguousarray(self.out.weight.numpy().T), self.out.bias.numpy()),
        )


def _summed(runs: Tensor, dropped: float) -> Tensor:
    """`(places, RUNS, depth)` to `(places, 2 * depth)`: the runs that begin, those that end."""
    if dropped:
        kept = (torch.rand(runs.shape[:2]) > dropped).float() / (1 - dropped)
        runs = runs * kept[..., None]
    half = RUNS // 2
    return torch.cat([runs[:, :half].sum(1), runs[:, half:].sum(1)], 1)


def label_loss(scores: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy; where only the boundary is known, of the sum over types. -1 is no letter."""
    logs = F.log_softmax(scores, 1)
    typed, begins, continues = labels >= 0, labels == BEGINS, labels == CONTINUES
    known = logs[typed].gather(1, labels[typed][:, None]).sum()
    known = known + torch.logsumexp(logs[begins][:, 0::2], 1).sum()
    known = known + torch.logsumexp(logs[continues][:, 1::2], 1).sum()
    return -known / (labels != -1).sum()


def share_loss(scores: Tensor, shares: Tensor, inside: Tensor) -> Tensor:
    """Cross-entropy with the shares `(places, CLASSES)` that the teachers gave."""
    logs = F.log_softmax(scores, 1)
    return -((shares * logs).sum(1) * inside).sum() / inside.sum()


def train(
    network: nn.Module,
    count: int,
    loss_of: Callable[[NDArray[np.int64]], Tensor],
    *,
    epochs: float,
    rate: float,
    batch: int,
    seed: int,
    told: Callable[[int, int, float], None],
) -> None:
    """AdamW with a warm-up and a cosine, over `count` words; `loss_of(words)` is a batch's loss."""
    rng = np.random.default_rng(seed)
    network.train()
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=rate, weight_decay=0.02, betas=(0.9, 0.98), fused=True
    )
    per_epoch = max(1, count // batch)
    steps = max(1, int(epochs * per_epoch))
    total = 0.0
    order = _order(rng, count)
    for step in range(steps):
        now = rate * min(1.0, (step + 1) / 200)
        now *= 0.02 + 0.49 * (1 + math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = now
        words = np.fromiter(order, np.int64, min(batch, count))
        with torch.autocast("cpu", torch.bfloat16):
            loss = loss_of(words)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        total += float(loss.detach())
        if (step + 1) % 200 == 0:
            told(step + 1, steps, total / 200)
            total = 0.0
    network.eval()


def _order(rng: np.random.Generator, count: int) -> Iterator[int]:
    while True:
        yield from rng.permutation(count).tolist()
