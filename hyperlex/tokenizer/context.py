"""`compress_context`: a long context as ready ids, its old part by low rungs, the recent exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hyperlex.ladder.code import SceneCode
from hyperlex.ladder.encode import VERBATIM
from hyperlex.ladder.lexicon import EXACT
from hyperlex.tokenizer.ladder import PROTECTED, default, draft_of, whole_number, within
from hyperlex.tokenizer.parts import Messages, Talk, parts_of_text, without_oldest

if TYPE_CHECKING:
    from hyperlex.tokenizer.hyper import HyperTokenizer


@dataclass(frozen=True)
class CompressedContext:
    """A context that fits.

    Attributes:
        input_ids: ready for the model: old text on the ladder, then the marker `exact`, then the
            recent text.
        codes: of the old texts, in order.
        exact: how many of `input_ids`, at the end, are the recent text.
        dropped: what was left out (`drop_oldest`): of a text, so many code points at its
            beginning; of messages, so many of the first ones, instructions not counted.
    """

    input_ids: list[int]
    codes: tuple[SceneCode, ...]
    exact: int
    dropped: int = 0


def compress_context(
    context: str | Messages,
    tokens: int,
    *,
    keep_recent: int | None = None,
    drop_oldest: bool = False,
    add_generation_prompt: bool = True,
    tokenizer: HyperTokenizer | None = None,
) -> CompressedContext:
    """A context within a budget of ids: what is old by low rungs, what is recent exact.

    Args:
        context: a text, or messages (`{"role": …, "content": …}`) for the tokenizer's chat
            template.
        tokens: the budget, markers and template included.
        keep_recent: how much at the end stays exact: of a text, ids of the exact lane (by default
            a quarter of the budget; the cut moves on to the next sentence); of messages, how many
            of the last ones (by default 2). Instructions (`system`) always stay exact.
        drop_oldest: what does not fit even at rung 1 is left out from the beginning, by whole
            sentences of a text, by whole turns of a talk (each begins with a message of the
            user); by default it is an error.
        add_generation_prompt: as in transformers' `apply_chat_template`.
        tokenizer: one with scene ids; by default the embedded one.

    Raises:
        ConfigError: the budget cannot hold the recent text and what is protected in the old one, or
            with `drop_oldest` the recent text; a number is no whole one or below 0; the tokenizer
            has no chat template.
        VocabularyError: the tokenizer has no scene ids.
    """
    tokens = whole_number("tokens", tokens, "ids")
    tokenizer = tokenizer or default()
    if isinstance(context, str):
        kept = tokens // 4 if keep_recent is None else keep_recent
        parts = parts_of_text(context, tokens, kept, tokenizer)
        if drop_oldest:
            parts = without_oldest(parts, tokens, tokenizer)
        dropped = len(context) - sum(len(text) for text, _ in parts)
    else:
        kept = 2 if keep_recent is None else keep_recent
        talk = Talk(context, kept, add_generation_prompt, tokenizer)
        first = talk.lately(tokens) if drop_oldest else 0
        parts, dropped = talk.parts(first), talk.left_out(first)
    old = [text for text, exact in parts if not exact]
    spelled = [tokenizer.encode(text) if exact else [] for text, exact in parts]
    fixed = sum(map(len, spelled))
    # Each compressed text may need the marker that ends it.
    taken = fixed + len(old)

    def shortage(needed: int) -> str:
        remedies = ["Allow that many ids or more with this keep_recent"]
        if needed < tokens:
            remedies.append("keep less")
        if old and not drop_oldest:
            remedies.append("leave out the oldest part (drop_oldest=True)")
        # With a greater budget more would be kept by default, and more be needed.
        return (
            f"{tokens} ids cannot hold the recent text, the template, and what is protected in the "
            f"old text ({PROTECTED}): that takes {taken + needed} with keep_recent={kept}. "
            f"{', or '.join(remedies)}."
        )

    drafts = [draft_of(tokenizer, text) for text in old]
    codes = iter(within(drafts, tokens - taken, shortage))
    marker = tokenizer.ladder.vocabulary.offset + EXACT
    ids: list[int] = []
    told = []
    for (_, exact), run in zip(parts, spelled, strict=True):
        if exact:
            ids += run
            continue
        told.append(code := next(codes))
        ids += code.ids
        if any(rung != VERBATIM for rung in code.rungs):
            ids.append(marker)
    recent = len(spelled[-1]) if parts and parts[-1][1] else 0
    return CompressedContext(ids, tuple(told), recent, dropped)
