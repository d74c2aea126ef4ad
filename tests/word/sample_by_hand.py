"""A sample of the corpora, made of a few sentences."""

from __future__ import annotations

import numpy as np

from hyperlex.recipes.words.corpus import Sample


def sample_of(texts: list[list[str]]) -> Sample:
    types = list(dict.fromkeys(form for text in texts for form in text))
    tokens = np.array([types.index(form) for text in texts for form in text], np.int32)
    return Sample(types, tokens, np.array([len(text) for text in texts]))
