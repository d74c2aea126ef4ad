"""The base tokenizer as a codebook sees it: ids, the bytes of each id, and the units that phrases
are made of.

A *unit* is what the base never merges across: a pre-token of a byte-level base (usually a word with
its leading space), or, where the base has no such pattern of its own (SentencePiece, WordPiece), a
run of tokens between word edges.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer
from tokenizers.pre_tokenizers import PreTokenizer, Split
from tokenizers.pre_tokenizers import Sequence as PreTokenizerSequence

from hyperlex.codebook.edges import closes_at, opens_at
from hyperlex.errors import ConfigError, FormatError, VocabularyError

GPT2_PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""What `ByteLevel(use_regex=True)` splits by (openai/gpt-2, encoder.py)."""

WORD_PATTERN = (
    r" ?[\p{L}\p{M}]+(?:[-'’][\p{L}\p{M}]+)*| ?\p{N}{1,3}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Our own base splits by this: hyphens and apostrophes stay inside their word, a space leads
whatever follows it. Also the units of bases that have no pattern of their own.
"""

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Units:
    """A run of base ids cut into units.

    `edges` holds the index of each unit's first id and, last, the length of the run (so one more
    than there are units); `opens[i]`, `closes[i]`: may a phrase of several units begin, or end, at
    `edges[i]`?
    """

    edges: list[int]
    opens: list[bool]
    closes: list[bool]


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
        if isinstance(source, Tokenizer):
            return cls(source)
        backend = getattr(source, "backend_tokenizer", None)
        if isinstance(backend, Tokenizer):
            return cls(backend)
        if not isinstance(source, str | Path):
            raise ConfigError(
                f"{type(source).__name__} is no fast tokenizer: it has no `backend_tokenizer`. "
                "Slow (pure Python) "
                "tokenizers cannot be extended; load the fast one with "
                "AutoTokenizer.from_pretrained, or pass a tokenizer.json."
            )
        path = Path(source)
        if path.is_dir():
            return cls(_read_directory(path))
        if path.is_file():
            return cls(read_tokenizer_json(path))
        return cls(_from_hub(str(source)))

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
        """The regular expression that cuts text into pre-tokens, or None where there is not exactly
        one.

        Only a `Split` by one pattern before (or the pattern inside) `ByteLevel` can be prefixed
        with phrases.
        """
        steps = _steps(self.json["pre_tokenizer"])
        if (
            not self.is_byte_level
            or not steps
            or steps[-1]["type"] != "ByteLevel"
            or steps[-1]["add_prefix_space"]
        ):
            return None
        inner = GPT2_PATTERN if steps[-1]["use_regex"] else None
        if len(steps) == 1:
            return inner
        split = steps[0]
        plain = split["type"] == "Split" and split["behavior"] == "Isolated" and not split["invert"]
        if len(steps) > 2 or inner or not plain or "Regex" not in split["pattern"]:
            return None
        return str(split["pattern"]["Regex"])

    @cached_property
    def splitter(self) -> PreTokenizer:
        """Cuts a text into units, as text (no byte-level spelling)."""
        if self.split_pattern is not None:
            return Split(Regex(self.split_pattern), "isolated")
        steps = _steps(self.json["pre_tokenizer"])
        if not self.is_byte_level or not steps or any(s["type"] != "Split" for s in steps[:-1]):
            return Split(Regex(WORD_PATTERN), "isolated")
        kept: list[PreTokenizer] = [_split(step) for step in steps[:-1]]
        if steps[-1].get("use_regex"):
            kept.append(Split(Regex(GPT2_PATTERN), "isolated"))
        return PreTokenizerSequence(kept)

    @cached_property
    def token_bytes(self) -> list[bytes]:
        """The bytes that each id stands for in running text, by id; empty for holes in the
        numbering.
        """
        table = [b""] * self.size
        spell = _byte_level_spelling() if self.is_byte_level else None
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
        """Cut a run of base ids into units.

        An added token is a unit that no phrase may touch. Ids that spell no valid UTF-8 are units
        of their own; an id that reaches over a unit's edge (no encoder of this base makes one)
        joins the two units.
        """
        result = Units([], [], [])
        start = 0
        for stop, token in enumerate(ids):
            if token in self.added_ids:
                self._text_units(ids, start, stop, result)
                _append(result, stop, False)
                start = stop + 1
        self._text_units(ids, start, len(ids), result)
        _append(result, len(ids), False)
        return result

    def _text_units(self, ids: Sequence[int], start: int, stop: int, result: Units) -> None:
        """Units of the stretch `ids[start:stop]`, which holds no added token."""
        while start < stop:
            pieces = [self.token_bytes[i] for i in ids[start:stop]]
            data = b"".join(pieces)
            end, text = stop, ""
            try:
                text = data.decode()
            except UnicodeDecodeError as error:
                # Cut before the id that holds the first bad byte, and leave that id alone.
                end, length = start, 0
                while length + len(pieces[end - start]) <= error.start:
                    length += len(pieces[end - start])
                    end += 1
                text = data[:length].decode(errors="ignore")
                if (
                    len(text.encode()) != length
                ):  # the id before ends inside a character that the bad one spoils
                    text = ""
            if text:
                _cut(self.splitter, text, pieces[: end - start], start, result)
            elif end > start:
                _append(result, start, False)
            if end < stop:
                _append(result, end, False)
                end += 1
            start = end


def _cut(
    splitter: PreTokenizer, text: str, pieces: list[bytes], offset: int, result: Units
) -> None:
    """Append the units of `text`, whose ids have the bytes `pieces`; the first id has the index
    `offset`.
    """
    positions = {0: 0}
    length = 0
    for index, piece in enumerate(pieces):
        positions.setdefault(length, index)
        length += len(piece)
    byte = 0
    for unit, (start, _) in splitter.pre_tokenize_str(text):
        if byte in positions:
            result.edges.append(offset + positions[byte])
            result.opens.append(opens_at(text, start))
            result.closes.append(start == 0 or closes_at(text, start))
        byte += len(unit.encode())


def _append(units: Units, edge: int, opens: bool) -> None:
    units.edges.append(edge)
    units.opens.append(opens)
    units.closes.append(True)


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


def _steps(pre_tokenizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    if pre_tokenizer is None:
        return []
    if pre_tokenizer["type"] == "Sequence":
        return [step for inner in pre_tokenizer["pretokenizers"] for step in _steps(inner)]
    return [pre_tokenizer]


def _split(step: dict[str, Any]) -> Split:
    (kind, pattern), *_ = step["pattern"].items()
    names = {"MergedWithPrevious": "merged_with_previous", "MergedWithNext": "merged_with_next"}
    behaviour = names.get(step["behavior"], step["behavior"].lower())
    return Split(Regex(pattern) if kind == "Regex" else pattern, behaviour, step["invert"])


def _byte_level_spelling() -> dict[str, bytes]:
    """GPT-2's printable spelling of bytes, character to byte (openai/gpt-2, encoder.py
    `bytes_to_unicode`).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): bytes([b]) for b in printable} | {
        chr(256 + n): bytes([b]) for n, b in enumerate(others)
    }


def spell_bytes(data: Iterable[int]) -> str:
    """Bytes in GPT-2's printable spelling: the inverse of `token_bytes` for byte-level bases."""
    return "".join(_SPELLING[b] for b in data)


_SPELLING = {byte[0]: character for character, byte in _byte_level_spelling().items()}


def encode_ids(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids of `text`, and a clear error for the few things that the Rust side cannot take."""
    try:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
        return ids
    except (UnicodeEncodeError, TypeError) as error:
        raise _no_text(text) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how a Rust panic arrives: no Exception
            raise
        raise VocabularyError(
            f"The text of {len(text):,} characters could not be split ({error}): it holds a run of "
            "millions of spaces or of characters of one kind. Cut it there and encode the parts."
        ) from None


def _no_text(text: object) -> VocabularyError | TypeError:
    found = _SURROGATE.search(text) if isinstance(text, str) else None
    if found is None:
        return TypeError(
            f"Text was expected, a str; got {type(text).__name__}. Decode bytes first: "
            "data.decode('utf-8')."
        )
    return VocabularyError(
        f"The text holds a lone surrogate, U+{ord(found[0]):04X}, at position {found.start()}: it "
        "is no Unicode text and has no UTF-8 form. Mend it first: "
        "text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')."
    )


def read_tokenizer_json(path: Path) -> dict[str, Any]:
    """A `tokenizer.json` as a dictionary; FormatError if it is none."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}). Check the path and its permissions."
        ) from error
    except ValueError as error:
        raise FormatError(f"{path} is no JSON ({error}). Fetch or save it again.") from error
    expected = {"model", "added_tokens", "pre_tokenizer", "normalizer", "decoder"}
    if not isinstance(data, dict) or not expected <= set(data) or "type" not in data["model"]:
        raise FormatError(
            f"{path} is no tokenizer.json: {', '.join(sorted(expected))} and a model type were "
            "expected. Fetch or save it again."
        )
    return data


_OLDER_FILES = ("vocab.json", "vocab.txt", "tokenizer.model", "spiece.model", "tekken.json")


def _read_directory(path: Path) -> Tokenizer | dict[str, Any]:
    file = path / "tokenizer.json"
    if file.is_file():
        return _with_tokens_of_config(read_tokenizer_json(file), path / "tokenizer_config.json")
    if not any((path / name).is_file() for name in _OLDER_FILES):
        raise FormatError(
            f"{path} holds no tokenizer: a tokenizer.json was expected. Name the directory that "
            "AutoTokenizer.save_pretrained wrote."
        )
    return _from_hub(str(path))


def _with_tokens_of_config(data: dict[str, Any], config: Path) -> dict[str, Any]:
    """Add the special tokens that only `tokenizer_config.json` lists: they hold ids all the same,
    and a hypertoken numbered without them would land on one.
    """
    try:
        listed = json.loads(config.read_bytes()).get("added_tokens_decoder", {})
    except (OSError, ValueError):
        return data  # no such file, or one that says nothing; the face reads it with its own errors
    known = {token["content"] for token in data["added_tokens"]}
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    missing = [
        {**plain, "special": True, **token, "id": int(index)}
        for index, token in sorted(listed.items(), key=lambda item: int(item[0]))
        if token["content"] not in known
    ]
    fields = ("id", "content", "special", *plain)
    added = [{name: token[name] for name in fields} for token in missing]
    return {**data, "added_tokens": [*data["added_tokens"], *added]}


def _from_hub(name: str) -> Tokenizer:
    """Through transformers: hub ids, and directories in the older formats that it converts."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except Exception as error:  # transformers raises a dozen kinds; they mean the same here
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise ConfigError(
            f"{name!r} is neither a tokenizer.json, nor a directory with one, nor a hub id that "
            f"can be loaded here ({reason}). "
            "Check the spelling, or download it first and name its directory."
        ) from error
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if not isinstance(backend, Tokenizer):
        raise ConfigError(
            f"{name!r} has only a slow (pure Python) tokenizer, {type(tokenizer).__name__}. A "
            "fast one was expected: convert it "
            "with transformers' convert_slow_tokenizer and save its tokenizer.json."
        )
    return backend
