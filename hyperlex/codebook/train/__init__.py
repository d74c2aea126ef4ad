"""Learning a codebook from text."""

from hyperlex.codebook.train.config import TrainConfig as TrainConfig
from hyperlex.codebook.train.train import train_codebook as train_codebook
