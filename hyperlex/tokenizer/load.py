"""Reading a saved tokenizer, and the embedded default."""

from __future__ import annotations

import gzip
import json
import os
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from hyperlex.codebook import MACHINE_FILE
from hyperlex.errors import ConfigError, FormatError
from hyperlex.hub import is_hub_id, snapshot
from hyperlex.tokenizer.face import HYPERLEX_FILE, saved_face
from hyperlex.tokenizer.hf import LEFT_OUT, autotokenizer_trap, is_left_out
from hyperlex.tokenizer.hyper import HyperTokenizer
from hyperlex.tokenizer.layout import VocabularyLayout
from hyperlex.tokenizer.stored import StoredCodebook

if TYPE_CHECKING:
    from hyperlex.ladder.lexicon import Lexicon

FORMAT_VERSION = 1
CONFIG_FILE, TOKENIZER_FILE = HYPERLEX_FILE, "tokenizer.json"
EMBEDDED = Path(__file__).resolve().parent.parent / "artifacts" / "default"


def load(source: str | Path | None = None) -> HyperTokenizer:
    """A tokenizer that is ready to use.

    Args:
        source: a directory that `HyperTokenizer.save` wrote, or a hub id of one; None for the
            embedded default.

    Raises:
        ConfigError: no such directory or hub id, or no name of one.
        FormatError: files missing, damaged, or of another format version.
        VocabularyError: the codebook there belongs to another base.
    """
    if not isinstance(source, str | os.PathLike | None):
        raise ConfigError(
            f"source is of type {type(source).__name__}: a directory that HyperTokenizer.save "
            "wrote, or a hub id of one, was expected. Pass its name, or nothing for the embedded "
            "default."
        )
    directory = EMBEDDED if source is None else Path(source)
    if not directory.exists() and source is not None and is_hub_id(str(source)):
        directory = snapshot(str(source), ["*.json", "*.jinja", "codebook.*"])
    if not directory.is_dir():
        raise ConfigError(
            f"{directory} is no directory: one that HyperTokenizer.save wrote was expected."
        )
    config = read_config(directory)
    text = _read_tokenizer(directory)
    refusal = config["export_refusal"]
    try:
        tokenizer = None if refusal else Tokenizer.from_str(text)
    except Exception as error:  # the Rust side raises bare Exception
        raise FormatError(
            f"{directory / TOKENIZER_FILE} is damaged ({error}). Save or fetch it again."
        ) from error
    layout = VocabularyLayout(**config["layout"])
    if tokenizer is not None:
        # State that transformers may have saved with it; with it texts would be cut short.
        tokenizer.no_truncation()
        tokenizer.no_padding()
        _require_unchanged(tokenizer, layout, config, directory)
    stored = StoredCodebook(
        _read_codebook(directory), text, None if refusal else config["base"], directory
    )
    face = saved_face(directory)
    if tokenizer is not None and (trap := autotokenizer_trap(directory)):
        warnings.warn(
            f"AutoTokenizer will not give these ids for {directory}: {trap}. hyperlex itself is "
            f"not affected. To see what helps: hyperlex doctor {directory}",
            stacklevel=2,
        )
    lexicon = partial(_read_lexicon, directory) if layout.scene_size else None
    return HyperTokenizer(layout, stored, tokenizer, refusal, face, lexicon)


def _read_lexicon(directory: Path) -> Lexicon:
    """What the scene ids of a saved tokenizer stand for; the embedded default's lie apart."""
    from hyperlex.ladder import files

    return files.embedded() if directory == EMBEDDED else files.load_lexicon(directory)


def _require_unchanged(
    tokenizer: Tokenizer, layout: VocabularyLayout, config: dict[str, Any], directory: Path
) -> None:
    """Raise FormatError where `tokenizer.json` is not the one that `save` wrote."""
    found = tokenizer.get_vocab_size()
    if directory == EMBEDDED:
        found += layout.scene_size  # their names are left out of it, for a quicker start
    if found > layout.total:
        raise FormatError(
            f"{directory / TOKENIZER_FILE} has {found} ids, the layout in {CONFIG_FILE} "
            f"{layout.total}: {found - layout.total} tokens were added to it later, and they stand "
            "for no base ids. Add them to the base and extend that, or use AutoTokenizer here."
        )
    odd = next(
        (p for p in config.get("probes", ()) if _ids(tokenizer, p["text"]) != p["ids"]), None
    )
    if found < layout.total or odd is not None:
        met = f"{found} ids, the layout in {CONFIG_FILE} {layout.total}"
        if odd is not None:
            met = (
                f"{len(_ids(tokenizer, odd['text']))} tokens for {odd['text']!r}, not {odd['ids']}"
            )
        raise FormatError(
            f"{directory / TOKENIZER_FILE} has {met}: another tokenizer was saved over it, or "
            "transformers rebuilt it on the way. Save the hyperlex one there again."
        )


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False).ids
    return ids


def read_config(directory: Path) -> dict[str, Any]:
    """`hyperlex_config.json` of a saved tokenizer, its version checked."""
    path = directory / CONFIG_FILE
    if is_left_out(directory):
        raise FormatError(f"{directory} holds no {CONFIG_FILE}: {LEFT_OUT}.")
    if not path.is_file():
        raise FormatError(
            f"{directory} holds no {CONFIG_FILE}, so it is no hyperlex tokenizer. Make one with: "
            f"hyperlex extend {directory} OUT"
        )
    try:
        config = json.loads(path.read_bytes())
    except ValueError as error:
        raise FormatError(f"{path} is no JSON ({error}). Save or fetch it again.") from error
    if not isinstance(config, dict):
        raise FormatError(f"{path} holds no JSON object. Save or fetch it again.")
    if config.get("format_version") != FORMAT_VERSION:
        raise FormatError(
            f"{path} has format version {config.get('format_version')!r}; this hyperlex reads "
            f"version {FORMAT_VERSION}. "
            "Install the hyperlex that wrote it, or extend the base again."
        )
    missing = {"layout", "export_refusal", "base"} - config.keys()
    if missing or {"base_size", "hyper_size", "scene_size"} != config["layout"].keys():
        raise FormatError(
            f"{path} is damaged: {', '.join(sorted(missing)) or 'part of its layout'} is missing. "
            "Save or fetch it again."
        )
    return dict(config)


def _read_tokenizer(directory: Path) -> str:
    """The text of `tokenizer.json`, packed or not (the embedded one is)."""
    plain, packed = directory / TOKENIZER_FILE, directory / f"{TOKENIZER_FILE}.gz"
    try:
        return (
            plain.read_text(encoding="utf-8")
            if plain.is_file()
            else gzip.decompress(packed.read_bytes()).decode()
        )
    except FileNotFoundError as error:
        raise FormatError(
            f"{directory} holds no {TOKENIZER_FILE}. Save or fetch it again."
        ) from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise FormatError(
            f"The {TOKENIZER_FILE} in {directory} is damaged ({error}). Save or fetch it again."
        ) from error


def _read_codebook(directory: Path) -> bytes:
    path = directory / MACHINE_FILE
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{path} cannot be read ({error.strerror}). Save or fetch the tokenizer again."
        ) from error
