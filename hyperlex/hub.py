"""The Hugging Face hub: whether it answers, which a process asks once.

Without a connection transformers and huggingface_hub ask for each file anew, and wait longer after
each refusal: a mistyped hub id took more than a minute to be told. What is in the cache of this
machine is found without a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Thread
from typing import Any

from hyperlex.errors import ConfigError, first_line

_HUB_ID = re.compile(r"\w[\w.-]*(/[\w.-]+)?")


def is_hub_id(name: str) -> bool:
    """Whether `name` may be one ("owner/name"), so that a mistyped path is not asked of the hub."""
    return bool(_HUB_ID.fullmatch(name)) and not name.endswith((".json", ".txt", ".model"))


def from_cache_alone(source: str | Path) -> bool:
    """What to give transformers and huggingface_hub as `local_files_only` for `source`.

    True where `source` is no path of this machine, may be a hub id, and the hub does not answer.
    The first such source asks, for ten seconds at most; a hub that was silent is asked no more.
    """
    return not Path(source).exists() and is_hub_id(str(source)) and _silence() is not None


def model_options(source: str | Path) -> dict[str, Any]:
    """What to give `AutoModelForCausalLM.from_pretrained` for `source`, see `from_cache_alone`.

    Looking for adapters beside the model, transformers heeds an option of its own alone.
    """
    if not from_cache_alone(source):
        return {}
    return {"local_files_only": True, "adapter_kwargs": {"local_files_only": True}}


def snapshot(name: str, patterns: Sequence[str]) -> Path:
    """Where the files of a hub id that match `patterns` are on this machine.

    Raises:
        ConfigError: they cannot be had.
    """
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                name, allow_patterns=[*patterns], local_files_only=from_cache_alone(name)
            )
        )
    except Exception as error:  # a dozen kinds; each means the same to the caller
        raise ConfigError(
            f"{name!r} is neither a directory nor a hub id that can be loaded here ({why(error)}). "
            "Check the spelling of the path."
        ) from error


def why(error: Exception) -> str:
    """The reason of a failed loading, in one line without a full stop."""
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, LocalEntryNotFoundError) and (silence := _silence()) is not None:
            return f"it is not in the cache of this machine, and the hub does not answer: {silence}"
        if isinstance(cause, HFValidationError):
            return "there is no such path"
        cause = cause.__cause__ or cause.__context__
    return first_line(error).rstrip(".")


@cache
def _silence() -> str | None:
    """Why the hub does not answer; None where it does, be it with a refusal."""
    from huggingface_hub.constants import HF_HUB_ETAG_TIMEOUT

    # A name server that is silent, or an address after the other, outlasts the client's own limit.
    found: list[str | None] = []
    asking = Thread(target=lambda: found.append(_asked(HF_HUB_ETAG_TIMEOUT)), daemon=True)
    asking.start()
    asking.join(HF_HUB_ETAG_TIMEOUT)
    return found[0] if found else f"no answer within {HF_HUB_ETAG_TIMEOUT} s"


def _asked(seconds: float) -> str | None:
    from huggingface_hub import constants, get_session

    try:
        get_session().head(constants.ENDPOINT, timeout=seconds)
    except Exception as error:  # of the HTTP client, and which one it is depends on the version
        return first_line(error).rstrip(".")
    return None
