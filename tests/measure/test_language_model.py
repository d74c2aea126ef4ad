"""Bits of a model, against a sum done by hand on a tiny one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.measure import measure
from hyperlex.measure.language_model import bits, load_model
from hyperlex.measure.markdown import render
from hyperlex.measure.texts import Text

torch = pytest.importorskip("torch")

IDS = [5, 9, 2, 7, 7, 1, 30, 12, 3, 28, 14]
TEXT = "Дед стоял у двери, не решаясь войти. Никто из них не решался войти."


def tiny(rows: int = 32, positions: int = 8, **config: object):
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(3)
    settings = {"bos_token_id": 0, "eos_token_id": 0} | config
    shape = GPT2Config(
        vocab_size=rows, n_positions=positions, n_embd=16, n_layer=2, n_head=2, **settings
    )
    return GPT2LMHeadModel(shape).eval()


def by_hand(model, ids: list[int], context: int, stride: int, first: list[int]) -> list[float]:
    """The same, one token at a time: the window that a token is scored in ends at the next multiple
    of the stride, and holds as many tokens before it as fit.
    """
    read = [*first, *ids]
    result = []
    for position in range(1, len(read)):
        end = min((position - 1) // stride * stride + stride, len(read) - 1)
        window = read[max(0, end - context) : position]
        with torch.no_grad():
            logits = model(torch.tensor([window])).logits[0, -1].double()
        p = torch.softmax(logits, -1)[read[position]].item()
        result.append(-math.log2(p))
    return result


@pytest.mark.parametrize(("context", "stride"), [(8, 4), (8, 8), (8, 1), (4, 3), (64, None)])
def test_bits_are_those_by_hand(context: int, stride: int | None) -> None:
    model = tiny()
    found = bits(model, IDS, context=context, stride=stride)
    held = min(context, 8)
    expected = by_hand(model, IDS, held, stride or held // 2, [0])
    assert found == pytest.approx(expected, rel=1e-4)


def test_no_token_is_free() -> None:
    """Without an id that begins a text, the first token costs as much as choosing it blindly."""
    model = tiny(bos_token_id=None, eos_token_id=None)
    found = bits(model, IDS)
    assert found[0] == 5  # log2 of 32 rows
    assert found[1:] == pytest.approx(by_hand(model, IDS, 8, 4, []), rel=1e-4)
    assert bits(model, IDS[:1]).tolist() == [5]


def test_an_id_without_a_row_begins_no_text() -> None:
    """As in a small model that kept the ids of a larger one's configuration."""
    model = tiny()
    model.config.bos_token_id, model.config.eos_token_id = 50_256, 3
    assert bits(model, IDS) == pytest.approx(by_hand(model, IDS, 8, 4, [3]), rel=1e-4)


def test_a_model_that_knows_nothing_needs_the_logarithm_of_its_rows() -> None:
    model = tiny()
    torch.nn.init.zeros_(model.transformer.wte.weight)
    assert bits(model, IDS) == pytest.approx([5.0] * len(IDS))


def test_an_empty_text_costs_nothing() -> None:
    assert bits(tiny(), []).shape == (0,)


def test_ids_without_rows_are_refused() -> None:
    with pytest.raises(VocabularyError, match="id 40, and the model has 32 rows"):
        bits(tiny(), [40])


@pytest.mark.parametrize("stride", [0, 9])
def test_a_stride_beyond_the_context_is_refused(stride: int) -> None:
    with pytest.raises(ConfigError, match="from 1 to the context, 8"):
        bits(tiny(), IDS, stride=stride)


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="causal language model"):
        load_model(str(tmp_path / "nowhere"))


def test_a_report_compares_a_model_through_both_its_tokenizers(tmp_path, small_tok) -> None:
    """A model without knowledge: log2 of its rows for each token, so hypertokens show exactly."""
    model = tiny(rows=len(small_tok), positions=64)
    torch.nn.init.zeros_(model.transformer.wte.weight)
    model.save_pretrained(tmp_path / "model")
    small_tok.save(tmp_path / "model")
    texts = [Text(f"{TEXT} Раз {n}.", "проза") for n in range(3)]
    report = measure(texts, [small_tok], models=[str(tmp_path / "model")], draws=50)
    assert report.models is not None
    hyper, base = report.models.rows
    assert (hyper.tokenizer, base.tokenizer) == ("hyperlex", "byte-level BPE")
    characters = sum(len(text.text) for text in texts)
    each = math.log2(len(small_tok))
    for row, encode in ((hyper, small_tok.encode), (base, small_tok.base_encode)):
        tokens = sum(len(encode(text.text)) for text in texts)
        assert row.tokens == tokens
        value = row.scores["bits_per_character"].interval.value
        assert value == pytest.approx(tokens * each / characters)
        per_scene = row.scores["bits_per_scene"].interval.value
        assert per_scene == pytest.approx(tokens * each / report.sample.scenes)
    difference = base.scores["bits_per_character"].difference
    assert difference is not None and difference.value > 0
    assert {"bits_per_character", "bits_per_byte", "bits_per_scene"} <= {
        metric.key for metric in report.metrics
    }
    assert np.isfinite(difference.low)
    written = render(report)
    assert "## On language models, on the sample" in written
    assert "| model · byte-level BPE |" in written
