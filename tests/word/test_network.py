"""The numpy network is the torch one that was trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hyperlex.recipes.words.batches import Spellings
from hyperlex.recipes.words.net import STUDENT, TEACHER, Net, Shape, groups
from hyperlex.word.entries import Entries
from hyperlex.word.labels import GROUPS
from hyperlex.word.network import Network

LEMMAS = ["дверь", "стоять", "он", "."]
SENTENCES = [
    ["Он", "стоял", "у", "двери", ",", "не", "решаясь", "войти", "."],
    ["Тишина"],
    ["—", "Да", "?"],
]


@pytest.fixture(scope="module", params=[TEACHER, STUDENT], ids=["teacher", "student"])
def twins(request: pytest.FixtureRequest) -> tuple[Net, Network, Entries]:
    torch.manual_seed(1)
    generator = np.random.default_rng(1)
    meanings = generator.standard_normal((len(LEMMAS), 8)).astype(np.float32)
    shape: Shape = request.param
    net = Net(meanings, dropout=0.3, shape=shape).eval()
    for parameter in net.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, 0, 0.1)
    weights = net.weights()
    entries = Entries(
        weights.pop("table"),
        {lemma: k for k, lemma in enumerate(LEMMAS)},
        weights.pop("meanings"),
        weights.pop("input.w"),
        weights.pop("input.b"),
        {},
    )
    return net, Network(weights, shape.layers, shape.heads, GROUPS), entries


def test_numpy_network_equals_its_torch_twin(twins: tuple[Net, Network, Entries]) -> None:
    net, network, entries = twins
    spellings = Spellings(LEMMAS)
    batch = spellings.batch([[spellings.id(form) for form in s] for s in SENTENCES])
    with torch.no_grad():
        outputs = net.read(net.encode(batch), batch.mask)
        heads = outputs.arcs.argmax(-1)
        relations = net.relations(outputs, heads)
    _, vectors = entries.of([form for sentence in SENTENCES for form in sentence])
    scores = network.forward(vectors, [len(s) for s in SENTENCES])
    for k, (sentence, score) in enumerate(zip(SENTENCES, scores, strict=True)):
        n = len(sentence)
        tags = torch.cat([g.log_softmax(-1) for g in groups(outputs.tags[k, :n])], -1)
        pairs = {
            "tags": (score.tags, tags),
            "breaks": (score.breaks, outputs.breaks[k, :n].sigmoid()),
            "arcs": (score.arcs, outputs.arcs[k, :n, :n]),
            "relations": (
                network.relations(score.dependents, score.governors, heads[k, :n, None].numpy()),
                relations[k, :n, None],
            ),
        }
        for name, (ours, twin) in pairs.items():
            np.testing.assert_allclose(ours, twin.numpy(), rtol=2e-3, atol=2e-4, err_msg=name)


def test_a_sentence_scores_the_same_alone_and_among_others(
    twins: tuple[Net, Network, Entries],
) -> None:
    _, network, entries = twins
    _, vectors = entries.of([form for sentence in SENTENCES for form in sentence])
    together = network.forward(vectors, [len(s) for s in SENTENCES])
    first = len(SENTENCES[0])
    alone = network.forward(vectors[:first], [first])[0]
    np.testing.assert_allclose(together[0].arcs, alone.arcs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(together[0].tags, alone.tags, rtol=1e-4, atol=1e-5)
