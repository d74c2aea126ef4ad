"""Training, development and test parts that share no document and need no list.

A document belongs to the part that the hash of its key falls into. So a corpus that grows keeps its
parts, and a document that two corpora hold under one key (an address) is in the same part of both.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import Literal

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How a corpus is split.

    Attributes:
        by: "hash", of `Record.document`; "files", where the corpus comes in parts that its makers
            have chosen; "none", where it is used whole.
        dev: share of the documents, 0 to 1; only by hash.
        test: as `dev`.
    """

    by: Literal["hash", "files", "none"] = "hash"
    dev: float = 0.05
    test: float = 0.05

    def __str__(self) -> str:
        if self.by == "hash":
            return f"hash of the document, {self.dev:.0%} dev, {self.test:.0%} test"
        return "its own files" if self.by == "files" else "none"


DEFAULT_RULE = SplitRule()
"""Of a corpus that says nothing else, and of whatever has no card."""


def split_of(document: str, rule: SplitRule = DEFAULT_RULE) -> str:
    """The part that a document belongs to, by the hash of its key: "train", "dev" or "test"."""
    digest = blake2b(document.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    place = int.from_bytes(digest, "big") / 2**64
    if place < rule.test:
        return "test"
    return "dev" if place < rule.test + rule.dev else "train"
