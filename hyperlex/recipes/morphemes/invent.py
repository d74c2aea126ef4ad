"""Words that no dictionary has but that Russian allows, for the small network to practise on.

Compounds, prefixed and reflexive verbs, nouns of action and quality are made freely; a network that
has only met listed words does worse on those that are not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SEED = 11
_PREFIXES = (
    "вы", "до", "за", "из", "на", "над", "не", "недо", "о", "об", "от", "пере", "по", "под",
    "при", "про", "раз", "с", "у", "де", "пре",
)  # fmt: skip
_ADJECTIVE_PREFIXES = (
    "не", "сверх", "анти", "меж", "вне", "под", "при", "пред", "после", "без", "контр", "полу",
    "наи", "со",
)  # fmt: skip
_ADJECTIVES = ("ый", "ий", "ой")
_SHARES = (
    ("reflexive", 15_000),
    ("action", 10_000),
    ("prefixed", 12_000),
    ("quality", 8_000),
    ("adverb", 6_000),
    ("adjective", 12_000),
    ("compound", 15_000),
    ("joined", 15_000),
    ("pair", 4_000),
)


def invented_words(lemmas: Sequence[str], known: frozenset[str]) -> list[str]:
    """About 80,000 words that are not `known`, from `lemmas` as a full dictionary has them; sorted.

    Fewer lemmas give fewer words. Deterministic.
    """
    rng = np.random.default_rng(SEED)
    plain = [word for word in lemmas if "-" not in word and 4 < len(word) < 16]
    verbs = [word for word in plain if word.endswith("ть")]
    adjectives = [word for word in plain if word.endswith(_ADJECTIVES)]
    nouns = [word for word in plain if word[-1] in "абвгдзклмнпрстфхя"]
    if not (verbs and adjectives and nouns):
        return []
    makers = {
        "reflexive": lambda: _one(rng, verbs) + "ся",
        "action": lambda: _action(_one(rng, verbs)),
        "prefixed": lambda: _one(rng, _PREFIXES) + _one(rng, verbs),
        "quality": lambda: _one(rng, adjectives)[:-2] + "ость",
        "adverb": lambda: _adverb(rng, _one(rng, adjectives)),
        "adjective": lambda: _one(rng, _ADJECTIVE_PREFIXES) + _one(rng, adjectives),
        "compound": lambda: _linked(_one(rng, adjectives)) + "-" + _one(rng, adjectives),
        "joined": lambda: _linked(_one(rng, adjectives + nouns)) + _one(rng, adjectives + nouns),
        "pair": lambda: _one(rng, nouns) + "-" + _one(rng, nouns),
    }
    limit = len(plain)
    made = {makers[name]() for name, count in _SHARES for _ in range(min(count, limit))}
    return sorted(word for word in made if word not in known and 4 < len(word) <= 34)


def _one(rng: np.random.Generator, words: Sequence[str]) -> str:
    return words[int(rng.integers(len(words)))]


def _action(verb: str) -> str:
    """`обжимать` → `обжимание`, `тушить` → `тушение`."""
    return verb[:-3] + "ение" if verb.endswith("ить") else verb[:-2] + "ние"


def _adverb(rng: np.random.Generator, adjective: str) -> str:
    if adjective.endswith("ский"):
        return "по-" + adjective[:-1]
    return "по-" + adjective[:-2] + "ому" if rng.random() < 0.3 else adjective[:-2] + "о"


def _linked(word: str) -> str:
    """The first part of a compound with its linking vowel."""
    soft = word.endswith(("ний", "чий", "щий", "жий", "ший", "я", "ц", "ч", "ж", "ш"))
    cut = 2 if word.endswith(_ADJECTIVES) else int(word[-1] in "ая")
    return word[: len(word) - cut] + ("е" if soft else "о")
