"""Tiny tokenizers, trained in the test: a byte-level base and a codebook on it, and their kin."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

import hyperlex
from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.units import GPT2_PATTERN
from hyperlex.tokenizer import HyperTokenizer

CORPUS = (
    "Старик сидел на берегу и смотрел на воду. Лодка стояла у берега, и никто в неё не садился.",
    "В тот вечер на берегу было тихо. Старик смотрел на воду и молчал, а лодка стояла у берега.",
    "Никто не знал, откуда он пришёл. Говорили, что раньше он жил в большом городе, но ушёл.",
    "— Откуда он пришёл? — спросил рыбак. — Никто не знал, и он сам молчал о большом городе.",
    "Утром старик ушёл. Лодка стояла у берега, в тот день на берегу было тихо, как вчера.",
)
SPECIAL_TOKENS = ("<|endoftext|>", "<|pad|>", "<|im_start|>", "<|im_end|>")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CL100K_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def byte_level(pattern: str = GPT2_PATTERN) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=360,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(SPECIAL_TOKENS),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def dressed(tokenizer: Tokenizer) -> PreTrainedTokenizerFast:
    """`tokenizer` with roles, a chat template and a padding side, as a base comes from a hub."""
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|im_end|>",
        pad_token="<|pad|>",
        extra_special_tokens=["<|im_start|>"],
        chat_template=CHAT_TEMPLATE,
        padding_side="left",
        model_max_length=512,
        clean_up_tokenization_spaces=True,
    )


def extended(base: Any, size: int = 100) -> HyperTokenizer:
    # Backwards too, so that words recur without their neighbours.
    texts = [*CORPUS, *(" ".join(reversed(text.split())) for text in CORPUS)] * 2
    codebook = hyperlex.train_codebook(
        base, texts, size=size, min_count=2, min_documents=1, workers=1
    )
    return hyperlex.extend_tokenizer(base, codebook)


@pytest.fixture(scope="session")
def text() -> str:
    """A text in which phrases, words and rests of words occur."""
    return "В тот вечер старик смотрел на воду, а лодка стояла у берега. Никто не знал, кто он был."


@pytest.fixture(scope="session")
def base() -> PreTrainedTokenizerFast:
    return dressed(byte_level())


@pytest.fixture(scope="session")
def tok(base: PreTrainedTokenizerFast) -> HyperTokenizer:
    """A base that has everything, extended. Not to be changed."""
    return extended(base)


@pytest.fixture
def own_tok(tok: HyperTokenizer) -> HyperTokenizer:
    """The same, to be changed at will."""
    return HyperTokenizer(
        tok.layout, lambda: tok.codebook, tok.backend, tok.export_refusal, tok.face
    )


@pytest.fixture(scope="session")
def with_holes() -> HyperTokenizer:
    """As cl100k: its special tokens are outside model.vocab, and ids are missing before them."""
    data = json.loads(byte_level(CL100K_PATTERN).to_str())
    vocabulary = data["model"]["vocab"]
    top = max(vocabulary.values())
    for token in data["added_tokens"]:
        del vocabulary[token["content"]]
        token["id"] += top + 10
    return extended(BaseTokenizer(data))  # `tokenizers` alone would move them


@pytest.fixture(scope="session")
def with_bos() -> HyperTokenizer:
    """As Llama 3: a post-processor puts a token before each text."""
    tokenizer = byte_level(CL100K_PATTERN)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|endoftext|> $A",
        pair="<|endoftext|> $A <|endoftext|>:1 $B:1",
        special_tokens=[("<|endoftext|>", tokenizer.token_to_id("<|endoftext|>"))],
    )
    return extended(dressed(tokenizer))


@pytest.fixture(scope="session")
def without_export() -> HyperTokenizer:
    """A Unigram base with byte fallback, as SentencePiece makes them: it has no plain export."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=150, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return extended(tokenizer, size=20)


@pytest.fixture(scope="session")
def saved(tok: HyperTokenizer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that `tok.save` wrote. Not to be changed: copy it with `copied`."""
    directory = tmp_path_factory.mktemp("saved")
    tok.save(directory)
    return directory


@pytest.fixture
def copied(saved: Path, tmp_path: Path) -> Path:
    """A copy of `saved` to be changed at will."""
    directory = tmp_path / "copied"
    directory.mkdir()
    for file in saved.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    return directory


@pytest.fixture
def change_json() -> Callable[..., None]:
    def change(file: Path, **entries: Any) -> None:
        data = json.loads(file.read_text("utf-8")) if file.exists() else {}
        data = {key: value for key, value in (data | entries).items() if value is not ...}
        file.write_text(json.dumps(data), "utf-8")

    return change


@pytest.fixture(scope="session", autouse=True)
def modules_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Code that trust_remote_code=True loads is copied into a place of the tests' own."""
    place = str(tmp_path_factory.mktemp("modules"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", place)
        patch.syspath_prepend(place)
        yield
