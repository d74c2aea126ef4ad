"""How a kernel is cut for a shape and a card: a tuned file where there is one, else a rule.

A tuned file is `configs/<card>.json`, card as the driver names it with spaces turned to dashes,
written by `python -m hyperlex_kernels.tune` on that card and by nothing else:

    {"format_version": 1, "card": …, "measured": {…}, "matmul_4bit": {"nf4,float16,8,4096,4096":
     {"block_n": 32, "slices": 4, "splits": 1, "warps": 4, "stages": 3}}}

Keys are format, dtype of x, rows of x (rounded up to a tile), N, K.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from . import layout

FORMAT_VERSION: Final = 1
DIRECTORY: Final = Path(__file__).parent / "configs"

BATCH_TILES: Final = (8, 16, 32, 64)


@dataclass(frozen=True)
class MatmulConfig:
    """One way to run `matmul_4bit_kernel`.

    block_n   rows of the weight a program takes
    block_m   rows of x, as stored in the tile: 8, 16, 32 or 64
    slices    tiles of K side by side inside a program
    splits    programs that share one block of rows; above 1, a second kernel adds up
    """

    block_n: int
    block_m: int
    slices: int
    splits: int
    warps: int
    stages: int


def batch_tile(batch: int) -> int:
    """Rows of the smallest tile that holds `batch` rows of x, the largest tile where none does."""
    return next((tile for tile in BATCH_TILES if batch <= tile), BATCH_TILES[-1])


def is_usual(group_size: int, scale_dtype: str) -> bool:
    """Whether scales are the usual ones, of 64 weights and in float16: others take registers."""
    return group_size == 64 and scale_dtype == "float16"


def candidates(
    format: str, dtype: str, block_m: int, major: int, usual: bool = True
) -> tuple[MatmulConfig, ...]:
    """The shipped shapes for a tile of x on compute capability `major`.x, the widest first.

    Of scales that are not the `usual` ones, the narrowest shape alone is shipped.

    The ahead-of-time gate compiles each of them. Warps side by side along K (`slices`) need no
    second kernel and are what thin batches run on; from 32 rows on, Hopper's warp-group product
    wants all four warps on one tile. Wide tiles spread a round's overhead over more weights, where
    the registers allow it: that, the assembler decides, and the gate found out.
    """
    shapes = _shapes(format, dtype, block_m, major, usual)
    if triton_version().startswith("3.8."):
        # It alone puts three of the four decoded planes into shared memory, 40 KB of them, and what
        # is fetched ahead by a third stage would not fit beside them on a card of 100 KB.
        shapes = tuple(replace(shape, stages=2) for shape in shapes)
    return shapes if usual else shapes[-1:]


def _shapes(
    format: str, dtype: str, block_m: int, major: int, usual: bool
) -> tuple[MatmulConfig, ...]:
    hopper, nf4, bf16 = major == 9, format == "nf4", dtype == "bfloat16"
    if block_m == 8:
        return (
            MatmulConfig(64, 8, 4, 1, 4, 3),
            MatmulConfig(32, 8, 8, 1, 4, 3),
            MatmulConfig(16, 8, 8, 1, 4, 3),
        )
    if block_m == 16:
        thin = (
            MatmulConfig(32, 16, 4, 1, 4, 3),
            MatmulConfig(16, 16, 4 if nf4 and major > 9 else 8, 1, 4, 3),
        )
        if nf4 and hopper:
            return thin if bf16 else (MatmulConfig(256, 16, 1, 1, 4, 3), *thin)
        if (nf4 and major > 9) or (bf16 and not nf4):
            return thin
        return (MatmulConfig(64, 16, 4, 1, 4, 3), *thin)
    if block_m == 32:
        if hopper:
            return (MatmulConfig(128, 32, 1, 1, 4, 3), MatmulConfig(64, 32, 1, 1, 4, 4))
        narrow = MatmulConfig(64, 32, 1, 1, 2, 3)
        return (narrow,) if nf4 and major > 9 else (MatmulConfig(128, 32, 1, 1, 4, 4), narrow)
    if hopper:
        narrow = MatmulConfig(64, 64, 1, 1, 4, 4)
        return (MatmulConfig(128, 64, 1, 1, 4, 3), narrow) if nf4 and not bf16 else (narrow,)
    return (MatmulConfig(64, 64, 1, 1, 4, 2 if nf4 and bf16 and usual else 3),)


@cache
def triton_version() -> str:
    """The installed version, or "" where there is none."""
    try:
        return version("triton")
    except PackageNotFoundError:
        return ""


def choose_config(
    format: str,
    dtype: str,
    batch: int,
    out_features: int,
    in_features: int,
    card: str,
    major: int,
    processors: int,
    usual: bool = True,
) -> MatmulConfig:
    """The configuration for a product of `batch` rows of x, tuned if this card has a file.

    `processors` is the card's number of multiprocessors; `dtype` is "float16" or "bfloat16";
    `usual` as `is_usual` answers. Only products of usual scales are tuned.
    """
    block_m = batch_tile(batch)
    tuned = _tuned(card).get(f"{format},{dtype},{block_m},{out_features},{in_features}")
    if tuned is not None and usual:
        return tuned
    rows = layout.padded_rows(out_features)
    tiles = layout.padded_columns(in_features) // layout.TILE_COLUMNS
    # The widest shape that still gives every processor two programs to swap between.
    shapes = [c for c in candidates(format, dtype, block_m, major, usual) if rows % c.block_n == 0]
    shape = next((c for c in shapes if rows // c.block_n >= 2 * processors), shapes[-1])
    programs = rows // shape.block_n * -(-batch // block_m)
    splits = 1
    if programs < processors:
        # A split below 16 KiB of weights, or two rounds, costs more in ramp-up than it wins.
        least = max(4, 2 * shape.slices, 256 // shape.block_n)
        most = max(1, tiles // least)
        splits = min(most, -(-2 * processors // programs))
    return MatmulConfig(**{**asdict(shape), "splits": splits})


@cache
def _tuned(card: str) -> dict[str, MatmulConfig]:
    path = DIRECTORY / f"{card.replace(' ', '-')}.json"
    if not path.is_file():
        return {}
    content = json.loads(path.read_text(encoding="utf-8"))
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{path} has format_version {version!r}. Expected {FORMAT_VERSION}. Write it anew: "
            "python -m hyperlex_kernels.tune"
        )
    return {
        key: MatmulConfig(block_m=int(key.split(",")[2]), **value)
        for key, value in content["matmul_4bit"].items()
    }
