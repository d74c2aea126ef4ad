"""`hyperlex plan`: does a model fit a card, and how much Russian text with it?"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from hyperlex.cli.options import JsonOption, TokenizerOption, read_text, tell_of_hub
from hyperlex.errors import ConfigError
from hyperlex.sizes import GIB

if TYPE_CHECKING:
    from hyperlex.model.plan import MemoryPlan

TOO_LARGE: Final = 3
"""Exit status of a plan that does not fit: an answer, and no mistake, which would be 2."""


@dataclass(frozen=True)
class TextRate:
    """How a tokenizer spells the text: characters and tokens of it.

    `ids` is how many rows the model needs for it; None where it only stands in for one.
    """

    name: str
    characters: int
    tokens: int
    ids: int | None = None

    def holds(self, tokens: int) -> int:
        """Characters of such text that fit into so many tokens."""
        return tokens * self.characters // self.tokens


def plan(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A model directory, a config.json alone, or a hub id."
        ),
    ],
    gpu: Annotated[
        str, typer.Option(metavar="SIZE", help="Memory of the card; 8GB are 8 x 2^30 bytes.")
    ],
    context: Annotated[
        str, typer.Option(metavar="N", help="Tokens, prompt and answer together; 32k is 32,768.")
    ] = "4k",
    weights: Annotated[
        Literal["nf4", "int4", "fp16", "bf16", "fp32"] | None,
        typer.Option(help="Default: as the checkpoint says, else nf4.", show_default=False),
    ] = None,
    kv: Annotated[
        Literal["int4", "int8", "fp16", "bf16"], typer.Option(help="Width of the cache.")
    ] = "fp16",
    batch: Annotated[int, typer.Option(metavar="N", help="Texts at once.")] = 1,
    prefill: Annotated[
        int, typer.Option(metavar="N", help="Tokens of the prompt read at once.")
    ] = 512,
    reserve: Annotated[
        str, typer.Option(metavar="SIZE", help="Kept for CUDA itself, which is not counted.")
    ] = "0.5GB",
    tokenizer: TokenizerOption = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="Measure on your own text instead."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what MODEL takes on a card, what fits, and how much Russian text the context holds.

    No weights are needed: the config alone says it. Exit status: 0 if it fits, 3 if it does not.
    """
    card, tokens, kept = (
        _size("--gpu", gpu),
        _size("--context", context),
        _size("--reserve", reserve),
    )
    from hyperlex.cli.demo import story

    text = story() if file is None else read_text(None, file)
    if not text:
        raise ConfigError(f"{file} is empty. A text to measure tokenizers on was expected.")
    tell_of_hub(model)
    rates = _rates(model, tokenizer, text)
    from hyperlex.model.plan import plan_memory

    plans = {
        ids: plan_memory(
            model,
            gpu=card,
            context=tokens,
            weights=weights,
            kv=kv,
            batch=batch,
            prefill=prefill,
            vocabulary_rows=ids,
            reserve=kept,
        )
        for ids in {rate.ids for rate in rates}
    }
    answers = [(rate, plans[rate.ids]) for rate in rates]
    if as_json:
        typer.echo(json.dumps(_as_json(answers), ensure_ascii=False))
    else:
        _print(answers)
    if not answers[-1][1].fits:
        raise typer.Exit(TOO_LARGE)


def _size(option: str, words: str) -> int:
    """`8GB`, `32k`, `2048` as a number; units are powers of 1,024."""
    from hyperlex.sizes import MIB, scaled

    found = scaled(words)
    # A bare `--gpu 8` means no eight bytes.
    unsure = found and option != "--context" and not found[1] and 0 < found[0] < MIB
    if found is None or unsure:
        raise ConfigError(
            f"{option} {words}: a number with a unit was expected, as in {option} "
            f"{'32k' if option == '--context' else '8GB'}."
        )
    return int(found[0])


def _rates(model: str, tokenizer: str | None, text: str) -> list[TextRate]:
    """The base tokenizer of the model and, where there is one, the extended one.

    `tokenizer`, else what lies beside the model, else the built-in one, which stands for none.
    """
    from hyperlex.codebook import BaseTokenizer
    from hyperlex.tokenizer import load
    from hyperlex.tokenizer.load import CONFIG_FILE

    beside = Path(model) if Path(model).is_dir() else Path(model).parent
    if tokenizer is None and not (beside / CONFIG_FILE).is_file():
        try:
            base = BaseTokenizer.load(model if not Path(model).is_file() else beside)
        except (ConfigError, ValueError):
            pass
        else:
            return [TextRate("the model's own", len(text), len(base.encode(text)))]
    stands_in = tokenizer is None and not (beside / CONFIG_FILE).is_file()
    tok = load(str(beside) if tokenizer is None and not stands_in else tokenizer)
    kinds = {"base": tok.base_encode(text), "with hypertokens": tok.encode(text)}
    sizes = {"base": tok.layout.base_size, "with hypertokens": tok.layout.total}
    return [
        TextRate(
            f"built in, {kind}" if stands_in else kind,
            len(text),
            len(ids),
            None if stands_in else sizes[kind],
        )
        for kind, ids in kinds.items()
    ]


Answers = list[tuple[TextRate, "MemoryPlan"]]


def _as_json(answers: Answers) -> dict[str, Any]:
    planned = answers[-1][1]
    text = [
        {
            **asdict(rate),
            "in_context": rate.holds(p.context),
            "largest_context": p.largest_context,
            "in_largest_context": rate.holds(p.largest_context),
        }
        for rate, p in answers
    ]
    return {**asdict(planned), "total": planned.total, "fits": planned.fits, "text": text}


def _print(answers: Answers) -> None:
    from hyperlex.cli.console import stdout, table

    p = answers[-1][1]
    console = stdout()
    console.print(
        f"{p.architecture}, {p.parameters / 1e9:.2f} billion parameters, computing in {p.dtype}; "
        f"{p.context:,} tokens x {p.batch}"
    )
    rows = f"{p.vocabulary_rows:,} rows"
    if p.hypertoken_rows:
        rows += f", {p.hypertoken_rows:,} of them new for hypertokens"
    parts = [
        ("weights", p.weights, p.weights_format),
        ("vocabulary", p.vocabulary, rows),
        ("cache", p.cache, f"{p.kv}, {p.cache_per_token:,} bytes a token"),
        ("activations", p.activations, f"with prefill_chunk_size={p.prefill} in generate"),
        ("reserve", p.reserve, "assumed, for CUDA itself"),
        ("together", p.total, _verdict(p)),
    ]
    console.print(
        table(("", "#GB", ""), [(name, f"{size / GIB:.2f}", what) for name, size, what in parts])
    )
    console.print(f"\nAt most {p.largest_context:,} tokens fit into {p.gpu / GIB:.4g} GB.")
    if p.positions is not None and max(p.context, p.largest_context) > p.positions:
        console.print(f"The model was made for {p.positions:,} tokens.")
    console.print("\nCharacters of Russian text")
    measured = [
        (
            rate.name,
            f"{rate.characters / rate.tokens:.2f}",
            f"{rate.holds(each.context):,}",
            f"{each.largest_context:,}",
            f"{rate.holds(each.largest_context):,}",
        )
        for rate, each in answers
    ]
    columns = ("tokenizer", "#a token", f"#in {p.context:,}", "#most tokens", "#in those")
    console.print(table(columns, measured))
    if len(answers) == 1:
        console.print("With hypertokens it holds more: hyperlex extend MODEL OUT --texts FOLDER")


def _verdict(p: MemoryPlan) -> str:
    spare = p.gpu - p.total
    if p.fits:
        return f"of {p.gpu / GIB:.4g}: fits, {spare / GIB:.2f} to spare"
    return f"of {p.gpu / GIB:.4g}: does not fit, {-spare / GIB:.2f} too much"
