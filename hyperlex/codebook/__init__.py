"""Hypertokens and the base ids that they stand for."""

from hyperlex.codebook.base import BaseTokenizer as BaseTokenizer
from hyperlex.codebook.codebook import Codebook as Codebook
from hyperlex.codebook.codebook import CodebookEntry as CodebookEntry
from hyperlex.codebook.corpus import Document as Document
from hyperlex.codebook.train import TrainConfig as TrainConfig
from hyperlex.codebook.train import train_codebook as train_codebook
