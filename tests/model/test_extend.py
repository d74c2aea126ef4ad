"""Extending a model: rows by exact expansion, base rows bit-identical, nothing else disturbed."""

from __future__ import annotations

import copy
import math
import warnings
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import peft
import pytest
import torch
import transformers
from packaging.version import Version
from torch import Tensor, nn
from transformers import AutoModelForCausalLM, TextIteratorStreamer

from hyperlex import Codebook, HyperTokenizer, extend_model, extend_tokenizer
from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.build import Candidate, build_codebook
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.model import rows as rows_module
from hyperlex.model.rows import INITIALISATIONS

GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 256}
LLAMA = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
}
NEO = {
    "hidden_size": 32,
    "num_layers": 2,
    "num_heads": 2,
    "attention_types": [[["global", "local"], 1]],
}
CONFIGS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "gpt2": (transformers.GPT2Config, GPT),
    "gpt_neo": (transformers.GPTNeoConfig, NEO),
    "gptj": (transformers.GPTJConfig, GPT | {"rotary_dim": 8}),
    "llama": (transformers.LlamaConfig, LLAMA),
    "qwen2": (transformers.Qwen2Config, LLAMA),
    "qwen3": (transformers.Qwen3Config, LLAMA),
    "mistral": (transformers.MistralConfig, LLAMA),
    "gemma2": (transformers.Gemma2Config, LLAMA),
}
EACH_KIND = pytest.mark.parametrize(
    ("name", "tied", "dtype"),
    [
        pytest.param(name, tied, dtype, id=f"{name}-{('untied', 'tied')[tied]}-{str(dtype)[6:]}")
        for name in CONFIGS
        for tied in (True, False)
        for dtype in (torch.float32, torch.bfloat16)
    ],
)
EACH_INITIALISATION = pytest.mark.parametrize("initialisation", INITIALISATIONS)
WEIGHTED = ("mean", "exponential")
EACH_WEIGHTED = pytest.mark.parametrize("initialisation", WEIGHTED)


def make_model(
    name: str, rows: int, *, tied: bool = True, dtype: torch.dtype = torch.float32, **options: Any
) -> Any:
    """A small random causal language model with `rows` rows, in evaluation mode."""
    kind, small = CONFIGS[name]
    special = {"eos_token_id": 3, "bos_token_id": 3, "pad_token_id": 3}
    config = kind(**small | special | {"vocab_size": rows, "tie_word_embeddings": tied} | options)
    with torch.random.fork_rng():
        torch.manual_seed(20)
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
        for parameter in model.parameters():  # biases too: a zero would hide that it was not copied
            parameter.data.normal_(std=0.2)
    return model.eval()


def by_hand(table: Tensor, ids: tuple[int, ...], exponent: float) -> Tensor:
    """The weighted mean of rows in double precision; position i weighs exp(exponent i)."""
    weights = [math.exp(exponent * i) for i in range(len(ids))]
    rows = [table[index].double() * weight for index, weight in zip(ids, weights, strict=True)]
    return torch.stack(rows).sum(0) / sum(weights)


@EACH_KIND
def test_base_rows_are_bit_identical(
    tok: HyperTokenizer, name: str, tied: bool, dtype: torch.dtype
) -> None:
    size = tok.layout.base_size
    model = make_model(name, size, tied=tied, dtype=dtype)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert extend_model(model, tok) is model
    after = model.state_dict()
    assert after.keys() == before.keys()
    for key, value in before.items():
        assert after[key].dtype == dtype
        assert torch.equal(after[key][: len(value)], value), key


@EACH_KIND
def test_logits_of_base_ids_are_unchanged(
    tok: HyperTokenizer, texts: list[str], name: str, tied: bool, dtype: torch.dtype
) -> None:
    size = tok.layout.base_size
    model = make_model(name, size, tied=tied, dtype=dtype)
    ids = torch.tensor([tok.base_encode(texts[0])])
    with torch.no_grad():
        before = model(ids).logits
        after = extend_model(model, tok)(ids).logits
    assert after.shape == (1, ids.shape[1], 384)
    tolerance = 1e-5 if dtype == torch.float32 else 2e-2
    torch.testing.assert_close(after[..., :size], before, rtol=tolerance, atol=tolerance)


@EACH_KIND
def test_extended_ids_are_trained_on_and_generated(
    tok: HyperTokenizer, texts: list[str], name: str, tied: bool, dtype: torch.dtype
) -> None:
    model = extend_model(make_model(name, tok.layout.base_size, tied=tied, dtype=dtype), tok)
    ids = torch.tensor([tok.encode(texts[0])])
    hyper = sorted({index for index in ids[0].tolist() if tok.layout.is_hyper(index)})
    assert hyper
    model(ids, labels=ids).loss.backward()
    assert model.get_input_embeddings().weight.grad[hyper].any(1).all()
    assert model.get_output_embeddings().weight.grad[hyper].any(1).all()
    made = model.generate(ids, max_new_tokens=12, do_sample=True, eos_token_id=[])
    assert made.shape == (1, ids.shape[1] + 12)
    assert int(made.max()) < tok.layout.total
    assert tok.decode(made[0].tolist()).startswith(texts[0])


@EACH_INITIALISATION
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_base_rows_are_bit_identical_however_new_rows_begin(
    tok: HyperTokenizer, initialisation: Any, tied: bool, dtype: torch.dtype
) -> None:
    size = tok.layout.base_size
    model = make_model("gptj", size, tied=tied, dtype=dtype)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.manual_seed(4)
    expected = torch.rand(1)
    torch.manual_seed(4)
    extend_model(model, tok, initialisation=initialisation)
    assert torch.equal(torch.rand(1), expected), "the caller's random numbers are others"
    for key, value in before.items():
        assert torch.equal(model.state_dict()[key][: len(value)], value), key
    head = model.get_output_embeddings()
    for table in (model.get_input_embeddings().weight, head.weight, head.bias):
        assert table.dtype == dtype and torch.isfinite(table).all()


@EACH_WEIGHTED
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_rows_are_weighted_means_of_the_expansion(
    tok: HyperTokenizer, initialisation: Any, dtype: torch.dtype
) -> None:
    """Every hypertoken, in the embedding, the head and the head's bias of an untied GPT-J."""
    model = make_model("gptj", tok.layout.base_size, tied=False, dtype=dtype)
    extend_model(model, tok, initialisation=initialisation)
    read, head = model.get_input_embeddings().weight, model.get_output_embeddings()
    growth = 2.0 if initialisation == "exponential" else 0.0
    exact = {"rtol": 1e-6, "atol": 1e-6} if dtype == torch.float32 else {"rtol": 8e-3, "atol": 0}
    for entry in tok.codebook:
        for table, exponent in ((read, growth), (head.weight, -growth), (head.bias, -growth)):
            expected = by_hand(table, entry.ids, exponent).to(dtype)
            torch.testing.assert_close(table[entry.id], expected, **exact)


@EACH_WEIGHTED
def test_tied_rows_serve_both_ends(tok: HyperTokenizer, initialisation: Any) -> None:
    model = make_model("gptj", tok.layout.base_size, tied=True)
    extend_model(model, tok, initialisation=initialisation)
    head = model.get_output_embeddings()
    growth = 2.0 if initialisation == "exponential" else 0.0
    for entry in tok.codebook:
        for table in (head.weight, head.bias):
            ends = by_hand(table, entry.ids, growth), by_hand(table, entry.ids, -growth)
            expected = ((ends[0] + ends[1]) / 2).float()
            torch.testing.assert_close(table[entry.id], expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("initialisation", "read", "predicted"),
    [
        ("mean", [0.5, 1.0], [0.5, 1.0]),
        # exp(2) / (1 + exp(2)) = 0.880797: the last one in the input, the first one in the head.
        ("exponential", [0.119203, 1.761594], [0.880797, 0.238406]),
    ],
)
def test_a_hypertoken_of_two_base_ids_worked_out_on_paper(
    base: Any, initialisation: Any, read: list[float], predicted: list[float]
) -> None:
    tokenizer = BaseTokenizer.load(base)
    first, second = tokenizer.encode(" не")
    pair = build_codebook(tokenizer, [Candidate(units=((first, second),))])
    sizes = {"hidden_size": 2, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 2}
    model = make_model("llama", tokenizer.size, tied=False, **sizes)
    ends = (model.get_input_embeddings().weight, model.get_output_embeddings().weight)
    for table in ends:
        table.data[first], table.data[second] = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    extend_model(model, extend_tokenizer(base, pair), initialisation=initialisation)
    for table, expected in zip(ends, (read, predicted), strict=True):
        torch.testing.assert_close(table.data[tokenizer.size], torch.tensor(expected))


@EACH_INITIALISATION
def test_blocks_do_not_show(
    tok: HyperTokenizer, monkeypatch: pytest.MonkeyPatch, initialisation: Any
) -> None:
    def extended() -> Any:
        model = make_model("gptj", tok.layout.base_size, tied=False)
        return extend_model(model, tok, initialisation=initialisation).state_dict()

    whole = extended()
    monkeypatch.setattr(rows_module, "BLOCK", 300)
    blocks = extended()
    # What is measured from the mean of base rows has the rounding of their sum.
    last = tok.layout.base_size + (tok.layout.hyper_size if initialisation in WEIGHTED else 0)
    for key, value in whole.items():
        assert torch.equal(blocks[key][:last], value[:last]), key
        torch.testing.assert_close(blocks[key], value)


@pytest.mark.parametrize("tied", [True, False])
def test_logits_of_shortened_rows_are_nearer_to_the_mean_logit_by_the_root_of_their_number(
    tok: HyperTokenizer, tied: bool
) -> None:
    size, last = tok.layout.base_size, tok.layout.first_scene
    states = torch.randn(50, 32)
    logits = {}
    for initialisation in ("mean", "shortened"):
        model = make_model("gptj", size, tied=tied)
        extend_model(model, tok, initialisation=initialisation)
        with torch.no_grad():
            logits[initialisation] = model.get_output_embeddings()(states).double()
        read = model.get_input_embeddings().weight
        entry = tok.codebook[0]
        is_mean = read[entry.id].allclose(read[list(entry.ids)].mean(0), atol=1e-6)
        assert is_mean == (initialisation == "mean" or not tied)
    middle = logits["mean"][:, :size].mean(1, keepdim=True)
    roots = torch.from_numpy(tok.codebook.lengths).double().sqrt()
    expected = middle + (logits["mean"][:, size:last] - middle) / roots
    torch.testing.assert_close(logits["shortened"][:, size:last], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("tied", [True, False])
def test_distinct_rows_are_as_long_as_base_rows_and_half_way_from_the_mean_to_their_own(
    tok: HyperTokenizer, tied: bool
) -> None:
    size, last = tok.layout.base_size, tok.layout.first_scene
    model = make_model("gptj", size, tied=tied)
    extend_model(model, tok, initialisation="distinct")
    head = model.get_output_embeddings()
    for table in (model.get_input_embeddings().weight.data, head.weight.data):
        middle = table[:size].mean(0)
        lengths = (table[size:last] - middle).norm(dim=1)
        typical = (table[:size] - middle).norm(dim=1).mean()
        torch.testing.assert_close(lengths, typical.expand_as(lengths))
        means = torch.stack([table[list(entry.ids)].mean(0) for entry in tok.codebook])
        cosines = torch.cosine_similarity(table[size:last] - middle, means - middle)
        assert 0.65 < float(cosines.mean()) < 0.76 and float(cosines.min()) > 0.35
    for entry in tok.codebook:
        torch.testing.assert_close(head.bias[entry.id], head.bias[list(entry.ids)].mean())


@pytest.mark.parametrize("role", ["input", "output", "tied"])
def test_distinct_rows_tell_order_and_repetition(role: Any) -> None:
    """The rows of (0, 1) and of (1, 0), of (2, 2) and of 2 have one mean: no model tells such
    means apart, whatever it reads or writes."""
    ids, lengths = np.array([0, 1, 1, 0, 2, 2]), np.array([2, 2, 2])
    drawn = torch.randn(103, 64, generator=torch.Generator().manual_seed(1))
    alike = {}
    for initialisation in ("mean", "distinct"):
        table = drawn.clone()
        place = rows_module.placed(table, 100, initialisation, role)
        rows_module.fill_rows(table, ids, lengths, 100, initialisation, role, place)
        away = table - table[:100].mean(0)
        pairs = [(100, 101), (102, 2)]
        alike[initialisation] = [torch.cosine_similarity(away[a], away[b], dim=0) for a, b in pairs]
    assert min(alike["mean"]) > 0.9999
    assert max(alike["distinct"]) < 0.85


@pytest.mark.parametrize("name", ["gpt2", "gptj", "llama"])
@pytest.mark.parametrize("tied", [True, False])
def test_tying_parameters_and_gradients_stay_as_they_were(
    tok: HyperTokenizer, name: str, tied: bool
) -> None:
    model = make_model(name, tok.layout.base_size, tied=tied)
    model.get_input_embeddings().weight.requires_grad_(False)
    parameters = dict(model.named_parameters(remove_duplicate=False))
    extend_model(model, tok)
    assert dict(model.named_parameters(remove_duplicate=False)) == parameters
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    assert (head.weight is embedding.weight) == tied
    assert not embedding.weight.requires_grad
    assert head.weight.requires_grad != tied
    assert embedding.num_embeddings == head.out_features == len(head.weight) == 384


def test_a_head_that_the_checkpoint_untied_stays_untied(tok: HyperTokenizer) -> None:
    """Where the config says tied and the checkpoint has two matrices, transformers loads two."""
    model = make_model("llama", tok.layout.base_size, tied=False)
    model.config.tie_word_embeddings = True
    head = model.get_output_embeddings().weight
    before = head.detach().clone()
    extend_model(model, tok)
    assert model.get_output_embeddings().weight is head
    assert torch.equal(head[: len(before)], before)


def test_sizes_are_stated_in_every_config(tok: HyperTokenizer) -> None:
    text = transformers.LlamaConfig(**LLAMA, vocab_size=tok.layout.base_size, pad_token_id=3)
    vision = transformers.CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=8,
    )
    config = transformers.LlavaConfig(text_config=text, vision_config=vision, image_token_index=4)
    config.vocab_size = tok.layout.base_size  # files of older versions say it twice
    model: Any = transformers.LlavaForConditionalGeneration(config)
    model.model.language_model.config = copy.deepcopy(text)
    extend_model(model, tok)
    assert model.config.vocab_size == model.config.get_text_config().vocab_size == 384
    assert model.model.language_model.config.vocab_size == 384
    assert "vocab_size" not in model.config.vision_config.to_dict()
    plain = extend_model(make_model("qwen2", tok.layout.base_size), tok)
    assert (plain.config.vocab_size, plain.vocab_size) == (384, 384)


@pytest.mark.parametrize(("multiple", "rows"), [(1, 371), (64, 384), (256, 512)])
def test_rows_are_padded(tok: HyperTokenizer, multiple: int, rows: int) -> None:
    assert tok.layout.total == 371
    model = make_model("gpt2", tok.layout.base_size)
    extend_model(model, tok, pad_to_multiple_of=multiple)
    assert model.get_output_embeddings().weight.shape[0] == model.config.vocab_size == rows
    padding = [[index] for index in range(371, rows)] or None
    assert model.generation_config.bad_words_ids == padding


@pytest.mark.parametrize(("old", "new"), [(340, 384), (400, 448), (1000, 1024)])
def test_spare_rows_are_taken_and_nothing_shrinks(tok: HyperTokenizer, old: int, new: int) -> None:
    size, total = tok.layout.base_size, tok.layout.total
    model = make_model("qwen3", old, tied=False)
    before = model.get_output_embeddings().weight.detach().clone()
    extend_model(model, tok)
    after = model.get_output_embeddings().weight.detach()
    assert len(after) == new
    entry = tok.codebook[0]
    torch.testing.assert_close(after[entry.id], before[list(entry.ids)].mean(0))
    assert torch.equal(after[:size], before[:size])
    assert torch.equal(after[total:old], before[total:])


@pytest.mark.parametrize("name", ["gptj", "llama"])
def test_padding_gets_no_more_than_its_share(tok: HyperTokenizer, name: str) -> None:
    """A mean row has at most 1 / base_size of what the base rows have together, for any state."""
    size, total = tok.layout.base_size, tok.layout.total
    model = extend_model(make_model(name, size, tied=False), tok)
    states = torch.randn(500, 32) * torch.logspace(-2, 2, 500)[:, None]
    with torch.no_grad():
        logits = model.get_output_embeddings()(states).double()
    share = logits[:, total:] - logits[:, :size].logsumexp(1, keepdim=True)
    assert float(share.max()) <= -math.log(size) + 1e-5


def test_padding_is_never_generated(tok: HyperTokenizer, tmp_path: Path) -> None:
    model = extend_model(make_model("gptj", tok.layout.base_size, tied=False), tok)
    model.get_output_embeddings().bias.data[tok.layout.total :] = 1000.0
    model.save_pretrained(tmp_path)
    again = AutoModelForCausalLM.from_pretrained(tmp_path)
    ids = torch.tensor([[5, 6, 7]])
    for one in (model, again):
        for sampled in (True, False):
            made = one.generate(ids, max_new_tokens=8, do_sample=sampled, eos_token_id=[])
            assert int(made.max()) < tok.layout.total


def test_ids_that_were_forbidden_stay_so_unless_they_are_hypertokens(tok: HyperTokenizer) -> None:
    model = make_model("gpt2", 384)
    model.generation_config.suppress_tokens = [7, 340, 383]
    model.generation_config.bad_words_ids = [[8], [340], [9, 340]]
    extend_model(model, tok)
    assert model.generation_config.suppress_tokens == [7]
    padding = [[index] for index in range(371, 384)]
    assert model.generation_config.bad_words_ids == [[8], [9, 340], *padding]


def test_a_generation_config_that_cannot_be_changed_is_left_alone(
    tok: HyperTokenizer, tmp_path: Path
) -> None:
    """Many published ones set a temperature without sampling; only unchanged they can be saved."""
    model = make_model("gpt2", tok.layout.base_size)
    before = tmp_path / "before"
    model.save_pretrained(before)
    (before / "generation_config.json").write_text('{"temperature": 0.7, "eos_token_id": 3}')
    model = AutoModelForCausalLM.from_pretrained(before)
    with pytest.warns(UserWarning, match="ids 371 to 383.*temperature|temperature.*ids 371 to 383"):
        extend_model(model, tok)
    assert model.generation_config.temperature == 0.7
    assert model.generation_config.bad_words_ids is None
    if Version(transformers.__version__) < Version("5.23"):
        with pytest.raises(ValueError, match="GenerationConfig is invalid"):  # nor unextended
            AutoModelForCausalLM.from_pretrained(before).save_pretrained(tmp_path / "same")
        return
    model.save_pretrained(tmp_path / "after")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "after")
    assert again.generation_config.temperature == 0.7
    assert again.generation_config.bad_words_ids is None


@pytest.mark.parametrize("name", list(CONFIGS))
@pytest.mark.parametrize("tied", [True, False])
def test_a_saved_model_comes_back_the_same(
    tok: HyperTokenizer, texts: list[str], tmp_path: Path, name: str, tied: bool
) -> None:
    model = make_model(name, tok.layout.base_size, tied=tied, dtype=torch.bfloat16)
    extend_model(model, tok, initialisation="exponential").save_pretrained(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = AutoModelForCausalLM.from_pretrained(tmp_path, dtype="auto")
    assert again.config.vocab_size == 384
    assert again.config.hyperlex == model.config.hyperlex
    assert again.generation_config.bad_words_ids == [[index] for index in range(371, 384)]
    for key, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key
    ids = torch.tensor([tok.encode(texts[1])])
    expected = model.generate(ids, max_new_tokens=6, do_sample=False)
    assert torch.equal(again.generate(ids, max_new_tokens=6, do_sample=False), expected)


def test_a_streamer_gives_the_generated_text(tok: HyperTokenizer, texts: list[str]) -> None:
    model = extend_model(make_model("llama", tok.layout.base_size), tok)
    ids = torch.tensor([tok.encode(texts[2])])
    settings = {"max_new_tokens": 16, "do_sample": False, "eos_token_id": []}
    made = model.generate(ids, **settings)[0].tolist()
    streamer = TextIteratorStreamer(tok.hf, timeout=30, clean_up_tokenization_spaces=False)
    thread = Thread(target=model.generate, args=(ids,), kwargs=settings | {"streamer": streamer})
    thread.start()
    text = "".join(streamer)
    thread.join()
    assert text == tok.decode(made)


def test_extending_again_changes_nothing(tok: HyperTokenizer, tmp_path: Path) -> None:
    model = extend_model(make_model("gptj", tok.layout.base_size, tied=False), tok)
    for parameter in model.parameters():
        parameter.data.mul_(1.5)  # as if trained
    model.save_pretrained(tmp_path)
    for one in (model, AutoModelForCausalLM.from_pretrained(tmp_path)):
        before = {key: value.clone() for key, value in one.state_dict().items()}
        assert extend_model(one, tok) is one
        for key, value in before.items():
            assert torch.equal(one.state_dict()[key], value), key


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("initialisation", "initialisation 'mean'.*Another initialisation"),
        ("codebook", "with 40 hypertokens.*Another hyper_size, codebook_sha256"),
        ("rows", "331 rows. Another number of rows"),
    ],
)
def test_extending_otherwise_is_refused(
    base: Any, tok: HyperTokenizer, codebook: Codebook, change: str, named: str
) -> None:
    model = extend_model(make_model("gpt2", tok.layout.base_size), tok)
    if change == "rows":
        model.resize_token_embeddings(tok.layout.base_size)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    other = extend_tokenizer(base, codebook.prefix(39)) if change == "codebook" else tok
    initialisation: Any = "exponential" if change == "initialisation" else "mean"
    with pytest.raises(VocabularyError, match=f"(?s){named}.*del model.config.hyperlex"):
        extend_model(model, other, initialisation=initialisation)
    for key, value in before.items():
        assert torch.equal(model.state_dict()[key], value), key
    del model.config.hyperlex
    extend_model(model, other, initialisation=initialisation)
    assert model.config.hyperlex["hyper_size"] == other.layout.hyper_size


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_any_gradient_mode_will_do(tok: HyperTokenizer, context: Any) -> None:
    plain = extend_model(make_model("gpt2", tok.layout.base_size), tok)
    model = make_model("gpt2", tok.layout.base_size)
    with context():
        extend_model(model, tok)
    for key, value in plain.state_dict().items():
        assert torch.equal(model.state_dict()[key], value), key
    ids = torch.tensor([[1, 340, 350]])
    model(ids, labels=ids).loss.backward()
    assert model.get_input_embeddings().weight.grad[340].any()


def test_no_random_number_is_drawn(tok: HyperTokenizer) -> None:
    model = make_model("llama", tok.layout.base_size, tied=False)
    state = torch.random.get_rng_state()
    extend_model(model, tok)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("rows", [330, 64])
def test_a_model_smaller_than_its_tokenizer_is_refused(tok: HyperTokenizer, rows: int) -> None:
    model = make_model("gpt2", rows)
    with pytest.raises(
        VocabularyError, match=rf"{rows} rows.*331 ids.*resize_token_embeddings\(331"
    ):
        extend_model(model, tok)
    assert len(model.get_input_embeddings().weight) == model.config.vocab_size == rows


def test_models_that_cannot_be_extended_are_refused(tok: HyperTokenizer) -> None:
    size = tok.layout.base_size
    headless = transformers.AutoModel.from_config(make_model("llama", size).config)
    with torch.device("meta"):
        nowhere = AutoModelForCausalLM.from_config(make_model("llama", size).config)
    adapted = peft.get_peft_model(
        make_model("llama", size), peft.LoraConfig(r=2, target_modules=["q_proj"])
    )
    injected = make_model("llama", size)
    injected.add_adapter(peft.LoraConfig(r=2, target_modules=["q_proj"]))
    packed = make_model("llama", size, tied=False)
    packed.lm_head.weight = nn.Parameter(torch.zeros(8, 1, dtype=torch.uint8), requires_grad=False)
    bart = transformers.BartForCausalLM(
        transformers.BartConfig(vocab_size=size, d_model=16, decoder_layers=1, decoder_ffn_dim=16)
    )
    bart_with_bias = transformers.BartForConditionalGeneration(bart.config)
    for model, message in (
        (headless, "LlamaModel has no output embeddings.*AutoModelForCausalLM"),
        (nowhere, "not in memory"),
        (adapted, "PEFT.*merge_and_unload"),
        (injected, "PEFT.*merge_and_unload"),
        (packed, "a Linear where.*llm_int8_skip_modules"),
        (bart_with_bias, "its own resize_token_embeddings"),
        (nn.Linear(2, 2), "Linear is no transformers PreTrainedModel"),
        ("gpt2", "str is no transformers PreTrainedModel"),
    ):
        with pytest.raises(ConfigError, match=f"(?s){message}"):
            extend_model(model, tok)  # type: ignore[type-var]


def test_a_model_is_extended_after_its_adapters_are_merged(tok: HyperTokenizer) -> None:
    config = peft.LoraConfig(r=2, target_modules=["q_proj"])
    adapted = peft.get_peft_model(make_model("llama", tok.layout.base_size), config)
    model = extend_model(adapted.merge_and_unload(), tok)
    assert len(model.get_input_embeddings().weight) == 384


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"initialisation": "random"}, "'random': one of mean, exponential, shortened"),
        ({"pad_to_multiple_of": 0}, "pad_to_multiple_of=0"),
    ],
)
def test_wrong_arguments_are_refused(
    tok: HyperTokenizer, arguments: dict[str, Any], message: str
) -> None:
    model = make_model("gpt2", tok.layout.base_size)
    with pytest.raises(ConfigError, match=message):
        extend_model(model, tok, **arguments)
    with pytest.raises(ConfigError, match="HyperTokenizer was expected"):
        extend_model(model, tok.base.tokenizer)  # type: ignore[arg-type]


def test_a_model_of_another_tokenizer_is_warned_of(tok: HyperTokenizer) -> None:
    model = AutoModelForCausalLM.from_config(
        transformers.GPT2Config(**GPT, vocab_size=tok.layout.base_size + 5_000)
    )
    with pytest.warns(UserWarning, match="is it this model's own"):
        extend_model(model, tok)
