"""Pretraining: a small Llama-shaped model from scratch, on texts of one's own.

    from hyperlex.recipes.pretrain import PretrainConfig, pretrain

    result = pretrain(PretrainConfig(data=("texts/",), output="model", steps=1000))

config      what a recipe may say
mixture     documents by weight, streamed
packing     documents as windows, nothing lost
tokens      ids of many texts, characters of each id
model       the architecture, and the FLOPs of a token
loss        cross-entropy without the logits of a batch
schedule    learning rate by the share of the budget
train       the loop
checkpoint  what is kept of a run, to go on from
finished    what says that a run came to its end
output      the directory of a run, and its log
run         all of it together
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hyperlex.compat import require
from hyperlex.recipes.pretrain.config import PretrainConfig as PretrainConfig

if TYPE_CHECKING:
    from hyperlex.recipes.pretrain.output import PretrainResult as PretrainResult
    from hyperlex.recipes.pretrain.run import pretrain as pretrain

__all__ = ["PretrainConfig", "PretrainResult", "pretrain"]


def __getattr__(name: str) -> Any:
    # The keys of a recipe are told without torch, which takes seconds to import.
    if name not in ("PretrainResult", "pretrain"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require("torch", "accelerate", extra="model")
    return getattr(import_module(f"{__name__}.run"), name)
