"""What is evaluated on: plain texts, prompts with the answer that was expected, or with a label."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hyperlex.errors import ConfigError, FormatError, did_you_mean
from hyperlex.hub import is_hub_id
from hyperlex.measure.texts import Text, texts_of
from hyperlex.recipes.finetune.chat import messages_of
from hyperlex.recipes.finetune.config import template_columns
from hyperlex.recipes.finetune.pieces import filled
from hyperlex.recipes.finetune.rows import Row as TableRow
from hyperlex.recipes.finetune.rows import read_rows

if TYPE_CHECKING:
    from hyperlex.tokenizer import HyperTokenizer

TABLES = (".jsonl", ".csv", ".tsv", ".parquet")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of columns, and how a prompt is made where there is no column of prompts.

    Attributes:
        template: the prompt with `{column}` where a column of the row goes, such as
            "Отзыв: {text}\\nКласс:"; None: the column `prompt`, or where there is none `text`.
    """

    text: str = "text"
    prompt: str = "prompt"
    completion: str = "completion"
    label: str = "label"
    document: str = "document"
    messages: str = "messages"
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A prompt and what was expected after it.

    Attributes:
        place: file and line or row, for errors.
        prompt: its texts, each of which is encoded by itself, as in training; () of messages.
        document: rows of one document are drawn together; "" for a row of its own.
        completion, label: one of the two is there.
        messages: instead of a prompt, what a chat template makes one of.
    """

    place: str
    prompt: tuple[str, ...]
    completion: str | None
    label: str | None
    document: str = ""
    messages: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Data:
    """What there is to evaluate on, after sampling.

    Attributes:
        found: how many texts and rows there were before.
    """

    texts: tuple[Text, ...]
    rows: tuple[Row, ...]
    found: int

    @property
    def answered(self) -> tuple[Row, ...]:
        """Rows with an expected text."""
        return tuple(row for row in self.rows if row.label is None)

    @property
    def labelled(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.label is not None)


def read_data(
    sources: Sequence[str | Path], columns: Columns, *, limit: int | None, seed: int
) -> Data:
    """Texts and rows of files, folders and corpora; of more than `limit` of a kind, a sample.

    A row with a label is to be classified, one with prompt and completion to be completed, one of
    messages to be answered as its last message does, one with a text alone to be read. Files are
    those that `hyperlex finetune` takes.

    Raises:
        ConfigError: no such file or corpus, nothing in it.
        FormatError: a row with none of these columns, a broken row, a cell that is no text.
    """
    texts: _Sample[Text] = _Sample(limit, seed)
    rows: _Sample[Row] = _Sample(limit, seed)
    for source in sources:
        for item in _items(source, columns):
            if isinstance(item, Row):
                rows.add(item)
            elif item.text.strip():
                texts.add(item)
    found = texts.found + rows.found
    if not found:
        raise ConfigError(
            f"{', '.join(map(str, sources))}: no text and no row was found. Name files with text, "
            "or tables with columns text, prompt and completion, or label."
        )
    return Data(texts.items(), rows.items(), found)


def ids_of(texts: Sequence[str], tok: HyperTokenizer) -> list[int]:
    """The ids of texts that follow each other, each encoded by itself, as in training."""
    return [index for text in texts for index in tok.encode(text)]


def prompt_rows(path: str | Path, columns: Columns) -> list[Row]:
    """Prompts of a file, as rows without an answer: each line of a `.txt`, each row of a table.

    Raises as `read_data`.
    """
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"{path}: no such file of prompts. Check the path.")
    if _is_table(file):
        prompts = [_prompt(row, columns) for row in read_rows(str(file))]
    else:
        text = "".join(text.text for text in texts_of(file))
        prompts = [(line,) for line in text.splitlines() if line.strip()]
    if not prompts:
        raise ConfigError(f"{path} has no prompt: one on each line was expected.")
    return [Row(str(path), prompt, None, None) for prompt in prompts]


def _items(source: str | Path, columns: Columns) -> Iterator[Text | Row]:
    path = Path(source)
    if _is_table(path) or (not path.exists() and is_hub_id(str(source))):
        for number, row in enumerate(read_rows(str(source))):
            yield _item(row, columns, f"{path} {number}")
    else:
        yield from texts_of(source)


def _item(row: TableRow, columns: Columns, document: str) -> Text | Row:
    cells = row.cells
    own = cells.get(columns.document)
    document = str(own) if own not in (None, "") else document
    if cells.get(columns.label) not in (None, ""):
        label = row.text(columns.label).strip()
        return Row(row.place, _prompt(row, columns), None, label, document)
    # A table has every column in every row, and null where there is nothing.
    if cells.get(columns.completion) is not None:
        answer = row.text(columns.completion)
        return Row(row.place, _prompt(row, columns), answer, None, document)
    if cells.get(columns.messages) is not None:
        return _talk(row, columns, document)
    if columns.text in cells:
        return Text(row.text(columns.text), "text", document)
    met = [f"{name!r}{' (null)' if cell is None else ''}" for name, cell in cells.items()]
    raise FormatError(
        f"{row.place}: the columns are {', '.join(met) or 'none'}. One named "
        f"{columns.text!r}, {columns.messages!r}, {columns.label!r}, or {columns.prompt!r} and "
        f"{columns.completion!r} was expected: name yours with --text-column, --prompt-column, "
        "--completion-column or --label-column."
    )


def _talk(row: TableRow, columns: Columns, document: str) -> Row:
    """A conversation whose last message is expected after the others."""
    *before, last = messages_of(row.cell(columns.messages), row.place)
    if not before or last["role"] != "assistant":
        raise FormatError(
            f"{row.place}: the messages end with one of {last['role']!r}. Something said, and an "
            "answer of 'assistant' at the end, were expected."
        )
    return Row(row.place, (), last["content"], None, document, tuple(before))


def _prompt(row: TableRow, columns: Columns) -> tuple[str, ...]:
    """The texts of the prompt, as `Row` has them."""
    if columns.template is not None:
        lost = [name for name in template_columns(columns.template) if name not in row.cells]
        # Of several files, the template is for those that have its columns. A slip is told all the
        # same: the prompts would be others than were asked for.
        slip = any(did_you_mean(name, map(str, row.cells), likeness=0.75) for name in lost)
        if columns.prompt not in row.cells or not lost or slip:
            return (filled(columns.template, row),)
    for name in (columns.prompt, columns.text):
        if name in row.cells:
            return tuple(row.texts(name))
    raise FormatError(
        f"{row.place}: no column {columns.prompt!r} or {columns.text!r} to make a prompt of. Name "
        "it with --prompt-column, or make it with --template."
    )


def _is_table(path: Path) -> bool:
    """Whether a path names a table, packed or not."""
    return any(suffix in TABLES for suffix in path.suffixes[-2:])


class _Sample(Generic[Item]):
    """A uniform sample of a stream, in its order (algorithm R; J. S. Vitter, 1985)."""

    def __init__(self, limit: int | None, seed: int) -> None:
        self.found = 0
        self._limit = limit
        self._random = random.Random(seed)
        self._kept: list[tuple[int, Item]] = []

    def add(self, item: Item) -> None:
        if self._limit is None or len(self._kept) < self._limit:
            self._kept.append((self.found, item))
        elif (place := self._random.randint(0, self.found)) < self._limit:
            self._kept[place] = self.found, item
        self.found += 1

    def items(self) -> tuple[Item, ...]:
        return tuple(item for _, item in sorted(self._kept, key=lambda pair: pair[0]))
