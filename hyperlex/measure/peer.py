"""What a measurement asks of a tokenizer, and the kinds of tokenizers that answer.

A kind gives ids for many texts at once, and for one text the place, in its UTF-8 bytes, where each
token ends. Bytes, not characters: a token may end inside a character, and in bytes that edge has a
place of its own.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from hyperlex.codebook.spelling import encode_ids, refusing_panics
from hyperlex.errors import VocabularyError
from hyperlex.measure.words import byte_offsets

if TYPE_CHECKING:
    from hyperlex.codebook import BaseTokenizer
    from hyperlex.tokenizer import HyperTokenizer

Ids = NDArray[np.int64]


class Peer(ABC):
    """A tokenizer to measure.

    Attributes:
        name: as reports call it.
        kind: what it is, for people.
        sha256: of what decides its ids, or "".
        size: one past the highest id that it gives for a text, special ids included.
        hyper: how many of its ids are hypertokens: the last ones.
        unknown: the id that stands for text it cannot spell, or -1.
    """

    name: str
    kind: str
    sha256: str = ""
    size: int
    hyper: int = 0
    unknown: int = -1

    @abstractmethod
    def encode_batch(self, texts: Sequence[str]) -> list[Ids]:
        """The ids of each text, each int64 [T]; special tokens that it would add are left out.

        Raises VocabularyError for a text that has no UTF-8 form.
        """

    @abstractmethod
    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, special tokens included."""

    @abstractmethod
    def stops(self, text: str, ids: Ids) -> Ids:
        """Where each token of `text` ends, in bytes of its UTF-8 form: int64 [T], ascending.

        Args:
            ids: what `encode_batch` gave for `text`.

        A character that no token spells (a space that the tokenizer drops) goes with the token
        after it.
        """

    @property
    @abstractmethod
    def pieces(self) -> list[bytes]:
        """The bytes that each id spells in running text, by id; b"" for holes in the numbering."""

    @cached_property
    def characters(self) -> Ids:
        """How many characters begin in each id: int64 [ids]. Of the ids of a text they add up to
        its characters, wherever the tokenizer spells all of it.
        """
        return np.array([_begun(piece) for piece in self.pieces], np.int64)

    @cached_property
    def expansion(self) -> Ids:
        """How many base tokens each id stands for: int64 [ids]; 1 but for hypertokens."""
        return np.ones(self.size, np.int64)

    @property
    def base(self) -> Peer | None:
        """The tokenizer that hypertokens expand to; None where there are none."""
        return None


def _begun(piece: bytes) -> int:
    return len(piece.translate(None, _CONTINUATION))


_CONTINUATION = bytes(range(0x80, 0xC0))
"""The bytes that no character of UTF-8 begins with."""


def _encode_batch(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Ids]:
    try:
        with refusing_panics(max(texts, key=len, default="")):
            found = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    except (UnicodeEncodeError, TypeError):
        # One of them is no text: asking one by one says which and why.
        return [np.array(encode_ids(tokenizer, text), np.int64) for text in texts]
    return [np.array(encoding.ids, np.int64) for encoding in found]


class FastPeer(Peer):
    """A `tokenizer.json`: byte-level BPE, other BPE, Unigram, WordPiece."""

    def __init__(self, name: str, base: BaseTokenizer) -> None:
        self.name, self.tokenizer = name, base
        self.kind = "byte-level BPE" if base.is_byte_level else str(base.json["model"]["type"])
        self.sha256, self.size = base.sha256, base.size
        unknown = base.json["model"].get("unk_token")
        if base.json["model"]["type"] == "Unigram":
            self.unknown = _or_none(base.json["model"].get("unk_id"))
        elif isinstance(unknown, str) and not base.is_byte_level:
            self.unknown = _or_none(base.tokenizer.token_to_id(unknown))

    def encode_batch(self, texts: Sequence[str]) -> list[Ids]:
        return _encode_batch(self.tokenizer.tokenizer, texts)

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(ids)

    @property
    def pieces(self) -> list[bytes]:
        return self.tokenizer.token_bytes

    @cached_property
    def _sizes(self) -> Ids:
        return np.array([len(piece) for piece in self.pieces], np.int64)

    def stops(self, text: str, ids: Ids) -> Ids:
        stops = self.added_up(text, self._sizes[ids])
        return self._by_offsets(text) if stops is None else stops

    def added_up(self, text: str, sizes: Ids) -> Ids | None:
        """Where tokens of so many bytes end, if they spell `text` byte by byte: if the tokenizer is
        byte-level, reads this text as it is and not in a normal form, and drops nothing.
        """
        normalizer = self.tokenizer.tokenizer.normalizer
        if not self.tokenizer.is_byte_level:
            return None
        if normalizer is not None and normalizer.normalize_str(text) != text:
            return None
        stops: Ids = np.cumsum(sizes)
        return stops if (stops[-1] if len(stops) else 0) == len(text.encode()) else None

    def _by_offsets(self, text: str) -> Ids:
        """From the characters that each token says it is from; several tokens may name one."""
        encoding = self.tokenizer.tokenizer.encode(text, add_special_tokens=False)
        return stops_of_offsets(text, encoding.offsets)


def stops_of_offsets(text: str, offsets: Sequence[tuple[int, int]]) -> Ids:
    """Where tokens end, in bytes, from the characters [start, stop) that each is from.

    Tokens that share a character split its bytes: each but the last that names it ends one byte
    further than the one before, which is exact for tokens of one byte.
    """
    at = byte_offsets(text).tolist()
    stops: list[int] = []
    before = 0
    for number, (start, stop) in enumerate(offsets):
        end = at[stop]
        if number + 1 < len(offsets) and start < stop > offsets[number + 1][0]:
            first = max(before, at[max(start, offsets[number + 1][0])])
            end = min(first + 1, end - 1)
        before = max(before, end)
        stops.append(before)
    return np.array(stops, np.int64)


class HyperPeer(Peer):
    """A hyperlex tokenizer."""

    kind = "hyperlex"

    def __init__(self, name: str, tok: HyperTokenizer) -> None:
        self.name, self.tok = name, tok
        # The ids of the ladder's tokens come after these; `encode` gives none of them.
        self.hyper = tok.layout.hyper_size
        self.size = tok.layout.base_size + self.hyper
        self._base = FastPeer(f"{name}, expanded", tok.base)
        self.unknown = self._base.unknown
        book = tok.codebook
        digest = hashlib.sha256(tok.base.sha256.encode())
        for decisive in (book.ids, book.lengths, book.unit_sizes, book.units, book.parts):
            digest.update(decisive.tobytes())
        self.sha256 = digest.hexdigest()

    def encode_batch(self, texts: Sequence[str]) -> list[Ids]:
        if self.tok.backend is not None:
            return _encode_batch(self.tok.backend, texts)
        runs = self._base.encode_batch(texts)
        return [np.array(self.tok.collapse(run.tolist()), np.int64) for run in runs]

    def decode(self, ids: Sequence[int]) -> str:
        return self.tok.decode(ids)

    @property
    def base(self) -> Peer:
        return self._base

    @cached_property
    def pieces(self) -> list[bytes]:
        book = self.tok.codebook
        return [*self.tok.base.token_bytes, *(book.entry_bytes(n) for n in range(len(book)))]

    @cached_property
    def expansion(self) -> Ids:
        ones = np.ones(self.size - self.hyper, np.int64)
        return np.concatenate([ones, self.tok.codebook.lengths])

    @cached_property
    def _sizes(self) -> Ids:
        return np.array([len(piece) for piece in self.pieces], np.int64)

    def stops(self, text: str, ids: Ids) -> Ids:
        stops = self._base.added_up(text, self._sizes[ids])
        if stops is None:
            (base_ids,) = self._base.encode_batch([text])
            last = np.cumsum(self.expansion[ids]) - 1
            stops = self._base.stops(text, base_ids)[last]
        return stops


class TiktokenPeer(Peer):
    """A tiktoken encoding."""

    kind = "tiktoken"

    def __init__(self, name: str, encoding: Any) -> None:
        self.name, self.encoding = name, encoding
        self.size = encoding.n_vocab

    def encode_batch(self, texts: Sequence[str]) -> list[Ids]:
        for text in texts:
            _require_utf8(text)
        runs = self.encoding.encode_batch(list(texts), allowed_special="all")
        return [np.array(run, np.int64) for run in runs]

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self.encoding.decode(list(ids))
        return text

    @cached_property
    def pieces(self) -> list[bytes]:
        return [self._piece(index) for index in range(self.size)]

    def _piece(self, index: int) -> bytes:
        try:
            piece: bytes = self.encoding.decode_single_token_bytes(index)
        except KeyError:
            return b""
        return piece

    def stops(self, text: str, ids: Ids) -> Ids:
        return np.array(list(accumulate(len(self.pieces[i]) for i in ids.tolist())), np.int64)


class SentencePiecePeer(Peer):
    """A SentencePiece model: Unigram or BPE, with its own normalisation."""

    kind = "SentencePiece"

    def __init__(self, name: str, processor: Any, sha256: str) -> None:
        self.name, self.processor, self.sha256 = name, processor, sha256
        self.size = processor.get_piece_size()
        self.unknown = processor.unk_id()

    def encode_batch(self, texts: Sequence[str]) -> list[Ids]:
        for text in texts:
            _require_utf8(text)
        runs = self.processor.encode(list(texts), return_type="numpy", num_threads=-1)
        return [run.astype(np.int64) for run in runs]

    def decode(self, ids: Sequence[int]) -> str:
        text: str = self.processor.decode(list(map(int, ids)))
        return text

    @cached_property
    def pieces(self) -> list[bytes]:
        return [self._piece(index) for index in range(self.size)]

    def _piece(self, index: int) -> bytes:
        piece: str = self.processor.id_to_piece(index)
        if self.processor.is_byte(index):
            return bytes([int(piece[3:5], 16)])
        return piece.replace("▁", " ").encode()

    @cached_property
    def _is_byte(self) -> NDArray[np.bool_]:
        return np.array([self.processor.is_byte(index) for index in range(self.size)])

    def stops(self, text: str, ids: Ids) -> Ids:
        found = self.processor.encode(text.encode(), return_type="offset_mapping")
        stops: list[int] = []
        before = len(text.encode())
        # The tokens of the bytes of one character name nothing, but the last, which names all: from
        # behind, so that each knows where the character ends that it is of.
        for (start, stop), byte in zip(
            reversed(found["offsets"]), reversed(self._is_byte[ids].tolist()), strict=True
        ):
            before = stop if stop > start or not byte else max(start, before - 1)
            stops.append(before)
        return np.maximum.accumulate(np.array(stops[::-1], np.int64))


def _or_none(index: int | None) -> int:
    return -1 if index is None else index


def _require_utf8(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise VocabularyError(
            f"The text holds a lone surrogate, U+{ord(text[error.start]):04X}, at position "
            f"{error.start}: it is no Unicode text and has no UTF-8 form. Mend it first: "
            "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')."
        ) from error
