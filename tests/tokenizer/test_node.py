"""Node reads the exported `tokenizer.json` with the same ids as Rust, on every line.

Needs Node and its package: `npm install --prefix tests/node`. Skipped where they are not.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from hyperlex.tokenizer import HyperTokenizer

HERE = Path(__file__).parent.parent / "node"
PACKAGE = HERE / "node_modules" / "@huggingface" / "tokenizers"
LINES = 1_000

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(
        not PACKAGE.is_dir(),
        reason="run: npm install --prefix tests/node (@huggingface/tokenizers)",
    ),
]

RUNS = (
    *("Старик", " сидел", " на", " берегу", " берега", ", а", " лодка", " стояла", " у", " Никто"),
    *(
        " не знал,",
        " откуда",
        " он",
        " пришёл?",
        "— ",
        "Откуда",
        " большом городе",
        " кто-то",
        " ё",
    ),
    *(".", ",", "!", "?", "…", "«", "»", " —", "-", "'", "’", ";", ":", "(", ")", " ", "  ", "\t"),
    *("\n", "\r\n", "\n\n", "\r", "\u00a0", "\u2009", "\u3000", "\u200d", "\u0301", "\ufe0f"),
    *("🙂", "👩\u200d👧", "e\u0301", "5", " 1984", "3,14", "20", "№", " I'm", " don't", "café"),
    *("\u0085", "\ufeff", "\x00", "<|im_end|>", "<|pad|>", "дом", "у", "ого", "本", "ß", "İ"),
)


@cache
def lines() -> list[str]:
    """Russian with punctuation, emoji, combining marks, digits, line ends and edges of phrases."""
    draw = random.Random(20240229)
    return ["".join(draw.choices(RUNS, k=draw.randint(1, 30))) for _ in range(LINES)]


def by_node(directory: Path, texts: list[str]) -> tuple[list[list[int]], list[str]]:
    command = ["node", "encode.mjs", str(directory)]
    result = subprocess.run(
        command, cwd=HERE, input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    found = json.loads(result.stdout)
    return found["ids"], found["texts"]


@pytest.mark.parametrize("name", ["tok", "with_holes", "with_bos"])
def test_node_gives_the_same_ids(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tok: HyperTokenizer = request.getfixturevalue(name)
    tok.save(tmp_path / "extended")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "tokenizer.json").write_text(tok.base.tokenizer.to_str(), "utf-8")
    base_ids, _ = by_node(tmp_path / "base", lines())
    ids, texts = by_node(tmp_path / "extended", lines())
    # The two engines disagree about a few characters (to \s in JavaScript, U+FEFF is a space and
    # U+0085 is none). Where that alters the base's own ids, it is nothing of the extension.
    same = [n for n, line in enumerate(lines()) if base_ids[n] == tok.base_encode(line)]
    assert len(same) > 0.9 * LINES
    assert [ids[n] for n in same] == [tok.encode(lines()[n]) for n in same]
    assert [texts[n] for n in same] == [tok.decode(ids[n]) for n in same]
    assert sum(map(len, ids)) < sum(map(len, base_ids)), "no hypertoken occurred"
    # And even there Node stays true to its own base.
    assert [tok.expand(run) for run in ids] == base_ids
