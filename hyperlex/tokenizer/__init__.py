"""Text to hypertokens: the exact lane."""

from hyperlex.tokenizer.hyper import HyperTokenizer as HyperTokenizer
from hyperlex.tokenizer.hyper import extend_tokenizer as extend_tokenizer
from hyperlex.tokenizer.layout import VocabularyLayout as VocabularyLayout
from hyperlex.tokenizer.load import load as load
