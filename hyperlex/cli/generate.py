"""`hyperlex generate`: text of a model as it comes, and what it cost."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hyperlex.cli.decode import parse_ids
from hyperlex.cli.options import FileOption, JsonOption, TokenizerOption, read_text, tell_of_hub
from hyperlex.errors import ConfigError

if TYPE_CHECKING:
    from hyperlex.model.generate import Stream
    from hyperlex.recipes.evaluate import Opened


def generate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A directory: dense, 4-bit, or adapters; or a hub id."
        ),
    ],
    prompt: Annotated[
        str | None,
        typer.Argument(metavar="[PROMPT]", help="Else --file, --ids, or standard input."),
    ] = None,
    file: FileOption = None,
    ids: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The prompt as ids of any rungs, as `encode` and `compress --ids` print them; - "
            "is standard input.",
        ),
    ] = None,
    context: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A long text before the prompt: compressed if it does not fit."
        ),
    ] = None,
    rung: Annotated[
        int | None,
        typer.Option(metavar="1|2|3|4", help="Tell the old part of the context by this rung."),
    ] = None,
    keep_recent: Annotated[
        int | None,
        typer.Option(metavar="N", help="Tokens at the end of the context that stay exact."),
    ] = None,
    context_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Tokens for the context. Default: what is left."),
    ] = None,
    drop_oldest: Annotated[
        bool,
        typer.Option(
            "--drop-oldest", help="Leave out the beginning of a context too long even in short."
        ),
    ] = False,
    chat: Annotated[
        bool, typer.Option("--chat", help="The prompt is a message: use the chat template.")
    ] = False,
    system: Annotated[
        str | None, typer.Option(metavar="TEXT", help="With --chat: instructions before it.")
    ] = None,
    max_new_tokens: Annotated[
        int, typer.Option(metavar="N", min=1, help="Tokens of the answer, at most.")
    ] = 256,
    temperature: Annotated[
        float | None, typer.Option(metavar="T", help="Sample: above 0; 1 as the model says.")
    ] = None,
    top_p: Annotated[
        float | None, typer.Option(metavar="P", help="Sample from this share of the probability.")
    ] = None,
    top_k: Annotated[
        int | None, typer.Option(metavar="K", help="Sample from so many tokens.")
    ] = None,
    repetition_penalty: Annotated[
        float | None, typer.Option(metavar="R", help="Above 1: what was said becomes less likely.")
    ] = None,
    sample: Annotated[
        bool | None,
        typer.Option(
            "--sample/--greedy",
            help="Default: as the model's generation config has it; sampling where one of the "
            "options above asks for it.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Of the sampling.")] = None,
    kv: Annotated[
        Literal["fp16", "bf16", "int8", "int4"] | None,
        typer.Option(help="Width of the cache. Default: the model's own type.", show_default=False),
    ] = None,
    tokenizer: TokenizerOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue a text: the answer on standard output as it comes, exact to the letter.

    Speed and how much of the context is used stand on standard error at the end.
    """
    if chat and (ids or context):
        raise ConfigError("--chat was given with --ids or --context. A message alone was expected.")
    if system is not None and not chat:
        raise ConfigError("--system belongs to a chat. Add --chat, or write it into the prompt.")
    if context is None and (drop_oldest or (rung, keep_recent, context_tokens) != (None,) * 3):
        raise ConfigError(
            "--rung, --keep-recent, --context-tokens and --drop-oldest are for the text of "
            "--context FILE."
        )
    if rung is not None and (context_tokens is not None or drop_oldest):
        other = "--drop-oldest" if context_tokens is None else "--context-tokens"
        raise ConfigError(
            f"--rung and {other} were given. One of them was expected: a rung fits nothing."
        )
    options = _sampling(
        sample,
        temperature=temperature,
        top_p=top_p,
        top_k=top_k,
        repetition_penalty=repetition_penalty,
    )
    given: str | list[int] = _prompt(prompt, file, ids)
    before = None if context is None else read_text(None, context)
    tell_of_hub(model)
    from hyperlex.recipes.evaluate import open_model

    opened = open_model(model, tokenizer)
    from hyperlex.model.generate import opening, stream

    if chat:
        wanted = _chat(opened, str(given), system)
    else:
        how = {"rung": rung, "keep_recent": keep_recent, "drop_oldest": drop_oldest}
        wanted = _with_context(opened, given, before, context_tokens, max_new_tokens, how)
    with stream(
        opened.model,
        opened.tok,
        opening(opened.model, opened.tok, wanted),
        max_new_tokens=max_new_tokens,
        kv=kv,
        seed=seed,
        **options,
    ) as pieces:
        texts, exact = _print(pieces, quiet=as_json)
    if as_json:
        typer.echo(
            json.dumps(
                {"text": "".join(texts), "exact": exact, **_figures(pieces)}, ensure_ascii=False
            )
        )
        return
    if sys.stdout.isatty():
        typer.echo()
    print(f"hyperlex: {told(pieces)}", file=sys.stderr)
    if not exact:
        print("hyperlex: What stands in ⟦ ⟧ is a reconstruction.", file=sys.stderr)


def _prompt(text: str | None, file: Path | None, ids: Path | None) -> str | list[int]:
    if ids is None:
        return read_text(text, file)
    if text is not None or file is not None:
        raise ConfigError("--ids and a prompt as text were given. One of them was expected.")
    return parse_ids(read_text(None, ids))


def _sampling(sample: bool | None, **given: float | int | None) -> dict[str, Any]:
    """What `generate` of transformers is told; ConfigError where it would refuse."""
    options: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    for key in ("temperature", "top_k", "repetition_penalty"):
        if key in options and not options[key] > 0:
            raise ConfigError(f"--{key.replace('_', '-')} {options[key]}: above 0 was expected.")
    if "top_p" in options and not 0 < options["top_p"] <= 1:
        raise ConfigError(f"--top-p {options['top_p']}: above 0 and up to 1 was expected.")
    asked = bool({"temperature", "top_p", "top_k"} & options.keys())
    if asked and sample is False:
        raise ConfigError(
            "--greedy takes the likeliest token, and --temperature, --top-p and --top-k are for "
            "sampling. Leave out one or the other."
        )
    if asked or sample is not None:
        options["do_sample"] = asked or bool(sample)
    return options


def _with_context(
    opened: Opened,
    prompt: str | list[int],
    context: str | None,
    tokens: int | None,
    answer: int,
    how: dict[str, Any],
) -> list[int]:
    from hyperlex.model.generate import positions_of
    from hyperlex.model.prompt import context_ids

    if context and isinstance(prompt, str) and prompt and not context[-1].isspace():
        prompt = f"\n{prompt}"
    ids = opened.tok.encode(prompt) if isinstance(prompt, str) else prompt
    if not context:
        return ids
    limit = positions_of(opened.model)
    if tokens is None and limit is not None:
        # One more for what the tokenizer puts before a text.
        tokens = max(0, limit - len(ids) - answer - 1)
    return [*context_ids(opened.model, opened.tok, context, room=tokens, **how), *ids]


def _chat(opened: Opened, message: str, system: str | None) -> list[int]:
    """The ids after which the answer to a message stands."""
    from hyperlex.recipes.evaluate.opening import stop_at_turns

    messages = [] if system is None else [{"role": "system", "content": system}]
    messages.append({"role": "user", "content": message})
    chat = stop_at_turns(opened.model, opened.tok)
    return opened.tok.encode(chat.prompt(messages))


def _print(pieces: Stream, *, quiet: bool) -> tuple[list[str], bool]:
    """Print the pieces as they come; returns them, and whether all of them are exact."""
    texts, exact = [], True
    for piece in pieces:
        texts.append(piece.text)
        exact &= piece.exact
        if not quiet:
            sys.stdout.write(piece.text)
            sys.stdout.flush()
    return texts, exact


def _figures(pieces: Stream) -> dict[str, Any]:
    """What `--json` tells beside the text."""
    return {
        "ids": pieces.ids,
        "ended": pieces.ended,
        "prompt_tokens": pieces.prompt,
        "tokens": len(pieces.ids),
        "characters": pieces.characters,
        "seconds": round(pieces.seconds, 3),
        "characters_per_second": round(pieces.characters / max(pieces.seconds, 1e-9), 1),
        "context_limit": pieces.limit,
        "context_share": pieces.context_share,
        "cache_bytes": pieces.cache_bytes,
    }


def told(pieces: Stream) -> str:
    """The line at the end."""
    tokens, seconds = len(pieces.ids), max(pieces.seconds, 1e-9)
    parts = [
        f"{tokens:,} tokens, {pieces.characters:,} characters in {seconds:.1f} s "
        f"({pieces.characters / seconds:,.1f} characters/s)"
    ]
    if pieces.context_share is not None:
        parts.append(
            f"context {pieces.prompt + tokens:,} of {pieces.limit:,} tokens "
            f"({pieces.context_share:.1%})"
        )
    else:
        parts.append(f"context {pieces.prompt + tokens:,} tokens")
    if pieces.cache_bytes is not None:
        parts.append(f"cache {pieces.cache_bytes:,} bytes")
    if pieces.ended == "length" and pieces.limit == pieces.prompt + tokens:
        parts.append("stopped: the context is full")
    elif pieces.ended == "length":
        parts.append("stopped by --max-new-tokens")
    return "; ".join(parts)
