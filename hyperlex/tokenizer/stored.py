"""A codebook as a saved tokenizer holds it, until somebody asks for it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hyperlex.codebook import MACHINE_FILE
from hyperlex.codebook.base import BaseTokenizer
from hyperlex.tokenizer.export import canonical_json, recover_base

if TYPE_CHECKING:
    from hyperlex.codebook.codebook import Codebook


@dataclass(frozen=True)
class StoredCodebook:
    """Called, it reads the codebook; to encode and to decode needs none. It pickles.

    Attributes:
        codebook: the bytes of `codebook.safetensors`.
        tokenizer: the text of `tokenizer.json`.
        remnants: what `export.base_remnants` kept of the base; None where `tokenizer` is the base.
        directory: where errors say that they are.
    """

    codebook: bytes = field(repr=False)
    tokenizer: str = field(repr=False)
    remnants: dict[str, Any] | None = field(repr=False)
    directory: Path

    @classmethod
    def of(cls, codebook: Codebook) -> StoredCodebook:
        """The inverse of calling it."""
        from hyperlex.codebook.files import to_bytes

        base = canonical_json(codebook.base.json)
        return cls(to_bytes(codebook), base, None, Path())

    def __call__(self) -> Codebook:
        """Read the codebook: FormatError for a damaged one, VocabularyError for another base's."""
        from hyperlex.codebook.files import from_bytes

        data = json.loads(self.tokenizer)
        base = data if self.remnants is None else recover_base(data, self.remnants)
        return from_bytes(self.codebook, BaseTokenizer(base), self.directory / MACHINE_FILE)
