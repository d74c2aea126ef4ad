"""How the attention kernels are cut for a shape and a card: rules, until a card is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEAST_SPLIT_TOKENS: Final = 128
MAX_SPLITS: Final = 128


@dataclass(frozen=True)
class DecodeConfig:
    """One way to run `decode_kernel`.

    block_m   queries (heads of a group x query tokens) a program takes
    block_t   tokens a round of the loop reads
    fma       float32 arithmetic instead of tensor cores
    """

    block_m: int
    block_t: int
    warps: int
    stages: int
    fma: bool = False


def decode_config(kind: str, head_size: int, rows: int) -> DecodeConfig:
    """The shape of the kernel on tensor cores, for `rows` queries a key.

    A round's overhead is spread over its tokens, so it takes as many as registers and the shared
    memory of every card hold, twice: one tile is read while the other is worked on.
    """
    wide = head_size > 128
    # What departs from the rule is where the assembler would spill.
    if rows > 16:
        if kind == "int4" and head_size == 64:
            return DecodeConfig(32, 32, 4, 3)
        return DecodeConfig(32, 32, 4, 2) if kind == "dense" else DecodeConfig(32, 64, 8, 2)
    if kind == "int8" and head_size == 80:
        return DecodeConfig(16, 64, 2, 2)
    return DecodeConfig(16, 64 if wide else 128, 4, 2)


def fma_config(kind: str, head_size: int, rows: int) -> DecodeConfig:
    """The shape of the kernel without tensor cores: as many queries as registers allow."""
    block_m = min(1 << (rows - 1).bit_length(), 2 if head_size > 128 else 4)
    return DecodeConfig(block_m, 16, 4, 1, fma=True)


@dataclass(frozen=True)
class PrefillConfig:
    """One way to run `prefill_kernel`: queries a program takes, keys a round of its loop reads."""

    block_m: int
    block_t: int
    warps: int
    stages: int


def prefill_config(head_size: int) -> PrefillConfig:
    """The shape of the kernel that fits registers and shared memory of every card from sm_80 on."""
    if head_size <= 64:
        return PrefillConfig(128, 64, 8, 3)
    if head_size <= 128:
        return PrefillConfig(128, 32, 8, 2)
    return PrefillConfig(64, 32, 8, 2)


def choose_splits(programs: int, capacity: int, processors: int) -> int:
    """Splits for `programs` programs over at most `capacity` tokens.

    Enough to give every processor two programs to swap between, and none so short that joining
    costs more than reading. It depends on shapes alone: the same graph serves every length.
    """
    wanted = -(-2 * processors // programs)
    return max(1, min(wanted, MAX_SPLITS, capacity // LEAST_SPLIT_TOKENS))
