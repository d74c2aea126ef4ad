"""`SceneCode`: a text on the ladder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from textwrap import shorten

from hyperlex.errors import ConfigError
from hyperlex.ladder.classes import LemmaClass, class_of
from hyperlex.ladder.decode import Decoder, joined
from hyperlex.ladder.lexicon import TEXT, Hyperlexeme, Lexicon
from hyperlex.scene.scene import Scene
from hyperlex.types import Span


class Reconstruction(str):
    """Text that was made of ids. It reads as a str; `repr` and `exact` tell what it is.

    Attributes:
        exact: whether every character of it stood in the source.
        pieces: its stretches in order, each with its manner: `exact`, `text` (rung 3) or
            `outline` (a scene told by rung 1 or 2).
    """

    exact: bool
    pieces: tuple[tuple[str, str], ...]

    def __new__(cls, pieces: Sequence[tuple[str, str]]) -> Reconstruction:
        made = super().__new__(cls, joined(pieces))
        made.pieces = tuple(pieces)
        made.exact = all(manner == "exact" for manner, _ in pieces)
        return made

    def __reduce__(self) -> tuple[type[Reconstruction], tuple[Sequence[tuple[str, str]]]]:
        """How `copy` and `pickle` make it again."""
        return type(self), (self.pieces,)

    @property
    def marked(self) -> str:
        """The text with `⟦` and `⟧` around all that was reconstructed."""
        return joined(
            [
                (manner, piece if manner == "exact" else f"⟦{piece}⟧")
                for manner, piece in self.pieces
                if piece
            ]
        )

    def __repr__(self) -> str:
        return f"Reconstruction({str(self)!r}, exact={self.exact})"


@dataclass(frozen=True)
class Vocabulary:
    """What the ids of a code mean.

    Attributes:
        lexicon: of the scene range.
        offset: where that range begins: `layout.first_scene`.
        read: text of ids below it.
        decoder: of all ids.
    """

    lexicon: Lexicon
    offset: int
    read: Callable[[Sequence[int]], str]
    decoder: Decoder

    def name(self, index: int) -> str:
        """A readable name of an id."""
        if index >= self.offset:
            return self.lexicon.name(index - self.offset)
        return self.read([index])


@dataclass(frozen=True, repr=False)
class SceneCode:
    """A text as ids of the ladder, and where each scene of it went.

    Attributes:
        ids: base ids, hypertokens and scene ids, in the order of the text.
        scenes: the scenes of the text.
        rungs: for each scene the rung it is told by, 0 (left out) to 4 (exact).
        places: for each scene the stretch of `ids` that tells it. Scenes of exact or inflected text
            that adjoin are encoded together, and the stretch of each may begin and end inside an
            id of its neighbour.
        text: the source; "" where it was not kept.
        vocabulary: what the ids mean.
    """

    ids: tuple[int, ...]
    scenes: tuple[Scene, ...]
    rungs: tuple[int, ...]
    places: tuple[Span, ...]
    text: str
    vocabulary: Vocabulary

    def __repr__(self) -> str:
        text = f", text={shorten(self.text, 60)!r}" if self.text else ""
        return f"SceneCode({len(self.ids)} ids, {len(self.scenes)} scenes{text})"

    @property
    def spans(self) -> tuple[Span, ...]:
        """For each scene its span in the source, in code points."""
        return tuple(scene.span for scene in self.scenes)

    @property
    def hyperlexemes(self) -> tuple[Hyperlexeme, ...]:
        """The hyperlexemes among the ids, in order."""
        lexicon, offset = self.vocabulary.lexicon, self.vocabulary.offset
        found = (lexicon.hyperlexeme(index - offset) for index in self.ids if index >= offset)
        return tuple(hyperlexeme for hyperlexeme in found if hyperlexeme)

    @property
    def classes(self) -> tuple[LemmaClass | None, ...]:
        """For each scene the class of its most informative lexeme, of those that its ids name and
        that have a class: an index of a text, or a plan of it, a word or three a scene.

        It is no rung: no id stands for a class, nothing is decoded from one, and a budget is not
        spent on it. None for a scene that is left out, whose ids name no such lexeme, or that is
        told in running text (rungs 3 and 4), where ids are not told apart by scene.

        Raises:
            FormatError: the shipped table of classes is missing or damaged.
        """
        return tuple(
            self._class(place) if 0 < rung < 3 else None
            for rung, place in zip(self.rungs, self.places, strict=True)
        )

    def _class(self, place: Span) -> LemmaClass | None:
        lexicon, offset = self.vocabulary.lexicon, self.vocabulary.offset
        named = (
            item.lexeme
            for index in self.ids[place.start : place.stop]
            if index - offset >= lexicon.first_frame
            for item in lexicon.members(index - offset)[1]
        )
        found = [(lexicon.bits[lexicon.lexeme_codes[x]], class_of(x)) for x in named]
        classed = [(bits, of) for bits, of in found if of]
        return max(classed, key=lambda one: one[0])[1] if classed else None

    @property
    def names(self) -> tuple[str, ...]:
        """A readable name of each id: `Δ14 порог·тишина`, `дверь:N`, or the text it spells."""
        return tuple(self.vocabulary.name(index) for index in self.ids)

    def decode(self, scene: int | None = None) -> Reconstruction:
        """The text that the ids tell, and nothing but the ids; byte-exact where all is rung 4.

        Args:
            scene: of this scene alone.

        Raises:
            ConfigError: no such scene.
        """
        ids: Sequence[int] = self.ids
        if scene is not None:
            place = self.places[self._number(scene)]
            ids = self.ids[place.start : place.stop]
            if self.rungs[self._number(scene)] == 3:
                ids = (self.vocabulary.offset + TEXT, *ids)
        return Reconstruction(self.vocabulary.decoder.pieces(ids))

    def expand(self, scene: int) -> str:
        """The exact text of a scene, as long as the source is kept.

        Raises:
            ConfigError: no such scene, or the source was not kept.
        """
        number = self._number(scene)
        if not self.text:
            raise ConfigError(
                f"The source of this code was not kept, so scene {scene} has no exact text: call "
                "compress(…, keep=True), or decode(scene) for a reconstruction."
            )
        found = self.scenes[number]
        return "".join(segment.of(self.text) for segment in found.segments)

    def prefix(self, length: int) -> SceneCode:
        """The first `length` ids at most. It ends at an id that ends a word, so that half a word
        never reads as another one. At rung 3 the last words may have other endings, for what
        follows them is cut off.
        """
        if length < 0:
            raise ConfigError(f"A prefix of {length} ids was asked for: 0 or more was expected.")
        length = min(length, len(self.ids))
        while 0 < length < len(self.ids) and not self._ends_word(length):
            length -= 1
        kept = [k for k, place in enumerate(self.places) if place.start < length]
        return replace(
            self,
            ids=self.ids[:length],
            scenes=tuple(self.scenes[k] for k in kept),
            rungs=tuple(self.rungs[k] for k in kept),
            places=tuple(
                Span(self.places[k].start, min(self.places[k].stop, length)) for k in kept
            ),
        )

    def _ends_word(self, length: int) -> bool:
        """Whether a word ends between the ids before and after `length`."""
        offset = self.vocabulary.offset
        before, after = self.ids[length - 1], self.ids[length]
        if after >= offset:
            return not self.vocabulary.lexicon.is_ending(after - offset)
        if before >= offset:
            return True
        following = self.vocabulary.read([after])
        return not (following[:1].isalnum() or following[:1] in "-\ufffd")

    def _number(self, scene: int) -> int:
        if not -len(self.scenes) <= scene < len(self.scenes):
            raise ConfigError(
                f"There is no scene {scene}: the code has {len(self.scenes)}, numbered from 0."
            )
        return scene % len(self.scenes)

    def __len__(self) -> int:
        """Number of ids."""
        return len(self.ids)
