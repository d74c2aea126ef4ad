"""Russian text as hypertokens: one id for a whole phrase, exactly reversible to the base tokenizer.

    import hyperlex

    tok = hyperlex.load()
    ids = tok.encode("Он стоял у двери.")
    assert tok.decode(ids) == "Он стоял у двери."

This is the whole public door. Its names are resolved on first use (PEP 562), so that importing
hyperlex costs nothing and a text tool never loads torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hyperlex.errors import HyperlexError as HyperlexError

if TYPE_CHECKING:
    from hyperlex.codebook import Codebook as Codebook
    from hyperlex.codebook import train_codebook as train_codebook
    from hyperlex.model import extend_model as extend_model
    from hyperlex.morpheme import morphemes as morphemes
    from hyperlex.scene import clauses as clauses
    from hyperlex.scene import scenes as scenes
    from hyperlex.tokenizer import HyperTokenizer as HyperTokenizer
    from hyperlex.tokenizer import VocabularyLayout as VocabularyLayout
    from hyperlex.tokenizer import extend_tokenizer as extend_tokenizer
    from hyperlex.tokenizer.context import compress_context as compress_context
    from hyperlex.tokenizer.ladder import compress as compress
    from hyperlex.tokenizer.ladder import reconstruct as reconstruct
    from hyperlex.tokenizer.load import load as load
    from hyperlex.word import words as words

__version__ = "0.1.0"

# Type checkers read the imports above and Python reads this table: a test holds the two equal.
_HOMES = {
    "Codebook": "hyperlex.codebook",
    "HyperTokenizer": "hyperlex.tokenizer",
    "VocabularyLayout": "hyperlex.tokenizer",
    "clauses": "hyperlex.scene",
    "compress": "hyperlex.tokenizer.ladder",
    "compress_context": "hyperlex.tokenizer.context",
    "extend_model": "hyperlex.model",
    "extend_tokenizer": "hyperlex.tokenizer",
    "load": "hyperlex.tokenizer.load",
    "morphemes": "hyperlex.morpheme",
    "reconstruct": "hyperlex.tokenizer.ladder",
    "scenes": "hyperlex.scene",
    "train_codebook": "hyperlex.codebook",
    "words": "hyperlex.word",
}

__all__ = ["HyperlexError", "__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
