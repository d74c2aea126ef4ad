"""Order-free merging, and negations that keep their word."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from ladder.lexicon_by_hand import lexicon_by_hand

from hyperlex.ladder.merge import Group, attach, merge
from hyperlex.ladder.outline import Frame

LEXICON = lexicon_by_hand()
STOP = LEXICON.size


def code(word: str) -> int:
    return next(c for lexeme, c in LEXICON.lexeme_codes.items() if lexeme.lemma == word)


HE = LEXICON.frame_codes[Frame("он", "past")]

codes = st.lists(st.integers(LEXICON.first_frame, LEXICON.first_hyperlexeme - 1), max_size=12)


@given(codes)
def test_groups_share_out_all_places(scene: list[int]) -> None:
    places = [place for group in merge(scene, LEXICON.merges, STOP) for place in group.places]
    assert sorted(places) == list(range(len(scene)))


@given(codes, st.randoms())
def test_the_order_of_a_scene_does_not_matter(scene: list[int], random: object) -> None:
    shuffled = list(scene)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one = sorted(group.code for group in merge(scene, LEXICON.merges, STOP))
    other = sorted(group.code for group in merge(shuffled, LEXICON.merges, STOP))
    assert one == other


def test_a_scene_without_end_is_joined_stretch_by_stretch() -> None:
    scene = [HE, code("стоять"), code("дверь")] * 20_000
    places = [place for group in merge(scene, LEXICON.merges, STOP) for place in group.places]
    assert sorted(places) == list(range(len(scene)))


def test_hyperlexemes_are_joined_further() -> None:
    assert merge([HE, code("дверь"), code("стоять")], LEXICON.merges, STOP) == [
        Group(STOP - 1, (0, 1, 2))
    ]


def test_a_smaller_vocabulary_uses_the_first_hyperlexemes_only() -> None:
    scene = [HE, code("стоять"), code("дверь")]
    assert merge(scene, LEXICON.merges, STOP - 1) == [Group(HE, (0,)), Group(STOP - 2, (1, 2))]


def test_a_banned_hyperlexeme_is_not_used() -> None:
    scene = [code("стоять"), code("дверь")]
    assert len(merge(scene, LEXICON.merges, STOP, {STOP - 2})) == 2


def test_a_negation_is_joined_with_the_word_after_it_and_no_other() -> None:
    negations = {code("не")}
    after = [code("не"), code("решаться")]
    assert attach(after, negations, LEXICON.merges, STOP) == ([Group(STOP - 3, (0, 1))], [])
    before = [code("решаться"), code("не"), code("стоять")]
    free, fixed = attach(before, negations, LEXICON.merges, STOP)
    assert free == [Group(code("решаться"), (0,))]
    assert fixed == [Group(code("не"), (1,)), Group(code("стоять"), (2,))]


def test_a_negation_before_a_literal_stays_as_it_is() -> None:
    assert attach([code("не"), None], {code("не")}, LEXICON.merges, STOP) == (
        [],
        [Group(code("не"), (0,))],
    )
