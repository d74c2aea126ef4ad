"""What teachers do in processes of their own, on one core each, and nets as plain arrays for it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hyperlex.recipes.words import steps
from hyperlex.recipes.words.batches import Spellings
from hyperlex.recipes.words.corpus import Sample
from hyperlex.recipes.words.net import STUDENT, Net
from hyperlex.recipes.words.silver import label
from hyperlex.recipes.words.supervise import teach
from hyperlex.recipes.words.treebank import Target

State = dict[str, NDArray[np.float32]]


def state_of(net: Net) -> State:
    """The parameters of a net."""
    return {name: value.numpy().copy() for name, value in net.state_dict().items()}


def build(state: State, dropout: float) -> Net:
    """A net with these parameters, ready to answer."""
    net = Net(state["meanings"][:-1], dropout)
    net.load_state_dict({name: torch.from_numpy(np.asarray(v)) for name, v in state.items()})
    return net.eval()


PUPIL_WITHHELD = (0.02, 0.08, 0.02)
"""A student reads too much to learn it by heart and is to agree with teachers who saw it whole."""


def pupil(state: State) -> Net:
    """A student that knows of a teacher only what it sees in single words."""
    net = Net(state["meanings"][:-1], 0.0, STUDENT, PUPIL_WITHHELD)
    with torch.no_grad():
        net.table.weight.copy_(torch.from_numpy(state["table.weight"]))
    return net


def teacher(
    seed: int,
    encoder: State,
    lemmas: Sequence[str],
    sentences: Sequence[Sequence[Target]],
    epochs: int,
    dropout: float,
) -> State:
    """One teacher, trained in a process of its own on one core."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)
    spellings = Spellings(lemmas)
    net = build(encoder, dropout)
    teach(net, sentences, spellings, epochs, seed, lambda *_: None)
    return state_of(net)


def label_shards(
    work: Path,
    teachers: Sequence[State],
    dropout: float,
    sample: Sample,
    lemmas: Sequence[str],
    shards: Sequence[int],
) -> None:
    """Labels these shards of the sample and leaves them in `work`."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    nets = [build(state, dropout) for state in teachers]
    spellings = Spellings(lemmas)
    for shard in shards:
        steps.kept(work, silver_step(shard), partial(label, nets, sample, spellings, shard))


def silver_step(shard: int) -> str:
    """The name by which a labelled shard is kept."""
    return f"silver{shard}"
