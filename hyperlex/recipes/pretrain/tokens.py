"""A tokenizer as pretraining needs it: ids of many texts, and the characters of each id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hyperlex.codebook import BaseTokenizer, Codebook
from hyperlex.codebook.spelling import refusing_panics
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.tokenizer import HyperTokenizer, VocabularyLayout, extend_tokenizer
from hyperlex.tokenizer.load import CONFIG_FILE, load

Integers = NDArray[np.int64]


def open_tokenizer(
    source: str | None, *, hypertokens: int | None = None, scenes: bool = False
) -> HyperTokenizer:
    """The tokenizer that a recipe names.

    Args:
        source: what `hyperlex.load` or `BaseTokenizer.load` takes; None for the embedded default.
            A base tokenizer comes as one with no hypertokens, which is read and saved alike.
        hypertokens: how many of the codebook, the best ones; None: all; 0: the base alone.
        scenes: keep scene ids.

    Raises:
        ConfigError: nothing there; more hypertokens than there are; `scenes` without scene ids.
    """
    plain = source is not None and Path(source).exists() and not _is_ours(Path(source))
    tok = _without_hypertokens(source) if plain else load(source)
    if scenes and not tok.layout.scene_size:
        raise ConfigError(
            "scenes = true, and this tokenizer has no scene ids. Take it out, or name a tokenizer "
            "that has them."
        )
    if hypertokens is not None and hypertokens > tok.layout.hyper_size:
        raise ConfigError(
            f"hypertokens = {hypertokens}, and the tokenizer has {tok.layout.hyper_size}. Write so "
            "many or fewer, or leave the key out for all of them."
        )
    if hypertokens is not None and hypertokens != tok.layout.hyper_size:
        if scenes:
            raise ConfigError(
                "scenes and hypertokens are both in the recipe: scene ids stand behind all "
                "hypertokens. Take one of them out."
            )
        book = tok.codebook.prefix(hypertokens) if hypertokens else _empty(tok.base)
        return _with_face(extend_tokenizer(tok.base, book), tok)
    if tok.layout.scene_size and not scenes:
        return _without_scenes(tok)
    return tok


def _is_ours(path: Path) -> bool:
    return path.is_dir() and (path / CONFIG_FILE).is_file()


def _without_hypertokens(source: str | None) -> HyperTokenizer:
    return extend_tokenizer(source, _empty(BaseTokenizer.load(source)))


def _without_scenes(tok: HyperTokenizer) -> HyperTokenizer:
    if tok.backend is not None and tok.backend.get_vocab_size() > tok.layout.first_scene:
        return _with_face(extend_tokenizer(tok.base, tok.codebook), tok)
    layout = VocabularyLayout(tok.layout.base_size, tok.layout.hyper_size)
    return HyperTokenizer(layout, lambda: tok.codebook, tok.backend, tok.export_refusal, tok.face)


def _with_face(made: HyperTokenizer, tok: HyperTokenizer) -> HyperTokenizer:
    made.face = replace(tok.face)
    return made


def _empty(base: BaseTokenizer) -> Codebook:
    none = np.zeros(0, np.int64)
    return Codebook(base, none, none, none, none, none.reshape(0, 2), none, none, none, none, none)


def encode_all(tok: HyperTokenizer, texts: Sequence[str]) -> list[Integers]:
    """The ids of each text, as `tok.encode` gives them, over all cores where there is an export."""
    if tok.backend is None:
        return [np.array(tok.encode(text), np.int64) for text in texts]
    try:
        with refusing_panics(""):
            found = tok.backend.encode_batch_fast(list(texts), add_special_tokens=False)
    except (UnicodeEncodeError, TypeError, VocabularyError):
        return [np.array(tok.encode(text), np.int64) for text in texts]  # says which, and why
    return [np.array(each.ids, np.int64) for each in found]


def characters_of(tok: HyperTokenizer) -> Integers:
    """int64 [ids]: how many characters end up in the text by each id.

    A character counts where its first byte is, so that over a whole text the counts add up, also
    where an id holds a part of a character. Scene ids are no text: 0.
    """
    counts = np.zeros(tok.layout.total, np.int64)
    spelled = tok.base.token_bytes
    counts[: len(spelled)] = [sum(byte & 0xC0 != 0x80 for byte in each) for each in spelled]
    book = tok.codebook
    if len(book):
        starts = np.concatenate([[0], np.cumsum(book.lengths)[:-1]])
        sums = np.add.reduceat(counts[book.ids], starts)
        counts[book.base_size : book.base_size + len(book)] = sums
    return counts


def end_of_text(tok: HyperTokenizer) -> int:
    """The id that stands between documents: the tokenizer's end of text, else its beginning.

    Raises:
        ConfigError: it has neither.
    """
    for role in ("eos_token", "bos_token"):
        named = tok.face.config.get(role)
        for added in tok.base.json["added_tokens"]:
            if added["content"] == named:
                return int(added["id"])
    names = {token["content"]: int(token["id"]) for token in tok.base.json["added_tokens"]}
    for usual in ("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>"):
        if usual in names:
            return names[usual]
    raise ConfigError(
        "The tokenizer has neither an end-of-text nor a beginning-of-text token, and documents "
        "cannot be told apart. Give its base one before it is extended: "
        "tok = AutoTokenizer.from_pretrained(BASE); tok.add_special_tokens({'eos_token': "
        "'<|endoftext|>'}); tok.save_pretrained(BASE)."
    )
