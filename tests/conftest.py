"""What every test shares: how many inputs a property test tries, a small base and a codebook."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from tokenizers import Regex, Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split
from tokenizers.trainers import BpeTrainer

from hyperlex import Codebook, HyperTokenizer, env, extend_tokenizer, train_codebook
from hyperlex.codebook import BaseTokenizer

# Triton looks when a kernel is defined, and any test may be the first to import one.
if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")

# No deadline: the first example pays for loading a tokenizer, and a shared machine stalls at will.
settings.register_profile("hyperlex", max_examples=env.max_examples(), deadline=None)
settings.load_profile("hyperlex")

SPLITS = {
    "gpt2": None,
    "cl100k": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    "o200k": r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
    r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
}
"""How the byte-level bases in use cut text into pre-tokens; None: by the pattern of ByteLevel."""


@pytest.fixture(scope="session")
def samples() -> dict[str, str]:
    """Texts of several kinds, written for this project, by name."""
    folder = Path(__file__).parent / "samples"
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.txt"))}


def byte_level_base(split: str, texts: list[str], size: int = 400) -> BaseTokenizer:
    """A small byte-level BPE that splits as the named base does."""
    tokenizer = Tokenizer(BPE())
    pattern = SPLITS[split]
    if pattern is None:
        tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    else:
        tokenizer.pre_tokenizer = Sequence(
            [
                Split(Regex(pattern), "isolated"),
                ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=size,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return BaseTokenizer(tokenizer)


@pytest.fixture(scope="session", params=list(SPLITS))
def any_base(request: pytest.FixtureRequest, samples: dict[str, str]) -> BaseTokenizer:
    """A small byte-level base, once for each way of splitting."""
    return byte_level_base(request.param, list(samples.values()))


@pytest.fixture(scope="session")
def any_codebook(any_base: BaseTokenizer, samples: dict[str, str]) -> Codebook:
    """A codebook with pieces, words and phrases on that base."""
    texts = list(samples.values())
    return train_codebook(any_base, texts, size=150, min_count=2, min_documents=1, workers=1)


@pytest.fixture(scope="session")
def any_tok(any_base: BaseTokenizer, any_codebook: Codebook) -> HyperTokenizer:
    """That base extended with that codebook."""
    return extend_tokenizer(any_base, any_codebook)
