"""Clauses and scenes: what the words of a text say together.

Names are resolved on first use: the types alone need neither the parser nor numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hyperlex.scene.analysis import clauses as clauses
    from hyperlex.scene.analysis import iter_scenes as iter_scenes
    from hyperlex.scene.analysis import scenes as scenes
    from hyperlex.scene.assemble import clauses_of as clauses_of
    from hyperlex.scene.assemble import scenes_of as scenes_of
    from hyperlex.scene.scene import Clause as Clause
    from hyperlex.scene.scene import Scene as Scene
    from hyperlex.scene.trace import explain as explain

_HOMES = {
    "Clause": "hyperlex.scene.scene",
    "Scene": "hyperlex.scene.scene",
    "clauses": "hyperlex.scene.analysis",
    "clauses_of": "hyperlex.scene.assemble",
    "explain": "hyperlex.scene.trace",
    "iter_scenes": "hyperlex.scene.analysis",
    "scenes": "hyperlex.scene.analysis",
    "scenes_of": "hyperlex.scene.assemble",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
