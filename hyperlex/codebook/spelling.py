"""Bytes in GPT-2's printable spelling, and text that the Rust side can or cannot take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tokenizers import Tokenizer

from hyperlex.errors import VocabularyError, no_text

_SURROGATE = re.compile("[\ud800-\udfff]")


def byte_spelling() -> dict[str, bytes]:
    """GPT-2's printable spelling of bytes, character to byte (openai/gpt-2, encoder.py
    `bytes_to_unicode`).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): bytes([b]) for b in printable} | {
        chr(256 + n): bytes([b]) for n, b in enumerate(others)
    }


def spell_bytes(data: Iterable[int]) -> str:
    """Bytes in that spelling: the inverse of looking each character up in `byte_spelling`."""
    return "".join(_SPELLING[b] for b in data)


_SPELLING = {byte[0]: character for character, byte in byte_spelling().items()}


def encode_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids of `text`, and a clear error for the few things that the Rust side cannot take."""
    try:
        with refusing_panics(text):
            ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
            return ids
    except (UnicodeEncodeError, TypeError) as error:
        raise _unreadable(text) from error


@contextmanager
def refusing_panics(text: str) -> Iterator[None]:
    """Turn a panic of the engine that splits `text` into a VocabularyError."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how a Rust panic arrives: no Exception
            raise
        raise VocabularyError(
            f"A text of {len(text):,} characters could not be split ({error}): it holds a run of "
            "millions of spaces or of characters of one kind. Cut it there and take the parts."
        ) from None


def _unreadable(text: object) -> VocabularyError | TypeError:
    found = _SURROGATE.search(text) if isinstance(text, str) else None
    if found is None:
        return no_text(text)
    return VocabularyError(
        f"The text holds a lone surrogate, U+{ord(found[0]):04X}, at position {found.start()}: it "
        "is no Unicode text and has no UTF-8 form. Mend it first: "
        "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')."
    )
