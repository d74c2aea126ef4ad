"""Learning a lexicon: counts, merges and their usual shapes, on scenes written by hand."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hyperlex.codebook.corpus import Document
from hyperlex.ladder.files import to_bytes
from hyperlex.ladder.outline import Lexeme
from hyperlex.recipes.ladder.lexicon import LexiconConfig, all_frames, learn_lexicon
from hyperlex.recipes.ladder.merges import attached, learn_merges, usual_shapes, with_attached
from hyperlex.recipes.ladder.observations import observe, read_observations, write_observations

TEXTS = [
    "Он стоял у двери. Она не решалась войти.",
    "Сторож стоял у двери и курил. Никто не решался войти первым.",
    "Мы долго стояли у двери. Гость не решался войти.",
    "Мальчик стоял у двери, не решаясь войти.",
]
SMALL = LexiconConfig(lexemes=50, min_count=2, hyperlexemes=20)

scenes = st.lists(st.lists(st.integers(0, 6), max_size=6).map(tuple), max_size=30)


def test_the_pair_that_most_scenes_hold_comes_first() -> None:
    made = learn_merges([(0, 1, 2), (2, 1), (1, 2), (0, 2)], [0, 1, 2, 3], 3, 5, 2, 2)
    assert made[0] == (1, 2)
    assert made[1:] == []  # what is left beside the pair is too rare


@given(scenes)
def test_each_merge_is_found_where_it_was_counted(scenes: list[tuple[int, ...]]) -> None:
    made = learn_merges(scenes, list(range(len(scenes))), 7, 10, 3, 3)
    assert len(set(made)) == len(made)
    for number, (left, right) in enumerate(made):
        assert left < right < 7 + number
    assert made == learn_merges(scenes, list(range(len(scenes))), 7, 10, 3, 3)


def test_a_pair_of_one_document_is_not_learned() -> None:
    assert learn_merges([(0, 1)] * 5, [0, 0, 0, 0, 0], 2, 5, 3, 3) == []


def test_a_negation_is_joined_only_where_it_adjoins() -> None:
    held = [(0, 1, 2), (0, 1, 2), (0, 2, 1)]
    pairs = attached(held, [0, 1, 2], {1}, 2)
    assert pairs == [(1, 2)]
    joined = {(1, 2): 3}
    assert with_attached((0, 1, 2), {1}, joined) == (0, 3)
    assert with_attached((0, 2, 1), {1}, joined) == (0, 2)


def test_a_shape_has_the_most_frequent_order_and_slots_found_more_often_than_not() -> None:
    held = [(0, 1, 2), (0, 1, 2), (0, 2, 1)]
    slots = [[0, 5, 6], [0, 5, 7], [0, 8, 5]]
    assert usual_shapes(held, slots, [(1, 2)], 3, 1) == [((1, 5), (2, 0))]


def test_a_lexicon_is_learned_from_texts(tmp_path: Path) -> None:
    observed = tmp_path / "observed.jsonl.gz"
    documents = [Document(text, "fiction") for text in TEXTS]
    write_observations(observed, documents, processes=1)
    kept = list(read_observations(observed))
    assert kept == [o for number, text in enumerate(TEXTS) for o in observe(number, text)]
    lexicon = learn_lexicon(kept, SMALL)
    assert Lexeme("дверь", "N") in lexicon.lexeme_codes
    names = [lexicon.name(code) for code in range(lexicon.first_hyperlexeme, lexicon.size)]
    assert any("стоять·дверь" in name for name in names), names
    assert to_bytes(lexicon) == to_bytes(learn_lexicon(kept, SMALL))


def test_no_frame_is_missing() -> None:
    frames = all_frames()
    assert len(set(frames)) == len(frames)
    assert {frame.name for frame in frames} >= {
        "nominal",
        "он·past",
        "(ты)·imperative",
        "кто·past?",
    }
