"""Optional packages, asked for in one place.

A module that needs one calls `require` before it imports it, so that a missing package is answered
with the command that installs it instead of a bare `ModuleNotFoundError`.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec

from hyperlex.errors import MissingDependencyError


@cache
def available(package: str) -> bool:
    """Whether `package`, a top-level import name, is installed. It is looked up, not imported."""
    return find_spec(package) is not None


def require(*packages: str, extra: str) -> None:
    """Return when every one of `packages` is installed.

    `extra` is the extra of this distribution that brings them. Raises `MissingDependencyError`
    with the packages that are missing and the pip command for `extra`.
    """
    missing = [package for package in packages if not available(package)]
    if missing:
        raise MissingDependencyError(
            f"Not installed: {', '.join(missing)}. This needs the extra {extra!r} of hyperlex. "
            f"Install it: pip install 'hyperlex[{extra}]'"
        )
