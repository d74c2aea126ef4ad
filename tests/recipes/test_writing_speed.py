"""The case `writing_speed` times what it says, and nothing where a gate does not hold."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from hyperlex import HyperTokenizer
from hyperlex.recipes.pretrain.tokens import open_tokenizer

ROOT = Path(__file__).resolve().parents[2]
TEXT = "Старый почтальон шёл вдоль реки и считал лодки. До вечера было ещё далеко. " * 8


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT))
    return importlib.import_module("benchmarks.cases.writing_speed")


@pytest.fixture(scope="module")
def tok() -> HyperTokenizer:
    return open_tokenizer(None, hypertokens=64)


def shape(case: ModuleType, tok: HyperTokenizer) -> object:
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "vocab_size": tok.layout.base_size}
    return case.Shape("embedded", "llama", sizes | heads)


def test_both_arms_write_the_same_text(case: ModuleType, tok: HyperTokenizer) -> None:
    base, extended = case.measured(shape(case, tok), tok, {"own": TEXT}, "cpu", 2)
    assert (base["arm"], extended["arm"]) == (case.BASE, case.EXTENDED)
    assert base["over_base"]["value"] == 1
    _, written = case._passage(TEXT)
    assert base["characters_per_id"] == len(written) / len(tok.base_encode(written))
    assert extended["characters_per_id"] == len(written) / len(tok.encode(written))
    assert extended["rows"] > base["rows"] == tok.layout.base_size
    speeds = [row["characters_per_second"]["value"] for row in (base, extended)]
    assert extended["over_base"]["value"] == pytest.approx(speeds[1] / speeds[0])
    rows = [row | case.facts("writing_speed", "cpu") | {"model": "M"} for row in (base, extended)]
    assert case.tables(rows)[case.DOCUMENT].count("| M |") == 2


def test_a_passage_ends_with_a_word(case: ModuleType) -> None:
    prompt, written = case._passage(TEXT)
    assert TEXT.startswith(prompt + written)
    assert all(TEXT[len(part)].isspace() for part in (prompt, prompt + written))


def test_a_cache_that_changes_the_logits_is_not_timed(
    case: ModuleType, tok: HyperTokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = case._model(shape(case, tok), "cpu")
    forward = model.forward

    def forgetful(ids: object, **options: object) -> object:
        options.pop("past_key_values", None)
        return forward(ids, **options)

    case._check_cache(model, [5, 6, 7, 8], "cpu")
    monkeypatch.setattr(model, "forward", forgetful)
    with pytest.raises(SystemExit, match="nothing is timed"):
        case._check_cache(model, [5, 6, 7, 8], "cpu")
