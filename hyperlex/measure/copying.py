"""The copy test: does a model write with the hypertokens that it was given?

A model with new rows may read them and still spell its answers in base tokens. Copying shows it:
the text to write is there to be read, so a copy that is right but written in base ids alone means
that the rows of the output were not learned. Both the test and the training on copies that mends it
come from the adaptation of models to Russian vocabularies (M. Tikhomirov, D. Chernyshev,
*Facilitating large language model Russian adaptation with learned embedding propagation*, 2024).

    for task in copy_tasks(texts, 1_000, part="train"):
        train_on([*task.lines, task.completion])  # each encoded by itself

Tasks of the parts "train" and "test" have no text in common, whichever texts they are made of.
"""

from __future__ import annotations

import hashlib
import random
import re
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from hyperlex.errors import ConfigError
from hyperlex.measure.bootstrap import Draws, Interval, divided
from hyperlex.measure.classification import wilson
from hyperlex.measure.generation import summed
from hyperlex.measure.words import count_words

if TYPE_CHECKING:
    from hyperlex.codebook.codebook import CodebookEntry
    from hyperlex.tokenizer import HyperTokenizer

Form = Literal["instruction", "continuation"]
FORMS: tuple[str, ...] = get_args(Form)
Part = Literal["train", "test"]

END = "\n"
"""What ends a copy: texts to copy have no line end in them."""

PROMPTS: dict[str, str] = {
    "instruction": "Повтори текст слово в слово.\nТекст:\n{text}\nПовтор:\n",
    "continuation": "{text}\n{text}\n",
}
"""By form: for models that follow instructions, and for those that only continue what they read.
Whole lines, and the text is one of them.
"""

FEWEST_WORDS, MOST_WORDS = 3, 40
SHARE_OF_TEST = 0.1

_PATIENCE = 200  # draws without a new task after which there are no more

_SENTENCE = re.compile(r"[^\n]*?(?:[.!?…]+[»\"”)\]]*(?=\s|$)|(?=\n|$))")


@dataclass(frozen=True, slots=True)
class CopyTask:
    """A text to copy, and how it is asked for. A right answer is `text` and then `END`."""

    text: str
    prompt: str

    @property
    def completion(self) -> str:
        return self.text + END

    @property
    def lines(self) -> list[str]:
        """The lines of the prompt with their ends, each to be encoded by itself, as the completion
        is. A hypertoken may reach over a line end (`.\\n—`): then the text would be asked for in
        other ids than it is to be written in, and the copy would begin within one of them.
        """
        return [line + END for line in self.prompt.removesuffix(END).split(END)]


def copy_tasks(
    texts: Iterable[str],
    count: int,
    *,
    seed: int = 0,
    form: Form = "continuation",
    part: Part = "train",
) -> list[CopyTask]:
    """Sentences of `texts` as copy tasks; the same arguments give the same tasks.

    Args:
        texts: read to their end.
        count: how many at most, drawn without replacement.
        form: how the copy is asked for, a key of `PROMPTS`.
        part: a sentence belongs to "test" or "train" by its own hash: a tenth to "test".

    Raises:
        ConfigError: an unknown form or part, a count below 1.
    """
    _check(count, form, part)
    # A drawn place each, in a fixed order: which texts come first does not decide.
    drawn: dict[str, float] = {}
    for text in texts:
        for sentence in sentences(text):
            if sentence not in drawn and part_of(sentence) == part:
                drawn[sentence] = random.Random(f"{seed}\n{sentence}").random()
    chosen = sorted(drawn, key=lambda sentence: (drawn[sentence], sentence))
    return [_task(sentence, form) for sentence in chosen[:count]]


def spelled_tasks(
    tok: HyperTokenizer,
    count: int,
    *,
    seed: int = 0,
    form: Form = "continuation",
    part: Part = "train",
    least: int = 2,
    most: int = 6,
) -> list[CopyTask]:
    """Runs of hypertokens as copy tasks: no language, but the text of every hypertoken is there
    once before that of any is a second time, so that nearly every new row is read and written.

    Args:
        tok: with hypertokens.
        least, most: hypertokens of a run, before the text is encoded anew; the canonical ids of
            the joined text may be others.

    Raises:
        ConfigError: as `copy_tasks`; a tokenizer without hypertokens.
    """
    _check(count, form, part)
    fit = [entry.text for entry in tok.codebook if _is_plain(entry.text) and _is_whole(entry, tok)]
    if not fit:
        raise ConfigError(
            "This tokenizer has no hypertoken that spells plain text, so there is nothing to copy. "
            "One that `hyperlex extend` wrote was expected."
        )
    source = random.Random(f"{seed}\n{part}")
    tasks: dict[str, CopyTask] = {}
    rest: deque[str] = deque()
    idle = 0
    while len(tasks) < count and idle < _PATIENCE:
        size = source.randint(least, most)
        if len(rest) < size:
            rest.extend(source.sample(fit, len(fit)))
        run = [rest.popleft() for _ in range(min(size, len(rest)))]
        # Those that continue no space stand at the beginning, where they are spelled so.
        run.sort(key=lambda text: text[0].isspace())
        text = " ".join("".join(_spaced(text) for text in run).split())
        if part_of(text) == part and text not in tasks:
            tasks[text], idle = _task(text, form), 0
        else:
            rest.extend(run)  # each gets its turn in other company
            idle += 1
    return list(tasks.values())


def sentences(text: str) -> Iterator[str]:
    """Sentences of a text that are fit to be copied: on one line, 3 to 40 words."""
    for found in _SENTENCE.finditer(text):
        sentence = found.group().strip()
        if FEWEST_WORDS <= count_words(sentence) <= MOST_WORDS:
            yield sentence


def part_of(text: str) -> Part:
    """The part that a text belongs to, by its hash alone."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return "test" if int.from_bytes(digest[:8], "big") < SHARE_OF_TEST * 2**64 else "train"


@dataclass(frozen=True, slots=True)
class Copy:
    """What a model wrote when a copy was asked for.

    Attributes:
        wanted: the text to copy.
        canonical: its ids.
        written: what was written, up to `END`.
        emitted: the ids that wrote it.
    """

    wanted: str
    canonical: Sequence[int]
    written: str
    emitted: Sequence[int]

    @property
    def exact(self) -> bool:
        """Whether the copy is the text, to the letter."""
        return self.written == self.wanted


@dataclass(frozen=True, slots=True)
class CopyScores:
    """How well texts were copied, and in which ids; shares from 0 to 1.

    Attributes:
        exact: copies that are the text to the letter, with the Wilson interval.
        canonical: copies whose ids are the canonical ones, too; Wilson.
        hyper_emitted: hypertokens among all ids that were emitted.
        hyper_canonical: hypertokens among the canonical ids of the same texts.
        emission: the first of these over the second, with its interval over texts; 1 where the
            model writes as its tokenizer does, 0 where it writes in base ids alone. Hypertokens of
            wrong copies count, so read it beside `exact`.
        recall: of the hypertokens of the canonical ids, how many were emitted for that text.
        rows: how many copies.
    """

    exact: Interval
    canonical: Interval
    hyper_emitted: float
    hyper_canonical: float
    emission: Interval
    recall: Interval
    rows: int


def copy_scores(
    copies: Sequence[Copy], is_hyper: Callable[[int], bool], draws: Draws | None = None
) -> CopyScores:
    """Score copies.

    Args:
        is_hyper: whether an id is a hypertoken: `tok.layout.is_hyper`.

    Raises:
        ConfigError: no copies.
    """
    if not copies:
        raise ConfigError(
            "No copies to score: of the sentences of 3 to 40 words on one line a tenth is for the "
            "test, and none of them is there or fits into the context. Name more text."
        )
    table = summed([_counts(copy, is_hyper) for copy in copies], None, draws)
    totals = table.totals
    rows = len(copies)
    return CopyScores(
        wilson(sum(copy.exact for copy in copies), rows),
        wilson(sum(list(copy.emitted) == list(copy.canonical) for copy in copies), rows),
        float(divided(totals["hyper_emitted"], totals["emitted"])),
        float(divided(totals["hyper_canonical"], totals["canonical"])),
        table.interval(
            lambda c: divided(
                divided(c["hyper_emitted"], c["emitted"]),
                divided(c["hyper_canonical"], c["canonical"]),
            )
        ),
        table.interval(lambda c: divided(c["shared"], c["hyper_canonical"])),
        rows,
    )


def until_end(ids: Sequence[int], decode: Callable[[list[int]], str]) -> tuple[list[int], str]:
    """The ids that write a copy, and its text: up to the first id that spells `END`.

    An id that spells letters and then `END` (a full stop with the line end) counts as one of the
    copy. Without `END` the text is all there is.
    """
    ids = list(ids)
    text = decode(ids)
    place = text.find(END)
    if place < 0:
        return ids, text
    count = bisect_left(range(len(ids)), True, key=lambda stop: END in decode(ids[: stop + 1]))
    if decode(ids[:count]) != text[:place]:
        count += 1
    return ids[:count], text[:place]


def _counts(copy: Copy, is_hyper: Callable[[int], bool]) -> dict[str, float]:
    wanted = Counter(filter(is_hyper, copy.canonical))
    emitted = Counter(filter(is_hyper, copy.emitted))
    return {
        "emitted": len(copy.emitted),
        "canonical": len(copy.canonical),
        "hyper_emitted": emitted.total(),
        "hyper_canonical": wanted.total(),
        "shared": (wanted & emitted).total(),
    }


def _task(text: str, form: Form) -> CopyTask:
    return CopyTask(text, PROMPTS[form].format(text=text))


def _spaced(text: str) -> str:
    return text if text[0].isspace() else f" {text}"


def _is_whole(entry: CodebookEntry, tok: HyperTokenizer) -> bool:
    """Whether its text alone is spelled by it: a piece from inside a word is not."""
    return entry.id in tok.encode(entry.text)


def _is_plain(text: str) -> bool:
    """Whether a hypertoken spells something to copy: whole characters on one line, a word."""
    return END not in text and "\ufffd" not in text and count_words(text) > 0


def _check(count: int, form: str, part: str) -> None:
    if count < 1:
        raise ConfigError(f"count={count}: at least one copy task was expected.")
    if form not in FORMS or part not in get_args(Part):
        raise ConfigError(
            f"form={form!r}, part={part!r}: a form of {', '.join(FORMS)} and a part of "
            f"{', '.join(get_args(Part))} were expected."
        )
