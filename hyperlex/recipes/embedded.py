"""The embedded default: a byte-level BPE base for Russian and a codebook on it, 200,000 ids
together.

    OMP_NUM_THREADS=1 python -m hyperlex.recipes.embedded --data ../shared/data

About six minutes on two cores; the same corpora give the same bytes. Writes
`hyperlex/artifacts/default`. With `--scenes FILE` the analyzer reads all corpora first, at about
8,000 words a second and core, and keeps what it found in FILE for the next time; the variable
keeps each worker process from starting as many threads as there are cores.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from tokenizers import Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.trainers import BpeTrainer

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.codebook import Codebook
from hyperlex.codebook.corpus import documents
from hyperlex.codebook.files import MACHINE_FILE, READABLE_FILE, compress, to_bytes, to_tsv
from hyperlex.codebook.joints import analyzer_version, morpheme_cuts, scene_starts
from hyperlex.codebook.remembered import remember_starts
from hyperlex.codebook.spans import punctuation_starts
from hyperlex.codebook.train.config import TrainConfig
from hyperlex.codebook.train.stream import UnitStream, read_units
from hyperlex.codebook.train.train import domain_weights, train_codebook
from hyperlex.codebook.units import WORD_PATTERN
from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory
from hyperlex.tokenizer.face import Face
from hyperlex.tokenizer.hf import write_face
from hyperlex.tokenizer.hyper import HyperTokenizer, extend_tokenizer
from hyperlex.tokenizer.load import CONFIG_FILE, EMBEDDED, TOKENIZER_FILE
from hyperlex.tokenizer.save import hyperlex_config

TOTAL_IDS = 200_000
BASE_IDS = 60_000
SPECIAL_TOKENS = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")
LATIN_WEIGHT = 120.0
"""The corpora are Russian: 2 % of their words are in Latin letters, and half of those are markup
and names of functions. A Latin word counts as 120 times the root of its count, so that many
different words are learned instead of a few often.
"""

WHITESPACE = (*(" " * n for n in range(2, 25)), *("\t" * n for n in range(2, 7)))
"""Runs that the corpora do not have (whoever collected them took repeated spaces out) and that
program text is full of. A word takes the last space before it, so an indentation of four is a unit
of three: all lengths up to that of six levels are learned.
"""
WHITESPACE_COUNT = 2_000.0
"""Each of these runs counts as a word that occurs that often. What decides is only that it is
enough: the last of 60,000 ids stands for a few dozen occurrences.
"""

# The BPE trainer counts by being shown each unit that often; a quarter is enough.
_COUNT_SCALE = 4
_CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_FACE = Face(
    {
        "bos_token": "<|endoftext|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|pad|>",
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
    },
    _CHAT_TEMPLATE,
)


def byte_level_tokenizer(model: BPE) -> Tokenizer:
    """A tokenizer that splits by `WORD_PATTERN`, with `model` inside."""
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = Sequence(
        [Split(Regex(WORD_PATTERN), "isolated"), ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = ByteLevelDecoder()
    return tokenizer


def train_base(stream: UnitStream, size: int, balance: float) -> BaseTokenizer:
    """A byte-level BPE of `size` ids from the units of a corpus, domains balanced, Latin words and
    indentation raised.
    """
    weights = domain_weights(stream.characters, balance)[stream.domain]
    counts = np.bincount(stream.ids, weights, len(stream.names))

    def shown() -> Iterator[list[str]]:
        for run in WHITESPACE:
            yield [run] * round(WHITESPACE_COUNT / _COUNT_SCALE)
        for unit, count in zip(stream.names, counts.tolist(), strict=True):
            assert isinstance(unit, str)
            letter = unit.lstrip()[:1]
            if letter.isascii() and letter.isalpha():
                count = LATIN_WEIGHT * count**0.5 if count >= 1.5 else 0.0
            if times := round(count / _COUNT_SCALE):
                yield [unit] * times

    tokenizer = byte_level_tokenizer(BPE())
    tokenizer.train_from_iterator(
        shown(),
        BpeTrainer(
            vocab_size=size,
            initial_alphabet=ByteLevel.alphabet(),
            special_tokens=list(SPECIAL_TOKENS),
            show_progress=False,
        ),
    )
    return BaseTokenizer(tokenizer)


def build(
    corpora: Path, console: Console, *, scenes: Path | None = None, morphemes: bool = True
) -> HyperTokenizer:
    """Train the default from the files below `corpora`.

    Args:
        scenes: count phrases inside the analyzer's scenes, which are kept in this file; None:
            between sentence ends, semicolons and line ends.
        morphemes: grow pieces along the analyzer's morphemes, and keep those of each entry.
    """
    config = TrainConfig(size=TOTAL_IDS - BASE_IDS)
    alphabet = BPE(
        vocab={token: n for n, token in enumerate(sorted(ByteLevel.alphabet()))}, merges=[]
    )

    def told(stage: str, done: int, total: int | None) -> None:
        if stage != "reading":
            console.print(f"  {stage} {done:,}" + (f" → {total:,}" if total is not None else ""))

    console.print(f"reading {corpora}")
    stream = read_units(
        BaseTokenizer(byte_level_tokenizer(alphabet)),
        documents(corpora),
        scene_starts=punctuation_starts,
        max_characters=config.max_characters,
        workers=config.workers,
        progress=told,
    )
    console.print(f"base of {BASE_IDS:,} ids")
    base = train_base(stream, BASE_IDS, config.balance)
    del stream
    console.print(f"codebook of {config.size:,} entries")
    hooks: dict[str, Any] = {"morpheme_cuts": morpheme_cuts} if morphemes else {}
    if scenes is not None:
        hooks["scene_starts"] = remember_starts(
            scenes,
            documents(corpora),
            scene_starts,
            version=analyzer_version(),
            workers=config.workers,
            progress=told,
        )
    codebook = train_codebook(base, corpora, size=config.size, progress=told, **hooks)
    made = extend_tokenizer(base, codebook)
    made.face = _FACE
    return made


JOINTS = {  # of scenes and of morphemes, for the card
    (False, False): "Phrases are counted between sentence ends, semicolons and line ends.",
    (False, True): "Phrases are counted between sentence ends, semicolons and line ends; pieces "
    "grow along morphemes.",
    (True, False): "Phrases are counted inside scenes.",
    (True, True): "Phrases are counted inside scenes; pieces grow along morphemes.",
}


def write(tok: HyperTokenizer, corpora: Path, target: Path, joints: str) -> None:
    """Write the artifact: a saved tokenizer with its two large files packed, and its card, which
    tells of `joints`.
    """
    with atomic_directory(target) as staged:
        (staged / f"{TOKENIZER_FILE}.gz").write_bytes(compress(tok.json().encode()))
        # The names of scene ids are left out of tokenizer.json, for a quicker start.
        config = hyperlex_config(tok.with_scenes())
        (staged / CONFIG_FILE).write_text(config, encoding="utf-8")
        write_face(tok, staged)
        (staged / MACHINE_FILE).write_bytes(to_bytes(tok.codebook))
        (staged / f"{READABLE_FILE}.gz").write_bytes(compress(to_tsv(tok.codebook).encode()))
        (staged / "CARD.md").write_text(card(tok.codebook, corpora, joints), encoding="utf-8")


def card(codebook: Codebook, corpora: Path, joints: str) -> str:
    """What the artifact was learned from, and how."""
    files = sorted(path for path in corpora.rglob("*") if path.is_file())
    rows = "\n".join(
        f"| {path.parent.name} | {path.name} | {path.stat().st_size:,} | "
        f"`{hashlib.sha256(path.read_bytes()).hexdigest()}` |"
        for path in files
    )
    options = {k: v for k, v in asdict(TrainConfig(size=len(codebook))).items() if k != "workers"}
    kinds = {
        "pieces": int((codebook.units == 0).sum()),
        "single words": int((codebook.units == 1).sum()),
        "phrases of several units": int((codebook.units > 1).sum()),
    }
    listed = "\n".join(f"- {name}: {count:,}" for name, count in kinds.items())
    return f"""# The embedded default

A byte-level BPE base of {codebook.base_size:,} ids (sha256 of what decides its ids:
`{codebook.base.sha256}`) and {len(codebook):,} hypertokens:

{listed}

Made by `python -m hyperlex.recipes.embedded --data DATA`; the same files give the same bytes.
Training options: `{json.dumps(options)}`.
In the base, Latin words count as {LATIN_WEIGHT:g} times the root of their count, and runs of 2 to
24 spaces and of 2 to 6 tabs, which the corpora lack, as {WHITESPACE_COUNT:g} occurrences each.
{joints}

It holds a vocabulary with counts: no sentence of the sources. Sources named fiction, russian_codes,
leipzig_wikipedia, wiki_articles, ud_taiga, rust_book and react_docs are in the public domain or
openly licensed; the others are texts for research, and only what was learned from them is here.
The vocabulary itself is under Apache-2.0.

| domain | file | bytes | sha256 |
|---|---|---|---|
{rows}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Train the embedded default tokenizer.")
    parser.add_argument("--data", type=Path, required=True, help="folder with corpora/ in it")
    parser.add_argument(
        "--scenes",
        type=Path,
        metavar="FILE",
        help="count phrases inside the analyzer's scenes, found once and kept in this file",
    )
    parser.add_argument(
        "--blind", action="store_true", help="do not ask the analyzer for morphemes"
    )
    parser.add_argument("--out", type=Path, default=EMBEDDED, help="where to write it")
    options = parser.parse_args()
    corpora = options.data / "corpora"
    console = Console(stderr=True)
    try:
        if not corpora.is_dir():
            raise ConfigError(
                f"{corpora} does not exist: a folder of texts by domain was expected. Name its "
                "parent with --data."
            )
        made = build(corpora, console, scenes=options.scenes, morphemes=not options.blind)
        write(made, corpora, options.out, JOINTS[options.scenes is not None, not options.blind])
    except ConfigError as error:
        console.print(str(error), style="red")
        raise SystemExit(2) from error
    console.print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
