"""`hyperlex extend`: hypertokens for somebody's own tokenizer, or for their whole model."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hyperlex.cli.options import JsonOption, tell_of_hub
from hyperlex.cli.train import WorkersOption, learn
from hyperlex.errors import ConfigError

if TYPE_CHECKING:
    from hyperlex.codebook import BaseTokenizer, Codebook
    from hyperlex.tokenizer import HyperTokenizer

DEFAULT_SIZE = 32_768


def extend(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A model directory, or a tokenizer: directory, tokenizer.json or hub id.",
        ),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new directory.")],
    codebook: Annotated[
        Path | None, typer.Option(metavar="DIR", help="What `hyperlex train` wrote for SOURCE.")
    ] = None,
    texts: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            help="Train and distil on this file or folder; may be repeated.",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help=f"Hypertokens: to train ({DEFAULT_SIZE}), or the first N of the codebook (all).",
        ),
    ] = None,
    initialisation: Annotated[
        Literal["mean", "exponential", "shortened", "distinct", "distilled"],
        typer.Option(
            help="How the model's new rows begin. distilled: learned from --texts, best and slow; "
            "shortened: best without texts; distinct: for a model that is to copy."
        ),
    ] = "mean",
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Of distillation, at most. Default: as many as show each hypertoken often enough.",
        ),
    ] = None,
    model: Annotated[
        bool | None,
        typer.Option(
            "--model/--tokenizer-only",
            help="Default: the model too where SOURCE is a directory with weights in it.",
            show_default=False,
        ),
    ] = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give your tokenizer or model hypertokens.

    A model and a folder of texts are enough: hyperlex extend MODEL OUT --texts FOLDER

    AutoTokenizer and AutoModelForCausalLM read OUT.
    """
    distilled = initialisation == "distilled"
    if distilled and not texts:
        raise ConfigError(
            "--initialisation distilled learns the new rows from texts. --texts PATH was expected, "
            "beside --codebook DIR or without it."
        )
    if steps is not None and not distilled:
        raise ConfigError(f"--steps {steps} counts for --initialisation distilled alone.")
    if (codebook is None and not texts) or (codebook is not None and texts and not distilled):
        raise ConfigError(
            f"{'Two sources' if texts else 'No source'} of hypertokens. Either --codebook DIR, "
            "which `hyperlex train` wrote, or --texts PATH, to train now, was expected."
        )
    with_model = _has_weights(source) if model is None else model
    if distilled and not with_model:
        raise ConfigError(
            f"--initialisation distilled learns rows of a model, and none is extended here. Name a "
            f"model directory in place of {source}, or leave the option out."
        )
    _check_places(source, out)
    named = _base(source)
    if with_model:
        # First of all, so that a missing torch is told before an hour of training.
        from hyperlex import model as _model  # noqa: F401
    from hyperlex.codebook import BaseTokenizer
    from hyperlex.tokenizer import extend_tokenizer

    tell_of_hub(source)
    base = BaseTokenizer.load(named) if isinstance(named, str) else named.base
    book = _codebook(base, codebook, texts or [], size, workers)
    tok = extend_tokenizer(named, book)
    if with_model:
        from hyperlex.cli.console import progress
        from hyperlex.model import extend_model_directory

        with progress() as told:
            distillation = extend_model_directory(
                source,
                tok,
                out,
                initialisation=initialisation,
                texts=(texts or []) if distilled else None,
                steps=steps,
                told=told,
            )
    else:
        distillation = None
        tok.save(out)
    result = _result(tok, out, with_model)
    if distillation is not None:
        result["distillation"] = dataclasses.asdict(distillation)
    typer.echo(json.dumps(result, ensure_ascii=False) if as_json else _told(result))


def _has_weights(source: str) -> bool:
    from hyperlex.files import weight_files

    directory = Path(source)
    return bool(weight_files(directory)) and (directory / "config.json").is_file()


def _base(source: str) -> str | HyperTokenizer:
    """What is extended: `source`, or the tokenizer of ours in it, which has no hypertokens yet."""
    from hyperlex.tokenizer import load
    from hyperlex.tokenizer.load import CONFIG_FILE

    if not (Path(source) / CONFIG_FILE).is_file():
        return source
    tok = load(source)
    if tok.layout.hyper_size:
        raise ConfigError(
            f"{source} has hypertokens already. A base tokenizer or model was expected: "
            "extend the one that it was made from."
        )
    return tok


def _check_places(source: str, out: Path) -> None:
    """Refuse what would fail only after the work, and a place that holds another model."""
    from hyperlex.files import atomic_directory, refuse_second_model

    if out.exists() and Path(source).exists() and out.samefile(source):
        raise ConfigError(f"SOURCE and OUT are both {out}. Choose another directory for OUT.")
    refuse_second_model(out)

    class Tried(Exception):
        pass

    try:
        with atomic_directory(out):
            raise Tried
    except Tried:
        pass


def _codebook(
    base: BaseTokenizer, directory: Path | None, texts: list[Path], size: int | None, workers: Any
) -> Codebook:
    from hyperlex.codebook import Codebook, TrainConfig

    if directory is None:
        given = {} if workers is None else {"workers": workers}
        config = TrainConfig(DEFAULT_SIZE if size is None else size, **given)
        return learn(base, texts, config)[0]
    book = Codebook.load(directory, base)
    return book if size is None else book.prefix(size)


def _result(tok: HyperTokenizer, out: Path, with_model: bool) -> dict[str, Any]:
    from hyperlex.cli.demo import story

    text = story()
    return {
        "directory": str(out),
        "model": with_model,
        "base_ids": tok.layout.base_size,
        "hypertokens": tok.layout.hyper_size,
        "plain_tokenizer_json": tok.export_refusal is None,
        "story": {
            "characters": len(text),
            "base_tokens": len(tok.base_encode(text)),
            "tokens": len(tok.encode(text)),
        },
    }


def _told(result: dict[str, Any]) -> str:
    out, story = result["directory"], result["story"]
    lines = [
        f"{result['base_ids']:,} base ids + {result['hypertokens']:,} hypertokens in {out}",
        f"A Russian story of {story['characters']:,} characters: {story['base_tokens']:,} tokens "
        f"by the base, {story['tokens']:,} with hypertokens "
        f"({story['base_tokens'] / story['tokens']:.2f} times fewer).",
    ]
    if found := result.get("distillation"):
        (error, end_error), (loss, end_loss) = found["hidden_error"], found["prediction_loss"]
        lines.append(
            f"{found['steps']:,} steps of distillation on {found['base_tokens']:,} base tokens: "
            f"error of hidden states {error:.2f} → {end_error:.2f}, loss a token {loss:.2f} → "
            f"{end_loss:.2f}; {found['of_hypertokens'] - found['hypertokens']:,} hypertokens were "
            "not met."
        )
    if result["plain_tokenizer_json"]:
        lines.append(f"Use it: AutoTokenizer.from_pretrained({out!r})")
    else:
        lines.append(f"Use it: hyperlex.load({out!r}), for this kind of base has no plain export.")
    if result["model"]:
        lines.append(f"        AutoModelForCausalLM.from_pretrained({out!r})")
    return "\n".join(lines)
