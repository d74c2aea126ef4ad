"""Distilled rows: only theirs move, to where the base ids of the same text lead."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from torch import Tensor, nn
from transformers import AutoModelForCausalLM

from hyperlex import HyperTokenizer, extend_model
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.model import distil_rows, extend_model_directory
from hyperlex.model import distillation as module
from hyperlex.model.new_rows import NewRows
from hyperlex.model.snippets import select_snippets

KINDS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "llama": (
        transformers.LlamaConfig,
        {"hidden_size": 32, "intermediate_size": 48, "num_attention_heads": 2},
    ),
    "gpt2": (transformers.GPT2Config, {"n_embd": 32, "n_head": 2, "n_positions": 128}),
    "gptj": (
        transformers.GPTJConfig,
        {"n_embd": 32, "n_head": 2, "n_positions": 128, "rotary_dim": 8},
    ),
    "gemma3": (
        transformers.Gemma3TextConfig,
        {
            "hidden_size": 32,
            "intermediate_size": 48,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 16,
            "final_logit_softcapping": 9.0,
        },
    ),
}


def make(
    name: str, tok: HyperTokenizer, *, tied: bool = True, dtype: torch.dtype = torch.float32
) -> Any:
    """A random model with hypertoken rows; two layers."""
    kind, small = KINDS[name]
    special = {"eos_token_id": 330, "bos_token_id": 330, "pad_token_id": 330}
    layers = {"n_layer": 2} if "n_embd" in small else {"num_hidden_layers": 2}
    size = tok.layout.base_size
    config = kind(**small, **special, **layers, vocab_size=size, tie_word_embeddings=tied)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    return extend_model(model, tok).eval()


def state(model: Any) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


@pytest.fixture(scope="module")
def trained(tok: HyperTokenizer, texts: list[str]) -> Any:
    """A small tied Llama that has learned the texts by their base ids, not extended yet."""
    torch.manual_seed(1)
    config = transformers.LlamaConfig(
        vocab_size=tok.layout.base_size,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        tie_word_embeddings=True,
        bos_token_id=330,
        eos_token_id=330,
    )
    model = transformers.LlamaForCausalLM(config)
    rows = [torch.tensor([330, *tok.base_encode(text)]) for text in texts]
    ids = nn.utils.rnn.pad_sequence(rows, batch_first=True)
    labels = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-100)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(120):
        model(ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    return model.eval()


def bits_per_character(model: Any, ids: list[list[int]], characters: int) -> float:
    total = 0.0
    for row in ids:
        inputs = torch.tensor([[330, *row]])
        with torch.no_grad():
            logs = model(inputs).logits[0, :-1].log_softmax(-1)
        total -= float(logs.gather(-1, inputs[0, 1:, None]).sum())
    return total / float(np.log(2)) / characters


@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("name", KINDS)
def test_only_rows_of_hypertokens_change(
    tok: HyperTokenizer, texts: list[str], name: str, tied: bool, dtype: torch.dtype
) -> None:
    if name == "gemma3" and dtype == torch.float16:
        pytest.skip("transformers' Gemma 3 has no finite gradient in float16")
    model = make(name, tok, tied=tied, dtype=dtype)
    before = state(model)
    distil_rows(model, tok, texts, steps=2, batch=4, window=24)
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    assert (embedding.weight is head.weight) == tied
    learned = {id(embedding.weight), id(head.weight), id(head.bias)}
    size, stop = tok.layout.base_size, tok.layout.first_scene
    for key, value in model.state_dict(keep_vars=True).items():
        assert value.dtype == before[key].dtype
        if id(value) in learned:
            assert torch.equal(value[:size], before[key][:size]), key
            assert torch.equal(value[stop:], before[key][stop:]), key
            moved = (value[size:stop] != before[key][size:stop]).reshape(stop - size, -1).any(1)
            # An input row that no text shows may stay; the softmax reaches every output row.
            assert moved.all() or (key.startswith(("model.embed", "transformer.wte")) and not tied)
            assert moved.any() and torch.isfinite(value).all()
        else:
            assert torch.equal(value, before[key]), key


def test_the_model_is_left_as_it_was(tok: HyperTokenizer, texts: list[str]) -> None:
    model = make("gpt2", tok).train()
    model.transformer.ln_f.eval()
    model.transformer.h[0].requires_grad_(False)
    learning = [parameter.requires_grad for parameter in model.parameters()]
    distil_rows(model, tok, texts, steps=1, batch=2, window=24)
    assert (
        model.training and model.transformer.h[0].training and not model.transformer.ln_f.training
    )
    assert [parameter.requires_grad for parameter in model.parameters()] == learning
    assert all(parameter.grad is None for parameter in model.parameters())
    for end in (model.get_input_embeddings(), model.get_output_embeddings()):
        assert not end._forward_hooks


def test_one_seed_gives_the_same_bits_and_another_gives_others(
    tok: HyperTokenizer, texts: list[str]
) -> None:
    found = []
    for seed in (0, 0, 1):
        model = make("llama", tok, tied=False)
        distil_rows(model, tok, texts, steps=3, batch=2, window=24, seed=seed)
        found.append(model.get_input_embeddings().weight.detach())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_blocks_of_a_batch_give_the_gradient_of_the_whole(
    tok: HyperTokenizer, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for at_once in (module._LOGITS, 1):
        monkeypatch.setattr(module, "_LOGITS", at_once)
        model = make("gptj", tok, tied=False)
        result = distil_rows(model, tok, texts, steps=2, batch=5, window=24)
        found.append((result.hidden_error, result.prediction_loss, state(model)))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    assert found[0][1] == pytest.approx(found[1][1], rel=1e-4)
    for key, value in found[0][2].items():
        torch.testing.assert_close(found[1][2][key], value, rtol=1e-2, atol=1e-4)


def test_student_and_teacher_meet_where_they_have_read_the_same_text(
    tok: HyperTokenizer, texts: list[str]
) -> None:
    snippets = select_snippets(tok, texts, per_token=100, window=30)
    picked = [snippets[index] for index in range(len(snippets))]
    pair = module._Pair.of(picked, tok, [330], torch.device("cpu"))
    assert pair.tokens == int(pair.real.sum()) and pair.base_tokens >= pair.tokens
    for row, snippet in enumerate(picked):
        student = pair.ids[row][pair.real[row]].tolist()
        assert student == [330, *snippet.tolist()]
        for position in range(len(student)):
            there = int(pair.last[row, position])
            read = tok.expand(student[: position + 1])
            assert pair.base[row, : there + 1].tolist() == read
            met = any(index >= tok.layout.base_size for index in student[: position + 1])
            assert bool(pair.taught[row, position]) == met
        assert not pair.taught[row, len(student) :].any()


def test_the_hooked_model_is_the_model_with_the_rows_written(
    tok: HyperTokenizer, texts: list[str]
) -> None:
    """What is trained is what is saved: scales, soft caps and biases included."""
    ids = torch.tensor([tok.encode(texts[0])])
    for name in KINDS:
        model = make(name, tok, tied=False)
        ends = module.find_ends(model)
        rows = NewRows.of(ends, tok)
        with torch.no_grad():
            for learned in (rows.reading, rows.predicting, rows.bias):
                if learned is not None:
                    learned += torch.randn_like(learned)
            with rows.in_place(ends):
                hooked = model(ids).logits
            rows.write(ends)
            torch.testing.assert_close(model(ids).logits, hooked)


def test_rows_that_say_what_their_base_ids_say_have_no_hidden_error(
    tok: HyperTokenizer, texts: list[str]
) -> None:
    """A model of idle layers reads the last id alone: the row of that id is the perfect row."""
    model = make("llama", tok, tied=False)
    for layer in model.model.layers:
        layer.self_attn.o_proj.weight.data.zero_()
        layer.mlp.down_proj.weight.data.zero_()
    table = model.get_input_embeddings().weight.data
    for code, run in enumerate(tok.codebook.expansions):
        table[tok.layout.base_size + code] = table[run[-1]]
    result = distil_rows(model, tok, texts, steps=1, batch=2, window=24)
    assert result.hidden_error[0] == pytest.approx(0, abs=1e-12)
    assert result.prediction_loss[0] > 1


def test_the_gap_to_the_unextended_model_closes(
    tok: HyperTokenizer, texts: list[str], trained: Any
) -> None:
    characters = sum(map(len, texts))
    floor = bits_per_character(trained, [tok.base_encode(text) for text in texts], characters)
    model = extend_model(copy.deepcopy(trained), tok)
    ids = [tok.encode(text) for text in texts]
    mean = bits_per_character(model, ids, characters)
    result = distil_rows(model, tok, texts, epochs=40, batch=4, window=40)
    after = bits_per_character(model, ids, characters)
    assert mean > floor
    assert (mean - after) / (mean - floor) > 0.3
    assert result.hidden_error[1] < result.hidden_error[0]
    assert result.prediction_loss[1] < result.prediction_loss[0]


def test_the_record_says_so_and_extending_again_changes_nothing(
    tok: HyperTokenizer, texts: list[str], tmp_path: Path
) -> None:
    model = make("llama", tok)
    result = distil_rows(model, tok, texts, steps=2, batch=4, window=24)
    record = model.config.hyperlex
    assert record["initialisation"] == "mean"
    assert record["distillation"]["steps"] == result.steps == 2
    before = state(model)
    assert extend_model(model, tok) is model
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    with pytest.raises(VocabularyError, match="initialisation"):
        extend_model(model, tok, initialisation="exponential")
    model.save_pretrained(tmp_path)
    assert AutoModelForCausalLM.from_pretrained(tmp_path).config.hyperlex == record


def test_a_directory_is_extended_and_distilled(
    tok: HyperTokenizer, base: Any, texts: list[str], tmp_path: Path, trained: Any
) -> None:
    trained.save_pretrained(tmp_path / "model")
    told: list[tuple[str, int, int | None]] = []
    result = extend_model_directory(
        tmp_path / "model",
        tok,
        tmp_path / "out",
        initialisation="distilled",
        texts=texts,
        steps=3,
        told=lambda *words: told.append(words),
    )
    assert result is not None and told[-1] == ("distilling", result.steps, result.steps)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert model.config.hyperlex["distillation"]["steps"] == result.steps
    mean = extend_model(copy.deepcopy(trained), tok)
    size = tok.layout.base_size
    rows, means = (each.get_input_embeddings().weight for each in (model, mean))
    assert torch.equal(rows[:size], means[:size]) and not torch.equal(rows, means)


@pytest.mark.parametrize(("initialisation", "texts"), [("distilled", None), ("mean", ["текст"])])
def test_texts_go_with_distillation_alone(
    tok: HyperTokenizer, tmp_path: Path, initialisation: Any, texts: Any
) -> None:
    with pytest.raises(ConfigError, match="texts"):
        extend_model_directory(
            tmp_path, tok, tmp_path / "out", initialisation=initialisation, texts=texts
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"batch": 0},
        {"epochs": 0},
        {"snippets_per_token": 0},
        {"window": 3},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"hidden_weight": -1.0},
        {"layer": 3},
        {"layer": -4},
    ],
    ids=str,
)
def test_numbers_out_of_range_are_refused(
    tok: HyperTokenizer, texts: list[str], wrong: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        distil_rows(make("llama", tok), tok, texts, **wrong)


def test_texts_without_a_hypertoken_are_refused(tok: HyperTokenizer) -> None:
    with pytest.raises(ConfigError, match="no hypertoken"):
        distil_rows(make("llama", tok), tok, ["qwx", ""])


def test_a_model_that_was_not_extended_is_refused(
    tok: HyperTokenizer, texts: list[str], trained: Any
) -> None:
    with pytest.raises(VocabularyError, match="not extended"):
        distil_rows(trained, tok, texts)


def test_gradients_that_always_overflow_are_refused(
    tok: HyperTokenizer, texts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LOSS_SCALE", 2.0**60)
    model = make("llama", tok, dtype=torch.float16)
    before = model.get_input_embeddings().weight.clone()
    with pytest.raises(ConfigError, match="bfloat16"):
        distil_rows(model, tok, texts, steps=3, batch=2, window=24)
    assert torch.equal(model.get_input_embeddings().weight, before)


def test_a_loss_that_is_no_number_is_refused_and_nothing_is_written(
    tok: HyperTokenizer, texts: list[str]
) -> None:
    model = make("llama", tok)
    model.model.norm.weight.data.fill_(float("nan"))
    before = model.get_input_embeddings().weight.clone()
    with pytest.raises(ConfigError, match="learning_rate"):
        distil_rows(model, tok, texts)
    assert torch.equal(model.get_input_embeddings().weight, before)
