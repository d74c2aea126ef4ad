"""Rows of hypertokens that learn while all else of a model rests."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hyperlex.model.extend import Ends
from hyperlex.model.rows import BLOCK
from hyperlex.tokenizer.hyper import HyperTokenizer


@dataclass(frozen=True, eq=False)
class NewRows:
    """The rows that learn, in float32; of a tied model they are one tensor under two names.

    Args:
        first: the id of the first.
        reading, predicting: [hypertokens, width].
        bias: [hypertokens], where the head has one.
    """

    first: int
    reading: nn.Parameter
    predicting: nn.Parameter
    bias: nn.Parameter | None

    @classmethod
    def of(cls, ends: Ends, tok: HyperTokenizer) -> NewRows:
        span = slice(tok.layout.base_size, tok.layout.first_scene)

        def learning(table: Tensor) -> nn.Parameter:
            return nn.Parameter(table.data[span].float().clone())

        reading = learning(ends.embedding.weight)
        predicting = reading if ends.tied else learning(ends.head.weight)
        bias = None if ends.head.bias is None else learning(ends.head.bias)
        return cls(span.start, reading, predicting, bias)

    @property
    def span(self) -> slice:
        return slice(self.first, self.first + len(self.reading))

    def groups(self, ends: Ends, base: int, rate: float) -> list[dict[str, Any]]:
        """For Adam: each matrix with its rate, in the unit of its base rows."""
        pairs = [(self.reading, ends.embedding.weight)]
        if not ends.tied:
            pairs.append((self.predicting, ends.head.weight))
        if self.bias is not None:
            pairs.append((self.bias, ends.head.bias))
        return [{"params": [rows], "highest": rate * _size(table[:base])} for rows, table in pairs]

    def write(self, ends: Ends) -> None:
        for rows, table in (
            (self.reading, ends.embedding.weight),
            (self.predicting, ends.head.weight),
            (self.bias, ends.head.bias),
        ):
            if rows is not None:
                table.data[self.span] = rows.data.to(table.dtype)

    @contextmanager
    def in_place(self, ends: Ends) -> Iterator[None]:
        """The model reads and predicts by these rows meanwhile.

        By hooks, so that whatever it does with embeddings and logits besides (a scale, a soft cap)
        it does with these, too.
        """
        scale = getattr(ends.embedding, "embed_scale", 1.0)  # of transformers' scaled embeddings

        def read(_: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
            codes = inputs[0] - self.first
            new = (codes >= 0) & (codes < len(self.reading))
            rows = F.embedding(codes.clamp(0, len(self.reading) - 1), self.reading) * scale
            return torch.where(new[..., None], rows.to(output.dtype), output)

        def predict(_: nn.Module, inputs: tuple[Tensor], output: Tensor) -> Tensor:
            bias = None if self.bias is None else self.bias.to(output.dtype)
            new = F.linear(inputs[0], self.predicting.to(output.dtype), bias)
            parts = (output[..., : self.first], new, output[..., self.span.stop :])
            return torch.cat(parts, -1)

        hooks = (
            ends.embedding.register_forward_hook(read),
            ends.head.register_forward_hook(predict),
        )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _size(table: Tensor) -> float:
    """The root mean square of `table`; 1 where it is all zeros, as a fresh bias is."""
    step = max(1, BLOCK // max(1, table[0].numel()))
    blocks = (table[start : start + step] for start in range(0, len(table), step))
    squares = math.fsum(float(block.float().square().sum()) for block in blocks)
    return math.sqrt(squares / table.numel()) or 1.0
