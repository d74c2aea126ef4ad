"""`RoutedLora`: a linear layer with a mixture of low-rank experts beside it."""

from __future__ import annotations

import math
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal, NoReturn, get_args

import torch
from torch import Tensor, nn
from transformers.pytorch_utils import Conv1D

from hyperlex.errors import ConfigError
from hyperlex.model.routed_context import KINDS, RoutedContext
from hyperlex.model.routing import balance, mixture, route, router_logits

Scaling = Literal["rank", "root"]


@dataclass(frozen=True)
class RoutedLoraConfig:
    """How the mixture is made.

    Args:
        r: rank of each expert.
        alpha: what the mixture is multiplied with is alpha / r.
        dropout: share of the layer's input that the experts, not the router, do not see in
            training.
        experts: experts of each layer, E.
        top_k: choices made for each token.
        null_expert: one more choice, which computes nothing: a token that takes it leaves the layer
            as the base made it, in that share.
        kinds: whether the router sees if an id is a base id, a hypertoken or a scene.
        balance: coefficient of the load balancing loss; Switch Transformers take 0.01.
        scaling: "rank" for alpha / r (LoRA), "root" for alpha / sqrt(r) (rsLoRA, Kalajdzievski
            2023).
        target_modules: layers to wrap, by the end of their names ("q_proj", "mlp.up_proj"); empty:
            every linear layer but the output head.

    Raises:
        ConfigError: a number out of range, an unknown scaling.
    """

    r: int = 4
    alpha: float = 8.0
    dropout: float = 0.0
    experts: int = 4
    top_k: int = 2
    null_expert: bool = False
    kinds: bool = True
    balance: float = 0.01
    scaling: Scaling = "rank"
    target_modules: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, most in (("r", 1 << 16), ("experts", 256), ("top_k", self.choices)):
            value = getattr(self, name)
            if not isinstance(value, int) or not 1 <= value <= most:
                raise ConfigError(f"{name}={value!r}: a whole number of 1 to {most} was expected.")
        if not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout={self.dropout}: a share of at least 0 and below 1, please.")
        if not (math.isfinite(self.alpha) and self.alpha > 0):
            raise ConfigError(f"alpha={self.alpha}: a positive number was expected, 2 * r say.")
        if not (math.isfinite(self.balance) and self.balance >= 0):
            raise ConfigError(
                f"balance={self.balance}: 0 or a small number was expected, 0.01 say."
            )
        if self.scaling not in get_args(Scaling):
            raise ConfigError(f"scaling={self.scaling!r}: 'rank' or 'root' was expected.")

    @property
    def choices(self) -> int:
        """What the router chooses from: the experts, and none where that is a choice."""
        return self.experts + self.null_expert

    @property
    def scale(self) -> float:
        """What the mixture is multiplied with."""
        return self.alpha / (self.r if self.scaling == "rank" else math.sqrt(self.r))


class RoutedLora(nn.Module):
    """base_layer(x) + scale * sum over the token's experts of weight * (x A_e) B_e.

        lora_A   [E, K, r] float32, drawn as nn.Linear draws; each token's input goes down
        lora_B   [E, r, N] float32, zeros: the layer starts as the base made it
        router   [K, C] float32; C is E, or E + 1 with a null expert
        kinds    [3, C] float32, zeros, or None: added to the router's logits for a base id, a
                 hypertoken, a scene. The same as an embedding of the kind beside x, with the
                 router's product of it worked out.

    The router works in float32 whatever the model's dtype, as Switch Transformers' does; the
    experts in the dtype of x, or of autocast. x is [..., K], its leading dimensions those of the
    ids that the model reads.
    """

    def __init__(
        self, base_layer: nn.Module, config: RoutedLoraConfig, context: RoutedContext
    ) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.config = config
        self.context = context
        self.in_features, self.out_features = linear_shape(base_layer)
        device = next(base_layer.parameters()).device
        shapes = adapter_shapes(self.in_features, self.out_features, config)
        tensors = {
            name: nn.Parameter(torch.zeros(shape, dtype=torch.float32, device=device))
            for name, shape in shapes.items()
        }
        self.lora_A = tensors["lora_A"]
        self.lora_B = tensors["lora_B"]
        self.router = tensors["router"]
        self.kinds = tensors.get("kinds")
        bound = self.in_features**-0.5
        for tensor in (self.lora_A, self.router):
            nn.init.uniform_(tensor, -bound, bound)
        self.dropout = nn.Dropout(config.dropout)

    @property
    def weight(self) -> Tensor:
        """The base layer's, for code that looks at its dtype or device."""
        return self.base_layer.weight  # type: ignore[return-value]

    @property
    def bias(self) -> Tensor | None:
        """The base layer's."""
        return self.base_layer.bias  # type: ignore[return-value]

    def forward(self, x: Tensor) -> Tensor:
        """x [..., K] -> [..., N]. ConfigError where x has other rows than the ids of the model."""
        result: Tensor = self.base_layer(x)
        rows = x.reshape(-1, self.in_features)
        kinds = self._of_rows(self.context.kinds, rows)
        valid = self._of_rows(self.context.valid, rows)
        routes = route(self._logits(rows, kinds), self.config.top_k, self.config.experts, valid)
        if self.training:
            self.context.note(balance(routes, valid), self.router.requires_grad)
        dtype = _autocast_dtype(x.device.type) or x.dtype
        delta = mixture(
            self.dropout(rows).to(dtype),
            self.lora_A.to(dtype),
            self.lora_B.to(dtype),
            routes.experts,
            routes.weights * self.config.scale,
        )
        return result + delta.view(result.shape).to(result.dtype)

    def _logits(self, rows: Tensor, kinds: Tensor | None) -> Tensor:
        place = rows.device.type
        with torch.autocast(place, enabled=False) if _autocast_dtype(place) else nullcontext():
            logits = router_logits(rows, self.router)
            if self.kinds is not None and kinds is not None:
                # Indicators and a product: the gradient of a lookup would add by atomics.
                every = torch.arange(len(KINDS), device=kinds.device)
                logits = logits + (kinds.unsqueeze(1) == every).float() @ self.kinds
        return logits

    def _of_rows(self, known: Tensor | None, rows: Tensor) -> Tensor | None:
        if known is None:
            return None
        if len(known) != len(rows):
            raise ConfigError(
                f"A routed layer got {len(rows)} rows in a forward pass over {len(known)} ids. One "
                "row an id was expected. Leave layers that see other rows out: name those that "
                "should be wrapped in target_modules."
            )
        return known.to(rows.device)

    def merge(self, *args: object, **kwargs: object) -> NoReturn:
        """Cannot be done: always raises `ConfigError`."""
        raise ConfigError(
            "Routed LoRA cannot be merged: which experts a token gets depends on the token, and a "
            "merged weight would be the same for all. Keep the adapter beside the base (save_"
            "routed_lora, load_routed_lora), or train plain LoRA where a merged model is needed."
        )

    def extra_repr(self) -> str:
        config = self.config
        return f"experts={config.experts}, top_k={config.top_k}, r={config.r}"


def adapter_shapes(
    in_features: int, out_features: int, config: RoutedLoraConfig
) -> dict[str, tuple[int, ...]]:
    """Name and shape of each tensor that a routed layer adds."""
    shapes: dict[str, tuple[int, ...]] = {
        "lora_A": (config.experts, in_features, config.r),
        "lora_B": (config.experts, config.r, out_features),
        "router": (in_features, config.choices),
    }
    return shapes | ({"kinds": (len(KINDS), config.choices)} if config.kinds else {})


def _autocast_dtype(device: str) -> torch.dtype | None:
    """What autocast would compute in; None where it is off, or is nothing of that device."""
    if not torch.amp.is_autocast_available(device) or not torch.is_autocast_enabled(device):
        return None
    return torch.get_autocast_dtype(device)


def linear_shape(layer: nn.Module) -> tuple[int, int]:
    """Input and output features of a linear layer: `nn.Linear`, `Linear4bit`, GPT-2's `Conv1D`."""
    if isinstance(layer, Conv1D):
        rows, columns = layer.weight.shape
        return rows, columns
    assert isinstance(layer, nn.Linear)  # is_linear was asked
    return layer.in_features, layer.out_features


def is_linear(layer: nn.Module) -> bool:
    """Whether a routed layer can stand around `layer`."""
    return isinstance(layer, (nn.Linear, Conv1D))
