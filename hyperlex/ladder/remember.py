"""A function that remembers its answers, and travels to other processes without them."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Remembered(Generic[Key, Value]):
    """`functools.lru_cache` cannot be pickled, and codes are handed from process to process.

    Args:
        make: a function of one argument; its answers must not be changed.
        entries: how many answers are held at most; then all are forgotten.
    """

    def __init__(self, make: Callable[[Key], Value], entries: int) -> None:
        self._make = make
        self._entries = entries
        self._held: dict[Key, Value] = {}

    def __call__(self, key: Key) -> Value:
        try:
            return self._held[key]
        except KeyError:
            pass
        if len(self._held) >= self._entries:
            self._held.clear()
        value = self._held[key] = self._make(key)
        return value

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_held": {}}
