"""Rivals of `matmul_4bit`, and our own formats among them: one way of making and multiplying each.

A provider quantises a dense weight by its own means and multiplies with it. It is measured on its
own terms (its own format, its own scales) and held to the product with its own dequantised weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Final, Protocol

from torch import Tensor


@dataclass(frozen=True)
class Prepared:
    """A weight, quantised. `run(x)` multiplies; `dense` is what it stands for, float32 [N, K].

    `copy` gives the same weight elsewhere in memory: quantising again would take minutes.
    """

    run: Callable[[Tensor], Tensor]
    dense: Callable[[], Tensor]
    copy: Callable[[], Prepared]
    stored_bytes: int
    implementation: Callable[[Tensor], str]


class Provider(Protocol):
    """`refuse` returns why a product of this kind is not measured here, or None."""

    name: str
    version: str

    def refuse(self, weight: Tensor, batch: int) -> str | None: ...

    def prepare(self, weight: Tensor) -> Prepared: ...


@dataclass(frozen=True)
class Missing:
    """A provider that cannot be had here, and why."""

    name: str
    reason: str


# In the order of the tables.
MODULES: Final = ("hyperlex", "bitsandbytes", "int4pack", "dense", "gemlite", "hqq")


def available(names: list[str] | None = None) -> Iterator[Provider | Missing]:
    """Every provider, or those whose names begin with one of `names`."""
    for module in MODULES:
        try:
            providers = import_module(f"benchmarks.providers.{module}_provider").providers()
        except (ImportError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else "cannot load"
            providers = [Missing(module, reason)]
        for provider in providers:
            if names is None or any(provider.name.startswith(name) for name in names):
                yield provider
