"""A broken artifact is a FormatError that says what to do, whatever is broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from hyperlex.errors import FormatError
from hyperlex.word.load import CONFIG, LEARNED, LEMMAS, WEIGHTS, embedded, load, quantise

FILES = (CONFIG, LEMMAS, LEARNED, WEIGHTS)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in FILES:
        shutil.copy(embedded() / name, tmp_path / name)
    return tmp_path


def refused(directory: Path) -> str:
    with pytest.raises(FormatError) as raised:
        load(directory)
    message = str(raised.value)
    assert str(directory) in message
    assert "python -m hyperlex.recipes.words" in message
    return message


def configure(directory: Path, change: Callable[[dict[str, object]], object]) -> None:
    path = directory / CONFIG
    config = json.loads(path.read_text(encoding="utf-8"))
    change(config)
    path.write_text(json.dumps(config), encoding="utf-8")


def test_the_embedded_analyzer_loads_from_any_folder(copy: Path) -> None:
    network, entries = load(copy)
    _, vectors = entries.of(["Дверь", "закрыта", "."])
    (scores,) = network.forward(vectors, [3])
    assert np.isfinite(scores.arcs).all()


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert name in refused(copy)


@pytest.mark.parametrize("name", [CONFIG, LEMMAS, WEIGHTS])
@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_truncated_file(copy: Path, name: str, share: float) -> None:
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data[: int(share * len(data))])
    refused(copy)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_something_else(copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"\xff\xfe\x00 not this\n" * 3)
    refused(copy)


@pytest.mark.parametrize("text", ["[]", "null", "1", '"words"', "{}"])
def test_a_configuration_of_another_shape(copy: Path, text: str) -> None:
    (copy / CONFIG).write_text(text)
    refused(copy)


def test_another_format_version(copy: Path) -> None:
    configure(copy, lambda config: config.update(format_version=99))
    assert "format_version" in refused(copy)


def test_other_labels(copy: Path) -> None:
    configure(copy, lambda config: config["labels"]["upos"].reverse())  # type: ignore[index]
    assert "labels" in refused(copy)


@pytest.mark.parametrize("key", ["layers", "heads", "labels", "format_version"])
def test_a_missing_key(copy: Path, key: str) -> None:
    configure(copy, lambda config: config.pop(key))
    assert key in refused(copy)


@pytest.mark.parametrize("tensor", ["table", "meanings", "input.w", "tags.w", "label.u", "norm.b"])
def test_a_missing_tensor(copy: Path, tensor: str) -> None:
    tensors = load_file(copy / WEIGHTS)
    del tensors[tensor]
    save_file(tensors, copy / WEIGHTS)
    assert tensor in refused(copy)


def test_a_missing_scale(copy: Path) -> None:
    tensors = load_file(copy / WEIGHTS)
    del tensors["table.scale"]
    save_file(tensors, copy / WEIGHTS)
    assert "table.scale" in refused(copy)


def test_a_line_of_too_few_columns(copy: Path) -> None:
    with (copy / LEARNED).open("a", encoding="utf-8") as file:
        file.write("слово\tNOUN\n")
    refused(copy)


@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=6),
        elements=st.floats(-8, 8, width=32, allow_subnormal=False),
    )
)
def test_quantising_moves_no_weight_by_more_than_a_step(table: NDArray[np.float32]) -> None:
    steps, scale = quantise(table)
    assert (steps.dtype, scale.dtype) == (np.int8, np.float16)
    width = scale.astype(np.float32)[:, None]
    # Half a step by rounding; the rest where float16 has made the scale too small for the largest.
    assert (np.abs(steps * width - table) <= 0.5 * width + 0.001 * np.abs(table) + 1e-6).all()
