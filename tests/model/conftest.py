"""A tiny base tokenizer and a codebook on it, trained here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

import hyperlex
from hyperlex import Codebook, HyperTokenizer

TEXTS = [
    "Зимой в деревне темнеет рано. Старый почтальон шёл вдоль реки и нёс домой последнее письмо. "
    "Вдоль реки стоял лес, и в лесу было тихо.",
    "Утром почтальон шёл вдоль реки обратно. В деревне темнеет рано, но светает поздно, и старый "
    "почтальон нёс с собой фонарь.",
    "Мать стояла у окна и ждала. Она знала, что старый почтальон придёт, как только стемнеет, и "
    "что последнее письмо будет от сына.",
    "Сын писал, что скоро вернётся. Мать стояла у окна, читала последнее письмо и не верила: как "
    "только стемнеет, он постучит в дверь.",
    "Никто не стучал. В лесу было тихо, вдоль реки лежал снег, и фонарь у окна горел до утра.",
    "До утра мать не спала. Как только стемнеет, думала она, почтальон шёл бы мимо, и фонарь у "
    "окна был бы виден вдоль реки.",
]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Models of this size lose by a second thread, most of all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return TEXTS


@pytest.fixture(scope="session")
def base() -> PreTrainedTokenizerFast:
    """A byte-level BPE of 331 ids, `<|endoftext|>` the last of them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=330, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")


@pytest.fixture(scope="session")
def codebook(base: PreTrainedTokenizerFast) -> Codebook:
    """Forty hypertokens, phrases and pieces, of two to many base ids."""
    options = {"min_count": 2, "min_documents": 1, "workers": 1}
    return hyperlex.train_codebook(base, TEXTS, size=40, **options)


@pytest.fixture(scope="session")
def tok(base: PreTrainedTokenizerFast, codebook: Codebook) -> HyperTokenizer:
    return hyperlex.extend_tokenizer(base, codebook)
