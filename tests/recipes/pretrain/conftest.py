"""A tiny tokenizer and a recipe that trains in a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from hyperlex import HyperTokenizer, train_codebook
from hyperlex.recipes.pretrain import PretrainConfig
from hyperlex.recipes.pretrain.packing import Vocabulary
from hyperlex.recipes.pretrain.tokens import open_tokenizer
from hyperlex.tokenizer import extend_tokenizer

STORY = (
    "Утром туман лежал над рекой, и лодки стояли у берега.",
    "К полудню ветер разогнал облака, и паром пошёл на тот берег.",
    "Паромщик знал каждую отмель и не спешил.",
    "На том берегу его ждали: мешки с мукой, два телёнка и почта.",
    "Вечером, когда паром вернулся, над рекой снова лежал туман.",
)


def stories(count: int) -> list[str]:
    """Documents of a few sentences, no two alike."""
    return [f"{n}. " + " ".join(STORY[n % 5 :] + STORY[: n % 3]) for n in range(count)]


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a byte-level base of some 400 ids and an end of text."""
    tokenizer = Tokenizer(BPE(unk_token=None))
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=False)
    tokenizer.decoder = ByteLevelDecoder()
    trainer = BpeTrainer(
        vocab_size=400,
        initial_alphabet=ByteLevel.alphabet(),
        special_tokens=["<|endoftext|>"],
        show_progress=False,
    )
    tokenizer.train_from_iterator(stories(40), trainer)
    directory = tmp_path_factory.mktemp("base")
    tokenizer.save(str(directory / "tokenizer.json"))
    return directory


@pytest.fixture(scope="session")
def tok(base: Path) -> HyperTokenizer:
    """That base with a few hypertokens."""
    plain = open_tokenizer(str(base))
    book = train_codebook(plain.base, stories(60), size=20, min_documents=1, workers=1)
    return extend_tokenizer(str(base), book)


@pytest.fixture(scope="session")
def vocabulary(tok: HyperTokenizer) -> Vocabulary:
    return Vocabulary.of(tok)


@pytest.fixture
def recipe(tmp_path: Path, base: Path) -> Callable[..., PretrainConfig]:
    """Makes recipes: what is given, else small."""
    import json

    texts = tmp_path / "texts.jsonl"
    rows = [json.dumps({"text": text}, ensure_ascii=False) for text in stories(60)]
    texts.write_text("\n".join(rows), "utf-8")

    def make(**given: Any) -> PretrainConfig:
        small: dict[str, Any] = {
            "data": (str(texts),),
            "output": str(tmp_path / "out"),
            "tokenizer": str(base),
            "layers": 2,
            "hidden": 16,
            "heads": 2,
            "kv_heads": 1,
            "context": 24,
            "batch": 4,
            "log_every": 1,
            "seed": 3,
        }
        if not {"tokens", "flops", "characters", "steps"} & given.keys():
            small["steps"] = 8
        return PretrainConfig(**{**small, **given})

    return make
