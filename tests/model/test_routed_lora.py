"""Routed LoRA in whole models: identity at the start, kinds, padding, checkpointing, files."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from model.small_models import small_model
from peft import LoraConfig, get_peft_model
from torch import Tensor, nn
from transformers import LlamaForCausalLM, Trainer, TrainingArguments

from hyperlex import VocabularyLayout
from hyperlex.errors import ConfigError, FormatError
from hyperlex.model.linear import Linear4bit
from hyperlex.model.routed_context import kinds_of
from hyperlex.model.routed_files import CONFIG_FILE, TENSORS_FILE, routed_layers
from hyperlex.model.routed_lora import (
    RoutedLora,
    RoutedLoraConfig,
    add_routed_lora,
    balance_loss,
    equal_rank,
    linear_layers,
    load_routed_lora,
    lora_parameters,
    merge_routed_lora,
    routed_parameters,
    save_routed_lora,
    trainable_share,
)
from hyperlex.model.routing import mixture_reference

LAYOUT = VocabularyLayout(base_size=60, hyper_size=27, scene_size=10)
SMALL = RoutedLoraConfig(r=2, experts=3, top_k=2, target_modules=("q_proj", "down_proj"))
IDS = torch.randint(0, 97, (2, 9), generator=torch.Generator().manual_seed(0))


def routed(config: RoutedLoraConfig = SMALL, name: str = "llama", *, trained: bool = True) -> Any:
    """A small model with experts that already do something, in evaluation mode."""
    model = small_model(name)
    torch.manual_seed(1)
    add_routed_lora(model, config, LAYOUT)
    if trained:
        for layer in routed_layers(model).values():
            nn.init.normal_(layer.lora_B, std=0.3)
            if layer.kinds is not None:
                nn.init.normal_(layer.kinds)
    return model


def logits(model: Any, ids: Tensor = IDS, **options: Any) -> Tensor:
    with torch.no_grad():
        out: Tensor = model(input_ids=ids, **options).logits
    return out


@pytest.mark.parametrize("name", ["llama", "gpt2", "gpt_neo", "gptj", "qwen3"])
def test_a_wrapped_model_is_the_bare_one_until_it_is_trained(name: str) -> None:
    expected = logits(small_model(name))
    config = RoutedLoraConfig(r=2, experts=3, null_expert=True)
    model = routed(config, name, trained=False)
    assert torch.equal(logits(model), expected)
    head = model.get_output_embeddings()
    assert routed_layers(model) and not isinstance(head, RoutedLora)
    assert not torch.equal(logits(routed(config, name)), expected)


def test_over_4_bit_weights_the_model_is_that_of_the_4_bit_weights() -> None:
    model = small_model("llama")
    for name in linear_layers(model):
        model.set_submodule(name, Linear4bit.from_linear(model.get_submodule(name)))
    expected = logits(model)
    dense = trainable_share(small_model("llama"))
    assert trainable_share(model).total == dense.total
    add_routed_lora(model, SMALL, LAYOUT)
    assert torch.equal(logits(model), expected)
    model.train()
    model(input_ids=IDS, labels=IDS).loss.backward()
    layer = next(iter(routed_layers(model).values()))
    assert layer.lora_B.grad is not None and layer.lora_B.grad.any()
    assert layer.base_layer.weight.grad is None


def test_a_layer_is_its_base_and_the_dense_mixture() -> None:
    model = routed()
    layer: RoutedLora = model.model.layers[0].self_attn.q_proj
    seen: list[tuple[Tensor, Tensor]] = []
    layer.register_forward_hook(lambda _, args, out: seen.append((args[0], out)))
    logits(model)
    x, out = seen[0]
    rows, kinds = x.reshape(-1, 64), kinds_of(IDS, LAYOUT).reshape(-1)
    assert layer.kinds is not None
    scores = rows @ layer.router + layer.kinds[kinds]
    best, experts = scores.topk(2)
    weights = best.softmax(-1) * SMALL.alpha / SMALL.r
    delta = mixture_reference(rows, layer.lora_A, layer.lora_B, experts, weights)
    torch.testing.assert_close(out, layer.base_layer(x) + delta.view_as(out))


def test_kinds_follow_the_seams() -> None:
    assert kinds_of(torch.tensor([[0, 59, 60], [86, 87, 96]]), LAYOUT).tolist() == [
        [0, 0, 1],
        [1, 2, 2],
    ]


def test_the_kind_of_an_id_decides_where_it_goes() -> None:
    config = RoutedLoraConfig(r=2, experts=3, top_k=1, target_modules=("q_proj",))
    model = routed(config)
    layer: RoutedLora = model.model.layers[0].self_attn.q_proj
    assert layer.kinds is not None
    with torch.no_grad():
        layer.kinds.copy_(torch.eye(3) * 1e4)  # base to expert 0, hyper to 1, scene to 2
        layer.lora_B.zero_()
        layer.lora_B[1] = 1.0
    bare = small_model("llama").model.layers[0].self_attn.q_proj
    changed: list[Tensor] = []
    layer.register_forward_hook(lambda _, args, out: changed.append((out != bare(args[0])).any(-1)))
    logits(model)
    assert torch.equal(changed[0], (IDS >= 60) & (IDS < 87))


def test_without_ids_the_router_goes_by_the_input_alone() -> None:
    model = routed()
    embedded = model.get_input_embeddings()(IDS)
    for layer in routed_layers(model).values():
        assert layer.kinds is not None
        layer.kinds.data.zero_()
    with torch.no_grad():
        torch.testing.assert_close(model(inputs_embeds=embedded).logits, logits(model))


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_generating_with_a_cache_says_what_generating_without_says(name: str) -> None:
    model = routed(RoutedLoraConfig(r=2, experts=3, null_expert=True), name)
    ids, mask = IDS.clone(), torch.ones_like(IDS)
    ids[0, :3], mask[0, :3] = 0, 0
    options = {"attention_mask": mask, "max_new_tokens": 8, "do_sample": False}
    cached = model.generate(ids, use_cache=True, **options)
    assert torch.equal(cached, model.generate(ids, use_cache=False, **options))
    assert cached[:, 9:].unique().numel() > 1


def test_padding_changes_nothing_and_goes_to_no_expert() -> None:
    model = routed()
    padded = torch.cat([torch.zeros(2, 4, dtype=torch.int64), IDS], 1)
    mask = torch.cat([torch.zeros(2, 4), torch.ones(2, 9)], 1).long()
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    layer = model.model.layers[0].self_attn.q_proj
    out = logits(model, padded, attention_mask=mask, position_ids=positions)
    torch.testing.assert_close(out[:, 4:], logits(model), rtol=1e-4, atol=1e-5)
    seen: list[Tensor] = []
    layer.register_forward_hook(
        lambda _, args, out: seen.append((out != layer.base_layer(args[0])).any(-1))
    )
    logits(model, padded, attention_mask=mask, position_ids=positions)
    assert not seen[0][:, :4].any() and seen[0][:, 4:].all()


def gradients(model: Any, *batches: Tensor) -> list[Tensor]:
    """Of the sum of losses, all forwards made before the one backward."""
    model.train()
    sum(model(input_ids=ids, labels=ids).loss for ids in batches).backward()
    return [each.grad for each in model.parameters() if each.requires_grad]


def test_checkpointing_gives_the_same_gradients_even_two_forwards_before_a_backward() -> None:
    """The second run of a layer must not see the ids of the later forward."""
    other = (IDS + 41) % 97
    assert not torch.equal(kinds_of(IDS, LAYOUT), kinds_of(other, LAYOUT))
    expected = gradients(routed(), IDS, other)
    model = routed()
    model.gradient_checkpointing_enable({"use_reentrant": False})
    for mine, plain in zip(gradients(model, IDS, other), expected, strict=True):
        torch.testing.assert_close(mine, plain)


def test_reentrant_checkpointing_is_refused_unless_there_is_no_balance() -> None:
    model = routed()
    model.gradient_checkpointing_enable({"use_reentrant": True})
    with pytest.raises(ConfigError, match="use_reentrant=False"):
        gradients(model, IDS)
    config = RoutedLoraConfig(r=2, experts=3, balance=0.0, target_modules=("q_proj",))
    expected = gradients(routed(config), IDS)
    model = routed(config)
    model.gradient_checkpointing_enable({"use_reentrant": True})
    for mine, plain in zip(gradients(model, IDS), expected, strict=True):
        torch.testing.assert_close(mine, plain)


def test_the_loss_holds_the_balance_in_training_and_not_in_evaluation() -> None:
    model = routed()
    bare = model(input_ids=IDS, labels=IDS).loss
    assert float(balance_loss(model)) == 0.0
    model.train()
    named = model(input_ids=IDS, labels=IDS).loss
    term = balance_loss(model)
    assert term.requires_grad and 0 < float(term.detach()) < 0.03
    torch.testing.assert_close(named, bare + term)
    as_tuple = model(input_ids=IDS, labels=IDS, return_dict=False)
    torch.testing.assert_close(as_tuple[0], named)
    assert len(as_tuple) == len(model(input_ids=IDS, labels=IDS).to_tuple())
    assert model(input_ids=IDS).loss is None and balance_loss(model).requires_grad


def test_accumulated_batches_add_their_share_of_the_balance() -> None:
    model = routed().train()
    whole = model(input_ids=IDS, labels=IDS, num_items_in_batch=16).loss
    term = balance_loss(model)
    half = model(input_ids=IDS, labels=IDS, num_items_in_batch=32).loss
    torch.testing.assert_close(half, whole / 2)
    model.eval()
    bare = model(input_ids=IDS, labels=IDS, num_items_in_batch=16).loss
    torch.testing.assert_close(whole, bare + term)


def test_the_trainer_trains_it(tmp_path: Path) -> None:
    model = routed(trained=False)
    before = copy.deepcopy(model.state_dict())
    rows = [{"input_ids": row, "labels": row} for row in IDS.repeat(4, 1)]
    arguments = TrainingArguments(
        str(tmp_path),
        max_steps=6,
        per_device_train_batch_size=2,
        gradient_accumulation_steps=2,
        learning_rate=1e-2,
        report_to="none",
        use_cpu=True,
        save_strategy="no",
        logging_steps=1,
        disable_tqdm=True,
    )
    trainer = Trainer(model, arguments, train_dataset=rows)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < losses[0] - 0.1
    for name, tensor in model.state_dict().items():
        adapter = name.rpartition(".")[2] in ("lora_A", "lora_B", "router", "kinds")
        assert adapter or torch.equal(tensor, before[name]), name
        assert not adapter or not torch.equal(tensor, before[name]), name


def test_a_copy_of_a_model_in_training_routes_by_its_own_ids() -> None:
    model = routed().train()
    model(input_ids=IDS, labels=IDS)
    copied = copy.deepcopy(model).eval()
    contexts = {id(layer.context) for layer in routed_layers(copied).values()}
    assert len(contexts) == 1 and model.model.layers[0].self_attn.q_proj.context is not None
    other = (IDS + 41) % 97
    assert torch.equal(logits(copied, other), logits(model.eval(), other))


def test_a_step_can_be_planned_without_numbers() -> None:
    """On the meta device, where memory is counted before anything is loaded."""
    with torch.device("meta"):
        model = LlamaForCausalLM(small_model("llama").config)
    add_routed_lora(model, SMALL, LAYOUT).train()
    ids = IDS.to("meta")
    mask = torch.ones((2, 1, 1, 9), dtype=torch.bool, device="meta")
    model(input_ids=ids, attention_mask=mask, labels=ids).loss.backward()
    assert all(each.grad is not None for each in model.parameters() if each.requires_grad)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_and_autocast(dtype: torch.dtype) -> None:
    exact = logits(routed())
    half = routed()
    for name, parameter in half.named_parameters():
        if name.rpartition(".")[2] not in ("lora_A", "lora_B", "router", "kinds"):
            parameter.data = parameter.data.to(dtype)
    out = logits(half)
    assert out.dtype == dtype
    assert ((out.float() - exact).norm() / exact.norm()) < 0.1
    with torch.autocast("cpu", torch.bfloat16):
        automatic = logits(routed())
    assert ((automatic.float() - exact).norm() / exact.norm()) < 0.1


def test_the_same_seed_gives_the_same_gradients_bit_by_bit() -> None:
    first, second = gradients(routed(), IDS), gradients(routed(), IDS)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_dropout_is_of_training_only_and_not_of_the_router() -> None:
    config = RoutedLoraConfig(r=2, experts=3, dropout=0.5, target_modules=("q_proj",))
    model = routed(config)
    assert torch.equal(
        logits(model), logits(routed(RoutedLoraConfig(**{**vars(config), "dropout": 0.0})))
    )
    model.train()
    assert not torch.equal(logits(model), logits(model))


def test_an_adapter_comes_back_bit_by_bit_and_holds_nothing_of_the_base(tmp_path: Path) -> None:
    model = routed()
    expected = logits(model)
    save_routed_lora(model, tmp_path / "adapter")
    assert {path.name for path in (tmp_path / "adapter").iterdir()} == {TENSORS_FILE, CONFIG_FILE}
    size = (tmp_path / "adapter" / TENSORS_FILE).stat().st_size
    adapter = trainable_share(model).trainable
    assert 4 * adapter < size < 4 * adapter + 4096
    loaded = load_routed_lora(small_model("llama"), tmp_path / "adapter")
    assert torch.equal(logits(loaded), expected)
    assert trainable_share(loaded).trainable == 0
    again = load_routed_lora(small_model("llama"), tmp_path / "adapter", trainable=True)
    assert trainable_share(again).trainable == adapter


def test_an_adapter_goes_onto_the_same_base_in_fewer_bits(tmp_path: Path) -> None:
    save_routed_lora(routed(), tmp_path / "adapter")
    half = load_routed_lora(small_model("llama").bfloat16(), tmp_path / "adapter")
    assert half.model.layers[0].self_attn.q_proj.lora_A.dtype == torch.float32
    packed = small_model("llama")
    for name in linear_layers(packed):
        packed.set_submodule(name, Linear4bit.from_linear(packed.get_submodule(name)))
    load_routed_lora(packed, tmp_path / "adapter")


def test_another_base_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "adapter"
    save_routed_lora(routed(), folder)
    with pytest.raises(ConfigError, match=r"type 'llama'.* type 'qwen2'"):
        load_routed_lora(small_model("qwen2"), folder)
    other = small_model("llama")
    nn.init.normal_(other.get_input_embeddings().weight)
    with pytest.raises(ConfigError, match="other weights"):
        load_routed_lora(other, folder)
    deeper = small_model("llama")
    deeper.model.layers.append(copy.deepcopy(deeper.model.layers[0]))
    with pytest.raises(ConfigError, match=r"layers\.2\.self_attn\.q_proj is missing there"):
        load_routed_lora(deeper, folder)
    with pytest.raises(ConfigError, match="routed layers already"):
        load_routed_lora(routed(), folder)


def test_what_is_no_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"no adapter_config.json"):
        load_routed_lora(small_model("llama"), tmp_path)
    save_routed_lora(routed(), tmp_path)
    path = tmp_path / CONFIG_FILE
    record = json.loads(path.read_text("utf-8"))
    for change, message in (
        ({"format_version": 2}, "format_version 2"),
        ({"kind": "LORA"}, "PeftModel"),
        ({"config": {**record["config"], "r": 3}}, r"\(3, 64, 2\)|has shape"),
        ({"config": {**record["config"], "rank": 3}}, "rank"),
        ({"base": {}}, "incomplete"),
    ):
        path.write_text(json.dumps({**record, **change}), "utf-8")
        with pytest.raises(FormatError, match=message):
            load_routed_lora(small_model("llama"), tmp_path)
    path.write_text("{", "utf-8")
    with pytest.raises(FormatError, match="damaged"):
        load_routed_lora(small_model("llama"), tmp_path)
    path.write_text(json.dumps(record), "utf-8")
    (tmp_path / TENSORS_FILE).write_bytes(b"cut")
    with pytest.raises(FormatError, match="damaged"):
        load_routed_lora(small_model("llama"), tmp_path)


def test_mistakes_are_named() -> None:
    bare = small_model("llama")
    with pytest.raises(ConfigError, match=r"'query'.*Expected some of q_proj, k_proj"):
        add_routed_lora(bare, RoutedLoraConfig(target_modules=("query",)), LAYOUT)
    with pytest.raises(ConfigError, match="routed layers already"):
        add_routed_lora(routed(), SMALL, LAYOUT)
    adapted = get_peft_model(small_model("llama"), LoraConfig(r=2, target_modules=["q_proj"]))
    with pytest.raises(ConfigError, match="PEFT adapters"):
        add_routed_lora(adapted, SMALL, LAYOUT)
    with pytest.raises(ConfigError, match="no routed layers"):
        save_routed_lora(bare, "nowhere")
    assert all(parameter.requires_grad for parameter in bare.parameters())


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("r", 0),
        ("experts", 0),
        ("top_k", 5),
        ("top_k", 0),
        ("dropout", 1.0),
        ("alpha", 0.0),
        ("balance", -1.0),
        ("balance", float("nan")),
        ("scaling", "none"),
    ],
)
def test_a_configuration_out_of_range_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{field}={value!r}"):
        RoutedLoraConfig(**{field: value})


def test_the_null_expert_is_one_more_choice() -> None:
    assert RoutedLoraConfig(experts=1, top_k=2, null_expert=True).choices == 2
    assert RoutedLoraConfig(r=4, alpha=8, scaling="root").scale == 4.0


def test_merging_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigError, match=r"cannot be merged.*depends on the token"):
        merge_routed_lora(routed())
    with pytest.raises(ConfigError, match="nothing to merge"):
        merge_routed_lora(small_model("llama"))


def test_a_layer_that_sees_other_rows_than_the_ids_is_named() -> None:
    model = routed()
    layer = model.model.layers[0].mlp.down_proj
    layer.register_forward_pre_hook(lambda _, args: (args[0][:, :4],))
    with pytest.raises(ConfigError, match=r"got 8 rows in a forward pass over 18 ids"):
        logits(model)


def test_parameters_are_counted_as_they_are() -> None:
    for kinds in (True, False):
        config = RoutedLoraConfig(r=3, experts=4, null_expert=True, kinds=kinds)
        model = small_model("gpt2")
        layers = linear_layers(model)
        total = trainable_share(model).total
        add_routed_lora(model, config, LAYOUT)
        share = trainable_share(model)
        assert share.trainable == routed_parameters(layers, config)
        assert share.total == total + share.trainable
    lora = get_peft_model(
        small_model("llama"), LoraConfig(r=5, target_modules=["q_proj", "up_proj"])
    )
    layers = linear_layers(small_model("llama"), ("q_proj", "up_proj"))
    assert lora.get_nb_trainable_parameters()[0] == lora_parameters(layers, 5)


def test_equal_rank_is_the_nearest_one() -> None:
    layers = {"a": (512, 512), "b": (512, 2048)}
    for rank in (8, 16, 37):
        for experts in (2, 4):
            config = RoutedLoraConfig(experts=experts)
            r = equal_rank(layers, rank, config)
            gaps = [
                abs(
                    routed_parameters(layers, RoutedLoraConfig(r=near, experts=experts))
                    - lora_parameters(layers, rank)
                )
                for near in (max(1, r - 1), r, r + 1)
            ]
            assert gaps[1] == min(gaps)
    with pytest.raises(ConfigError, match="fewer experts"):
        equal_rank(layers, 1, RoutedLoraConfig(experts=8))
