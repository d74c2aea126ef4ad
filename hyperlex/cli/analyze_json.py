"""One sentence of `hyperlex analyze --json`. The schema is told in docs/formats.md."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from hyperlex.cli.analysis import Analysed
from hyperlex.scene.scene import Agent, Argument, Clause, Event, Scene, Tension
from hyperlex.types import Span, Word


def as_object(sentence: Analysed) -> dict[str, Any]:
    """The sentence as JSON has it: offsets and numbers count from the beginning of the text."""
    return _Writer(sentence).sentence()


class _Writer:
    """Turns spans and indices of a block into those of the text."""

    def __init__(self, sentence: Analysed) -> None:
        self._of = sentence

    def sentence(self) -> dict[str, Any]:
        given = self._of
        return {
            "file": given.block.file,
            **self._span(given.span),
            "text": given.text,
            "words": [self._word(word) for word in given.words],
            "clauses": [self._clause(piece) for piece in given.clauses],
            "scenes": [self._scene(scene) for scene in given.scenes],
            **({"why": list(given.why)} if given.why else {}),
        }

    def _span(self, span: Span) -> dict[str, int]:
        start = self._of.block.start
        return {"start": span.start + start, "stop": span.stop + start}

    def _index(self, word: Word | None) -> int | None:
        return None if word is None else word.index + self._of.words_before

    def _word(self, word: Word) -> dict[str, Any]:
        before = self._of.words_before
        parts = self._of.morphemes.get(word.index, ())
        return {
            "index": word.index + before,
            **self._span(word.span),
            "text": word.text,
            "lemma": word.lemma,
            "upos": word.upos,
            "feats": word.feats,
            "head": word.head + before,
            "relation": word.relation,
            "by": word.by,
            "morphemes": [
                {"text": part.text, "type": part.type.value, "by": part.by} for part in parts
            ],
        }

    def _clause(self, piece: Clause) -> dict[str, Any]:
        return {
            "number": piece.number + self._of.clauses_before,
            **self._span(piece.span),
            "kind": piece.kind.value,
            "predicate": self._index(piece.predicate),
            "by": piece.by,
        }

    def _scene(self, scene: Scene) -> dict[str, Any]:
        context = scene.context
        numbers = sorted({piece.number + self._of.clauses_before for piece in scene.clauses})
        return {
            **self._span(scene.span),
            "segments": [self._span(segment) for segment in scene.segments],
            "clauses": numbers,
            "kind": scene.kind.value,
            "form": scene.form.value,
            "agent": self._facet(scene.agent),
            "event": self._facet(scene.event),
            "tension": self._facet(scene.tension),
            "context": {
                "arguments": [self._argument(argument) for argument in context.arguments],
                "patient": context.patient and self._argument(context.patient),
                "connective": context.connective,
                "link": context.link,
                "gloss": context.gloss,
            },
            "protected": [
                {**self._span(item.span), "text": item.text, "kind": item.kind}
                for item in scene.protected
            ],
            "arguments": [self._argument(argument) for argument in scene.arguments],
            "by": list(scene.by),
        }

    def _argument(self, argument: Argument) -> dict[str, Any]:
        return {
            **self._span(argument.span),
            "word": self._index(argument.word),
            "relation": argument.relation,
            "role": argument.role,
            "preposition": argument.preposition,
        }

    def _facet(self, facet: Agent | Event | Tension) -> dict[str, Any]:
        """Its attributes, the word by its index, and its gloss."""
        told = {field.name: getattr(facet, field.name) for field in fields(facet)}
        if "word" in told:
            told["word"] = self._index(told["word"])
        return {**told, "gloss": facet.gloss}
