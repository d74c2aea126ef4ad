"""What `save` writes is read back with the same ids: by hyperlex, and by AutoTokenizer next to the
`config.json` of any model type, with and without remote code, through every way of saving again.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast
from transformers.models.auto.tokenization_auto import (
    MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS,
    TOKENIZER_MAPPING_NAMES,
)

import hyperlex
from hyperlex.codebook.base import BaseTokenizer
from hyperlex.errors import ConfigError, FormatError, HyperlexError
from hyperlex.tokenizer import HyperTokenizer
from hyperlex.tokenizer.face import GENERIC_CLASSES
from hyperlex.tokenizer.hf import FORCED_MODEL_TYPES

ChangeJson = Callable[..., None]

MODEL_TYPES = ("gpt2", "gpt_neo", "gptj", "llama", "mistral", "qwen2", "qwen3", "gemma2")
TINY: dict[str, dict[str, Any]] = {
    "gpt2": {"n_embd": 8, "n_layer": 1, "n_head": 2},
    "gpt_neo": {
        "hidden_size": 8,
        "num_layers": 1,
        "num_heads": 2,
        "attention_types": [[["global"], 1]],
    },
    "gptj": {"n_embd": 8, "n_layer": 1, "n_head": 2, "rotary_dim": 2},
}
TINY_LLAMA = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 4,
}


@pytest.fixture(params=[None, *MODEL_TYPES])
def beside_a_model(
    request: pytest.FixtureRequest, tok: HyperTokenizer, tmp_path: Path, change_json: ChangeJson
) -> Path:
    """A saved tokenizer next to the config of a model; None: without one."""
    if request.param:
        config = {"model_type": request.param, "vocab_size": tok.layout.total}
        change_json(tmp_path / "config.json", **config)
    tok.save(tmp_path)
    return tmp_path


@pytest.fixture
def transformers_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What transformers logs, which it keeps from pytest otherwise."""
    logger = logging.getLogger("transformers")
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def assert_same(loaded: Any, tok: HyperTokenizer, text: str) -> None:
    hypertokens = [index for index in tok.encode(text) if tok.layout.is_hyper(index)]
    assert hypertokens, "a text without hypertokens shows nothing"
    for probe in (text, f"{text}<|im_end|>\r\n", "Старик сидел на берегу", " берега\u0301 🙂"):
        assert loaded(probe, add_special_tokens=False).input_ids == tok.encode(probe)
        assert loaded(probe).input_ids == tok.hf(probe).input_ids
        assert loaded.decode(tok.encode(probe)) == probe
    assert loaded.special_tokens_map == tok.hf.special_tokens_map
    assert loaded.chat_template == tok.hf.chat_template
    assert loaded.padding_side == tok.hf.padding_side
    assert loaded.model_max_length == tok.hf.model_max_length


# Read back by hyperlex


@pytest.mark.parametrize("name", ["tok", "with_holes", "with_bos", "without_export"])
def test_load_inverts_save(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, text: str
) -> None:
    tok: HyperTokenizer = request.getfixturevalue(name)
    tok.save(tmp_path / "one")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = hyperlex.load(tmp_path / "one")
    for probe in (text, f"{text}<|im_end|>", "", "Старик \u0301сидел\r\n на 🙂"):
        ids = tok.encode(probe)
        assert loaded.encode(probe) == ids
        assert loaded.decode(ids) == tok.decode(ids)
        assert loaded.expand(ids) == tok.base_encode(probe)
        assert loaded.collapse(tok.base_encode(probe)) == ids
    assert (loaded.layout, loaded.face) == (tok.layout, tok.face)
    assert loaded.base.sha256 == tok.base.sha256
    assert loaded.export_refusal == tok.export_refusal
    loaded.save(tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_the_directory_holds_what_the_documentation_lists(saved: Path, tok: HyperTokenizer) -> None:
    assert set(contents(saved)) == {
        "chat_template.jinja",
        "codebook.safetensors",
        "codebook.tsv",
        "hyperlex_config.json",
        "tokenization_hyperlex.py",
        "tokenizer.json",
        "tokenizer_config.json",
    }
    config = json.loads((saved / "hyperlex_config.json").read_text("utf-8"))
    assert config["format_version"] == 1
    assert config["hyperlex_version"] == hyperlex.__version__
    assert config["layout"] == {
        "base_size": tok.layout.base_size,
        "hyper_size": tok.layout.hyper_size,
        "scene_size": 0,
    }
    assert config["base_sha256"] == tok.base.sha256


def test_loading_imports_no_model_library(saved: Path) -> None:
    script = (
        "import sys, hyperlex\n"
        f"tok = hyperlex.load({str(saved)!r})\n"
        "tok.expand(tok.encode('Старик сидел на берегу'))\n"
        "print(*({'torch', 'transformers'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []


# Read by AutoTokenizer


@pytest.mark.parametrize("trust_remote_code", [None, False, True])
def test_autotokenizer_gives_the_same_ids(
    beside_a_model: Path, tok: HyperTokenizer, text: str, trust_remote_code: bool | None
) -> None:
    loaded = AutoTokenizer.from_pretrained(beside_a_model, trust_remote_code=trust_remote_code)
    assert_same(loaded, tok, text)


@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_autotokenizer_after_the_model_is_saved_there(
    tok: HyperTokenizer, tmp_path: Path, text: str, model_type: str
) -> None:
    sizes = TINY.get(model_type, TINY_LLAMA)
    config = AutoConfig.for_model(
        model_type,
        vocab_size=tok.layout.total,
        bos_token_id=0,
        eos_token_id=3,
        pad_token_id=1,
        **sizes,
    )
    tok.save(tmp_path)
    AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path)
    assert_same(AutoTokenizer.from_pretrained(tmp_path), tok, text)
    assert hyperlex.load(tmp_path).encode(text) == tok.encode(text)


@pytest.mark.parametrize("trusted_before", [None, True])
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_autotokenizer_after_a_round_trip_through_transformers(
    copied: Path,
    tok: HyperTokenizer,
    tmp_path: Path,
    change_json: ChangeJson,
    text: str,
    model_type: str,
    trusted_before: bool | None,
) -> None:
    change_json(copied / "config.json", model_type=model_type)
    other = tmp_path / "other"
    loaded = AutoTokenizer.from_pretrained(copied, trust_remote_code=trusted_before)
    loaded.save_pretrained(other)
    change_json(other / "config.json", model_type=model_type)
    assert_same(AutoTokenizer.from_pretrained(other), tok, text)
    if trusted_before:  # without it the small file does not travel: the doctor tells
        assert_same(AutoTokenizer.from_pretrained(other, trust_remote_code=True), tok, text)


@pytest.mark.parametrize("trust_remote_code", [None, True])
@pytest.mark.parametrize("model_type", MODEL_TYPES)
def test_autotokenizer_on_what_hf_saved(
    tok: HyperTokenizer,
    tmp_path: Path,
    change_json: ChangeJson,
    text: str,
    model_type: str,
    trust_remote_code: bool | None,
) -> None:
    # A Trainer does this with each checkpoint.
    tok.hf.save_pretrained(tmp_path)
    change_json(tmp_path / "config.json", model_type=model_type)
    loaded = AutoTokenizer.from_pretrained(tmp_path, trust_remote_code=trust_remote_code)
    assert_same(loaded, tok, text)


def test_hf_may_be_saved_over_a_saved_tokenizer(
    copied: Path, tok: HyperTokenizer, text: str
) -> None:
    hf = hyperlex.load(copied).hf
    hf(text, truncation=True, max_length=3, padding="max_length")  # state that is saved along
    hf.save_pretrained(copied)
    again = hyperlex.load(copied)
    assert again.encode(text) == tok.encode(text)
    assert again.expand(again.encode(text)) == tok.base_encode(text)
    assert again.face == tok.face


def test_the_known_traps_are_those_of_transformers() -> None:
    # If this fails, a new transformers overrules the declared class for more model types.
    forced = {
        name
        for name in MODELS_WITH_INCORRECT_HUB_TOKENIZER_CLASS
        if (own := TOKENIZER_MAPPING_NAMES[name])
        and own.removesuffix("Fast")
        not in {*GENERIC_CLASSES, "PythonBackend", "MistralCommonBackend"}
    }
    assert forced <= FORCED_MODEL_TYPES


@pytest.mark.parametrize("model_type", sorted(FORCED_MODEL_TYPES))
def test_autotokenizer_where_transformers_overrules_the_declared_class(
    copied: Path, tok: HyperTokenizer, change_json: ChangeJson, text: str, model_type: str
) -> None:
    change_json(copied / "config.json", model_type=model_type)
    assert_same(AutoTokenizer.from_pretrained(copied), tok, text)


def test_old_files_of_the_base_beside_it_change_nothing(
    tok: HyperTokenizer, tmp_path: Path, change_json: ChangeJson, text: str
) -> None:
    change_json(tmp_path / "special_tokens_map.json", eos_token="<|pad|>", unk_token="<unk>")
    change_json(tmp_path / "added_tokens.json", **{"<old>": 3})
    change_json(tmp_path / "config.json", model_type="gpt2")
    change_json(tmp_path / "vocab.json", a=0)
    (tmp_path / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    tok.save(tmp_path)
    assert_same(AutoTokenizer.from_pretrained(tmp_path), tok, text)
    assert hyperlex.load(tmp_path).face == tok.face


@pytest.mark.parametrize("version", [None, "4.57.1", "5.23.0"])
def test_mistral_is_not_said_to_have_an_incorrect_regex(
    tmp_path: Path,
    change_json: ChangeJson,
    transformers_log: pytest.LogCaptureFixture,
    base: PreTrainedTokenizerFast,
    text: str,
    version: str | None,
) -> None:
    # transformers asks from 100,000 ids on; a special token far away makes a vocabulary as large.
    data = BaseTokenizer(base.backend_tokenizer).json
    far = {**data["added_tokens"][0], "id": 100_100, "content": "<|far|>"}
    large = BaseTokenizer({**data, "added_tokens": [*data["added_tokens"], far]})
    texts = ["Лодка стояла у берега. Старик сидел на берегу."] * 3
    codebook = hyperlex.train_codebook(
        large, texts, size=8, min_count=2, min_documents=1, workers=1
    )
    tok = hyperlex.extend_tokenizer(large, codebook)
    change_json(tmp_path / "config.json", model_type="mistral", transformers_version=version)
    tok.save(tmp_path)
    assert_same(AutoTokenizer.from_pretrained(tmp_path), tok, f"{text} Лодка стояла у берега.")
    assert "regex" not in transformers_log.text
    # Without the entry that `save` writes for it, this test sees what it looks for.
    change_json(tmp_path / "tokenizer_config.json", fix_mistral_regex=...)
    AutoTokenizer.from_pretrained(tmp_path)
    assert ("incorrect regex" in transformers_log.text) == (version != "5.23.0")


# Wrong input


def test_a_directory_that_is_a_file_is_refused(tok: HyperTokenizer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="file"):
        tok.save(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"
    with pytest.raises(ConfigError, match="is no directory"):
        hyperlex.load(tmp_path / "file")


def test_a_place_without_permission_is_refused(tok: HyperTokenizer, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    before = os.geteuid()
    if before == 0:
        for place in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
            place.chmod(0o755)
        os.seteuid(65534)
    try:
        with pytest.raises(ConfigError, match="Cannot write"):
            tok.save(closed / "new")
    finally:
        os.seteuid(before)
    assert list(closed.iterdir()) == []


def test_a_failure_leaves_what_was_there(
    own_tok: HyperTokenizer, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(copied)
    wrong = json.loads(own_tok.json())
    wrong["model"]["ignore_merges"] = False
    monkeypatch.setattr(own_tok, "json", lambda: json.dumps(wrong))
    with pytest.raises(FormatError, match="another tokenizer was saved over it"):
        own_tok.save(copied)
    assert contents(copied) == before


@pytest.mark.parametrize(
    "name", ["tokenizer.json", "hyperlex_config.json", "tokenizer_config.json"]
)
def test_a_truncated_file_is_refused(copied: Path, name: str) -> None:
    data = (copied / name).read_bytes()
    (copied / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(FormatError, match=name):
        hyperlex.load(copied)


def test_a_truncated_codebook_is_refused_when_it_is_asked_for(copied: Path, text: str) -> None:
    data = (copied / "codebook.safetensors").read_bytes()
    (copied / "codebook.safetensors").write_bytes(data[: len(data) // 2])
    loaded = hyperlex.load(copied)
    assert loaded.decode(loaded.encode(text)) == text
    with pytest.raises(FormatError, match=r"codebook\.safetensors is damaged"):
        loaded.expand(loaded.encode(text))


@pytest.mark.parametrize("name", ["tokenizer.json", "hyperlex_config.json", "codebook.safetensors"])
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(FormatError, match=name):
        hyperlex.load(copied)


def test_another_format_version_is_refused(copied: Path, change_json: ChangeJson) -> None:
    change_json(copied / "hyperlex_config.json", format_version=2)
    with pytest.raises(FormatError, match="format version 2; this hyperlex reads version 1"):
        hyperlex.load(copied)


def test_a_config_without_its_parts_is_refused(copied: Path, change_json: ChangeJson) -> None:
    change_json(copied / "hyperlex_config.json", layout={"base_size": 3})
    with pytest.raises(FormatError, match="part of its layout is missing"):
        hyperlex.load(copied)
    change_json(copied / "hyperlex_config.json", layout=...)
    with pytest.raises(FormatError, match="layout is missing"):
        hyperlex.load(copied)


def test_a_tokenizer_that_transformers_rebuilt_is_refused(
    copied: Path, change_json: ChangeJson
) -> None:
    change_json(copied / "config.json", model_type="qwen2")
    change_json(copied / "tokenizer_config.json", auto_map=...)
    AutoTokenizer.from_pretrained(copied).save_pretrained(copied)
    with pytest.raises(FormatError, match="another tokenizer was saved over it"):
        hyperlex.load(copied)


def test_tokens_added_after_the_hypertokens_are_refused(copied: Path) -> None:
    loaded = AutoTokenizer.from_pretrained(copied)
    loaded.add_special_tokens({"mask_token": "<|mask|>"})
    loaded.save_pretrained(copied)
    with pytest.raises(FormatError, match="1 tokens were added to it later"):
        hyperlex.load(copied)


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"tokenizer_class": "GPT2Tokenizer"}, "declares GPT2Tokenizer"),
        ({"tokenizer_class": ...}, "declares no tokenizer_class"),
        ({"auto_map": ...}, "has no auto_map, so the model type 'qwen2' forces its class"),
    ],
)
def test_load_warns_of_a_directory_that_autotokenizer_breaks(
    copied: Path,
    tok: HyperTokenizer,
    change_json: ChangeJson,
    text: str,
    entries: dict[str, Any],
    reason: str,
) -> None:
    change_json(copied / "config.json", model_type="qwen2")
    change_json(copied / "tokenizer_config.json", **entries)
    with pytest.warns(UserWarning, match=reason) as caught:
        loaded = hyperlex.load(copied)
    assert len(caught) == 1
    assert "\n" not in str(caught[0].message)
    assert loaded.encode(text) == tok.encode(text)
    loaded.save(copied)  # the remedy that the warning names
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hyperlex.load(copied)
    assert_same(AutoTokenizer.from_pretrained(copied), tok, text)


def test_saving_into_a_model_that_is_too_small_warns(
    tok: HyperTokenizer, tmp_path: Path, change_json: ChangeJson
) -> None:
    change_json(tmp_path / "config.json", model_type="gpt2", vocab_size=tok.layout.base_size)
    with pytest.warns(UserWarning, match=r"360 rows.*460 ids.*extend_model"):
        tok.save(tmp_path)
    assert hyperlex.load(tmp_path).layout == tok.layout


def test_what_transformers_saved_says_what_is_missing(tok: HyperTokenizer, tmp_path: Path) -> None:
    tok.save(tmp_path / "ours")
    AutoTokenizer.from_pretrained(tmp_path / "ours").save_pretrained(tmp_path / "theirs")
    for read in (hyperlex.load, lambda place: hyperlex.extend_tokenizer(place, tok.codebook)):
        with pytest.raises(
            HyperlexError, match=r"transformers saved .* Copy hyperlex_config\.json"
        ):
            read(tmp_path / "theirs")
    for file in (tmp_path / "ours").glob("*"):
        if file.name.startswith(("hyperlex_config", "codebook")):
            shutil.copy(file, tmp_path / "theirs")
    again = hyperlex.load(tmp_path / "theirs")
    assert again.encode("Лодка стояла у берега.") == tok.encode("Лодка стояла у берега.")
