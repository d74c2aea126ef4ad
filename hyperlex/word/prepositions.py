"""Prepositions that take a vowel before some words."""

from __future__ import annotations

SHORT = {
    "во": "в", "со": "с", "ко": "к", "об": "о", "обо": "о", "изо": "из", "подо": "под",
    "надо": "над", "передо": "перед", "ото": "от",
}  # fmt: skip
"""Of each the one without."""
