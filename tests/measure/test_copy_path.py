"""The copy path: a probability, of what was read, from the first step on."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hyperlex.ladder.files import embedded
from hyperlex.ladder.outline import Lexeme
from hyperlex.measure.conditional import Gathered, Given

torch = pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]
IDS, WIDTH, SCENE = 40, 32, 35
"""Ids from SCENE on stand for scene ids: they are read and never scored."""

SPELLED = {37: [9, 14, 20], 38: [3]}
"""What spells two of them; the others spell nothing."""


class Spelled:
    """`Spellings` of no tokenizer."""

    def of(self, index: int) -> Any:
        return np.array(SPELLED.get(index, []), np.int64)


@pytest.fixture(scope="module")
def module() -> Iterator[Any]:
    sys.path.insert(0, str(ROOT))
    try:
        yield importlib.import_module("benchmarks.copying")
    finally:
        sys.path.remove(str(ROOT))


@pytest.fixture
def parts(module: Any) -> tuple[Any, Any]:
    generator = torch.Generator().manual_seed(2)
    head = torch.randn(SCENE, WIDTH, generator=generator)
    return module.Copying(head, Spelled(), SCENE), head


def scored(copying: Any, head: Any, given: list[Given], liking: int = -1) -> Any:
    """Nats where the model alone knows nothing, or likes one id."""
    table = torch.cat([head, head[:1].expand(IDS - SCENE, -1) * 0.5])
    batch = Gathered.of(given)
    vectors = batch.vectors(lambda ids: table[ids])
    logits = torch.zeros(len(batch.targets), SCENE)
    if liking >= 0:
        logits[:, liking] = 3
    return copying(batch, vectors, torch.zeros_like(vectors), head, logits).detach()


def after(context: list[int], target: int) -> Given:
    return Given.of([([0, *context], False), ([target], True)])


@pytest.mark.parametrize("context", [[5, 9, 5], [36, 4], [7], [37, 5, 38]])
def test_the_mixture_is_a_probability_over_all_ids(parts: Any, context: list[int]) -> None:
    copying, head = parts
    given = [after(context, target) for target in range(SCENE)]
    found = scored(copying, head, given, liking=9)
    assert float((-found).exp().sum()) == pytest.approx(1, abs=1e-4)


def test_what_was_read_is_likelier_than_what_was_not(parts: Any) -> None:
    copying, head = parts
    read, unread = scored(copying, head, [after([5, 9, 21], 9), after([5, 9, 21], 8)]).tolist()
    assert read < unread


def test_what_followed_the_same_id_before_is_likeliest(parts: Any) -> None:
    copying, head = parts
    context = [5, 9, 21, 13, 5]
    found = scored(copying, head, [after(context, target) for target in (9, 21, 13)]).tolist()
    assert found[0] < min(found[1:])


def test_the_future_is_not_seen(parts: Any) -> None:
    copying, head = parts
    first = Given.of([([0, 5, 9], False), ([7, 3], True)])
    second = Given.of([([0, 5, 9], False), ([7, 4], True)])
    found = [float(scored(copying, head, [each])[0]) for each in (first, second)]
    assert found[0] == pytest.approx(found[1])


def test_padding_and_company_change_nothing(parts: Any) -> None:
    copying, head = parts
    given = [after([5, 36, 9, 37, 5], 9), after([3], 3), after(list(range(1, 12)), 4)]
    given.append(Given.of([([0, 3, 8, 11, 2], False), ([8], True)]).pooled(1, 5, 2))
    together = scored(copying, head, given)
    alone = torch.cat([scored(copying, head, [each]) for each in given])
    torch.testing.assert_close(together, alone)


def test_a_place_of_several_ids_offers_each_of_them(parts: Any) -> None:
    copying, head = parts
    pooled = [
        Given.of([([0, 5, 9], False), ([target], True)]).pooled(1, 3, 1) for target in (5, 9, 21)
    ]
    found = scored(copying, head, pooled).tolist()
    assert max(found[:2]) < found[2]


def test_a_scene_id_offers_what_spells_it_and_the_model_chooses_among_that(parts: Any) -> None:
    copying, head = parts
    targets = (9, 14, 20, 21)
    first, second, third, no = scored(copying, head, [after([37, 5], x) for x in targets]).tolist()
    assert first == pytest.approx(second) == pytest.approx(third) and first < no
    first, second, _, no = scored(copying, head, [after([37, 5], x) for x in targets], 14).tolist()
    assert second < first < no


def test_flops_count_places_that_are_no_exact_id_and_spell_nothing(parts: Any) -> None:
    copying, _ = parts
    plain = after([5, 9], 7)
    assert copying.flops([plain, after([37], 7)]) == 0
    mixed = [after([36, 9, 39, 37], 7), plain.pooled(1, 3, 1)]
    assert copying.flops(mixed) == 6 * 3 * SCENE * WIDTH


def test_spellings_hold_all_forms_of_a_word(module: Any, small_tok: Any) -> None:
    tok = small_tok.with_scenes(embedded().first_hyperlexeme)
    spellings, first = module.Spellings(tok), tok.layout.first_scene
    codes = tok.lexicon.lexeme_codes
    door = set(spellings.of(first + codes[Lexeme("дверь", "N")]).tolist())
    for word in ("дверь", "двери", "дверью", "дверями"):
        assert set(tok.encode(f" {word}")) <= door
    moscow = set(spellings.of(first + codes[Lexeme("Москва", "P")]).tolist())
    assert set(tok.encode(" Москвой")) <= moscow
    assert len(spellings.of(first)) == len(spellings.of(5)) == 0
