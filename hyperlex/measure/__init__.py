"""Tokens per meaning: what a text costs under each tokenizer, and how sure that is.

    from hyperlex.measure import measure

    report = measure("texts/", ["default", "gpt2"])
    report.value("default", "tokens_per_scene")

Names are resolved on first use, so that asking for one figure loads no more than it needs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperlex.measure.bootstrap import Bootstrap as Bootstrap
    from hyperlex.measure.bootstrap import Interval as Interval
    from hyperlex.measure.language_model import bits as bits
    from hyperlex.measure.metrics import METRICS as METRICS
    from hyperlex.measure.peers import load_peer as load_peer
    from hyperlex.measure.report import Report as Report
    from hyperlex.measure.run import measure as measure

_HOMES = {
    "METRICS": "hyperlex.measure.metrics",
    "Bootstrap": "hyperlex.measure.bootstrap",
    "Interval": "hyperlex.measure.bootstrap",
    "Report": "hyperlex.measure.report",
    "bits": "hyperlex.measure.language_model",
    "load_peer": "hyperlex.measure.peers",
    "measure": "hyperlex.measure.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
