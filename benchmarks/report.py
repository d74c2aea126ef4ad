"""Rows to tables: rewrites what stands between the marks of a case in docs and README.

    <!-- exact: begin -->
    …
    <!-- exact: end -->

A case is a module of `benchmarks.cases` with RESULTS (its JSON lines) and `tables(rows)`, which
gives the text for each file name. Nothing there is typed by hand.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path

from benchmarks import cases

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    for module in pkgutil.iter_modules(cases.__path__):
        case = importlib.import_module(f"benchmarks.cases.{module.name}")
        if not hasattr(case, "tables") or not case.RESULTS.is_file():
            continue
        rows = [json.loads(line) for line in case.RESULTS.read_text(encoding="utf-8").splitlines()]
        for file, text in case.tables(rows).items():
            path = ROOT / file
            path.write_text(
                between_marks(path.read_text(encoding="utf-8"), module.name, text), encoding="utf-8"
            )
            print(f"{module.name}: {len(rows)} rows → {file}")


def between_marks(document: str, case: str, text: str) -> str:
    """`document` with `text` between the marks of `case`; LookupError where there are none."""
    begin, end = f"<!-- {case}: begin -->", f"<!-- {case}: end -->"
    pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
    if not pattern.search(document):
        raise LookupError(f"no marks {begin} … {end} to write between")
    return pattern.sub(lambda found: f"{found[1]}{text.rstrip()}\n{found[2]}", document)


if __name__ == "__main__":
    main()
