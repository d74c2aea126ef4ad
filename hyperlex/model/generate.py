"""Text of a model, as it comes: exact pieces, and what they cost.

    for piece in stream(model, tok, tok.encode("Зимой в деревне"), max_new_tokens=100):
        print(piece.text, end="", flush=True)

`generate` of transformers does the work in a thread of its own, so all that it takes can be given:
temperature, top_p, repetition_penalty, logits processors.
"""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer

from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.model.attention import use_grouped_attention
from hyperlex.model.cache import QuantizedKVCache, Width
from hyperlex.tokenizer import HyperTokenizer
from hyperlex.tokenizer.layout import whole_ids
from hyperlex.tokenizer.streaming import Piece, TextStream

MAX_NEW_TOKENS = 256


class Stream(Iterator[Piece]):
    """Pieces of one answer; `close`, or leaving a `with` block, stops the model.

    Attributes:
        ids: what the model has emitted so far, the id that ended the answer left out.
        characters: of the pieces so far.
        seconds: since the call, until the last piece or the end.
        prompt: tokens of the prompt.
        limit: tokens that the model can see, prompt and answer together; None: no limit is known.
        cache_bytes: of keys and values, once the answer has ended; None where the model keeps
            something else.
        ended: why the answer ended: "end" (the model ended it), "length", or "" while it runs.
    """

    def __init__(self, prompt: int, limit: int | None, text: TextStream, ends: set[int]) -> None:
        self.ids: list[int] = []
        self.characters = 0
        self.seconds = 0.0
        self.prompt, self.limit = prompt, limit
        self.cache_bytes: int | None = None
        self.ended = ""
        self._ends = ends
        self._text = text
        self._begun = time.perf_counter()
        self._ready: list[Piece] = []
        self._arriving: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def context_share(self) -> float | None:
        """How much of what the model can see is used, 0 to 1."""
        return None if self.limit is None else (self.prompt + len(self.ids)) / self.limit

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __next__(self) -> Piece:
        while not self._ready:
            if self.ended:
                raise StopIteration
            self._take(self._arriving.get())
        piece = self._ready.pop(0)
        self.characters += len(piece.text)
        return piece

    def close(self) -> None:
        """Stop the model after the token that it is at."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _take(self, arrived: Any) -> None:
        self.seconds = time.perf_counter() - self._begun
        if isinstance(arrived, int):
            if arrived not in self._ends:
                self.ids.append(arrived)
                self._ready += self._text.put(arrived)
            else:
                self.ended = "end"
                self._ready += self._text.end()
                self._take(self._arriving.get())
            return
        self.close()
        if isinstance(arrived, BaseException):
            self.ended = "error"
            raise arrived
        self.cache_bytes = stored_bytes(arrived[0])
        if not self.ended:
            self.ended = "length"
            self._ready += self._text.end()

    def _start(self, model: Any, inputs: dict[str, Any]) -> None:
        # No daemon: Python would pull torch from under it at exit. It holds nothing of this object,
        # so that one that is forgotten half-read stops it.
        self._thread = threading.Thread(
            target=_run, args=(model, inputs, self._arriving, self._stop), name="hyperlex-generate"
        )
        weakref.finalize(self, self._stop.set)
        self._thread.start()


def _run(
    model: Any, inputs: dict[str, Any], arriving: queue.SimpleQueue[Any], stop: threading.Event
) -> None:
    """The other thread: ids as numbers, then the cache in a tuple, or what went wrong."""
    asked = [*inputs.pop("stopping_criteria", ()), _Asked(stop)]
    try:
        result = model.generate(
            **inputs,
            streamer=_Feed(arriving),
            stopping_criteria=StoppingCriteriaList(asked),
            return_dict_in_generate=True,
        )
    except BaseException as error:
        arriving.put(error)
    else:
        arriving.put((result.past_key_values,))


def stream(
    model: Any,
    tok: HyperTokenizer,
    ids: Sequence[int],
    *,
    max_new_tokens: int = MAX_NEW_TOKENS,
    kv: Width | None = None,
    seed: int | None = None,
    **options: Any,
) -> Stream:
    """Continue `ids`, piece by piece.

    Args:
        model: a causal language model of transformers, with a row for each id of `tok`.
        tok: of the model.
        ids: the prompt, of any lanes: base ids, hypertokens, scene ids.
        max_new_tokens: fewer where the model's positions end before.
        kv: keys and values in a `QuantizedKVCache` of this width; None: as transformers keeps them.
        seed: of torch, for sampling.
        options: of transformers' `generate` and its generation config; what is not given is as the
            model's own generation config has it.

    Raises:
        ConfigError: an empty prompt, one that leaves no room for an answer, no token wanted; while
            it runs, whatever `generate` raises.
        VocabularyError: an id without a row in the model.
        TypeError: a text, or a batch, in place of ids.
    """
    given = whole_ids(ids)
    limit = positions_of(model)
    rows = model.get_input_embeddings().weight.shape[0]
    if not given:
        raise ConfigError(
            "The prompt is empty, and this model has no token to begin with. Give it a first word."
        )
    if (highest := max(given)) >= rows:
        raise VocabularyError(
            f"The prompt has id {highest}, and the model has {rows} rows. Give the tokenizer that "
            "the model was extended for, or extend the model: hyperlex extend."
        )
    if max_new_tokens < 1:
        raise ConfigError(f"max_new_tokens={max_new_tokens}: 1 or more was expected.")
    check_room(len(given), limit)
    if limit is not None:
        max_new_tokens = min(max_new_tokens, limit - len(given))
    ends = end_ids(model)
    device = model.get_input_embeddings().weight.device
    inputs = {
        "input_ids": torch.tensor([given], device=device),
        "attention_mask": torch.ones((1, len(given)), dtype=torch.long, device=device),
        "max_new_tokens": max_new_tokens,
        "pad_token_id": padding_id(model),
        **options,
    }
    if kv is not None:
        # Of a model in adapters, the model itself.
        use_grouped_attention(getattr(model, "get_base_model", lambda: model)())
        inputs["past_key_values"] = QuantizedKVCache(model.config, kv)
    if seed is not None:
        torch.manual_seed(seed)
    result = Stream(len(given), limit, TextStream(tok, given), ends)
    result._start(model, inputs)
    return result


def check_room(tokens: int, limit: int | None) -> None:
    """Raise `ConfigError` where a prompt of `tokens` leaves no room for an answer."""
    if limit is not None and tokens >= limit:
        raise ConfigError(
            f"The prompt has {tokens} tokens, and the model sees {limit}, prompt and answer "
            "together. Shorten the prompt, or give its old part as --context FILE, which is "
            "compressed to fit (hyperlex.compress_context does the same in Python)."
        )


def positions_of(model: Any) -> int | None:
    """Tokens that `model` can see, prompt and answer together; None where it names no limit."""
    found = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return int(found) if found else None


def opening(model: Any, tok: HyperTokenizer, ids: Sequence[int]) -> list[int]:
    """`ids` as the model is used to see a text begin.

    The special ids that the base tokenizer puts before a text come first (Llama: the beginning of
    text; GPT-2: none). A prompt of nothing at all is the model's own first id, if it has one.
    """
    first = list(tok.base.prefix)
    if list(ids[: len(first)]) == first:
        first = []
    if not first and not ids:
        for name in ("bos_token_id", "eos_token_id"):
            found = getattr(model.config, name, None)
            if found is not None:
                return [found[0] if isinstance(found, list) else found]
    return [*first, *ids]


def end_ids(model: Any) -> set[int]:
    """The ids that end an answer."""
    found = getattr(model.generation_config, "eos_token_id", None)
    if found is None:
        return set()
    return set(found) if isinstance(found, list) else {found}


def padding_id(model: Any) -> int:
    """An id for places that are masked: the model's own for padding, else any."""
    found = getattr(model.generation_config, "pad_token_id", None)
    return found if isinstance(found, int) else min(end_ids(model), default=0)


def stored_bytes(cache: Any) -> int | None:
    """Bytes of keys and values; None for a cache that keeps something else."""
    if cache is None:
        return None
    if isinstance(cache, QuantizedKVCache):
        return cache.stored_bytes
    total = 0
    for layer in getattr(cache, "layers", ()):
        tensors = (getattr(layer, name, None) for name in ("keys", "values"))
        total += sum(t.nbytes for t in tensors if isinstance(t, torch.Tensor))
    return total or None


class _Feed(BaseStreamer):
    """Hands over what `generate` emits, the prompt left out."""

    def __init__(self, arriving: queue.SimpleQueue[Any]) -> None:
        self._arriving = arriving
        self._prompt_seen = False

    def put(self, value: torch.Tensor) -> None:
        if self._prompt_seen:
            for index in value.flatten().tolist():
                self._arriving.put(index)
        self._prompt_seen = True

    def end(self) -> None:
        """The cache, which comes when `generate` returns, tells it."""


class _Asked(StoppingCriteria):
    """Stops when the reader has left."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        return torch.full((input_ids.shape[0],), self._stop.is_set(), device=input_ids.device)
