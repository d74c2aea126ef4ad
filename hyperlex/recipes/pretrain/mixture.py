"""Documents of several sources by weight: streamed without end, in bounded memory, the same for the
same seed.

A source is a file, a folder, a corpus or a data set. The files of a folder are read side by side,
each as fast as its size says, so that a folder of domains is a mixture and no sequence; what comes
out is shuffled in blocks. A source that ends begins anew: that is its next epoch, in another order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from hyperlex.errors import ConfigError
from hyperlex.measure.texts import corpora, told_as_ours

BLOCK = 1 << 22
"""Characters that are shuffled together, and held in memory, a source."""

LANES = 16
"""Files of a source that are open at once."""


@dataclass(frozen=True)
class Lane:
    """Something that is read in sequence.

    Attributes:
        read: called, it gives the texts from the beginning.
        size: how much it is; 0 where that is not known.
    """

    read: Callable[[], Iterable[str]]
    size: float


@dataclass(frozen=True)
class Source:
    """One entry of a mixture.

    Attributes:
        name: what messages call it.
        lanes: what is read side by side; called with a seed, because which files share a lane is
            drawn.
    """

    name: str
    lanes: Callable[[int], list[Lane]]


@dataclass
class Place:
    """How far a source has been read.

    Attributes:
        epoch: from 0.
        documents: of this epoch.
        characters: of all epochs.
    """

    epoch: int = 0
    documents: int = 0
    characters: int = 0


def source(name: str, split: str | None) -> Source:
    """What a recipe names, of it the documents of one split (None: all).

    Args:
        name: a folder of texts (`.txt`, `.md`, `.jsonl`, `.csv`, `.tsv`, `.parquet`, packed or not;
            hidden files are passed over), or whatever else `hyperlex_corpora.load` takes: a file, a
            corpus by its name, a data set on the hub.

    Raises:
        ConfigError, FormatError, MissingDependencyError: as reading it; the first document is
            looked at, so that a wrong name is told before the work.
    """
    with told_as_ours():
        next(iter(corpora().load(name, limit=1)), None)
    known = {card.name: card for card in corpora().list_cards()}
    if name in known and known[name].split.by != "hash":
        _require_split(name, split)
    files = [] if name in known else _files_in(Path(name))
    return Source(name, partial(_lanes, files, split) if files else partial(_lane, name, split))


def _require_split(name: str, split: str | None) -> None:
    """Raise `ConfigError` where a corpus that came divided, or not at all, has no such part."""
    with told_as_ours():
        try:
            corpora().load(name, split=split)
        except ValueError as error:
            raise ConfigError(f"{error} Pass --split all.") from error


def texts(name: str, given: Sequence[str]) -> Source:
    """A source out of texts in memory; each is a document."""
    return Source(name, lambda seed: [Lane(lambda: given, sum(map(len, given)))])


def together(sources: Sequence[Source]) -> Source:
    """All of them as one, each as often as its size says: every text once an epoch.

    Raises:
        ConfigError: a size that is not known.
    """
    for each in sources:
        if not all(lane.size for lane in each.lanes(0)):
            raise ConfigError(
                f"How large {each.name} is cannot be told before it is read. Give each entry of "
                "data a weight: mixture = [1.0, …]."
            )
    return Source(
        ", ".join(each.name for each in sources),
        lambda seed: [lane for each in sources for lane in each.lanes(seed)],
    )


class Mixture:
    """Documents without end, each from the source that is furthest behind its weight.

    So the shares by characters are off by no more than a document, at any length, and nothing but
    the order within a source is left to chance.

    Args:
        sources: at least one.
        weights: of each, by characters; they need not add up to 1.
        seed: of the order.
        said: is told when a source begins anew.

    Attributes:
        places: how far each source has been read. Set them, before the first document is taken, to
            those of another mixture of the same sources and seed, and this one goes on from there.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        weights: Sequence[float],
        *,
        seed: int = 0,
        said: Callable[[str], None] | None = None,
    ) -> None:
        self._sources = tuple(sources)
        self._weights = [weight / sum(weights) for weight in weights]
        self._seed = seed
        self._said = said or (lambda message: None)
        self.places = [Place() for _ in self._sources]

    def __iter__(self) -> Iterator[str]:
        streams = [self._without_end(index) for index in range(len(self._sources))]
        while True:
            index = min(range(len(streams)), key=self._ahead)
            text = next(streams[index])
            self.places[index].characters += len(text)
            yield text

    @property
    def state(self) -> list[dict[str, int]]:
        """The places as plain values."""
        return [asdict(place) for place in self.places]

    def go_to(self, state: Iterable[dict[str, int]]) -> None:
        """Set the places."""
        self.places = [Place(**values) for values in state]

    def _ahead(self, index: int) -> float:
        return self.places[index].characters / self._weights[index]

    def _without_end(self, index: int) -> Iterator[str]:
        place, found = self.places[index], self._sources[index]
        while True:
            skipped = place.documents
            for text in islice(_epoch(found, f"{self._seed} {index} {place.epoch}"), skipped, None):
                place.documents += 1
                yield text
            if not place.documents:
                raise ConfigError(
                    f"{found.name} holds no document of this split. Choose another split (a single "
                    'file of plain text is one document: split = "all"), or other data.'
                )
            place.epoch, place.documents = place.epoch + 1, 0
            self._said(f"{found.name} was read to its end: epoch {place.epoch + 1} begins.")


def _epoch(found: Source, seed: str) -> Iterator[str]:
    """All documents of a source once."""
    draw = random.Random(seed)
    block: list[str] = []
    size = 0
    for text in _side_by_side(found.lanes(draw.getrandbits(32))):
        block.append(text)
        size += len(text)
        if size >= BLOCK:
            draw.shuffle(block)
            yield from block
            block, size = [], 0
    draw.shuffle(block)
    yield from block


def _side_by_side(lanes: Sequence[Lane]) -> Iterator[str]:
    """The next text of the lane that is least far through, until all are."""
    open_lanes = {index: iter(lane.read()) for index, lane in enumerate(lanes)}
    given = [0.0] * len(lanes)
    while open_lanes:
        index = min(open_lanes, key=lambda lane: given[lane])
        text = next(open_lanes[index], None)
        if text is None:
            del open_lanes[index]
            continue
        given[index] += len(text) / max(1.0, lanes[index].size)
        yield text


def _lane(name: str, split: str | None, seed: int) -> list[Lane]:
    path = Path(name)
    return [Lane(partial(_records, [name], split), path.stat().st_size if path.is_file() else 0)]


def _lanes(files: Sequence[Path], split: str | None, seed: int) -> list[Lane]:
    order = random.Random(seed).sample(files, len(files))
    dealt = [order[start::LANES] for start in range(min(LANES, len(order)))]
    return [
        Lane(partial(_records, part, split), sum(file.stat().st_size for file in part))
        for part in dealt
    ]


def _records(names: Iterable[str | Path], split: str | None) -> Iterator[str]:
    for name in names:
        with told_as_ours():
            for record in corpora().load(name, split=split):
                yield record.text


def _files_in(path: Path) -> list[Path]:
    """The files of a folder of texts; none for all else."""
    from hyperlex_corpora.files import files_of
    from hyperlex_corpora.sources.hub import is_saved
    from hyperlex_corpora.sources.plain import SUFFIXES

    if not path.is_dir() or is_saved(path):
        return []
    try:
        return files_of(path, SUFFIXES)
    except ValueError:
        return []
