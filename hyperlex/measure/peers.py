"""Finding the tokenizers that a person names, or has.

    default                      the embedded one
    DIR, owner/name, FILE.json   whatever `BaseTokenizer.load` takes; a hyperlex tokenizer if it is
                                 one
    FILE.model, DIR with one     SentencePiece, or tiktoken in Llama's spelling
    o200k_base, FILE.tiktoken    tiktoken

`NAME=TOKENIZER` gives it a name of its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hyperlex.codebook import BaseTokenizer
from hyperlex.codebook.units import GPT2_PATTERN
from hyperlex.compat import available, require
from hyperlex.env import tiktoken_cache
from hyperlex.errors import ConfigError, FormatError, HyperlexError
from hyperlex.hub import from_cache_alone, is_hub_id
from hyperlex.measure.peer import FastPeer, HyperPeer, Peer, SentencePiecePeer, TiktokenPeer
from hyperlex.measure.report import Skipped
from hyperlex.tokenizer import HyperTokenizer
from hyperlex.tokenizer.load import CONFIG_FILE, load

DEFAULT = "default"

WELL_KNOWN = (
    "openai-community/gpt2",
    "cl100k_base",
    "o200k_base",
    "Qwen/Qwen3-8B",
    "meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-4-Scout-17B-16E-Instruct",
    "mistralai/Mistral-Nemo-Instruct-2407",
    "google/gemma-3-4b-it",
    "deepseek-ai/DeepSeek-V3",
    "ai-sage/GigaChat-20B-A3B-instruct",
    "t-tech/T-pro-it-2.0",
    "yandex/YandexGPT-5-Lite-8B-pretrain",
    "ai-forever/ruGPT-3.5-13B",
    "ai-forever/rugpt3large_based_on_gpt2",
)
"""What `--peers` looks for in the caches of this machine; nothing is downloaded for it."""

_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
_O200K_SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    + _O200K_SUFFIX
    + r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    + _O200K_SUFFIX
    + r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATTERNS = {
    "gpt2": GPT2_PATTERN,
    "r50k": GPT2_PATTERN,
    "p50k": GPT2_PATTERN,
    "cl100k": _CL100K,
    "o200k": _O200K,
    "llama-3": _CL100K,
    "llama3": _CL100K,
    "llama-4": _O200K,
    "llama4": _O200K,
    "qwen": _CL100K.replace(r"\p{N}{1,3}+", r"\p{N}"),
}
"""How the encodings in use split text: a .tiktoken file holds ranks, but no pattern."""


def load_peer(source: Any, name: str | None = None) -> Peer:
    """The tokenizer that a person names.

    Args:
        source: a str in one of the forms above (`NAME=` before it, too), a path, a `Peer`, a
            `HyperTokenizer`, or anything that `BaseTokenizer.load` takes.
        name: as reports shall call it; by default after the file, the directory or the id.

    Raises:
        ConfigError: nothing of that name, or ranks without a pattern.
        FormatError: damaged files.
        MissingDependencyError: the package that reads it is not installed.
    """
    if isinstance(source, Peer):
        return source
    if isinstance(source, HyperTokenizer):
        return HyperPeer(name or "hyperlex", source)
    if not isinstance(source, str | Path):
        return FastPeer(name or _class_name(source), BaseTokenizer.load(source))
    label, place = _split_name(str(source))
    name = name or label or _name_of(place)
    path = Path(place)
    if place == DEFAULT and not path.exists():
        return HyperPeer(name, load())
    if not path.exists() and place in _encoding_names():
        return TiktokenPeer(name, _encoding(place))
    if path.is_dir():
        return _from_directory(path, name)
    if path.suffix == ".model" and path.is_file():
        return _from_model(path, name)
    if path.suffix == ".tiktoken" and path.is_file():
        return _from_ranks(path, name)
    if path.name == "tokenizer.json" and (path.parent / CONFIG_FILE).is_file():
        return HyperPeer(name, load(path.parent))
    return _from_hub(place, name) if not path.exists() else FastPeer(name, BaseTokenizer.load(path))


def load_peers(
    sources: Iterable[Any], *, well_known: bool = False
) -> tuple[list[Peer], list[Skipped]]:
    """Every tokenizer of `sources` that can be loaded, in order, and why the others cannot.

    Args:
        well_known: look for `WELL_KNOWN` and for other tokenizers in the caches of this machine as
            well, without a connection.

    The names are made unique; a tokenizer that gives the same ids as an earlier one is left out.
    """
    peers: list[Peer] = []
    skipped: list[Skipped] = []
    for source, name in _wanted(sources, well_known):
        try:
            peer = load_peer(source, name)
        except HyperlexError as error:
            skipped.append(Skipped(_shown(source, name), str(error)))
            continue
        twin = next((p for p in peers if p.sha256 and p.sha256 == peer.sha256), None)
        if twin is not None:
            skipped.append(Skipped(peer.name, f"It gives the same ids as {twin.name}."))
            continue
        peer.name = _unique(peer.name, {p.name for p in peers})
        peers.append(peer)
    if well_known:
        found = {peer.name for peer in peers}
        skipped += [
            Skipped(name, "It is not in the cache of this machine, and --peers downloads nothing.")
            for name in WELL_KNOWN
            if name not in found and not any(s.name == name for s in skipped)
        ]
    return peers, skipped


def cached_tokenizers() -> Iterator[tuple[str, Path]]:
    """Names and `tokenizer.json` of the models in the Hugging Face cache, the last used first."""
    from huggingface_hub.constants import HF_HUB_CACHE

    found = sorted(
        Path(HF_HUB_CACHE).glob("models--*/snapshots/*/tokenizer.json"),
        key=lambda path: -path.stat().st_mtime,
    )
    seen = set()
    for path in found:
        name = path.parts[-4].removeprefix("models--").replace("--", "/")
        if name not in seen:
            seen.add(name)
            yield name, path


def _wanted(sources: Iterable[Any], well_known: bool) -> Iterator[tuple[Any, str | None]]:
    for source in sources:
        yield source, None
    if not well_known:
        return
    # By name, and not by last use: the same cache gives the same report.
    for name, path in sorted(cached_tokenizers()):
        yield path.parent, name
    for name in WELL_KNOWN:
        if name in _encoding_names() and _is_cached(name):
            yield name, name


def _is_cached(encoding: str) -> bool:
    """Whether tiktoken has the ranks here (tiktoken/load.py, `read_file_cached`)."""
    place = f"https://openaipublic.blob.core.windows.net/encodings/{encoding}.tiktoken"
    return (tiktoken_cache() / hashlib.sha1(place.encode()).hexdigest()).is_file()


def _encoding_names() -> set[str]:
    if not available("tiktoken"):
        return {"r50k_base", "p50k_base", "p50k_edit", "cl100k_base", "o200k_base"}
    import tiktoken

    # `gpt2` is a hub id as well, gives the same ids, and is found there more often.
    return {*tiktoken.list_encoding_names()} - {"gpt2"}


def _encoding(name: str) -> Any:
    require("tiktoken", extra="peers")
    import tiktoken

    try:
        return tiktoken.get_encoding(name)
    except Exception as error:  # requests, hashes, files: each means the same to the caller
        raise ConfigError(
            f"The ranks of tiktoken's {name} are not in its cache and could not be fetched "
            f"({type(error).__name__}). Fetch them where there is a connection, or name a "
            f"{name}.tiktoken file."
        ) from error


def _from_directory(path: Path, name: str) -> Peer:
    if (path / CONFIG_FILE).is_file():
        return HyperPeer(name, load(path))
    if not (path / "tokenizer.json").is_file():
        for file in ("tokenizer.model", "spiece.model"):
            if (path / file).is_file():
                return _from_model(path / file, name)
    return FastPeer(name, BaseTokenizer.load(path))


def _from_hub(place: str, name: str) -> Peer:
    """A hub id, of a hyperlex tokenizer or another; or a path that is none."""
    if is_hub_id(place) and _is_hyperlex(place):
        return HyperPeer(name, load(place))
    return FastPeer(name, BaseTokenizer.load(place))


def _is_hyperlex(hub_id: str) -> bool:
    from huggingface_hub import hf_hub_download

    try:
        hf_hub_download(hub_id, CONFIG_FILE, local_files_only=from_cache_alone(hub_id))
    except Exception:  # not there, or nothing can be asked: whoever loads it next says which
        return False
    return True


def _from_model(path: Path, name: str) -> Peer:
    """A `.model`: SentencePiece, unless it holds the ranks of tiktoken, as Llama 3 spells them."""
    data = _read(path)
    if _is_ranks(data):
        return _from_ranks(path, name)
    require("sentencepiece", extra="peers")
    from sentencepiece import SentencePieceProcessor

    try:
        processor = SentencePieceProcessor(model_proto=data)
    except Exception as error:  # whatever the C++ side throws
        raise FormatError(
            f"{path.name} is no SentencePiece model ({type(error).__name__}). Fetch it again."
        ) from error
    return SentencePiecePeer(name, processor, hashlib.sha256(data).hexdigest())


def _is_ranks(data: bytes) -> bool:
    """Whether the first line is base64, a space and a number."""
    token, _, rank = data[:200].partition(b"\n")[0].partition(b" ")
    try:
        base64.b64decode(token, validate=True)
    except ValueError:
        return False
    return rank.strip().isdigit()


def _from_ranks(path: Path, name: str) -> Peer:
    require("tiktoken", extra="peers")
    import tiktoken

    place = f"{name} {path.resolve().parent.name} {path.name}".lower()
    pattern = next((p for key, p in PATTERNS.items() if key in place), None)
    if pattern is None:
        raise ConfigError(
            f"{path.name} holds ranks, but not the pattern by which its encoding splits text. "
            f"Give it a name that begins with one of: {', '.join(PATTERNS)}; for example "
            f"cl100k={path.name}"
        )
    data = _read(path)
    try:
        lines = [line.split() for line in data.splitlines() if line]
        ranks = {base64.b64decode(token, validate=True): int(rank) for token, rank in lines}
        encoding = tiktoken.Encoding(
            name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={}
        )
    except Exception as error:  # a wrong line, or ranks that are none
        raise FormatError(
            f"{path.name} is no tiktoken file ({error}). Lines of base64, a space and a rank were "
            "expected. Fetch it again."
        ) from error
    peer = TiktokenPeer(name, encoding)
    peer.sha256 = hashlib.sha256(data).hexdigest()
    return peer


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}). Check the path and its permissions."
        ) from error


def _split_name(text: str) -> tuple[str, str]:
    """`NAME=TOKENIZER` taken apart, unless a file has that name."""
    label, equals, place = text.partition("=")
    return (label, place) if equals and not Path(text).exists() else ("", text)


def _name_of(place: str) -> str:
    """How a report calls what is at `place`: no path, so that reports are the same everywhere."""
    path = Path(place)
    if not path.exists():
        return place
    if path.name in ("tokenizer.json", "tokenizer.model", "spiece.model"):
        path = path.parent
    return path.resolve().name if path.is_dir() else path.stem


def _class_name(source: Any) -> str:
    name: str = getattr(source, "name_or_path", "") or type(source).__name__
    return _name_of(name)


def _shown(source: Any, name: str | None) -> str:
    if name is not None:
        return name
    label, place = _split_name(str(source))
    return label or _name_of(place)


def _unique(name: str, taken: set[str]) -> str:
    number = 2
    result = name
    while result in taken:
        result, number = f"{name} ({number})", number + 1
    return result
