"""The page that tells the idea: it runs, it keeps the law, it stands alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyperlex import _educational
from hyperlex._educational import TEXT, UNSEEN, Base, Codebook, cut_into_words, train


@pytest.fixture(scope="module")
def book() -> Codebook:
    return train(Base(TEXT, merges=24), TEXT, size=6)


def test_it_runs_and_says_that_the_law_is_kept() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "hyperlex._educational"], capture_output=True, check=True
    )
    told = result.stdout.decode()
    assert told.rstrip().endswith("Kept.") and "не решаясь войти" in told
    assert result.stderr == b""


def test_it_imports_nothing_of_hyperlex() -> None:
    tree = ast.parse(Path(_educational.__file__).read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert all(alias.name in sys.stdlib_module_names for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module in sys.stdlib_module_names


words = st.lists(st.sampled_from([word.decode() for word in cut_into_words(TEXT)]) | st.text())


@given(words.map("".join))
def test_hypertokens_are_exact(book: Codebook, text: str) -> None:
    text = text.encode("utf-8", "ignore").decode()
    ids = book.encode(text)
    assert book.expand(ids) == book.base.encode(text)
    assert book.decode(ids) == text
    assert len(ids) <= len(book.base.encode(text))


def test_hypertokens_save(book: Codebook) -> None:
    assert len(book.encode(UNSEEN)) < len(book.base.encode(UNSEEN)) * 2 / 3
    assert max(book.encode(UNSEEN)) >= book.base.size
