"""What routed layers know of the forward pass they are in: kinds of ids, padding, their balance.

The model's own hooks fill this in once a forward, and all routed layers read it. Gradient
checkpointing runs layers a second time, during backward, when another forward may have been made
since: what was true at the first run is put back for the second.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from hyperlex.errors import ConfigError
from hyperlex.tokenizer.layout import VocabularyLayout

KINDS = ("base", "hyper", "scene")


def kinds_of(ids: Tensor, layout: VocabularyLayout) -> Tensor:
    """0, 1 or 2 for each id in an integer tensor of any shape: an index into `KINDS`."""
    return (ids >= layout.base_size).long() + (ids >= layout.first_scene).long()


class RoutedContext:
    """Shared by all routed layers of a model.

    kinds      [B * T] int64, or None where the model was given no ids
    valid      [B * T] bool, False for padding, or None where nothing is known of any
    balances   the balance of each routed layer in the last forward that was made for training
    """

    def __init__(self, layout: VocabularyLayout, coefficient: float) -> None:
        self.layout = layout
        self.coefficient = coefficient
        self._forget()

    def _forget(self) -> None:
        self.kinds: Tensor | None = None
        self.valid: Tensor | None = None
        self.balances: list[Tensor] = []
        self._inside = False
        self._lost = False

    def __getstate__(self) -> dict[str, Any]:
        """A copy of the model is in no forward pass, and tensors of a graph cannot be copied."""
        return {"layout": self.layout, "coefficient": self.coefficient}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()

    def attach(self, model: Any) -> None:
        """Hook into `model`: its decoder for the ids, the model itself for the loss."""
        decoder = getattr(model, "base_model", model)
        decoder.register_forward_pre_hook(self._begin, with_kwargs=True)
        decoder.register_forward_hook(self._end, always_call=True)
        model.register_forward_hook(self._add_balance, with_kwargs=True)

    def note(self, balance: Tensor, trainable: bool) -> None:
        """Keep a layer's balance, unless the layer only runs again for a gradient."""
        if self._inside:
            self.balances.append(balance)
            self._lost |= trainable and not balance.requires_grad

    def balance_loss(self) -> Tensor | None:
        """Coefficient times the mean balance over the layers of the last forward; None: no such.

        ConfigError where the balance should have a gradient and has none.
        """
        if not self.balances or not self.coefficient:
            return None
        if self._lost and torch.is_grad_enabled():
            raise ConfigError(
                "The balance of the experts has no gradient: reentrant gradient checkpointing runs "
                "the layers without one. Pass use_reentrant=False to it (for the Trainer: "
                "gradient_checkpointing_kwargs={'use_reentrant': False}), or balance=0."
            )
        device = self.balances[0].device
        total = torch.stack([each.to(device) for each in self.balances]).mean()
        return self.coefficient * total

    def _begin(self, decoder: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._forget()
        self._inside = True
        given = inspect.signature(decoder.forward).bind_partial(*args, **kwargs).arguments
        ids, mask = given.get("input_ids"), given.get("attention_mask")
        if ids is not None:
            self.kinds = kinds_of(ids, self.layout).reshape(-1)
            # A mask covers what is in the cache as well; the new tokens are its last ones.
            if isinstance(mask, Tensor) and mask.ndim == 2:
                self.valid = mask[:, -ids.shape[1] :].bool().reshape(-1)
        if decoder.training:
            self._remember_when_checkpointing(decoder)

    def _end(self, decoder: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        self.kinds = self.valid = None
        self._inside = False

    def _remember_when_checkpointing(self, decoder: nn.Module) -> None:
        for block in decoder.modules():
            if not getattr(block, "gradient_checkpointing", False):
                continue
            checkpoint = getattr(block, "_gradient_checkpointing_func", None)
            if checkpoint is not None and not isinstance(checkpoint, _Remembering):
                block._gradient_checkpointing_func = _Remembering(self, checkpoint)  # type: ignore[assignment]

    @contextmanager
    def restored(self, kinds: Tensor | None, valid: Tensor | None) -> Iterator[None]:
        """Inside, the kinds and padding of an earlier moment."""
        now = self.kinds, self.valid
        self.kinds, self.valid = kinds, valid
        try:
            yield
        finally:
            self.kinds, self.valid = now

    def _add_balance(
        self, model: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], output: Any
    ) -> Any:
        """The model's output with the balance in its loss; None to leave it as it is."""
        named = hasattr(output, "loss")
        labels = kwargs.get("labels")
        loss = output.loss if named else output[0] if labels is not None else None
        if loss is None or not model.training or (term := self.balance_loss()) is None:
            return None
        # Accumulated batches are each divided by the tokens of all: so is what is added to them.
        items = kwargs.get("num_items_in_batch")
        if items is not None and labels is not None:
            term = term * ((labels[..., 1:] != -100).sum() / items)
        loss = loss + term.to(loss.device)
        if not named:
            return (loss, *output[1:])
        output.loss = loss
        return output


@dataclass
class _Remembering:
    """A checkpoint function after which the layers, run again, see what they saw at first."""

    context: RoutedContext
    checkpoint: Callable[..., Any]

    def __call__(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        kinds, valid = self.context.kinds, self.context.valid

        def as_at_first(*inputs: Any, **options: Any) -> Any:
            with self.context.restored(kinds, valid):
                return function(*inputs, **options)

        return self.checkpoint(as_at_first, *args, **kwargs)
