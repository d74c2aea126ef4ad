"""Token Distillation: new rows learn to do what the base ids that they stand for do.

K. Dobler, D. Elliott, G. de Melo, *Token Distillation: Attention-aware Input Embeddings For New
Tokens*, 2025, arXiv:2505.20133. The teacher is the model on base ids, the student the same model on
hypertokens. `expand` says exactly where both have read the same text, and there, from the first
hypertoken on, the student's hidden state y is to be the teacher's x: the mean of |y - x|² / |x|².

Output rows learn by the next-token loss, as in the paper: the cross-entropy of the ids that
follow, base ids and hypertokens, over the whole vocabulary. Only rows of hypertokens move.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from hyperlex.errors import ConfigError
from hyperlex.model.extend import RECORD_KEY, Ends, find_ends, require_extended
from hyperlex.model.new_rows import NewRows
from hyperlex.model.snippets import Texts, select_snippets
from hyperlex.tokenizer.hyper import HyperTokenizer

SNIPPETS_PER_TOKEN = 100
WINDOW = 64
BATCH = 16
LEARNING_RATE = 0.03

_LOGITS = 2**27
"""How many logits of the student are held at once: 512 MiB in float32, some four times over."""
_WARM_UP, _FLOOR = 0.05, 0.05
_OVERFLOWS = 30
"""So many steps in float16 that all overflow are enough to give up: the scale halves at each."""
_LOSS_SCALE = 2.0**10
"""Of float16 at first; the scaler's own beginning of 2**16 would throw away some first steps."""


@dataclass(frozen=True)
class DistillationResult:
    """What was done.

    Attributes:
        steps: optimiser steps; `skipped` of them left the rows alone, for a gradient overflowed
            (float16 only).
        snippets: of text.
        tokens: read by the student, a hypertoken counted as one; `base_tokens`: by the teacher.
        hypertokens: how many were met, of `of_hypertokens`. The others learned only where they are
            not to be predicted.
        hidden_error: the mean relative squared error of hidden states, over the first tenth of the
            steps and over the last.
        prediction_loss: nats a token of the student, likewise.
        seconds: of the whole.
    """

    steps: int
    skipped: int
    snippets: int
    tokens: int
    base_tokens: int
    hypertokens: int
    of_hypertokens: int
    hidden_error: tuple[float, float]
    prediction_loss: tuple[float, float]
    seconds: float


def distil_rows(
    model: Any,
    tok: HyperTokenizer,
    texts: Texts,
    *,
    snippets_per_token: int = SNIPPETS_PER_TOKEN,
    steps: int | None = None,
    epochs: int = 1,
    window: int = WINDOW,
    batch: int = BATCH,
    learning_rate: float = LEARNING_RATE,
    layer: int = -1,
    hidden_weight: float = 1.0,
    seed: int = 0,
    told: Callable[[str, int, int | None], None] | None = None,
) -> DistillationResult:
    """Teach, in place, the rows of hypertokens of a model that `extend_model` extended by `tok`.

    All other weights keep every bit and get no gradient, so a body in 4 or 8 bits will do. The rows
    begin as they are and learn in float32, whatever the model's type, with two moments of Adam
    beside: 16 bytes a number. `model.config.hyperlex` gets a `distillation` that says what was
    done. The same texts, seed, device and versions give the same rows.

    Args:
        model: in the mode and on the device that it has; dropout is off meanwhile.
        texts: what `hyperlex.train_codebook` reads. They stream; see `select_snippets`.
        snippets_per_token: enough for one hypertoken.
        steps: at most so many. None: as many as the snippets and `epochs` ask for.
        epochs: how often each snippet is read.
        window: base ids in a snippet, at most.
        batch: snippets in a step.
        learning_rate: of Adam at its highest, as a share of the root mean square of the base rows:
            it does not depend on the model's scale.
        layer: which hidden states agree, an index into `hidden_states`: -1 those that the head
            reads, 0 the embeddings.
        hidden_weight: of the error of hidden states, beside the next-token loss. 0 is plain
            training of rows.
        seed: of the order of texts and snippets.
        told: progress: stage, how far, end if known.

    Raises:
        ConfigError: a number out of range, a model that cannot be extended, texts without a
            hypertoken, a loss or gradients that are not finite. The rows are then as they were.
        VocabularyError: a model that was not extended by `tok`.
        Otherwise as `hyperlex.train_codebook` for what cannot be read.
    """
    began = time.monotonic()
    _check(snippets_per_token, steps, epochs, window, batch, learning_rate, hidden_weight)
    require_extended(model, tok)
    ends = find_ends(model)
    layers = model.config.get_text_config().num_hidden_layers + 1
    if not -layers <= layer < layers:
        raise ConfigError(
            f"layer={layer}: {type(model).__name__} has {layers} hidden states, -{layers} to "
            f"{layers - 1} were expected. -1 is what the head reads."
        )
    start = _start_id(model, tok)
    positions = getattr(model.config.get_text_config(), "max_position_embeddings", None) or window
    room = min(window, positions - len(start))
    most = None if steps is None else -(-steps // epochs) * batch
    snippets = select_snippets(
        tok, texts, per_token=snippets_per_token, window=room, most=most, seed=seed, told=told
    )
    if not len(snippets):
        raise ConfigError(
            "The texts show no hypertoken of this tokenizer. Texts like those that its codebook "
            "was trained on were expected."
        )
    ahead = -(-len(snippets) // batch) * epochs
    total = ahead if steps is None else min(steps, ahead)
    with torch.inference_mode(False), torch.enable_grad(), _at_rest(model):
        rows = NewRows.of(ends, tok)
        groups = rows.groups(ends, tok.layout.base_size, learning_rate)
        optimizer = torch.optim.Adam(groups, betas=(0.9, 0.95))
        device = ends.embedding.weight.device
        half = model.dtype == torch.float16
        scaler = torch.amp.GradScaler(device.type, init_scale=_LOSS_SCALE, enabled=half)
        log: list[tuple[float, float]] = []
        skipped = tokens = base_tokens = 0
        for step, picked in enumerate(_picked(len(snippets), batch, epochs, seed)):
            if step == total:
                break
            pair = _Pair.of([snippets[index] for index in picked], tok, start, device)
            log.append(_backward(model, ends, rows, pair, layer, hidden_weight, scaler))
            if not half and not np.isfinite(log[-1]).all():
                raise ConfigError(
                    f"The loss is {log[-1]} at step {step}: finite numbers were expected. Pass a "
                    f"smaller learning_rate than {learning_rate}."
                )
            for group in optimizer.param_groups:
                group["lr"] = group["highest"] * _pace(step, total)
            scale = scaler.get_scale()
            scaler.step(optimizer)
            scaler.update()
            skipped += scaler.get_scale() < scale
            if skipped == step + 1 == min(total, _OVERFLOWS):
                raise ConfigError(
                    f"The gradients of {type(model).__name__} overflow float16 at every step. Load "
                    "it in bfloat16 or float32 (dtype=torch.bfloat16), and distil that."
                )
            optimizer.zero_grad(set_to_none=True)
            tokens, base_tokens = tokens + pair.tokens, base_tokens + pair.base_tokens
            if told is not None:
                told("distilling", step + 1, total)
        rows.write(ends)
    tenth = max(1, total // 10)
    first, last = np.nanmean(log[:tenth], axis=0), np.nanmean(log[-tenth:], axis=0)
    result = DistillationResult(
        steps=total,
        skipped=skipped,
        snippets=len(snippets),
        tokens=tokens,
        base_tokens=base_tokens,
        hypertokens=int((snippets.shown > 0).sum()),
        of_hypertokens=tok.layout.hyper_size,
        hidden_error=(float(first[0]), float(last[0])),
        prediction_loss=(float(first[1]), float(last[1])),
        seconds=time.monotonic() - began,
    )
    record = {"steps": total, "base_tokens": base_tokens, "hypertokens": result.hypertokens}
    setattr(model.config, RECORD_KEY, getattr(model.config, RECORD_KEY) | {"distillation": record})
    return result


def _check(
    per_token: int,
    steps: int | None,
    epochs: int,
    window: int,
    batch: int,
    rate: float,
    hidden_weight: float,
) -> None:
    counts = {"snippets_per_token": per_token, "steps": steps, "epochs": epochs, "batch": batch}
    for name, value in counts.items():
        if value is not None and value < 1:
            raise ConfigError(f"{name}={value}: a whole number of at least 1 was expected.")
    if window < 4:
        raise ConfigError(
            f"window={window}: at least 4 base ids were expected, so that something follows a "
            "hypertoken."
        )
    if not 0 < rate < float("inf"):
        raise ConfigError(
            f"learning_rate={rate}: a number above 0 was expected, as a share of the root mean "
            f"square of the base rows. The default is {LEARNING_RATE}."
        )
    if not 0 <= hidden_weight < float("inf"):
        raise ConfigError(f"hidden_weight={hidden_weight}: 0 or more was expected.")


def _start_id(model: Any, tok: HyperTokenizer) -> list[int]:
    """What a text begins with for this model: without it, its first token is read as one."""
    index = getattr(model.config.get_text_config(), "bos_token_id", None)
    return [index] if isinstance(index, int) and 0 <= index < tok.layout.base_size else []


def _picked(snippets: int, batch: int, epochs: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Indices of the snippets of each step, every epoch in an order of its own."""
    random = np.random.default_rng(seed)
    for _ in range(epochs):
        order = random.permutation(snippets)
        yield from (order[start : start + batch] for start in range(0, snippets, batch))


def _pace(step: int, total: int) -> float:
    """The share of the learning rate at `step`: up in 5 % of the steps, then down in a line."""
    rising = (step + 1) / max(1.0, _WARM_UP * total)
    return min(1.0, rising, max(_FLOOR, 1 - step / total))


@contextmanager
def _at_rest(model: Any) -> Iterator[None]:
    """No dropout and no gradient for any weight; as it was afterwards."""
    training = [module for module in model.modules() if module.training]
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    model.eval()
    model.requires_grad_(False)
    try:
        yield
    finally:
        for module in training:
            module.training = True
        for parameter in learning:
            parameter.requires_grad_(True)


@dataclass(frozen=True, eq=False)
class _Pair:
    """Snippets as student and teacher read them, padded on the right.

    Args:
        ids: int64 [B, S] of the student; base: int64 [B, T] of the teacher.
        last: int64 [B, S], where in `base` each id of `ids` ends.
        real: bool [B, S], what is no padding.
        taught: bool [B, S], real and not before the first hypertoken.
    """

    ids: Tensor
    base: Tensor
    last: Tensor
    real: Tensor
    taught: Tensor
    tokens: int
    base_tokens: int

    @classmethod
    def of(
        cls,
        snippets: list[NDArray[np.int32]],
        tok: HyperTokenizer,
        start: list[int],
        device: torch.device,
    ) -> _Pair:
        ids = [[*start, *snippet.tolist()] for snippet in snippets]
        base = [tok.expand(row) for row in ids]
        lengths = np.ones(tok.layout.first_scene, np.int64)
        lengths[tok.layout.base_size :] = tok.codebook.lengths
        last = [np.cumsum(lengths[row]) - 1 for row in ids]
        student = _padded(ids)
        real = _padded([[1] * len(row) for row in ids]).bool()
        taught = real & ((student >= tok.layout.base_size).cumsum(1) > 0)
        return cls(
            ids=student.to(device),
            base=_padded(base).to(device),
            last=_padded(last).to(device),
            real=real.to(device),
            taught=taught.to(device),
            tokens=sum(map(len, ids)),
            base_tokens=sum(map(len, base)),
        )

    def parts(self, rows: int) -> Iterator[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]]:
        """The same, `rows` snippets at a time."""
        for start in range(0, len(self.ids), rows):
            part = slice(start, start + rows)
            yield (
                self.ids[part],
                self.base[part],
                self.last[part],
                self.real[part],
                self.taught[part],
            )


def _padded(rows: list[Any]) -> Tensor:
    """int64 [rows, longest], zeros on the right: no causal model looks there."""
    return nn.utils.rnn.pad_sequence(
        [torch.as_tensor(row, dtype=torch.int64) for row in rows], batch_first=True
    )


def _backward(
    model: Any,
    ends: Ends,
    rows: NewRows,
    pair: _Pair,
    layer: int,
    weight: float,
    scaler: torch.amp.GradScaler,
) -> tuple[float, float]:
    """Gradients of one step; the two losses."""
    taught, predicted = int(pair.taught.sum()), int(pair.real[:, 1:].sum())
    at_once = max(1, _LOGITS // (pair.ids.shape[1] * ends.head.weight.shape[0]))
    hidden_sum = prediction_sum = 0.0
    for ids, base, last, real, seen in pair.parts(at_once):
        with torch.no_grad():
            states = model.base_model(input_ids=base, use_cache=False, output_hidden_states=True)
            there = last[..., None].expand(-1, -1, states[0].shape[-1])
            target = states.hidden_states[layer].gather(1, there).float()
        with rows.in_place(ends):
            out = model(input_ids=ids, use_cache=False, output_hidden_states=True)
        found = out.hidden_states[layer].float()
        error = (found - target).square().sum(-1) / target.square().sum(-1).clamp_min(1e-12)
        hidden = (error * seen).sum() / taught
        loss = F.cross_entropy(
            out.logits[:, :-1].float().transpose(1, 2), ids[:, 1:], reduction="none"
        )
        prediction = (loss * real[:, 1:]).sum() / predicted
        scaler.scale(weight * hidden + prediction).backward()
        hidden_sum += hidden.item()
        prediction_sum += prediction.item()
    return hidden_sum, prediction_sum
