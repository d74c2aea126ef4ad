"""Any data set that the library `datasets` reads and that has a column of texts.

    load_datasets("wikimedia/wikipedia", config="20231101.ru")
    load_datasets("path/to/saved")          what `Dataset.save_to_disk` has written

From the hub it is streamed: nothing is downloaded but what is read.

Source: https://huggingface.co/docs/datasets
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..errors import CorpusError
from ..optional import require
from ..rows import need_columns
from .plain import PlainRecord, parse_rows

_SAVED = ("dataset_dict.json", "state.json")


def is_saved(path: Path) -> bool:
    """Whether `datasets` has saved a data set, or a dictionary of them, in this folder."""
    return any((path / name).is_file() for name in _SAVED)


def load_datasets(
    name: str | Path,
    *,
    config: str | None = None,
    split: str = "train",
    text_column: str = "text",
    skipped: Counter[str] | None = None,
) -> Iterator[PlainRecord]:
    """Records of a data set on the hub, or of a saved one.

    Args:
        name: its id, or the folder.
        config: which of its configurations; None: the only one.
        split: one of its splits.
        text_column: the column that holds the texts.
        skipped: counts what was passed over, by the reason.

    Raises:
        ModuleNotFoundError: `datasets` is not installed.
        CorpusError: not found, or the hub does not answer.
        ValueError: no such configuration, split or column.
    """
    rows = dataset_rows(str(name), config, split)
    if names := getattr(rows, "column_names", None):
        need_columns(names, [text_column], str(name))
    return parse_rows(
        enumerate(rows, 1),
        file=str(name),
        domain=Path(name).name,
        text_column=text_column,
        skipped=skipped,
    )


def dataset_rows(name: str, config: str | None, split: str) -> Iterable[dict[str, Any]]:
    """The rows themselves. Raises as `load_datasets`."""
    require("datasets", f"The data set {name}")
    from datasets import DatasetDict, load_dataset, load_from_disk  # type: ignore[import-untyped]
    from datasets.exceptions import DatasetsError  # type: ignore[import-untyped]
    from huggingface_hub.errors import HfHubHTTPError

    try:
        if not is_saved(Path(name)):
            streamed: Iterable[dict[str, Any]] = load_dataset(
                name, config, split=split, streaming=True
            )
            return streamed
        saved = load_from_disk(name)
    except (DatasetsError, HfHubHTTPError, OSError) as error:
        raise CorpusError(
            f"The data set {name} cannot be opened ({_first_line(error)}). Check its id, and that "
            "the hub can be reached."
        ) from error
    if not isinstance(saved, DatasetDict):
        return saved  # type: ignore[no-any-return]
    if split not in saved:
        raise ValueError(f"{name} has no split {split!r}. It has: {', '.join(saved)}.")
    return saved[split]  # type: ignore[no-any-return]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
