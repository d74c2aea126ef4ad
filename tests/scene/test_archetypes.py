"""Classes of predicates: the file that ships, and the recipe that makes it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scene.by_hand import example

from hyperlex.errors import FormatError
from hyperlex.recipes.archetypes import (
    ArchetypeConfig,
    matrix,
    observations,
    sample,
    table,
    to_tsv,
)
from hyperlex.recipes.vectors import cluster, leading
from hyperlex.scene.archetype import ARCHETYPES, UNKNOWN, archetype_of, archetypes, read_archetypes

_SMALL = ArchetypeConfig(
    classes=2, min_count=1, min_feature=1, max_features=50, dimensions=4, rounds=20
)


def learned(counts: Counter[tuple[str, str]]) -> list[tuple[tuple[str, ...], list[str]]]:
    lemmas, times, weights = matrix(counts, _SMALL)
    vectors = leading(weights, _SMALL.dimensions, _SMALL.seed).vectors
    return table(lemmas, times, vectors, cluster(vectors, times, _SMALL))


@pytest.fixture
def counts() -> Counter[tuple[str, str]]:
    """Verbs of motion and of speech with what stands beside them."""
    made: Counter[tuple[str, str]] = Counter()
    for verb in ("идти", "ехать", "бежать"):
        made.update({(verb, "obl:в+Acc"): 9, (verb, "obl:в+Acc:город"): 5, (verb, "obl:к+Dat"): 4})
    for verb in ("говорить", "сказать", "думать"):
        made.update({(verb, "obl:о+Loc"): 9, (verb, "obl:о+Loc:дело"): 5, (verb, "ccomp:Fin"): 6})
    return made


def test_predicates_with_the_same_arguments_share_a_class(
    counts: Counter[tuple[str, str]],
) -> None:
    classes = {frozenset(lemmas) for _, lemmas in learned(counts)}
    assert classes == {
        frozenset(["идти", "ехать", "бежать"]),
        frozenset(["говорить", "сказать", "думать"]),
    }


def test_the_order_of_counting_does_not_matter(counts: Counter[tuple[str, str]]) -> None:
    other = Counter(dict(sorted(counts.items(), reverse=True)))
    assert to_tsv(learned(counts)) == to_tsv(learned(other))


def test_the_file_says_what_was_learned(counts: Counter[tuple[str, str]], tmp_path: Path) -> None:
    rows = learned(counts)
    path = tmp_path / "archetypes.tsv"
    path.write_text(to_tsv(rows), encoding="utf-8")
    read = read_archetypes(path)
    for number, (gloss, lemmas) in enumerate(rows):
        assert all(read[lemma] == (number, gloss) for lemma in lemmas)
        assert set(gloss) <= set(lemmas)


@pytest.mark.parametrize(
    "text", ["", "# other\n", to_tsv([]) + "0\tидти\n", to_tsv([]) + "x\ta\tb"]
)
def test_a_foreign_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "archetypes.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=r"hyperlex\.recipes\.archetypes"):
        read_archetypes(path)


def test_observations_are_what_stands_beside_a_predicate() -> None:
    sentence, _ = example("Он стоял у двери.")
    assert list(observations(sentence)) == [
        ("стоять", "nsubj:+Nom"),
        ("стоять", "nsubj:+Nom:он"),
        ("стоять", "obl:у+Gen"),
        ("стоять", "obl:у+Gen:дверь"),
    ]


def test_a_sample_shares_its_size_out_among_the_domains(tmp_path: Path) -> None:
    for domain, size in (("law", 50), ("news", 5000), ("tech", 5000)):
        (tmp_path / domain).mkdir()
        text = "".join(f'{{"text": "{"а" * 10}"}}\n' for _ in range(size // 10))
        (tmp_path / domain / "a.jsonl").write_text(text, encoding="utf-8")
    sizes: Counter[str] = Counter()
    for document in sample(tmp_path, 1050):
        sizes[document.domain] += len(document.text)
    assert sizes == {"law": 50, "news": 500, "tech": 500}


def test_an_empty_class_takes_the_farthest_point() -> None:
    vectors = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32)
    config = ArchetypeConfig(classes=3, rounds=5)
    assigned = cluster(vectors, np.array([4, 3, 2, 1]), config)
    assert set(assigned) <= {0, 1, 2}
    assert assigned[3] not in assigned[:3]


@pytest.mark.skipif(not ARCHETYPES.is_file(), reason="the classes are not learned yet")
def test_the_shipped_classes_are_sensible_and_small() -> None:
    assert ARCHETYPES.stat().st_size <= 512 * 1024
    assert 256 <= len({number for number, _ in archetypes().values()}) <= 1024
    for one, other in [("говорить", "сказать"), ("январь", "нету")]:
        number, members = archetype_of(one)
        assert (number == -1) == (members == ())
        assert archetype_of(other)[0] >= -1
    assert archetype_of("нет такого") == UNKNOWN


def test_both_spellings_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "hyperlex.scene.archetype.archetypes", lambda: {"идет": (1, ("идти", "ехать", "плыть"))}
    )
    assert archetype_of("идёт")[0] == 1
