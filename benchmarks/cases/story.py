"""Count the tokens that well-known tokenizers make of the demo's story, for `hyperlex demo`.

    python -m benchmarks.run story --data ../shared/data

Writes hyperlex/artifacts/story_peers.json: how many tokens and how long each of them is, no part of
any tokenizer. The demo shows them as recorded, and only for the text whose hash stands beside them.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
from pathlib import Path

from hyperlex.cli.demo import story
from hyperlex.cli.peers import RECORD, cut, spell_lengths
from hyperlex.cli.render import Token, base_tokens
from hyperlex.codebook import BaseTokenizer
from hyperlex.files import atomic_write_text

FORMAT_VERSION = 1
TARGET = Path(__file__).parent.parent.parent / "hyperlex" / "artifacts" / RECORD

PEERS = (
    ("GPT-2", "gpt2/tokenizer.json"),
    ("GPT-4 (cl100k)", "cl100k/tokenizer.json"),
    ("Qwen3", "qwen3/tokenizer.json"),
    ("GPT-4o (o200k)", "o200k/tokenizer.json"),
    ("Llama 4", "llama4/tokenizer.json"),
    ("RuAdapt 128k", "darulm_128k_bpe/tokenizer.model"),
)


def measured(file: Path, text: str) -> dict[str, object]:
    """Tokens of `text`, special tokens not counted; their lengths where they spell it exactly."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    if file.suffix == ".model":
        from sentencepiece import SentencePieceProcessor

        tokens = len(SentencePieceProcessor(model_file=str(file)).encode(text))
        return {"tokens": tokens, "sha256": sha256, "ids_sha256": "", "lengths": ""}
    base = BaseTokenizer.load(file)
    spelled = base_tokens(base, base.encode(text))
    lengths = spell_lengths(spelled)
    assert cut(text, lengths) == [Token(-1, token.text) for token in spelled]
    return {
        "tokens": len(spelled),
        "sha256": sha256,
        "ids_sha256": base.sha256,
        "lengths": lengths,
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))


def run(options: argparse.Namespace) -> None:
    folder = options.data / "tokenizers"
    text = story()
    rows = [{"name": name, "file": file, **measured(folder / file, text)} for name, file in PEERS]
    record = {
        "format_version": FORMAT_VERSION,
        "text": "hyperlex/artifacts/story.txt",
        "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "date": datetime.date.today().isoformat(),
        "tokenizers": rows,
    }
    atomic_write_text(TARGET, json.dumps(record, ensure_ascii=False, indent=2) + "\n")
    for row in rows:
        print(f"{row['name']:16} {row['tokens']:>6,} tokens")
