"""Bits that a causal language model needs for a text, through a tokenizer that it has rows for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hyperlex.compat import require
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.hub import model_options, why

CONTEXT = 1_024
"""Tokens that a model sees at most, unless it can hold fewer."""


def load_model(name: str) -> Any:
    """A causal language model of transformers, ready to read: a directory or a hub id.

    Raises:
        ConfigError: nothing of that name that can be loaded here.
        MissingDependencyError: the extra `model` is not installed.
    """
    require("torch", "transformers", extra="model")
    import torch
    from transformers import AutoModelForCausalLM

    try:
        model: Any = AutoModelForCausalLM.from_pretrained(name, **model_options(name))
    except Exception as error:  # transformers raises a dozen kinds; they mean the same here
        raise ConfigError(
            f"{name!r} is neither a directory nor a hub id of a causal language model that can be "
            f"loaded here ({why(error)}). Check the spelling, or download it first and name its "
            "directory."
        ) from error
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()


def context_of(model: Any, context: int = CONTEXT) -> int:
    """How many tokens `model` sees at most: `context`, or fewer where its positions end before."""
    known = getattr(model.config, "max_position_embeddings", None)
    return min(context, known) if known else context


def bits(
    model: Any, ids: Sequence[int], *, context: int = CONTEXT, stride: int | None = None
) -> NDArray[np.float64]:
    """Bits that a model needs for each token of a text.

    Args:
        model: a causal language model of transformers.
        ids: the tokens of one text, without special tokens added.
        context: tokens that the model sees at most, the ones scored last included.
        stride: tokens that are scored in one window; half the context unless given. Each is scored
            once; in every window but the first, `context - stride` tokens or more stand before the
            first that is scored.

    Returns:
        float64 [T], -log2 p(token | tokens before it in the window). The first token is scored,
        too: after the model's `bos_token_id`, else its `eos_token_id`; a model that has neither
        pays log2 of its number of ids for it, for no token may be free.

    Raises:
        VocabularyError: an id that the model has no row for.
        ConfigError: a stride that is not between 1 and the context.
    """
    require("torch", extra="model")
    import torch

    context = context_of(model, context)
    stride = max(1, context // 2) if stride is None else stride
    if not 1 <= stride <= context:
        raise ConfigError(
            f"stride={stride}: a number from 1 to the context, {context}, was expected."
        )
    rows = model.get_input_embeddings().weight.shape[0]
    given = list(map(int, ids))
    if given and max(given) >= rows:
        raise VocabularyError(
            f"The tokenizer gives id {max(given)}, and the model has {rows} rows. Name the "
            "tokenizer that the model was extended for, or extend the model."
        )
    start = _start(model, rows)
    read = given if start is None else [start, *given]
    result = np.empty(max(0, len(read) - 1))
    with torch.inference_mode():
        for begin in range(0, len(read) - 1, stride):
            end = min(begin + stride, len(read) - 1)
            window = torch.tensor([read[max(0, end - context) : end]], device=model.device)
            logits = model(input_ids=window, use_cache=False).logits[0, begin - end :].float()
            wanted = torch.tensor(read[begin + 1 : end + 1], device=model.device)
            loss = torch.nn.functional.cross_entropy(logits, wanted, reduction="none")
            result[begin:end] = loss.double().cpu().numpy() / np.log(2)
    if start is None and given:
        result = np.concatenate([[np.log2(rows)], result])
    return result


def _start(model: Any, rows: int) -> int | None:
    """The id that begins a text, as generation has it; none that the model has no row for."""
    for name in ("bos_token_id", "eos_token_id"):
        found = getattr(model.config, name, None)
        if isinstance(found, list):
            found = found[0] if found else None
        if found is not None and 0 <= found < rows:
            return int(found)
    return None
