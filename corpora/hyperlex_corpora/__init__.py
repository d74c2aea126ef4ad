"""Russian corpora: cards that say what each is, and loaders that yield its texts.

    list_cards()                             what there is
    fetch("lenta")                           download, checked, to be continued if interrupted
    for record in load("lenta", split="dev"):
        record.text, record.title, record.domain
    load("texts/")                           files and folders of one's own
    samples()                                what ships: eight genres, scenes counted by hand

It stands alone: nothing of hyperlex is imported, and beyond the standard library only parquet
(pyarrow) and data sets of the Hugging Face hub (datasets) need a package.
"""

from .cards import Card, CorpusFile, card, list_cards
from .errors import CorpusError
from .fetch import fetch
from .load import load
from .record import Record
from .sampling import sample
from .sources.samples import samples
from .split import SplitRule, split_of
from .verify import Finding, verify

__all__ = [
    "Card",
    "CorpusError",
    "CorpusFile",
    "Finding",
    "Record",
    "SplitRule",
    "card",
    "fetch",
    "list_cards",
    "load",
    "sample",
    "samples",
    "split_of",
    "verify",
]
