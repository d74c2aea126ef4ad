"""Names of scene ids as tokens of a vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hyperlex.tokenizer.layout import VocabularyLayout

if TYPE_CHECKING:
    from hyperlex.ladder.lexicon import Lexicon


def scene_token(lexicon: Lexicon, code: int) -> str:
    """`⟨Δ14 порог·тишина⟩`: no byte-level spelling has such brackets, so no text is one."""
    return f"⟨{lexicon.name(code)}⟩"


def scene_tokens(lexicon: Lexicon, layout: VocabularyLayout) -> dict[str, int]:
    """The ids of all scene tokens of a layout, by name."""
    first = layout.first_scene
    return {scene_token(lexicon, code): first + code for code in range(layout.scene_size)}
