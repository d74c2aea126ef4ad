"""What a scene says in parts: of what, and who or what fills a role in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hyperlex.scene.scene import Scene, SceneKind
from hyperlex.types import Word


class Filler(NamedTuple):
    """A word that fills a role.

    Attributes:
        role: as `Argument.role`, or that of the agent.
        lemma: of the word.
        word: where it stands, perhaps in the clause before («вошёл и сел»).
    """

    role: str
    lemma: str
    word: Word | None


def is_nominal(scene: Scene) -> bool:
    """Whether a scene tells of no event."""
    return scene.kind is SceneKind.NOMINAL or not scene.event.lemma


def head_of(scene: Scene) -> Word | None:
    """The word that a scene is about: its event, or of a nominal one the first word that no other
    word of it governs.
    """
    if not is_nominal(scene):
        return scene.event.word
    inside = {word.index for word in scene.words}
    for word in scene.words:
        if word.upos != "PUNCT" and (word.head == word.index or word.head not in inside):
            return word
    return None


def fillers(scene: Scene) -> Iterator[Filler]:
    """The roles of an event, each with who or what fills it: none of a nominal scene.

    An agent that is named in the clause before counts, one that only the verb shows does not.
    """
    if is_nominal(scene):
        return
    agent = scene.agent.word
    if scene.agent.lemma:
        yield Filler(scene.agent.role, scene.agent.lemma, agent)
    for argument in scene.arguments:
        if agent is None or argument.word.index != agent.index:
            yield Filler(argument.role, argument.word.lemma, argument.word)
