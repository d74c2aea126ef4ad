"""The embedded default, as it is shipped."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import given
from strategies import any_text

import hyperlex
from hyperlex import HyperTokenizer
from hyperlex.codebook.files import to_tsv
from hyperlex.tokenizer.load import EMBEDDED


@pytest.fixture(scope="module")
def default() -> HyperTokenizer:
    return hyperlex.load()


@given(any_text)
def test_the_default_keeps_the_laws(default: HyperTokenizer, text: str) -> None:
    ids, base = default.encode(text), default.base_encode(text)
    assert default.expand(ids) == base
    assert default.decode(ids) == text
    assert len(ids) <= len(base)
    assert default.collapse(base) == ids
    assert default.hf(text, add_special_tokens=False)["input_ids"] == ids


def test_the_default_is_of_the_size_that_its_card_tells(default: HyperTokenizer) -> None:
    layout = default.layout
    assert layout.base_size + layout.hyper_size <= 200_000
    card = (EMBEDDED / "CARD.md").read_text(encoding="utf-8")
    assert f"{layout.base_size:,} ids" in card
    assert f"{layout.hyper_size:,} hypertokens" in card
    assert default.base.sha256 in card


def test_the_default_is_small() -> None:
    files = [path for path in Path(EMBEDDED).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 16e6  # 25 MB together with the analyzer


def test_the_readable_twin_is_that_of_the_codebook(default: HyperTokenizer) -> None:
    packed = gzip.decompress((EMBEDDED / "codebook.tsv.gz").read_bytes())
    assert packed.decode() == to_tsv(default.codebook)


def test_the_default_shortens_every_kind_of_text(
    default: HyperTokenizer, samples: dict[str, str]
) -> None:
    for name, text in samples.items():
        assert len(text) / len(default.encode(text)) > 3.0, name
        assert len(default.encode(text)) < len(default.base_encode(text)), name


def test_saving_the_default_gives_the_same_ids(
    default: HyperTokenizer, samples: dict[str, str], tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    default.save(tmp_path / "saved")
    text = "\n".join(samples.values())
    again = hyperlex.load(tmp_path / "saved")
    plain = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert again.encode(text) == default.encode(text) == plain.encode(text)
    assert plain.eos_token == "<|endoftext|>"
    messages = [{"role": "user", "content": "Как дела?"}]
    shown = plain.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert shown == "<|im_start|>user\nКак дела?<|im_end|>\n<|im_start|>assistant\n"
