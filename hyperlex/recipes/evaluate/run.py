"""Everything that the data allows to be measured of some models, side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hyperlex.errors import ConfigError
from hyperlex.measure.bootstrap import DRAWS, Draws
from hyperlex.measure.classification import accuracy, check_labels, label_in
from hyperlex.measure.copying import Copy, CopyScores, copy_scores, copy_tasks
from hyperlex.measure.copying import Form as CopyForm
from hyperlex.measure.copying import until_end as copied
from hyperlex.measure.generation import GenerationScores, generation_scores
from hyperlex.measure.language_model import bits
from hyperlex.measure.peer import FastPeer, HyperPeer
from hyperlex.measure.perplexity import TextBits, difference, perplexity
from hyperlex.measure.texts import Text, texts_of
from hyperlex.recipes.evaluate.data import Columns, Data, Row, ids_of, prompt_rows, read_data
from hyperlex.recipes.evaluate.opening import Opened, open_model, stop_at_turns
from hyperlex.recipes.evaluate.report import Classified, Evaluation, Example, ModelReport
from hyperlex.recipes.finetune.chat import Chat
from hyperlex.recipes.finetune.pieces import joined

if TYPE_CHECKING:
    from hyperlex.measure.peer import Peer

Told = Callable[[str, int, int | None], None]

CHARACTERS = 200_000
OPENING = 200
"""Characters of a plain text that are a prompt for an example."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to evaluate.

    Attributes:
        limit: texts and rows of each kind, at most; None: all.
        characters: of plain text that each model reads, at most: the beginnings of the texts.
        context, stride: of perplexity, see `hyperlex.measure.bits`.
        max_new_tokens: of an answer.
        stop: what ends an answer, such as a line end; it is cut off, too. None: only the model.
        labels: all there are, and a number in the data is a place in them; (): those in the data.
        copies: texts of the copy test; 0: no copy test.
        copy_form: how copies are asked for.
        examples: how many prompts are shown with the answers; with `prompts` 0 means all.
        prompts: a file of prompts for them; None: those of the data.
        cut_prompts: whether a prompt that is too long loses its beginning, or is refused.
        batch: prompts at once.
    """

    columns: Columns = field(default_factory=Columns)
    limit: int | None = 200
    characters: int = CHARACTERS
    context: int = 1_024
    stride: int | None = None
    max_new_tokens: int = 128
    stop: str | None = None
    labels: tuple[str, ...] = ()
    copies: int = 0
    copy_form: CopyForm = "continuation"
    examples: int = 0
    prompts: str | None = None
    cut_prompts: bool = False
    batch: int = 8
    seed: int = 0
    draws: int = DRAWS

    def __post_init__(self) -> None:
        for name in ("characters", "max_new_tokens", "batch", "limit"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(f"{name}={value}: 1 or more was expected.")
        for name in ("copies", "examples"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}={getattr(self, name)}: 0 or more was expected.")
        if self.stop == "":
            raise ConfigError("stop='': a text that ends an answer was expected, such as a line.")

    @property
    def resampling(self) -> Draws:
        return Draws(self.seed, self.draws)


def evaluate(
    models: Sequence[str | Opened],
    sources: Sequence[str | Path] = (),
    settings: Settings | None = None,
    *,
    tokenizer: str | None = None,
    told: Told | None = None,
) -> Evaluation:
    """Measure `models` on the texts and rows of `sources`, as far as these go.

    Plain texts give perplexity and bits per character; rows with a prompt and a completion BLEU,
    chrF and ROUGE; rows with a label accuracy. `settings.copies` adds the copy test, whose texts
    are sentences of the plain texts, or of the samples of this project where there are none.

    Args:
        models: directories, hub ids, or what `open_model` has opened; differences are taken from
            the first. One is held in memory at a time.
        tokenizer: for all models; None: each its own.

    Raises:
        ConfigError: nothing to measure; a prompt longer than the context.
        FormatError: broken rows, a label outside `settings.labels`.
        Otherwise as `open_model` and `read_data`.
    """
    settings = settings or Settings()
    told = told or (lambda stage, done, total: None)
    if not models:
        raise ConfigError("No model was named: one at least was expected.")
    work = Work.of(sources, settings)
    reports: list[ModelReport] = []
    answers: list[list[str]] = []
    first: list[TextBits] = []
    for source in models:
        report, read, written = _measured(
            source, tokenizer, work, settings, told, [report.name for report in reports]
        )
        if read and reports:
            changed = difference(read, first, settings.resampling)
            report = replace(report, difference=changed)
        first = first or read
        reports.append(report)
        answers.append(written)
    names = [report.name for report in reports]
    examples = tuple(
        Example(
            _shown(row),
            row.completion or row.label,
            {name: texts[n] for name, texts in zip(names, answers, strict=True)},
        )
        for n, row in enumerate(work.prompts)
    )
    used = len(work.data.texts) + len(work.data.rows)
    return Evaluation(
        tuple(reports), examples, work.data.found, used, settings.copies, settings.seed
    )


@dataclass(frozen=True, slots=True)
class Work:
    """What all models are given."""

    data: Data
    labels: tuple[str, ...]
    copy_texts: tuple[str, ...]
    prompts: tuple[Row, ...]

    @classmethod
    def of(cls, sources: Sequence[str | Path], settings: Settings) -> Work:
        data = Data((), (), 0)
        if sources:
            data = read_data(sources, settings.columns, limit=settings.limit, seed=settings.seed)
        elif not settings.copies and settings.prompts is None:
            raise ConfigError(
                "Nothing to evaluate on. Name files or a corpus, or ask for the copy test with "
                "--copy, or for examples with --prompts FILE."
            )
        if settings.labels:
            rows = (replace(row, label=_label(row.label, settings.labels)) for row in data.rows)
            data = replace(data, rows=tuple(rows))
        expected = [row.label for row in data.labelled if row.label is not None]
        labels = settings.labels or tuple(sorted(set(expected)))
        check_labels(expected, labels, [row.place for row in data.labelled])
        texts = tuple(text.text for text in data.texts)
        copy_texts = texts or tuple(text.text for text in texts_of(None))
        prompts = _prompts(data, settings) if settings.examples or settings.prompts else ()
        return cls(_cut(data, settings.characters), labels, copy_texts, prompts)


def _measured(
    source: str | Opened,
    tokenizer: str | None,
    work: Work,
    settings: Settings,
    told: Told,
    taken: Sequence[str],
) -> tuple[ModelReport, list[TextBits], list[str]]:
    """What one model did: figures, bits of the texts, answers to the prompts of the examples.

    A function of its own, so that the model is gone before the next is loaded.
    """
    told(f"loading {source if isinstance(source, str) else source.name}", 0, None)
    opened = open_model(source, tokenizer) if isinstance(source, str) else source
    reader = Reader(opened, settings, told)
    report = ModelReport(_unique(opened.name, taken), repr(opened.tok))
    read: list[TextBits] = []
    written: list[str] = []
    if work.data.texts:
        read = reader.read(work.data.texts)
        report = replace(report, perplexity=perplexity(read, settings.resampling))
    if work.data.answered:
        report = replace(report, generation=reader.complete(work.data.answered))
    if work.data.labelled:
        report = replace(report, classification=reader.classify(work.data.labelled, work.labels))
    if settings.copies:
        report = replace(report, copying=reader.copy(work.copy_texts))
    if work.prompts:
        asked = [reader.prompt_of(row) for row in work.prompts]
        written = reader.write("writing examples", asked)
    return replace(report, shortened=reader.shortened), read, written


class Reader:
    """One model at work."""

    def __init__(self, opened: Opened, settings: Settings, told: Told) -> None:
        self._model, self._tok = opened.model, opened.tok
        self._settings, self._told = settings, told
        self.shortened = 0

    def read(self, texts: Sequence[Text]) -> list[TextBits]:
        """Bits of every token of every text."""
        peer: Peer = (
            HyperPeer("", self._tok)
            if self._tok.layout.hyper_size
            else FastPeer("", self._tok.base)
        )
        documents: dict[str, int] = {}
        found = []
        for number, text in enumerate(texts):
            self._told("reading texts", number, len(texts))
            (ids,) = peer.encode_batch([text.text])
            of_tokens = bits(
                self._model,
                ids.tolist(),
                context=self._settings.context,
                stride=self._settings.stride,
            )
            document = documents.setdefault(text.document or f"\n{number}", len(documents))
            found.append(TextBits(text.text, of_tokens, peer.stops(text.text, ids), document))
        return found

    def complete(self, rows: Sequence[Row]) -> GenerationScores:
        """Scores of the model's answers."""
        written = self.write("completing", [self.prompt_of(row) for row in rows])
        documents = [row.document or str(number) for number, row in enumerate(rows)]
        expected = [self._ended(row.completion or "") for row in rows]
        return generation_scores(written, expected, documents, self._settings.resampling)

    def classify(self, rows: Sequence[Row], labels: Sequence[str]) -> Classified:
        """Accuracy by the likeliest label, and by what the model writes."""
        from hyperlex.model.completions import answer_bits

        expected = [row.label or "" for row in rows]
        longest = max(len(self._tok.encode(label)) for label in labels) + 4
        likeliest = []
        for number, row in enumerate(rows):
            self._told("weighing labels", number, len(rows))
            answers = [
                self._tok.encode(joined(row.prompt[-1], label).pieces[1].text) for label in labels
            ]
            prompt = self._prompt(row.prompt, longest)
            found = answer_bits(self._model, prompt, answers, batch=self._settings.batch)
            likeliest.append(labels[found.index(min(found))])
        before = self.shortened
        written = self.write("naming labels", [row.prompt for row in rows], longest)
        self.shortened = before  # the same prompts, shortened for the second time
        named = [label_in(text, labels) for text in written]
        return Classified(accuracy(likeliest, expected, labels), accuracy(named, expected, labels))

    def copy(self, texts: Sequence[str]) -> CopyScores:
        """The copy test on sentences of the part that is never trained on, as far as prompt and
        copy fit into what the model sees.
        """
        from hyperlex.model.generate import opening, positions_of

        settings, limit = self._settings, positions_of(self._model)
        tasks, prompts, room = [], [], []
        for task in copy_tasks(
            texts, settings.copies, seed=settings.seed, form=settings.copy_form, part="test"
        ):
            asked = opening(self._model, self._tok, ids_of(task.lines, self._tok))
            # Room for the text in base ids, however it is written, and some to go wrong in.
            most = len(self._tok.base_encode(task.completion)) + 8
            if limit is None or len(asked) + most <= limit:
                tasks.append(task)
                prompts.append(asked)
                room.append(most)
        written = self._emit("copying", prompts, room)
        copies = []
        for task, emitted in zip(tasks, written, strict=True):
            ids, text = copied(emitted, self._tok.decode)
            # With its line end, which one id may hold together with the last letters.
            canonical, _ = copied(self._tok.encode(task.completion), self._tok.decode)
            copies.append(Copy(task.text, canonical, text, ids))
        return copy_scores(copies, self._tok.layout.is_hyper, settings.resampling)

    def write(
        self, stage: str, prompts: Sequence[Sequence[str]], tokens: int | None = None
    ) -> list[str]:
        """The model's answers to prompts, see `prompt_of`, as text, cut at `stop`."""
        most = tokens or self._settings.max_new_tokens
        asked = [self._prompt(texts, most) for texts in prompts]
        emitted = self._emit(stage, asked, [most] * len(asked))
        return [self._ended(self._tok.decode(ids)) for ids in emitted]

    def _emit(
        self, stage: str, prompts: Sequence[list[int]], room: Sequence[int]
    ) -> list[list[int]]:
        from hyperlex.model.completions import complete

        self._told(stage, 0, len(prompts))
        return complete(
            self._model,
            prompts,
            room,
            batch=self._settings.batch,
            told=lambda done: self._told(stage, done, len(prompts)),
        )

    def _prompt(self, texts: Sequence[str], room: int) -> list[int]:
        """The ids of a prompt, with room behind them."""
        from hyperlex.model.completions import check_fits
        from hyperlex.model.generate import opening, positions_of

        ids = opening(self._model, self._tok, ids_of(texts, self._tok))
        limit = positions_of(self._model)
        if limit is None or len(ids) + room <= limit:
            return ids
        if not self._settings.cut_prompts or room >= limit:
            check_fits(None, len(ids), room, limit)
        self.shortened += 1
        return ids[len(ids) + room - limit :]

    def prompt_of(self, row: Row) -> tuple[str, ...]:
        """The texts of the prompt of a row; of messages one, by the chat template of this model."""
        if not row.messages:
            return row.prompt
        return (self._chat.prompt(list(row.messages)),)

    @cached_property
    def _chat(self) -> Chat:
        return stop_at_turns(self._model, self._tok)

    def _ended(self, text: str) -> str:
        stop = self._settings.stop
        return text if stop is None else text.partition(stop)[0]


def _label(found: str | None, labels: Sequence[str]) -> str | None:
    """The label of a cell, as in training: the word itself, or the one at the place it says."""
    if found is None or found in labels or not found.isdecimal() or int(found) >= len(labels):
        return found
    return labels[int(found)]


def _cut(data: Data, characters: int) -> Data:
    """The beginnings of the texts, so many characters together at most; short texts leave their
    share to the long ones.
    """
    left = characters
    shares: dict[int, int] = {}
    order = sorted(range(len(data.texts)), key=lambda n: len(data.texts[n].text))
    for place, n in enumerate(order):
        shares[n] = min(len(data.texts[n].text), left // (len(order) - place))
        left -= shares[n]
    texts = (
        replace(text, text=text.text[: shares[n]]) for n, text in enumerate(data.texts) if shares[n]
    )
    return replace(data, texts=tuple(texts))


def _prompts(data: Data, settings: Settings) -> tuple[Row, ...]:
    """Prompts for the examples, with what was expected after them."""
    if settings.prompts is not None:
        rows = prompt_rows(settings.prompts, settings.columns)
        return tuple(rows[: settings.examples or None])
    texts = [Row(text.domain, (_opening(text.text),), None, None) for text in data.texts]
    return (*data.rows, *texts)[: settings.examples]


def _shown(row: Row) -> str:
    """A prompt for people: messages without the template of any one model."""
    if not row.messages:
        return "".join(row.prompt)
    return "\n".join(f"{message['role']}: {message['content']}" for message in row.messages)


def _opening(text: str) -> str:
    """The first words of a text."""
    if len(text) <= OPENING:
        return text
    return text[:OPENING].rpartition(" ")[0] or text[:OPENING]


def _unique(name: str, taken: Sequence[str]) -> str:
    number = 1
    found = name
    while found in taken:
        number += 1
        found = f"{name} ({number})"
    return found
