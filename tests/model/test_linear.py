"""`Linear4bit` behaves as the linear layer that it stands for, minus what 4 bits cannot hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from hyperlex.errors import ConfigError, FormatError
from hyperlex.model.linear import Linear4bit, concatenate, fuse_projections
from hyperlex_kernels import FORMATS


def layer(format: str = "nf4", bias: bool = True, outputs: int = 96) -> Linear4bit:
    torch.manual_seed(outputs)
    return Linear4bit.from_linear(nn.Linear(128, outputs, bias=bias), format)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("format", FORMATS)
def test_forward_is_the_product_with_the_dequantised_weight(format: str, bias: bool) -> None:
    linear = layer(format, bias)
    x = torch.randn(2, 5, 128)
    expected = nn.functional.linear(x, linear.dequantize(), linear.bias)
    torch.testing.assert_close(linear(x), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("format", FORMATS)
def test_a_state_dict_gives_the_layer_back(format: str) -> None:
    linear = layer(format)
    other = Linear4bit(128, 96, format=format)
    other.load_state_dict(linear.state_dict())
    x = torch.randn(3, 128)
    assert torch.equal(linear(x), other(x))


@pytest.mark.parametrize(
    ("version", "remedy"), [(1, "Quantise the dense weights again"), (3, "Upgrade")]
)
def test_a_state_dict_of_another_format_is_refused(
    version: int, remedy: str, tmp_path: Path
) -> None:
    """Its nibbles would be taken for other levels. int4 has no levels."""
    for format in FORMATS:
        torch.save(nn.Sequential(layer(format)).state_dict(), tmp_path / "weights.pt")
        state = torch.load(tmp_path / "weights.pt", weights_only=True)
        state._metadata["0"]["version"] = version
        other = nn.Sequential(Linear4bit(128, 96, format=format))
        if format == "nf4":
            with pytest.raises(FormatError, match=f"0 are of format version {version}.*{remedy}"):
                other.load_state_dict(state)
        else:
            other.load_state_dict(state)
    # A dictionary without metadata, as of safetensors, says nothing, and is taken.
    nn.Sequential(Linear4bit(128, 96)).load_state_dict(dict(nn.Sequential(layer()).state_dict()))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_casting_the_model_does_not_round_the_scales(dtype: torch.dtype) -> None:
    linear = layer("nf4")
    scales = linear.scales.clone()
    linear.to(dtype).float()
    assert linear.scales.dtype == torch.float16
    assert torch.equal(linear.scales, scales)
    assert linear.bias is not None and linear.bias.dtype == torch.float32


def test_moving_to_another_device_moves_everything() -> None:
    linear = layer("int4").to("meta")
    assert {tensor.device.type for tensor in linear.state_dict().values()} == {"meta"}
    assert linear.zeros is not None and linear.zeros.device.type == "meta"


def test_gradients_reach_the_input_and_no_weight() -> None:
    linear = layer()
    x = torch.randn(3, 128, requires_grad=True)
    linear(x).sum().backward()
    assert x.grad is not None
    assert all(parameter.grad is None for parameter in linear.parameters())
    assert not any(parameter.requires_grad for parameter in linear.parameters())


def test_concatenated_layers_give_their_outputs_side_by_side() -> None:
    layers = (layer(outputs=64), layer(outputs=128), layer(outputs=40))
    joined = concatenate(layers)
    x = torch.randn(3, 128)
    assert torch.equal(joined(x), torch.cat([each(x) for each in layers], dim=-1))


def test_layers_that_cannot_be_joined_are_refused() -> None:
    with pytest.raises(ConfigError, match="Cannot join"):
        concatenate((layer("nf4"), layer("int4")))
    with pytest.raises(ConfigError, match="Cannot join"):
        concatenate((layer(bias=True, outputs=64), layer(bias=False, outputs=64)))
    with pytest.raises(ConfigError, match="40 outputs"):
        concatenate((layer(outputs=40), layer(outputs=64)))


class Attention(nn.Module):
    """Three projections of one input, as transformers has them."""

    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (layer(outputs=n) for n in (128, 64, 64))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.cat((self.q_proj(x), self.k_proj(x), self.v_proj(x)), dim=-1)


def test_fused_projections_compute_the_same_once(tmp_path: Path) -> None:
    model = Attention()
    x = torch.randn(2, 128)
    before = model(x)
    products = []
    assert fuse_projections(model) == 1
    model.q_proj.joined.register_forward_hook(lambda *_: products.append(1))
    assert torch.equal(model(x), before)
    assert len(products) == 1
    assert torch.equal(model(x + 1), Attention()(x + 1)), "a new input must not meet an old answer"
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    assert torch.equal(compiled(x), before)
    with pytest.raises(ConfigError, match="cannot be saved"):
        torch.save(model, tmp_path / "model")


def test_only_formats_that_exist_are_made() -> None:
    with pytest.raises(ConfigError, match="format='fp4'"):
        Linear4bit(64, 64, format="fp4")
    with pytest.raises(ConfigError, match="does not fit"):
        layer(outputs=64).set_packed(layer(outputs=96).packed)
    with pytest.raises(ValueError, match="NaN or Inf"):
        broken = nn.Linear(64, 64)
        broken.weight.data[3, 3] = float("nan")
        Linear4bit.from_linear(broken)
