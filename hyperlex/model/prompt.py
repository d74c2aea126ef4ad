"""The ids of a prompt: a long context on the ladder or in part, then the exact lane."""

from __future__ import annotations

from typing import Any

from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.ladder.lexicon import EXACT
from hyperlex.tokenizer import HyperTokenizer
from hyperlex.tokenizer.context import compress_context
from hyperlex.tokenizer.ladder import compress
from hyperlex.tokenizer.parts import parts_of_text


def context_ids(
    model: Any,
    tok: HyperTokenizer,
    text: str,
    *,
    room: int | None,
    rung: int | None = None,
    keep_recent: int | None = None,
    drop_oldest: bool = False,
) -> list[int]:
    """The ids of a context that stands before a prompt.

    Args:
        model: which must have a row for every scene id, if any is used.
        text: its old part is compressed, its end is not.
        room: how many ids there may be. Where the text fits into it, it stays exact.
        rung: tell all of the old part by this rung, and do not ask whether it need be; None: by
            what fits into `room`, `hyperlex.compress_context`.
        keep_recent: ids at the end that stay exact; None: a quarter of the room, with a rung none.
        drop_oldest: without a rung: leave out what does not fit even in short, from the beginning.

    Raises:
        VocabularyError: scene ids are needed, and the model or its tokenizer has none.
        ConfigError: neither room nor rung; what is protected does not fit; a bad rung.
    """
    if rung is None:
        if room is None:
            raise ConfigError(
                "This model names no limit of what it sees, so nothing says how short the context "
                "must be. Give --rung 1, 2 or 3, or --context-tokens N."
            )
        if room > 0 and len(exact := tok.encode(text)) <= room:
            return exact
        _require_scene_rows(model, tok)
        made = compress_context(
            text, room, keep_recent=keep_recent, drop_oldest=drop_oldest, tokenizer=tok
        )
        return made.input_ids
    _require_scene_rows(model, tok)
    ids: list[int] = []
    for part, exact_part in parts_of_text(text, 0, keep_recent or 0, tok):
        if exact_part:
            ids += tok.encode(part)
        else:
            ids += compress(part, rung=rung, tokenizer=tok).ids
            if any(map(tok.layout.is_scene, ids)):
                ids.append(tok.layout.first_scene + EXACT)
    return ids


def _require_scene_rows(model: Any, tok: HyperTokenizer) -> None:
    rows = model.get_input_embeddings().weight.shape[0]
    if not tok.layout.scene_size:
        raise VocabularyError(
            "The context must be compressed, and this model's tokenizer has no scene ids. Shorten "
            "the context, or extend the base model by them: extend_model(model, "
            "tok.with_scenes()), and train it on compressed text."
        )
    if rows < tok.layout.total:
        raise VocabularyError(
            f"The context must be compressed, and the model has {rows} rows for the "
            f"{tok.layout.total} ids of its tokenizer: none for scene ids. Extend it: "
            "hyperlex.extend_model(model, tok), and train it on compressed text."
        )
