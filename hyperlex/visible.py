"""Text made safe to look at: what has no shape, or would command a screen, gets a mark."""

from __future__ import annotations

import unicodedata

PART = "▯"
"""Shown for an id that ends inside a character; the id that completes the character shows it."""


def visible(text: str) -> str:
    """`text` with what has no shape, or would command a terminal or a browser, made visible.

    Line ends and tabs stay, after a mark of their own.
    """
    return "".join(map(_visible_character, text))


def _visible_character(character: str) -> str:
    if character in "\n\t":
        return {"\n": "⏎\n", "\t": "⇥\t"}[character]
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return chr(0x2421 if code == 0x7F else 0x2400 + code)
    # Other controls, and the format characters that reverse the writing or join emoji.
    return f"⟨U+{code:04X}⟩" if unicodedata.category(character) in ("Cc", "Cf", "Cs") else character
