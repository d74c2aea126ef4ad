"""What of a row is learned: its text in pieces, each learned or only read."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from operator import itemgetter
from string import Formatter
from typing import NamedTuple

from hyperlex.errors import FormatError, did_you_mean
from hyperlex.recipes.finetune.chat import Chat
from hyperlex.recipes.finetune.config import FinetuneConfig, template_columns
from hyperlex.recipes.finetune.rows import Row


class Piece(NamedTuple):
    """A stretch of text that is encoded by itself, so that no id reaches over its end."""

    text: str
    learned: bool


class Pieces(NamedTuple):
    """The pieces of a row.

    Attributes:
        ends: whether the end-of-text token stands behind them; a conversation has its own ends.
        begins: whether the token stands before them that the base tokenizer begins a text with.
    """

    pieces: list[Piece]
    ends: bool = True
    begins: bool = True

    @property
    def answers(self) -> bool:
        """Whether something of them is only read: what is learned answers it, up to its end."""
        return any(piece.text and not piece.learned for piece in self.pieces)


Cut = Callable[[Row], Pieces | None]
"""Cuts a row into pieces; None for a row without a text."""


def cutter(config: FinetuneConfig, chat: Chat | None) -> Cut:
    """How rows of this recipe are cut. `chat` is needed where there are messages.

    The returned function raises `FormatError` for a row without a column, and for a label that is
    not among `labels`.
    """
    if config.messages_column:
        assert chat is not None
        column, talk = config.messages_column, chat
        return lambda row: _conversation(row, column, talk)
    cut = _prompted if config.has_prompts else _plain

    def with_end(row: Row) -> Pieces | None:
        pieces = cut(row, config)
        return pieces and pieces._replace(ends=config.ends)

    return with_end


def prompt_of(row: Row, config: FinetuneConfig) -> str:
    """The prompt of a row, as training sees it: what a model that was trained so is to be given."""
    return "".join(_prompt_texts(row, config))


def filled(template: str, row: Row) -> str:
    """A template with the cells of a row in it; null is nothing, as an empty text is.

    Raises:
        FormatError: a column that is not there; null in all of them.
    """
    columns = template_columns(template)
    if all(row.cell(column) is None for column in columns):
        raise FormatError(
            f"{row.place}: null in {' and '.join(map(repr, columns))}, all that the template "
            'names. A text was expected: write "" for an empty one, or take the row out.'
        )
    # Not by str.format, for which a dot or a bracket in the name of a column means something.
    return "".join(
        literal + ("" if column is None else row.text(column))
        for literal, column, _, _ in Formatter().parse(template)
    )


def label_of(row: Row, config: FinetuneConfig) -> str:
    """The label of a row: the word itself, or the one at the place that the cell says.

    Raises:
        FormatError: neither a label nor a place among them.
    """
    assert config.label_column is not None
    found, labels = row.text(config.label_column).strip(), config.labels
    if found in labels:
        return found
    if found.isdecimal() and int(found) < len(labels):
        return labels[int(found)]
    hint = did_you_mean(found, labels)
    raise FormatError(
        f"{row.place}: the label {found!r} is none of: {', '.join(labels)}.{hint} Mend the row, or "
        "add it to labels in the recipe."
    )


def joined(prompt: str, completion: str) -> Pieces:
    """A prompt and what is learned behind it, parted by a space where neither has white space
    there.
    """
    if prompt and not prompt[-1].isspace() and not completion[:1].isspace():
        completion = f" {completion}"
    return Pieces([Piece(prompt, False), Piece(completion, True)])


def _plain(row: Row, config: FinetuneConfig) -> Pieces | None:
    if config.template is not None:
        if not any(row.text(column).strip() for column in template_columns(config.template)):
            return None
        return Pieces([Piece(filled(config.template, row), True)])
    parts = [row.text(column).strip() for column in config.text_columns]
    # The last column is the text itself: a heading over nothing is no text.
    return Pieces([Piece("\n\n".join(filter(None, parts)), True)]) if parts[-1] else None


def _prompt_texts(row: Row, config: FinetuneConfig) -> list[str]:
    """The texts that make the prompt, each of which is encoded by itself."""
    if config.template is not None:
        return [filled(config.template, row)]
    assert config.prompt_column is not None
    return row.texts(config.prompt_column)


def _prompted(row: Row, config: FinetuneConfig) -> Pieces | None:
    *before, last = _prompt_texts(row, config)
    if config.label_column:
        completion = label_of(row, config)
    else:
        assert config.completion_column is not None
        completion = row.text(config.completion_column)
        if not completion.strip():
            return None
    return Pieces([*(Piece(text, False) for text in before), *joined(last, completion).pieces])


def _conversation(row: Row, column: str, chat: Chat) -> Pieces | None:
    rendered = chat.render(row.cell(column), row.place)
    if rendered is None:
        return None
    # One text from answer to answer: so it is encoded when the model is asked.
    pieces = [
        Piece("".join(text for text, _ in run), learned)
        for learned, run in groupby(filter(itemgetter(0), rendered), key=itemgetter(1))
    ]
    # A template writes the beginning and the ends of turns itself.
    return Pieces(pieces, ends=False, begins=not chat.begins(pieces[0].text))
