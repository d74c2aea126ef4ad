"""The base tokenizer as a codebook sees it: ids, the bytes of each id, and its units."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import PreTokenizer

from hyperlex.codebook.sources import find_tokenizer
from hyperlex.codebook.spelling import byte_spelling, encode_ids
from hyperlex.codebook.units import Units, cut_units, split_pattern, splitter
from hyperlex.errors import VocabularyError


class BaseTokenizer:
    """A `tokenizers.Tokenizer` with the facts that a codebook needs of it.

    Args:
        tokenizer: the base, or its `tokenizer.json` as a dictionary. It is not changed. Added
            tokens keep the ids that the file declares, where `tokenizers` alone would move those
            that are not in the model's vocabulary.

    Attributes:
        size: the seam: one past the highest id, added tokens included. Hypertokens begin here.
        sha256: hash of the parts that decide ids; equal for two files that differ in layout only.
    """

    def __init__(self, tokenizer: Tokenizer | dict[str, Any]) -> None:
        data = json.loads(tokenizer.to_str()) if isinstance(tokenizer, Tokenizer) else tokenizer
        self.json: dict[str, Any] = {**data, "truncation": None, "padding": None}
        self.tokenizer = Tokenizer.from_str(json.dumps(_pinned(self.json)))
        vocabulary = self.tokenizer.get_vocab(with_added_tokens=True)
        if not vocabulary:
            raise VocabularyError(
                "The base tokenizer has no tokens. A trained tokenizer was expected: check its "
                "files."
            )
        self.size = max(vocabulary.values()) + 1
        self.added_ids = frozenset(self.tokenizer.get_added_tokens_decoder())

    @classmethod
    def load(cls, source: Any) -> BaseTokenizer:
        """Wrap whatever a person calls a tokenizer.

        Args:
            source: a `BaseTokenizer`, a `tokenizers.Tokenizer`, a fast transformers tokenizer, a
                `tokenizer.json`, a directory that holds one, or a hub id.

        Raises:
            ConfigError: nothing there, or only a slow tokenizer.
            FormatError: a `tokenizer.json` that cannot be read.
        """
        if isinstance(source, BaseTokenizer):
            return source
        return cls(find_tokenizer(source))

    @cached_property
    def sha256(self) -> str:
        parts = {key: self.json[key] for key in ("normalizer", "pre_tokenizer", "decoder")}
        model = dict(self.json["model"])
        parts["added_tokens"] = sorted((t["id"], t["content"]) for t in self.json["added_tokens"])
        # A tokenizer may list an added token in the model's vocabulary too, or not; the ids are the
        # same.
        added = {t["content"] for t in self.json["added_tokens"]}
        if isinstance(model.get("vocab"), dict):
            model["vocab"] = sorted((i, t) for t, i in model["vocab"].items() if t not in added)
        # Absent and empty affixes mean the same, and so does a merge written as one string or as
        # two.
        model["merges"] = [
            m.split(" ") if isinstance(m, str) else m for m in model.get("merges") or ()
        ]
        model = {key: value for key, value in model.items() if value not in (None, "", False)}
        text = json.dumps(
            {**parts, "model": model}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @cached_property
    def is_byte_level(self) -> bool:
        """A byte-level BPE (GPT-2, cl100k, o200k, Llama-3, Qwen, Tekken): the kind that a plain
        export exists for.
        """
        decoder = self.json["decoder"] or {}
        kinds = [decoder.get("type")] + [d.get("type") for d in decoder.get("decoders", ())]
        return self.json["model"]["type"] == "BPE" and "ByteLevel" in kinds

    @cached_property
    def split_pattern(self) -> str | None:
        """The one pattern by which this base cuts text into units (`units.split_pattern`)."""
        return split_pattern(self.json["pre_tokenizer"]) if self.is_byte_level else None

    @cached_property
    def splitter(self) -> PreTokenizer:
        """Cuts a text into units (`units.splitter`)."""
        return splitter(self.json["pre_tokenizer"] if self.is_byte_level else None)

    @cached_property
    def token_bytes(self) -> list[bytes]:
        """The bytes that each id stands for in running text, by id; empty for holes in the
        numbering.
        """
        table = [b""] * self.size
        spell = byte_spelling() if self.is_byte_level else None
        word_piece = self.json["model"]["type"] == "WordPiece"
        prefix = self.json["model"].get("continuing_subword_prefix") or "##"
        for token, index in self.tokenizer.get_vocab(with_added_tokens=True).items():
            if index in self.added_ids:
                table[index] = token.encode()
            elif spell is not None:
                table[index] = b"".join(spell.get(c) or c.encode() for c in token)
            elif word_piece:
                table[index] = (
                    token.removeprefix(prefix) if token.startswith(prefix) else f" {token}"
                ).encode()
            elif re.fullmatch(r"<0x[0-9A-F]{2}>", token):
                table[index] = bytes([int(token[3:5], 16)])
            else:
                table[index] = token.replace("▁", " ").encode()
        return table

    @cached_property
    def prefix(self) -> tuple[int, ...]:
        """The special ids that the base puts before a text by itself: Llama's beginning of text;
        GPT-2 has none.
        """
        plain = self.encode("а")
        framed = self.tokenizer.encode("а", add_special_tokens=True).ids
        start = next((n for n in range(len(framed)) if framed[n : n + len(plain)] == plain), 0)
        return tuple(framed[:start])

    def encode(self, text: str) -> list[int]:
        """Base ids of `text`, special tokens in it recognised, none added.

        Raises:
            VocabularyError: `text` has no UTF-8 form (a lone surrogate), or the engine that splits
                it gave up: a run of some 5 million spaces is too long for most patterns.
            TypeError: `text` is no str.
        """
        return encode_ids(self.tokenizer, text)

    @cached_property
    def _bare(self) -> Tokenizer:
        return Tokenizer.from_str(
            json.dumps(
                {**self.json, "added_tokens": [], "normalizer": None, "post_processor": None}
            )
        )

    def encode_units(self, texts: Sequence[str]) -> list[tuple[int, ...]]:
        """Base ids of texts that are one unit each, by the model alone: no normalisation, no
        special tokens.
        """
        return [tuple(e.ids) for e in self._bare.encode_batch_fast(texts, add_special_tokens=False)]

    def decode(self, ids: Sequence[int]) -> str:
        return self.tokenizer.decode(list(ids), skip_special_tokens=False)

    def units(self, ids: Sequence[int]) -> Units:
        """Cut a run of base ids into units (`units.cut_units`)."""
        return cut_units(ids, self.token_bytes, self.added_ids, self.splitter)


def _pinned(data: dict[str, Any]) -> dict[str, Any]:
    """The same tokenizer with every added token in the model's vocabulary under its declared id.

    `tokenizers` ignores the declared id of one that is not (added_vocabulary.rs): o200k's
    <|endoftext|> would move.
    """
    vocabulary = data["model"].get("vocab")
    if not isinstance(vocabulary, dict):
        return data
    declared = {token["content"]: token["id"] for token in data["added_tokens"]}
    return {**data, "model": {**data["model"], "vocab": vocabulary | declared}}
