"""Small tokenizers of every kind, trained in the process."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from hyperlex import HyperTokenizer
from hyperlex.codebook import BaseTokenizer
from hyperlex.measure.peer import FastPeer, HyperPeer, Peer, SentencePiecePeer

KINDS = ("byte-level", "normalising", "Unigram", "WordPiece", "hyper", "SentencePiece", "tiktoken")

RANKS = {bytes([value]): value for value in range(256)}


def with_ranks(*pieces: str) -> dict[bytes, int]:
    """The ranks of a tiktoken encoding that knows all bytes and these pieces."""
    return RANKS | {piece.encode(): 256 + n for n, piece in enumerate(pieces)}


def ranks_file(folder: Path, ranks: dict[bytes, int], name: str = "cl100k_base.tiktoken") -> Path:
    lines = (f"{base64.b64encode(piece).decode()} {rank}\n" for piece, rank in ranks.items())
    (folder / name).write_text("".join(lines))
    return folder / name


def sentencepiece_model(texts: list[str], **options: object) -> bytes:
    """A model with byte fallback, so that it can spell anything."""
    sentencepiece = pytest.importorskip("sentencepiece")
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=420,
        byte_fallback=True,
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
        **options,
    )
    return model.getvalue()


def unigram(texts: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, unk_token="<unk>", special_tokens=["<unk>"], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def word_piece(texts: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=300, special_tokens=["[UNK]"], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@pytest.fixture(scope="session")
def texts(samples: dict[str, str]) -> list[str]:
    return list(samples.values())


@pytest.fixture(scope="session")
def byte_level(texts: list[str]) -> BaseTokenizer:
    from conftest import byte_level_base

    return byte_level_base("o200k", texts)


@pytest.fixture(scope="session")
def small_tok(byte_level: BaseTokenizer, texts: list[str]) -> HyperTokenizer:
    from hyperlex import extend_tokenizer, train_codebook

    book = train_codebook(byte_level, texts, size=150, min_count=2, min_documents=1, workers=1)
    return extend_tokenizer(byte_level, book)


@pytest.fixture(scope="session", params=KINDS)
def peer(
    request: pytest.FixtureRequest,
    texts: list[str],
    byte_level: BaseTokenizer,
    small_tok: HyperTokenizer,
) -> Peer:
    """A small tokenizer, once for each kind."""
    kind = request.param
    if kind == "byte-level":
        return FastPeer(kind, byte_level)
    if kind == "normalising":
        data = {**byte_level.json, "normalizer": {"type": "NFC"}}
        return FastPeer(kind, BaseTokenizer(data))
    if kind == "Unigram":
        return FastPeer(kind, BaseTokenizer(unigram(texts)))
    if kind == "WordPiece":
        return FastPeer(kind, BaseTokenizer(word_piece(texts)))
    if kind == "hyper":
        return HyperPeer(kind, small_tok)
    if kind == "SentencePiece":
        pytest.importorskip("sentencepiece")
        from sentencepiece import SentencePieceProcessor

        model = sentencepiece_model([line for text in texts for line in text.splitlines()])
        return SentencePiecePeer(kind, SentencePieceProcessor(model_proto=model), "")
    tiktoken = pytest.importorskip("tiktoken")
    from hyperlex.measure.peer import TiktokenPeer
    from hyperlex.measure.peers import PATTERNS

    ranks = with_ranks("ст", "то", " с", "ов", " сто", "при")
    encoding = tiktoken.Encoding(
        kind, pat_str=PATTERNS["cl100k"], mergeable_ranks=ranks, special_tokens={}
    )
    return TiktokenPeer(kind, encoding)
