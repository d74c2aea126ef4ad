"""Packages that only some formats need."""

from __future__ import annotations

from importlib.util import find_spec


def require(package: str, what: str) -> None:
    """Return when `package` is installed, else raise `ModuleNotFoundError` with the command."""
    if find_spec(package) is None:
        raise ModuleNotFoundError(
            f"{what} needs {package}, which is not installed. Install it: "
            "pip install 'hyperlex[model]'"
        )
