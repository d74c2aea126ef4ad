"""`hyperlex evaluate`: what a model can do, as far as the data goes, and how sure that is."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

import typer

from hyperlex.cli.options import TokenizerOption, require_outputs, tell_of_hub, unescaped
from hyperlex.errors import ConfigError

STDOUT = "-"
EXAMPLES = 8


def evaluate(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="A directory: dense, 4-bit, or adapters; or a hub id."
        ),
    ],
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILES|CORPUS]...",
            help="Texts: perplexity. Tables (jsonl, csv, tsv, parquet) with prompt and completion: "
            "BLEU, chrF, ROUGE; with label: accuracy; with text: perplexity.",
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="MODEL", help="Another model beside it; may be repeated."),
    ] = None,
    copy: Annotated[
        int, typer.Option("--copy", metavar="N", min=0, help="Also the copy test, of N texts.")
    ] = 0,
    copy_form: Annotated[
        Literal["continuation", "instruction"],
        typer.Option(help="Copies are asked for by repeating, or in words."),
    ] = "continuation",
    examples: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the answers to some prompts side by side."),
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Prompts of the examples, one a line. Default: of the data."
        ),
    ] = None,
    shown: Annotated[
        int | None, typer.Option("--shown", metavar="N", min=1, help="Examples. Default: 8.")
    ] = None,
    limit: Annotated[
        int, typer.Option(metavar="N", min=0, help="Texts and rows of a kind; 0: all.")
    ] = 200,
    characters: Annotated[
        int, typer.Option(metavar="N", min=1, help="Characters of plain text, at most.")
    ] = 200_000,
    template: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The prompt, with {column} for cells of the row."),
    ] = None,
    text_column: Annotated[str, typer.Option(metavar="NAME", help="Plain text.")] = "text",
    prompt_column: Annotated[str, typer.Option(metavar="NAME", help="Prompts.")] = "prompt",
    completion_column: Annotated[
        str, typer.Option(metavar="NAME", help="Expected answers.")
    ] = "completion",
    label_column: Annotated[str, typer.Option(metavar="NAME", help="Classes.")] = "label",
    document_column: Annotated[
        str, typer.Option(metavar="NAME", help="Rows of one document are drawn together.")
    ] = "document",
    labels: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="All classes. Default: those in the data.")
    ] = None,
    max_new_tokens: Annotated[
        int, typer.Option(metavar="N", min=1, help="Tokens of an answer, at most.")
    ] = 128,
    stop: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Ends an answer; \\n is a line end.")
    ] = None,
    context: Annotated[
        int, typer.Option(metavar="N", min=2, help="Tokens of context for perplexity, at most.")
    ] = 1_024,
    cut_prompts: Annotated[
        bool, typer.Option("--cut-prompts", help="Long prompts lose their beginning.")
    ] = False,
    batch: Annotated[int, typer.Option(metavar="N", min=1, help="Prompts at once.")] = 8,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of sample, draws, copies.")] = 0,
    tokenizer: TokenizerOption = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write JSON; - for stdout.")
    ] = None,
) -> None:
    """Evaluate MODEL on whatever FILES allow, with intervals over documents.

    Perplexity is told per token, and beside it bits per character, which alone can be compared
    between tokenizers.
    """
    from hyperlex.cli.console import progress
    from hyperlex.files import atomic_write_texts
    from hyperlex.measure.texts import files_read

    json_file = None if as_json is None or str(as_json) == STDOUT else as_json
    written = [file for file in (examples, json_file) if file is not None]
    if len(set(written)) < len(written):
        raise ConfigError("--examples and --json name one file twice. Name different ones.")
    if prompts is not None and examples is None:
        raise ConfigError("--prompts is for --examples FILE, which says where to write answers.")
    require_outputs(written, chain([prompts], files_read(files or [])))
    names = [model, *(against or [])]
    for name in names:
        tell_of_hub(name)
    from hyperlex.recipes.evaluate import Columns, Settings
    from hyperlex.recipes.evaluate import evaluate as run

    settings = Settings(
        columns=Columns(
            text_column,
            prompt_column,
            completion_column,
            label_column,
            document_column,
            template=None if template is None else unescaped(template),
        ),
        limit=limit or None,
        characters=characters,
        context=context,
        max_new_tokens=max_new_tokens,
        stop=None if stop is None else unescaped(stop),
        labels=_labels(labels),
        copies=copy,
        copy_form=copy_form,
        examples=_shown(examples, prompts, shown),
        prompts=None if prompts is None else str(prompts),
        cut_prompts=cut_prompts,
        batch=batch,
        seed=seed,
    )
    with progress() as told:
        found = run(names, files or [], settings, tokenizer=tokenizer, told=told)
    texts: dict[Path, str] = {}
    if examples is not None:
        from hyperlex.recipes.evaluate.page import render

        texts[examples] = render(found.examples)
    if json_file is not None:
        texts[json_file] = found.json()
    atomic_write_texts(texts)
    if str(as_json) == STDOUT:
        typer.echo(found.json(), nl=False)
        return
    from hyperlex.cli.evaluate_table import show

    show(found)
    for file in texts:
        typer.echo(f"Written: {file}")


def _shown(examples: Path | None, prompts: Path | None, shown: int | None) -> int:
    if examples is None:
        return 0
    return shown or (EXAMPLES if prompts is None else 0)


def _labels(words: str | None) -> tuple[str, ...]:
    if words is None:
        return ()
    found = tuple(label.strip() for label in words.split(",") if label.strip())
    if len(set(found)) < len(found) or len(found) < 2:
        raise ConfigError(f"--labels {words}: two or more different labels were expected.")
    return found
