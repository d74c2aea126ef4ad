"""What a base tokenizer is besides its ids: special-token roles, chat template, padding side."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.errors import FormatError, first_line
from hyperlex.hub import from_cache_alone

HYPERLEX_FILE = "hyperlex_config.json"
CONFIG_FILE, TEMPLATE_FILE = "tokenizer_config.json", "chat_template.jinja"
TEMPLATE_DIRECTORY = "additional_chat_templates"
MODEL_CONFIG_FILE = "config.json"

GENERIC_CLASSES = frozenset({"PreTrainedTokenizer", "TokenizersBackend"})
"""Classes, named without the ending "Fast", that take a `tokenizer.json` as it is."""

# Facts of the old class or of the old file, not of the tokenizer: carried over they would be wrong
# or be read as orders. What a saved tokenizer needs of them, `save` writes anew.
_LEFT_BEHIND = frozenset(
    {
        "_commit_hash",
        "add_prefix_space",
        "added_tokens_decoder",
        "auto_map",
        "backend",
        "clean_up_tokenization_spaces",
        "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output",
        "errors",
        "fix_mistral_regex",
        "is_local",
        "local_files_only",
        "merges_file",
        "name_or_path",
        "processor_class",
        "special_tokens_map_file",
        "split_special_tokens",
        "tokenizer_class",
        "tokenizer_file",
        "trust_remote_code",
        "vocab_file",
    }
)
_ROLES = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
_ADDITIONAL = "additional_special_tokens"
_NAMED_TOKENS = ("extra_special_tokens", "model_specific_special_tokens")
DEFAULT_ATTRIBUTES = {
    "padding_side": "right",
    "truncation_side": "right",
    "model_input_names": ["input_ids", "attention_mask"],
}
"""What the generic class of transformers 5 does unasked. Another class may have its own way without
writing it down: LlamaTokenizer pads on the left; in transformers 4 all made `token_type_ids`."""


@dataclass(frozen=True)
class Face:
    """Settings for transformers.

    Attributes:
        config: the keys of `tokenizer_config.json` that still hold; special tokens as text.
        chat_template: the template's text, or None.
        named_templates: further templates by name, "tool_use" and "rag" among them.
    """

    config: dict[str, Any] = field(default_factory=dict)
    chat_template: str | None = None
    named_templates: dict[str, str] = field(default_factory=dict)


def read_face(source: Any, base: BaseTokenizer) -> Face:
    """The face of a base tokenizer; an empty one where `source` has none.

    Settings that the tokenizer's class decides and no file tells (the padding side of a Llama, the
    end-of-text token of a GPT-2) are asked of transformers. A role whose token `base` does not
    treat as special is left out with a warning: transformers would add that token behind the last
    hypertoken, or cut it out of texts where `base` reads it as letters.

    Args:
        source: what the base was loaded from, in any form that `BaseTokenizer.load` takes.
        base: the base that was loaded from it.
    """
    face = Face()
    if isinstance(source, str | Path) and Path(source).is_dir():
        face = _of_directory(Path(source))
    elif hasattr(source, "save_pretrained"):
        face = _of_transformers_tokenizer(source)
    elif isinstance(source, str) and not Path(source).exists():
        face = _of_transformers_tokenizer(_loaded(source))
    return _without_strangers(face, base)


def saved_face(directory: Path) -> Face:
    """The face that the files in `directory` tell, and nothing else.

    Raises:
        FormatError: a file there that cannot be read.
    """
    config = read_json(directory / CONFIG_FILE)
    roles = directory / "special_tokens_map.json"  # where transformers 4 kept them
    if roles.is_file() and "added_tokens_decoder" not in config:
        config |= read_json(roles)
    return _face(config, *_templates(directory, config.pop("chat_template", None)))


def _of_directory(directory: Path) -> Face:
    declared = read_json(directory / CONFIG_FILE).get("tokenizer_class")
    model_type = read_json(directory / MODEL_CONFIG_FILE).get("model_type")
    if (declared or "").removesuffix("Fast") in GENERIC_CLASSES or not (declared or model_type):
        return saved_face(directory)
    try:
        tokenizer = _loaded(directory, trust_remote_code=False)
    except Exception as error:  # transformers raises a dozen kinds; the files tell most of it
        warnings.warn(
            f"transformers cannot load the base in {directory} ({first_line(error)}). Its special "
            "tokens and chat template are taken from its files; what its class alone sets is lost.",
            stacklevel=4,
        )
        return saved_face(directory)
    return _of_transformers_tokenizer(tokenizer)


def _loaded(source: str | Path, **options: Any) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(
        source, local_files_only=from_cache_alone(source), **options
    )


def _of_transformers_tokenizer(tokenizer: Any) -> Face:
    with TemporaryDirectory() as place:
        tokenizer.save_pretrained(place)
        face = saved_face(Path(place))
    attributes = {name: getattr(tokenizer, name) for name in DEFAULT_ATTRIBUTES}
    return replace(face, config=_without_defaults({**face.config, **attributes}))


def _templates(directory: Path, inline: Any) -> tuple[str | None, dict[str, str]]:
    """The default chat template and the named ones: files win over the key of the config."""
    if isinstance(inline, list):  # how transformers 4 wrote several
        inline = {entry["name"]: entry["template"] for entry in inline}
    named = dict(inline) if isinstance(inline, dict) else {"default": inline} if inline else {}
    file = directory / TEMPLATE_FILE
    files = {"default": file} if file.is_file() else {}
    files |= {path.stem: path for path in sorted((directory / TEMPLATE_DIRECTORY).glob("*.jinja"))}
    named |= {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    return named.pop("default", None), named


def _face(config: dict[str, Any], template: str | None, named: dict[str, str]) -> Face:
    kept = {key: value for key, value in config.items() if key not in _LEFT_BEHIND}
    for role in _ROLES:
        if role in kept:
            kept[role] = _content(kept[role])
    extra = kept.get("extra_special_tokens")
    if isinstance(extra, list):  # the name of transformers 5; 4 expects a dictionary under it
        kept[_ADDITIONAL] = kept.pop("extra_special_tokens")
    if _ADDITIONAL in kept:
        kept[_ADDITIONAL] = [_content(token) for token in kept[_ADDITIONAL] or ()]
    return Face(_without_defaults(kept), template, named)


def _without_defaults(config: dict[str, Any]) -> dict[str, Any]:
    """`config` without what is said by saying nothing, so that equal faces compare equal."""
    empty: dict[str, Any] = {_ADDITIONAL: [], **{name: {} for name in _NAMED_TOKENS}}
    defaults = {**DEFAULT_ATTRIBUTES, **empty, **dict.fromkeys(_ROLES)}
    return {k: v for k, v in config.items() if not (k in defaults and v == defaults[k])}


def _content(token: Any) -> Any:
    """A special token as text: flags are kept with the added tokens."""
    return token["content"] if isinstance(token, dict) else token


def _without_strangers(face: Face, base: BaseTokenizer) -> Face:
    special = {token["content"] for token in base.json["added_tokens"]}
    config = dict(face.config)
    gone: list[tuple[str, Any]] = []
    for key, value in face.config.items():
        if key.endswith("_token") and isinstance(value, str) and value not in special:
            gone.append((key, config.pop(key)))
        elif key == _ADDITIONAL:
            gone += [(key, token) for token in value if token not in special]
            config[key] = [token for token in value if token in special]
        elif key in _NAMED_TOKENS:  # such as {"image_token": "<image>"}
            gone += [
                (name, token) for name, token in value.items() if _content(token) not in special
            ]
            config[key] = {name: t for name, t in value.items() if _content(t) in special}
    if gone:
        named = ", ".join(f"{role} {token!r}" for role, token in gone)
        warnings.warn(
            f"The base's configuration names {named}, but its tokenizer.json has no such special "
            "token; left out. To keep it, train and extend the tokenizer that "
            "AutoTokenizer.from_pretrained loads from there: it adds the token to the base.",
            stacklevel=4,
        )
    return replace(face, config=_without_defaults(config))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where there is no file."""
    if not path.is_file():
        return {}
    try:
        data = json.loads(path.read_bytes())
    except ValueError as error:
        raise FormatError(f"{path} is no JSON ({error}). Fetch or save it again.") from error
    if not isinstance(data, dict):
        raise FormatError(f"{path} holds no JSON object. Fetch or save it again.")
    return data
