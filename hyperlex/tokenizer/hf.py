"""The transformers side: what `AutoTokenizer` reads of a saved tokenizer, and `HyperTokenizer.hf`.

transformers 5 rebuilds the pre-tokenizer of many model types from vocabulary and merges, and then
no phrase is found any more (huggingface/transformers#45812, #45920, #48206). Two entries of
`tokenizer_config.json` together keep it from that next to a `config.json` of any model type:

    "tokenizer_class": "PreTrainedTokenizerFast"    the class that takes tokenizer.json as it is
    "auto_map": {"AutoTokenizer": [null, "tokenization_hyperlex.PreTrainedTokenizerFast"]}

An `auto_map` turns off the rule that a model type overrules the declared class, and as that class
is one of transformers' own, nobody is asked about remote code. With `trust_remote_code=True` the
small file of that name is loaded, which does the same. transformers 4 reads both likewise.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from hyperlex.errors import ConfigError, FormatError
from hyperlex.tokenizer.face import (
    CONFIG_FILE,
    DEFAULT_ATTRIBUTES,
    GENERIC_CLASSES,
    HYPERLEX_FILE,
    MODEL_CONFIG_FILE,
    TEMPLATE_DIRECTORY,
    TEMPLATE_FILE,
    read_json,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from hyperlex.tokenizer.hyper import HyperTokenizer

CODE_FILE = "tokenization_hyperlex.py"
TOKENIZER_CLASS = "PreTrainedTokenizerFast"
AUTO_MAP = {"AutoTokenizer": [None, f"{CODE_FILE.removesuffix('.py')}.{TOKENIZER_CLASS}"]}

FORCED_MODEL_TYPES = frozenset(
    {
        "hyperclovax_vision_v2",
        "qwen2",
        "qwen3_5",
        "qwen3_5_moe",
        "qwen3_5_moe_text",
        "qwen4_exp",
        "siglip2",
    }
)
"""Model types for which transformers 5.23 takes its own class over the declared one, unless there
is an `auto_map`: MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS that have a class of their own."""


def transformers_tokenizer(tok: HyperTokenizer) -> PreTrainedTokenizerFast:
    """`tok` as a transformers tokenizer: what AutoTokenizer makes of the saved one.

    Its Rust tokenizer is not shared with `tok`: truncation and padding are state, and transformers
    sets them with each call.

    Raises:
        ConfigError: the base has no exact plain export.
    """
    if tok.export_refusal:
        raise ConfigError(
            f"This tokenizer has no transformers form: {tok.export_refusal}. A byte-level BPE base "
            "was expected. Use tok.encode, tok.decode and tok.collapse, which are exact for it, "
            "and feed the ids to the model: torch.tensor([tok.encode(text)])."
        )
    from hyperlex.tokenizer import tokenization_hyperlex

    with TemporaryDirectory() as place:
        if tok.layout.scene_size:
            (Path(place) / "tokenizer.json").write_text(tok.json(), encoding="utf-8")
        else:
            rust_tokenizer(tok).save(str(Path(place) / "tokenizer.json"))
        write_face(tok, Path(place))
        made: Any = tokenization_hyperlex.PreTrainedTokenizerFast.from_pretrained(place)
    # Where it was read from is gone, and `save_pretrained` would write it down.
    made.name_or_path = ""
    for key in ("name_or_path", "is_local", "local_files_only"):
        made.init_kwargs.pop(key, None)
    result: PreTrainedTokenizerFast = made
    return result


def write_face(tok: HyperTokenizer, directory: Path) -> None:
    """Write what transformers reads besides `tokenizer.json`."""
    (directory / CONFIG_FILE).write_text(face_config(tok), encoding="utf-8")
    code = Path(__file__).with_name(CODE_FILE).read_text(encoding="utf-8")
    (directory / CODE_FILE).write_text(code, encoding="utf-8")
    if tok.face.chat_template is not None:
        (directory / TEMPLATE_FILE).write_text(tok.face.chat_template, encoding="utf-8")
    for name, template in tok.face.named_templates.items():
        (directory / TEMPLATE_DIRECTORY).mkdir(exist_ok=True)
        (directory / TEMPLATE_DIRECTORY / f"{name}.jinja").write_text(template, encoding="utf-8")


def face_config(tok: HyperTokenizer) -> str:
    """The text of `tokenizer_config.json`."""
    added = sorted(rust_tokenizer(tok).get_added_tokens_decoder().items())
    config = {
        **DEFAULT_ATTRIBUTES,
        **tok.face.config,
        "tokenizer_class": TOKENIZER_CLASS,
        "auto_map": AUTO_MAP,
        # With it, files of transformers 4 that lie beside (special_tokens_map.json,
        # added_tokens.json) are not read, and tokenizer.json is parsed once instead of twice.
        "added_tokens_decoder": {str(index): token.__getstate__() for index, token in added},
        # Both would change exact text or exact ids; a base from Mistral may have either on.
        "clean_up_tokenization_spaces": False,
        "fix_mistral_regex": False,
    }
    return json.dumps(config, ensure_ascii=False, indent=2) + "\n"


def rust_tokenizer(tok: HyperTokenizer) -> Tokenizer:
    """The tokenizer that `tokenizer.json` holds: the export, or the base where there is none."""
    return tok.base.tokenizer if tok.backend is None else tok.backend


def autotokenizer_trap(directory: Path) -> str | None:
    """Why AutoTokenizer will not give the ids of `tokenizer.json` there, as far as two small files
    tell; None where they show no reason. `doctor.diagnose` tries it instead.
    """
    config = read_json(directory / CONFIG_FILE)
    try:
        model_type = read_json(directory / MODEL_CONFIG_FILE).get("model_type")
    except FormatError:
        return f"{MODEL_CONFIG_FILE} there is damaged"
    declared, mapped = config.get("tokenizer_class"), mapped_class(config)
    if declared is None:
        if model_type is None and mapped is None:
            return None
        return (
            f"{CONFIG_FILE} declares no tokenizer_class, so the model type {model_type!r} decides"
        )
    if declared.removesuffix("Fast") not in GENERIC_CLASSES:
        return f"{CONFIG_FILE} declares {declared}, which rebuilds the pre-tokenizer"
    if model_type in FORCED_MODEL_TYPES and mapped is None:
        return f"{CONFIG_FILE} has no auto_map, so the model type {model_type!r} forces its class"
    return None


LEFT_OUT = (
    "transformers saved a hyperlex tokenizer there and left out what its hypertokens stand for. "
    "Copy hyperlex_config.json, codebook.* and lexicon.* there from the directory that it was "
    "loaded from, or save it with hyperlex: tok.save(DIRECTORY)"
)


def is_left_out(directory: Path) -> bool:
    """Whether transformers saved a hyperlex tokenizer to a directory: ids without a codebook."""
    if not (directory / CONFIG_FILE).is_file() or (directory / HYPERLEX_FILE).is_file():
        return False
    return mapped_class(read_json(directory / CONFIG_FILE)) == AUTO_MAP["AutoTokenizer"][1]


def mapped_class(config: dict[str, Any]) -> str | None:
    """The class that an `auto_map` names for AutoTokenizer, "module.Class"."""
    mapped = config.get("auto_map")
    if isinstance(mapped, dict):
        mapped = mapped.get("AutoTokenizer")
    names = [name for name in reversed(mapped or ()) if name]
    return names[0] if names else None
