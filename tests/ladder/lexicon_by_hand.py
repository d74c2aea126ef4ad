"""A lexicon small enough to follow by hand."""

from __future__ import annotations

import zlib

import numpy as np

from hyperlex.ladder.expected import FormModel
from hyperlex.ladder.lexicon import Lexicon
from hyperlex.ladder.outline import Frame, Lexeme, Slot
from hyperlex.ladder.stops import StopModel

FRAMES = (Frame("nominal"), Frame("он", "past"), Frame("noun", "past"))
LEXEMES = (
    Lexeme("не", "-"),
    Lexeme("стоять", "V"),
    Lexeme("дверь", "N"),
    Lexeme("решаться", "G"),
    Lexeme("войти", "I"),
    Lexeme("кошка", "N"),
)
SLOTS = (Slot(), Slot("у", "Gen", "Sing"))
FORMS = ("NOUN,gent,sing", "NOUN,nomn,sing")
NE, STOOD, DOOR, DARING, ENTER, CAT = range(3, 9)
"""Symbols of the lexemes: the frames come before them."""


def form_model_by_hand() -> FormModel:
    """«у» asks for the genitive, and a noun after nothing is a nominative."""
    facts = {"N@у": [2, 0, 1], "N<^": [0, 1, 1]}
    order = sorted(facts, key=lambda fact: zlib.crc32(fact.encode()))
    return FormModel(
        ("gent", "nomn", "sing"),
        np.array([zlib.crc32(fact.encode()) for fact in order], np.uint32),
        np.array([facts[fact] for fact in order], np.int8),
    )


def lexicon_by_hand() -> Lexicon:
    """«стоять у двери», «не решаясь», and both of the frame of «он стоял у двери»."""
    pairs = [(NE, DARING), (STOOD, DOOR), (1, 10)]
    leaves = [NE, DARING, STOOD, DOOR, 1, STOOD, DOOR]
    leaf_slots = [0, 0, 0, 1, 0, 0, 1]
    return Lexicon(
        FORMS,
        FRAMES,
        LEXEMES,
        SLOTS,
        np.array([10, 20, 30, 8, 4, 4, 2, 2, 1], np.int64),
        np.array(pairs, np.int32),
        np.array(leaves, np.int32),
        np.array(leaf_slots, np.int32),
        np.array([2, 4, 7], np.int64),
        form_model_by_hand(),
        StopModel.empty(),
    )
