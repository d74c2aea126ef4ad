"""`HyperTokenizer`: text to hypertokens and back, exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.spelling import encode_ids
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.tokenizer.export import canonical_json, export, export_refusal
from hyperlex.tokenizer.face import Face, read_face
from hyperlex.tokenizer.hf import LEFT_OUT, is_left_out
from hyperlex.tokenizer.layout import VocabularyLayout, whole_ids
from hyperlex.tokenizer.scene_tokens import scene_token, scene_tokens
from hyperlex.tokenizer.stored import StoredCodebook

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

    from hyperlex.codebook.codebook import Codebook
    from hyperlex.ladder.encode import Encoder
    from hyperlex.ladder.lexicon import Lexicon


class HyperTokenizer:
    """A base tokenizer with hypertokens on top.

    For every text x: `expand(encode(x)) == base_encode(x)`, `decode(encode(x)) == x` wherever the
    base itself gives back its text, and `encode(x)` is never longer than `base_encode(x)`. Base ids
    and special ids are those of the base.

    Made by `hyperlex.load`, `hyperlex.extend_tokenizer` or `HyperTokenizer.load`.

    Attributes:
        layout: where base ids end and hypertokens begin.
        export_refusal: None where one plain `tokenizer.json` gives these ids; otherwise why it
            cannot, and then `encode` parses in Python (about a tenth of the speed) and `hf` is
            refused.
    """

    def __init__(
        self,
        layout: VocabularyLayout,
        codebook: Callable[[], Codebook],
        tokenizer: Tokenizer | None,
        export_refusal: str | None,
        face: Face,
        lexicon: Callable[[], Lexicon] | None = None,
    ) -> None:
        self.layout = layout
        self.export_refusal = export_refusal
        self.face = face
        self._tokenizer = tokenizer
        self._make_codebook = codebook
        self._make_lexicon = lexicon

    @classmethod
    def load(cls, source: str | Path) -> HyperTokenizer:
        """Read a directory that `save` wrote, or a hub id of one. See `hyperlex.load`."""
        from hyperlex.tokenizer.load import load

        return load(source)

    @cached_property
    def codebook(self) -> Codebook:
        """What each hypertoken stands for. A loaded tokenizer reads it when it is first asked
        for.
        """
        return self._make_codebook()

    @property
    def backend(self) -> Tokenizer | None:
        """The Rust tokenizer behind `encode`: the export; None where there is none."""
        return self._tokenizer

    @cached_property
    def base(self) -> BaseTokenizer:
        """The base tokenizer."""
        return self.codebook.base

    @cached_property
    def lexicon(self) -> Lexicon:
        """What each scene id stands for.

        Raises:
            VocabularyError: the tokenizer has no scene ids.
        """
        if self._make_lexicon is None:
            raise VocabularyError(
                "This tokenizer has no scene ids: layout.scene_size is 0. Add them with "
                "tok.with_scenes(), or use hyperlex.load()."
            )
        return self._make_lexicon()

    @cached_property
    def ladder(self) -> Encoder:
        """Encoder and decoder of scene ids; `hyperlex.compress` is the door to it."""
        from hyperlex.tokenizer.ladder import encoder

        return encoder(self)

    def with_scenes(self, size: int | None = None) -> HyperTokenizer:
        """The same tokenizer with scene ids after its others.

        Args:
            size: how many of the embedded lexicon; fewer hyperlexemes then, all else stays.
                None takes all.

        Raises:
            ConfigError: `size` is less than frames and lexemes need, or more than there are.
        """
        from hyperlex.ladder.files import embedded

        lexicon = embedded()
        if size is None:
            size = lexicon.size
        if not lexicon.first_hyperlexeme <= size <= lexicon.size:
            raise ConfigError(
                f"{size} scene ids were asked for: {lexicon.first_hyperlexeme} (no hyperlexeme) to "
                f"{lexicon.size} were expected."
            )
        layout = VocabularyLayout(self.layout.base_size, self.layout.hyper_size, size)
        return HyperTokenizer(
            layout, self._make_codebook, self._tokenizer, self.export_refusal, self.face, embedded
        )

    def encode(self, text: str) -> list[int]:
        """The ids of `text`. Special tokens written in it are recognised, none are added.

        Raises:
            VocabularyError: `text` has no UTF-8 form (a lone surrogate), or the engine that splits
                it gave up: a run of some 5 million spaces is too long. Nothing else is refused.
            TypeError: `text` is no str.
        """
        if self._tokenizer is None:
            return self.codebook.collapse(self.base.encode(text))
        return encode_ids(self._tokenizer, text)

    def base_encode(self, text: str) -> list[int]:
        """The ids that the base tokenizer gives: what `expand(encode(text))` is equal to."""
        return self.base.encode(text)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of `ids`, special tokens included. Ids that end inside a character give U+FFFD,
        as in the base. A scene id gives its name in brackets, `⟨Δ14 порог·тишина⟩`: what it stands
        for is no text, and `hyperlex.reconstruct` makes one.

        Raises:
            VocabularyError: an id outside the layout.
            TypeError: `ids` is no sequence of whole numbers.
        """
        ids = whole_ids(ids)
        highest = max(ids, default=0)
        if highest >= self.layout.total or min(ids, default=0) < 0:
            self.layout.check(ids)
        if highest >= self.layout.first_scene:
            return self._decode_with_scenes(ids)
        if self._tokenizer is None:
            return self.base.decode(self.expand(ids))
        text: str = self._tokenizer.decode(ids, skip_special_tokens=False)
        return text

    def _decode_with_scenes(self, ids: Sequence[int]) -> str:
        runs = groupby(ids, key=self.layout.is_scene)
        first = self.layout.first_scene
        return "".join(
            "".join(scene_token(self.lexicon, index - first) for index in run)
            if of_scenes
            else self.decode(list(run))
            for of_scenes, run in runs
        )

    def expand(self, ids: Sequence[int]) -> list[int]:
        """Base ids: each hypertoken replaced by what it stands for. Raises VocabularyError for an
        id outside the layout and for a scene id, TypeError for what is no sequence of whole
        numbers.
        """
        ids = whole_ids(ids)
        if self.layout.is_scene(scene := max(ids, default=0)):
            raise VocabularyError(
                f"Id {scene} is a scene id, which stands for no base ids: 0 to "
                f"{self.layout.first_scene - 1} was expected. hyperlex.reconstruct(ids) makes a "
                "text of it, tok.decode(ids) gives its name."
            )
        return self.codebook.expand(ids)

    def collapse(self, base_ids: Sequence[int]) -> list[int]:
        """Hyper ids of any run of base ids: the canonical parse. Raises VocabularyError for an id
        that is no base id, TypeError for what is no sequence of whole numbers.
        """
        return self.codebook.collapse(whole_ids(base_ids))

    @cached_property
    def hf(self) -> PreTrainedTokenizerFast:
        """The same tokenizer as a transformers `PreTrainedTokenizerFast`, the same ids.

        Raises:
            ConfigError: the base has no exact plain export (`export_refusal` says why).
        """
        from hyperlex.tokenizer.hf import transformers_tokenizer

        return transformers_tokenizer(self)

    def save(self, directory: str | Path) -> None:
        """Write the tokenizer; `AutoTokenizer.from_pretrained(directory)` then gives the same ids
        without remote code.

        A model's `config.json` may stand beside it. All files are written or none; the doctor then
        loads what was written next to that config and compares ids. See docs/formats.md.

        Raises:
            ConfigError: no permission to write there, or `directory` is a file.
            FormatError: the doctor found that the written files give other ids.
        """
        from hyperlex.tokenizer.save import save

        save(self, Path(directory))

    def json(self) -> str:
        """The text of `tokenizer.json`: the export, or the base's own where there is no export.

        Scene ids are in it by name, so that whoever reads ids finds them in the vocabulary.
        """
        if self._tokenizer is None:
            return canonical_json(self.base.json)
        data = export(self.codebook)
        if self.layout.scene_size:
            data["model"]["vocab"] |= scene_tokens(self.lexicon, self.layout)
        return canonical_json(data)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its files hold it, no caches: `datasets` asks for the same bytes again."""
        stored = self._make_codebook
        if not isinstance(stored, StoredCodebook):
            stored = StoredCodebook.of(self.codebook)
        return HyperTokenizer, (
            self.layout,
            stored,
            self._tokenizer,
            self.export_refusal,
            self.face,
            self._make_lexicon,
        )

    def __len__(self) -> int:
        """Number of ids: one past the highest."""
        return self.layout.total

    def __repr__(self) -> str:
        base, hyper = self.layout.base_size, self.layout.hyper_size
        return f"HyperTokenizer({base:,} base ids + {hyper:,} hypertokens)"


def extend_tokenizer(base: Any, codebook: Codebook) -> HyperTokenizer:
    """Put a codebook on the base tokenizer that it was trained for.

    Args:
        base: the tokenizer in any form that `BaseTokenizer.load` takes; its chat template and the
            roles of its special tokens come along where it is a directory, a hub id or a
            transformers tokenizer. Or a `HyperTokenizer` without hypertokens, such as
            `hyperlex pretrain` saves beside a model of base ids.
        codebook: from `train_codebook` or `Codebook.load`.

    Raises:
        ConfigError: `codebook` is none.
        VocabularyError: the codebook was trained for another base, or `base` has hypertokens.
    """
    if isinstance(base, str | Path) and is_left_out(Path(base)):
        raise VocabularyError(f"{base} is no base tokenizer: {LEFT_OUT}.")
    from hyperlex.codebook.codebook import Codebook

    if not isinstance(codebook, Codebook):
        raise ConfigError(
            f"codebook is of type {type(codebook).__name__}: a Codebook was expected. Make one "
            "with hyperlex.train_codebook, or read one with hyperlex.Codebook.load."
        )
    if isinstance(base, HyperTokenizer):
        if base.layout.hyper_size:
            raise VocabularyError(
                f"base is {base!r}: a tokenizer without hypertokens was expected. Pass base.base."
            )
        tokenizer, face = base.base, base.face
    else:
        tokenizer = BaseTokenizer.load(base)
        face = read_face(base, tokenizer)
    require_same_base(codebook, tokenizer)
    refusal = export_refusal(tokenizer)
    extended = None if refusal else Tokenizer.from_str(canonical_json(export(codebook)))
    layout = VocabularyLayout(tokenizer.size, len(codebook))
    return HyperTokenizer(layout, lambda: codebook, extended, refusal, face)


def require_same_base(codebook: Codebook, base: BaseTokenizer) -> None:
    """Raise VocabularyError where `codebook` was trained for another base."""
    if codebook.base.sha256 != base.sha256:
        raise VocabularyError(
            f"The codebook was trained for a base of {codebook.base_size} ids (sha256 "
            f"{codebook.base.sha256[:12]}…); this one has "
            f"{base.size} ids (sha256 {base.sha256[:12]}…). Use that base, or train a codebook "
            "for this one."
        )
