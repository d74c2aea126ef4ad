"""The last few texts that were analysed, so that several views of one text cost one analysis."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Memo(Generic[Value]):
    """A small memory from text to whatever is made of it, the oldest use forgotten first.

    Args:
        make: makes the value of a text; called without the lock held, so two threads may both make
            the same value.
        entries: how many texts at most.
        characters: how many code points of them together at most; a longer text is never kept.
    """

    def __init__(
        self, make: Callable[[str], Value], entries: int = 64, characters: int = 200_000
    ) -> None:
        self._make = make
        self._entries = entries
        self._characters = characters
        self._held: OrderedDict[str, Value] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def __call__(self, text: str) -> Value:
        with self._lock:
            if text in self._held:
                self._held.move_to_end(text)
                return self._held[text]
        value = self._make(text)
        if len(text) <= self._characters:
            with self._lock:
                if text not in self._held:
                    self._held[text] = value
                    self._size += len(text)
                while len(self._held) > self._entries or self._size > self._characters:
                    self._size -= len(self._held.popitem(last=False)[0])
        return value
