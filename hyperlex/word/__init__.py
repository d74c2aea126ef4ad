"""Words: sentences and words with spans, lemma, part of speech, features, dependency tree."""

from hyperlex.word.analyzer import WordAnalyzer as WordAnalyzer
from hyperlex.word.analyzer import iter_sentences as iter_sentences
from hyperlex.word.analyzer import sentences as sentences
from hyperlex.word.analyzer import words as words
