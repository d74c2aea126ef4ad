"""Many prompts at once: what a model writes after each, and how likely it finds given answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from hyperlex.errors import ConfigError
from hyperlex.model.generate import end_ids, padding_id, positions_of

BATCH = 8

Told = Callable[[int], None]
"""Called with how many prompts are done."""


def complete(
    model: Any,
    prompts: Sequence[Sequence[int]],
    max_new_tokens: int | Sequence[int],
    *,
    batch: int = BATCH,
    told: Told | None = None,
    **options: Any,
) -> list[list[int]]:
    """What the model writes after each prompt, without the id that ends it.

    Prompts of like length go together, padded on the left. Rounding may differ by the batch, so of
    two ids that are all but equally likely another may be taken than with `batch=1`.

    Args:
        prompts: ids, none of them empty, each short enough to leave room.
        max_new_tokens: for all, or for each.
        options: of transformers' `generate`; greedy where they do not say otherwise.

    Raises:
        ConfigError: a prompt that leaves no room for an answer.
    """
    wanted = [max_new_tokens] * len(prompts) if isinstance(max_new_tokens, int) else max_new_tokens
    limit = positions_of(model)
    for number, prompt in enumerate(prompts, 1):
        check_fits(number, len(prompt), 1, limit)
    ends, padding = end_ids(model), padding_id(model)
    device = model.get_input_embeddings().weight.device
    answers: list[list[int]] = [[] for _ in prompts]
    done = 0
    for members in _batches([*map(len, prompts)], wanted, limit, batch):
        width = max(len(prompts[n]) for n in members)
        rows = [[padding] * (width - len(prompts[n])) + list(prompts[n]) for n in members]
        mask = [[0] * (width - len(prompts[n])) + [1] * len(prompts[n]) for n in members]
        most = max(wanted[n] for n in members)
        if limit is not None:
            most = min(most, limit - width)
        out = model.generate(
            input_ids=torch.tensor(rows, device=device),
            attention_mask=torch.tensor(mask, device=device),
            max_new_tokens=most,
            pad_token_id=padding,
            **{"do_sample": False, **options},
        )
        for n, row in zip(members, out[:, width:].tolist(), strict=True):
            stop = next((place for place, index in enumerate(row) if index in ends), len(row))
            answers[n] = row[: min(stop, wanted[n])]
        done += len(members)
        if told is not None:
            told(done)
    return answers


def _batches(
    lengths: Sequence[int], wanted: Sequence[int], limit: int | None, batch: int
) -> list[list[int]]:
    """Prompts of like length together; apart where padding would take room that one of them needs
    for its answer."""
    batches: list[list[int]] = []
    needed = 0
    for n in sorted(range(len(lengths)), key=lambda n: (lengths[n], n)):
        room = None if limit is None else limit - lengths[n]
        if not batches or len(batches[-1]) == batch or (room is not None and needed > room):
            batches.append([])
            needed = 0
        batches[-1].append(n)
        needed = max(needed, wanted[n] if room is None else min(wanted[n], room))
    return batches


def answer_bits(
    model: Any, prompt: Sequence[int], answers: Sequence[Sequence[int]], *, batch: int = BATCH
) -> list[float]:
    """Bits that the model needs for each answer after the prompt: -log2 p, summed over its ids.

    Raises:
        ConfigError: an empty prompt or answer; prompt and answer together longer than the model's
            positions.
    """
    if not prompt or not all(answers):
        raise ConfigError("An empty prompt or answer: one id of each at least was expected.")
    for answer in answers:
        check_fits(None, len(prompt), len(answer), positions_of(model))
    device = model.get_input_embeddings().weight.device
    padding = padding_id(model)
    found: list[float] = []
    with torch.inference_mode():
        for start in range(0, len(answers), batch):
            members = answers[start : start + batch]
            width = max(map(len, members))
            # Padding stands on the right, behind all that is scored: nothing sees it.
            rows = [[*prompt, *answer, *[padding] * (width - len(answer))] for answer in members]
            inputs = torch.tensor(rows, device=device)
            logits = model(input_ids=inputs, use_cache=False).logits[:, len(prompt) - 1 : -1]
            loss = F.cross_entropy(
                logits.float().transpose(1, 2), inputs[:, len(prompt) :], reduction="none"
            )
            for row, answer in zip(loss.double().cpu(), members, strict=True):
                found.append(float(row[: len(answer)].sum()) / math.log(2))
    return found


def check_fits(number: int | None, prompt: int, answer: int, limit: int | None) -> None:
    """Raise `ConfigError` where prompt and answer are more than the model can see."""
    if limit is not None and prompt + answer > limit:
        which = "A prompt" if number is None else f"Prompt {number}"
        raise ConfigError(
            f"{which} has {prompt} tokens, its answer {answer} or more, and the model sees "
            f"{limit}. Shorten it, or let long prompts lose their beginning: --cut-prompts."
        )
