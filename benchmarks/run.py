"""One command for every measurement: python -m benchmarks.run CASE [options]; --help lists them.

A case is a module of `benchmarks.cases` with `add_arguments(parser)` and `run(options)`. It checks
what it measures before it reports a number, appends rows to its own file in `benchmarks/results`,
and `benchmarks.report` turns the rows into the tables of the documents.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import pkgutil
import sys
from pathlib import Path

from benchmarks import cases


def main(arguments: list[str] | None = None) -> None:
    words = sys.argv[1:] if arguments is None else arguments
    names = sorted(module.name for module in pkgutil.iter_modules(cases.__path__))
    titles = {name: title for name in names if (title := _title(name)) is not None}
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description="\n".join(f"  {name:14} {title}" for name, title in titles.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("case", choices=list(titles))
    parser.add_argument("options", nargs=argparse.REMAINDER, help="of the case: CASE --help")
    chosen = parser.parse_args(words)
    case = importlib.import_module(f"benchmarks.cases.{chosen.case}")
    own = argparse.ArgumentParser(
        prog=f"python -m benchmarks.run {chosen.case}", description=titles[chosen.case]
    )
    case.add_arguments(own)
    case.run(own.parse_args(chosen.options))


def _title(name: str) -> str | None:
    """The first line of a case, or None for a module that is none. Read, not imported: a case may
    need packages that another one does not."""
    for folder in cases.__path__:
        tree = ast.parse((Path(folder) / f"{name}.py").read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "run" for node in tree.body):
            return (ast.get_docstring(tree) or "").partition("\n")[0]
    return None


if __name__ == "__main__":
    main()
