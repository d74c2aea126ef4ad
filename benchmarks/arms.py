"""Models trained alike but for their vocabulary: the arms of `tokens_and_models`.

An arm is a vocabulary and a budget. Whatever else decides how good a model becomes (shape, data,
their order, batch, optimiser, schedule, the grid of learning rates) is the same for all arms of a
pair.
"""

from __future__ import annotations

import copy
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel
from tokenizers.trainers import BpeTrainer

from benchmarks.heldout import domains
from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.corpus import Document, documents
from hyperlex.codebook.train.train import train_codebook
from hyperlex.measure.bootstrap import block_spans
from hyperlex.measure.language_model import bits
from hyperlex.model.extend import extend_model
from hyperlex.recipes.embedded import byte_level_tokenizer
from hyperlex.recipes.pretrain.config import PretrainConfig
from hyperlex.recipes.pretrain.model import build
from hyperlex.recipes.pretrain.packing import PackedRows, Vocabulary
from hyperlex.recipes.pretrain.schedule import Schedule
from hyperlex.recipes.pretrain.tokens import open_tokenizer
from hyperlex.recipes.pretrain.train import Budget, Progress, Trainer
from hyperlex.tokenizer import HyperTokenizer, extend_tokenizer

STRETCH = 4_000
"""Characters of a training document: longer ones are cut, so that domains mix."""
END = "<|endoftext|>"
WARMUP, DECAY = 0.03, 0.3


@dataclass(frozen=True)
class Shape:
    """What all arms of a pair share.

    `context` and `batch` are counted in tokens, so a vocabulary with longer tokens sees more text
    at once: that is a part of what is compared.
    """

    layers: int
    hidden: int
    heads: int
    context: int
    batch: int

    def config(self, seed: int) -> PretrainConfig:
        return PretrainConfig(
            data=("-",),
            output="-",
            layers=self.layers,
            hidden=self.hidden,
            heads=self.heads,
            context=self.context,
            batch=self.batch,
            seed=seed,
            steps=1,
        )


@dataclass(frozen=True)
class Texts:
    """Text to learn from, to choose the learning rate by, and to judge by, by domain."""

    training: list[Document]
    validation: list[str]
    heldout: dict[str, list[str]]


@dataclass(frozen=True)
class Trained:
    """A model, its tokenizer and what it took."""

    model: Any
    vocabulary: Vocabulary
    progress: Progress

    @property
    def parameters(self) -> int:
        return sum(each.numel() for each in self.model.parameters())


def read_texts(data: Path, characters: int, heldout: int) -> Texts:
    """A sample of the corpora and blocks of the held-out text.

    Stretches are chosen by a hash of their text, then shuffled, so the sample is the same wherever
    it is drawn and no order of files is left in it.

    Args:
        characters: to learn from, were the corpora of 160 million: their share is what counts.
        heldout: of each domain, at most.
    """
    share = characters / 160e6
    chosen: list[Document] = []
    for document in documents(data / "corpora"):
        for start in range(0, len(document.text), STRETCH):
            text = document.text[start : start + STRETCH]
            if zlib.crc32(text.encode()) < share * 2**32:
                chosen.append(Document(text, document.domain))
    random.Random(0).shuffle(chosen)
    blocks = {
        name: [text[span.start : span.stop] for span in block_spans(text[:heldout])]
        for name, text in domains(data / "heldout").items()
    }
    kept = max(1, min(60, len(chosen) // 50))
    return Texts(chosen[kept:], [document.text for document in chosen[:kept]], blocks)


def small_base(texts: Sequence[Document], size: int) -> BaseTokenizer:
    """A byte-level BPE of `size` ids from the beginning of the training text."""
    tokenizer = byte_level_tokenizer(BPE())
    tokenizer.train_from_iterator(
        (document.text for document in texts[:3_000]),
        BpeTrainer(
            vocab_size=size,
            initial_alphabet=ByteLevel.alphabet(),
            special_tokens=[END],
            show_progress=False,
        ),
    )
    return BaseTokenizer(tokenizer)


def small_tokenizer(texts: Sequence[Document], base: int, hypertokens: int) -> HyperTokenizer:
    """`small_base` with a codebook learned from all of `texts`."""
    learned = small_base(texts, base)
    return extend_tokenizer(learned, train_codebook(learned, texts, size=hypertokens, workers=1))


def train_arm(
    shape: Shape,
    tok: HyperTokenizer,
    texts: Sequence[Document],
    budget: Budget,
    rate: float,
    *,
    seed: int,
    dtype: str,
    begun: Trained | None = None,
    branch: bool = False,
) -> Trained:
    """Train a model of `shape` from scratch, or go on with `begun`, in place, after its vocabulary
    was extended to that of `tok`. The optimiser starts anew.

    Args:
        branch: end at full speed, to be gone on with: the learning rate does not fall.
        begun: goes on where it stood in the text, and its `progress` counts on.
    """
    vocabulary = Vocabulary.of(tok)
    skipped = 0
    if begun is None:
        model = build(shape.config(seed), len(tok), end=vocabulary.end)
    else:
        model, skipped = begun.model, begun.progress.characters
        if tok.layout.hyper_size:
            model = extend_model(model, tok)
    schedule = Schedule(rate, "constant" if branch else "wsd", warmup=WARMUP, decay=DECAY)
    trainer = Trainer(model, budget, schedule, dtype=dtype)  # type: ignore[arg-type]
    rows = PackedRows(_endless(texts, skipped), vocabulary, context=shape.context, rows=shape.batch)
    trainer.train(rows, log_every=1_000_000)
    spent = trainer.progress
    if begun is not None:
        before = begun.progress
        spent = replace(
            spent,
            step=spent.step + before.step,
            tokens=spent.tokens + before.tokens,
            characters=spent.characters + before.characters,
            flops=spent.flops + before.flops,
            seconds=spent.seconds + before.seconds,
        )
    return Trained(model.eval(), vocabulary, spent)


def _endless(texts: Sequence[Document], skipped: int) -> Iterator[str]:
    """The texts again and again, from behind the first `skipped` characters on."""
    for document in cycle(texts):
        if skipped > 0:
            skipped -= len(document.text)
        else:
            yield document.text


def copied(trained: Trained) -> Trained:
    """The same with a model of its own."""
    return replace(trained, model=copy.deepcopy(trained.model))


def load_arm(folder: Path) -> Trained:
    """A model that was kept; what its training took is not."""
    from transformers import AutoModelForCausalLM

    tok = open_tokenizer(str(folder))
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    return Trained(model, Vocabulary.of(tok), Progress())


def block_bits(trained: Trained, texts: Sequence[str], context: int) -> NDArray[np.float64]:
    """Bits that a model needs for each text, an end of text before it: float64 [texts]."""
    tok = trained.vocabulary.tok
    return np.array(
        [bits(trained.model, tok.encode(text), context=context).sum() for text in texts]
    )
