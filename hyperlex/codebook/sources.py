"""Finding the tokenizer in whatever a person calls one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from hyperlex.errors import ConfigError, FormatError
from hyperlex.hub import from_cache_alone, is_hub_id, why


def find_tokenizer(source: Any) -> Tokenizer | dict[str, Any]:
    """A tokenizer, or its `tokenizer.json` as a dictionary; see `BaseTokenizer.load`."""
    if isinstance(source, Tokenizer):
        return source
    backend = getattr(source, "backend_tokenizer", None)
    if isinstance(backend, Tokenizer):
        return backend
    if not isinstance(source, str | Path):
        raise ConfigError(
            f"{type(source).__name__} is no fast tokenizer: it has no `backend_tokenizer`. "
            "Slow (pure Python) tokenizers cannot be extended; load the fast one with "
            "AutoTokenizer.from_pretrained, or pass a tokenizer.json."
        )
    path = Path(source)
    if path.is_dir():
        return _read_directory(path)
    if path.is_file():
        return read_tokenizer_json(path)
    if not is_hub_id(str(source)):
        raise ConfigError(
            f"{source} does not exist: a tokenizer.json, a directory with one, or a hub id was "
            "expected. Check the spelling of the path."
        )
    return _from_hub(str(source))


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
        tokenizer = AutoTokenizer.from_pretrained(name, local_files_only=from_cache_alone(name))
    except Exception as error:  # transformers raises a dozen kinds; they mean the same here
        raise ConfigError(
            f"{name!r} is neither a tokenizer.json, nor a directory with one, nor a hub id that "
            f"can be loaded here ({why(error)}). "
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
