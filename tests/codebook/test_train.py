"""Training: what it chooses, against slow and obvious counting; hooks, determinism, wrong input."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import SPLITS, byte_level_base
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_text

from hyperlex import train_codebook
from hyperlex.codebook import Document
from hyperlex.codebook.base import BaseTokenizer
from hyperlex.codebook.edges import INNER, closes_at, opens_at
from hyperlex.codebook.files import to_bytes
from hyperlex.codebook.spans import punctuation_starts
from hyperlex.codebook.train.grams import Grams, _edges, count_grams
from hyperlex.codebook.train.pieces import learn_pieces
from hyperlex.codebook.train.select import Selector
from hyperlex.codebook.train.stream import UnitStream, read_units
from hyperlex.codebook.train.train import domain_weights
from hyperlex.errors import ConfigError, VocabularyError

OPTIONS: dict[str, Any] = {"min_count": 2, "min_documents": 1, "workers": 1}


@pytest.fixture(scope="module")
def base(samples: dict[str, str]) -> BaseTokenizer:
    return byte_level_base("gpt2", list(samples.values()))


def read(base: BaseTokenizer, texts: list[Any], **changes: Any) -> UnitStream:
    options = {"max_characters": 10**9, "workers": 1, "scene_starts": punctuation_starts} | changes
    documents = [t if isinstance(t, Document) else Document(t, "text") for t in texts]
    return read_units(base, documents, progress=lambda *told: None, **options)


def counted(stream: UnitStream, **changes: Any) -> Grams:
    options = {"max_units": 4, "min_count": 2, "min_documents": 1} | changes
    weight = np.ones(len(stream.ids), np.float32)
    return count_grams(stream, [str(n) for n in stream.names], weight, **options)


def spans(stream: UnitStream) -> list[list[str]]:
    edges = [*np.flatnonzero(stream.starts_span), len(stream.ids)]
    names = [stream.names[i] for i in stream.ids]
    return [names[a:b] for a, b in itertools.pairwise(edges)]


def test_spans_are_read_as_punctuation_cuts_them(base: BaseTokenizer) -> None:
    stream = read(base, ["Он вошёл. Она встала; он сел.\nТихо."])
    joined = ["".join(span) for span in spans(stream)]
    assert joined == ["Он вошёл.", " Она встала;", " он сел.", "\n", "Тихо."]


def test_parallel_reading_is_the_same(base: BaseTokenizer, samples: dict[str, str]) -> None:
    texts = list(samples.values()) * 40
    one, two = read(base, texts), read(base, texts, workers=2)
    assert one.names == two.names
    assert np.array_equal(one.ids, two.ids)
    assert np.array_equal(one.starts_span, two.starts_span)


def test_a_corpus_above_the_budget_is_thinned_by_documents(base: BaseTokenizer) -> None:
    texts = [f"Письмо номер {n}. Его никто не прочёл." for n in range(200)]
    whole, some = read(base, texts), read(base, texts, max_characters=3000)
    again = read(base, texts[::-1], max_characters=3000)
    assert 0 < some.characters[0] <= 3000 < whole.characters[0]
    assert some.dropped == 200 - some.starts_document.sum()
    # Order does not decide which documents stay.
    assert sorted(map(tuple, spans(some))) == sorted(map(tuple, spans(again)))


def test_thinning_keeps_a_fair_share_of_a_long_corpus(base: BaseTokenizer) -> None:
    """Every part of a corpus ten times the budget is kept alike, whatever came first."""
    texts = [f"Письмо номер {n}." for n in range(3000)]
    budget = sum(map(len, texts)) // 10
    stream = read(base, texts, max_characters=budget)
    kept = ["".join(span) for span in spans(stream)]
    numbers = [int(text.split()[-1].rstrip(".")) for text in kept if "номер" in text]
    assert budget / 3 < stream.characters[0] <= budget
    tenths = Counter(number // 300 for number in numbers)
    assert min(tenths[n] for n in range(10)) > len(numbers) / 40


@pytest.mark.parametrize("workers", [1, 2])
def test_a_text_that_cannot_be_split_ends_training(samples: dict[str, str], workers: int) -> None:
    cl100k = byte_level_base("cl100k", list(samples.values()))
    texts = ["Он вошёл. " * 9, "х" + " " * 11_000_000 + "х"]
    with pytest.raises(VocabularyError, match="could not be split"):
        train_codebook(cl100k, texts, size=5, **(OPTIONS | {"workers": workers}))


def test_grams_are_counted_as_by_hand(base: BaseTokenizer, samples: dict[str, str]) -> None:
    """Every run of two to four units, inside spans, that occurs twice; legal places only."""
    stream = read(base, list(samples.values()))
    grams = counted(stream)
    expected: Counter[tuple[str, ...]] = Counter()
    for span in spans(stream):
        for n in (2, 3, 4):
            expected.update(tuple(span[i : i + n]) for i in range(len(span) - n + 1))
    frequent = {gram for gram, count in expected.items() if count >= 2}
    found = {
        tuple(str(stream.names[u]) for u in grams.spell(g))
        for level in grams.levels
        for g in range(level.first, level.stop)
    }
    assert found == frequent
    for level in grams.levels:
        met = Counter(level.grams.tolist())
        for gram, count in met.items():
            spelled = tuple(str(stream.names[u]) for u in grams.spell(gram))
            assert count <= expected[spelled]  # places where an edge cuts a word are left out


def phrases(stream: UnitStream, **changes: Any) -> Counter[str]:
    """How often each gram stands where a phrase may."""
    grams = counted(stream, **changes)
    return Counter(
        "".join(str(stream.names[u]) for u in grams.spell(g))
        for level in grams.levels
        for g in level.grams.tolist()
    )


@given(st.lists(any_text, min_size=1, max_size=4))
def test_edges_in_a_corpus_are_those_of_each_text(
    any_base: BaseTokenizer, texts: list[str]
) -> None:
    """No neighbour in the corpus changes where a phrase may begin or end in a text."""
    stream = read(any_base, texts)
    opens, closes = _edges(stream, [str(name) for name in stream.names])
    place = 0
    for text in filter(None, texts):
        at = 0
        for unit, _ in any_base.splitter.pre_tokenize_str(text):
            stop = at + len(unit)
            assert opens[place] == (opens_at(text, at) and bool(unit.strip())), (text, unit)
            assert closes[place] == (closes_at(text, stop) and not unit[-1].isspace()), (text, unit)
            place, at = place + 1, stop
    assert place == len(stream.ids)


def test_a_phrase_at_the_end_of_a_document_is_counted(base: BaseTokenizer) -> None:
    """The next document may begin with anything: it is another text."""
    ends = ["он стоял у двери"] * 3
    for beginning in ("жёг", "5", "-то", "."):
        assert phrases(read(base, [*ends, beginning]))[" у двери"] == 3, beginning
    assert phrases(read(base, ["двери\n", "у двери"] * 3))["у двери"] == 3


@pytest.mark.parametrize("split", list(SPLITS))
@pytest.mark.parametrize("hyphen", [*INNER])
def test_no_phrase_begins_or_ends_inside_a_word(
    samples: dict[str, str], split: str, hyphen: str
) -> None:
    words = ("кто-нибудь", "где-нибудь", "как-нибудь", "5-й", "2-х", "из-за", "Су-27")
    texts = [" ".join(words[n:] + words[:n]).replace("-", hyphen) for n in range(len(words))]
    base = byte_level_base(split, list(samples.values()))
    found = phrases(read(base, texts), max_units=8)
    assert any(len(phrase.split()) > 1 for phrase in found)
    whole = {word.replace("-", hyphen) for word in words}
    for phrase in found:
        assert set(phrase.split()) <= whole


def test_grams_must_occur_in_several_documents(base: BaseTokenizer) -> None:
    texts = ["стоял у двери, стоял у двери", "лежал на столе", "лежал на столе"]
    stream = read(base, texts)
    names = {
        "".join(str(stream.names[u]) for u in counted(stream, min_documents=2).spell(g))
        for level in counted(stream, min_documents=2).levels
        for g in range(level.first, level.stop)
    }
    assert " на столе" in names
    assert " у двери" not in names


def greedy(span: list[str], active: set[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Longest match, left to right, slowly."""
    result, at = [], 0
    while at < len(span):
        for stop in range(len(span), at, -1):
            if stop == at + 1 or tuple(span[at:stop]) in active:
                result.append(tuple(span[at:stop]))
                at = stop
                break
    return result


@given(st.data())
def test_the_parse_is_longest_match_in_every_span(
    base: BaseTokenizer, samples: dict[str, str], data: st.DataObject
) -> None:
    stream = read(base, [samples["law"], samples["talk"]])
    grams = counted(stream)
    legal = sorted({int(g) for level in grams.levels for g in level.grams})
    chosen = data.draw(st.sets(st.sampled_from(legal), max_size=20))
    # Grams whose edges are word edges at some places only would need the edge rule here, too.
    places = {g: sum(int((lv.grams == g).sum()) for lv in grams.levels) for g in chosen}
    spelled = {g: tuple(str(stream.names[u]) for u in grams.spell(g)) for g in chosen}
    everywhere: Counter[tuple[str, ...]] = Counter()
    for span in spans(stream):
        for n in (2, 3, 4):
            everywhere.update(tuple(span[i : i + n]) for i in range(len(span) - n + 1))
    chosen = {g for g in chosen if places[g] == everywhere[spelled[g]]}
    active = np.zeros(len(grams.length), np.bool_)
    active[sorted(chosen)] = True
    usage = Selector(stream, grams).parse(active)
    expected: Counter[tuple[str, ...]] = Counter()
    whole: Counter[tuple[str, ...]] = Counter()
    for span in spans(stream):
        tokens = greedy(span, {spelled[g] for g in chosen})
        expected.update(tokens)
        whole.update(tokens if len(tokens) == 1 else [])
    for g in chosen:
        assert usage.count[g] == expected[spelled[g]]
        assert usage.whole[g] == whole[spelled[g]]
    assert usage.count.sum() == sum(expected.values())


def test_cost_without_is_the_cost_of_the_next_best_parse(
    base: BaseTokenizer, samples: dict[str, str]
) -> None:
    stream = read(base, list(samples.values()))
    grams = counted(stream)
    selector = Selector(stream, grams)
    rng = np.random.default_rng(3)
    active = np.zeros(len(grams.length), np.bool_)
    active[rng.choice(len(active), len(active) // 3, replace=False)] = True
    cost = np.array([1.0 + len(str(n)) for n in stream.names])
    without = selector.cost_without(active, cost)
    spelled = {g: tuple(map(str, grams.spell(g))) for g in range(len(active))}
    for level in grams.levels:
        for g in range(level.first, level.stop):
            others = {spelled[o] for o in np.flatnonzero(active) if o != g}
            tokens = greedy(list(spelled[g]), others)
            slow = sum(
                1.0 if t in others else cost[int(t[0])] if len(t) == 1 else 1.0 for t in tokens
            )
            assert without[g] == slow


def test_training_is_deterministic(base: BaseTokenizer, samples: dict[str, str]) -> None:
    made = [
        to_bytes(train_codebook(base, list(samples.values()), size=90, **OPTIONS)) for _ in "12"
    ]
    assert made[0] == made[1]


def test_training_reaches_the_size_and_saves_tokens(
    base: BaseTokenizer, samples: dict[str, str]
) -> None:
    texts = list(samples.values())
    tokens = []
    for size in (1, 20, 90, 150):
        codebook = train_codebook(base, texts, size=size, **OPTIONS)
        assert len(codebook) == size
        tokens.append(sum(len(codebook.collapse(base.encode(t))) for t in texts))
    assert tokens == sorted(tokens, reverse=True)
    assert tokens[-1] < 0.75 * sum(len(base.encode(t)) for t in texts)


def test_every_domain_has_a_say(base: BaseTokenizer) -> None:
    """A small domain beside one a hundred times as large: balance brings its phrase in."""
    large = Document("в соответствии с законом, в порядке закона, согласно закону. " * 300, "закон")
    small = Document("вот те на, сказал дед. Вот те на! Ну, вот те на. " * 3, "сказка")
    options = OPTIONS | {"min_count": 3}
    met = []
    for balance in (0.0, 1.0):
        codebook = train_codebook(base, [large, small], size=14, balance=balance, **options)
        met.append({e.text for e in codebook if "те на" in e.text})
    assert not met[0] and met[1]


def test_domain_weights_keep_the_total() -> None:
    sizes = [100, 10_000, 1_000_000]
    for balance in (0.0, 0.5, 1.0):
        weights = domain_weights(sizes, balance)
        assert np.dot(weights, sizes) == pytest.approx(sum(sizes), rel=1e-5)
    assert np.allclose(domain_weights(sizes, 1.0) * sizes, sum(sizes) / 3)


def test_the_scene_hook_decides_where_phrases_end(base: BaseTokenizer) -> None:
    text = "он стоял у двери и ждал. " * 10
    free = train_codebook(base, [text], size=12, **OPTIONS)
    assert any("двери и" in e.text for e in free)

    def before_and(text: str) -> list[int]:
        return [i for i in range(len(text)) if text.startswith(" и ", i)]

    cut = train_codebook(base, [text], size=12, scene_starts=before_and, **OPTIONS)
    assert not any("двери и" in e.text for e in cut)


def test_pieces_follow_morphemes_before_they_cross_them() -> None:
    words = [((1, 2, 3, 4), 10.0), ((5, 2, 3, 6), 9.0)]
    seam, edges = 100, [frozenset({0, 4, 8})] * 2

    def learn(crossing: float) -> list[tuple[int, int]]:
        made = learn_pieces(
            words,
            seam=seam,
            limit=9,
            least_gain=0.01,
            accept=lambda pair: True,
            edges=edges,
            crossing=crossing,
        )
        assert made.gains == sorted(made.gains, reverse=True)
        return made.parts

    assert learn(1.0)[0] == (2, 3)  # the most frequent pair
    within = learn(0.01)
    # Inside morphemes, and whole morphemes beside one another; (2, 3) is neither.
    assert {(1, 2), (3, 4), (5, 2), (3, 6)} < set(within) and (2, 3) not in within
    assert len(within) == 6


def test_a_crossing_merge_is_weighed_and_not_forbidden() -> None:
    """(2, 3) crosses an edge in both words: it is worth 19, or 9.5, or 1.9."""
    words = [((1, 2, 3, 4), 10.0), ((5, 2, 3, 6), 9.0)]
    for crossing, first in ((1.0, (2, 3)), (0.6, (2, 3)), (0.5, (1, 2)), (0.1, (1, 2))):
        made = learn_pieces(
            words,
            seam=100,
            limit=1,
            least_gain=1.0,
            accept=lambda pair: True,
            edges=[frozenset({0, 4, 8})] * 2,
            crossing=crossing,
        )
        assert made.parts == [first]
        assert made.uses == [19.0 if first == (2, 3) else 10.0]  # what the parse will do


def test_a_piece_keeps_the_word_that_it_was_learned_from() -> None:
    words = [((7, 1, 2, 1, 2), 4.0), ((1, 2), 3.0)]
    made = learn_pieces(words, seam=100, limit=2, least_gain=1.0, accept=lambda pair: True)
    assert made.parts == [(1, 2), (7, 100)]
    assert made.examples == [(0, 1), (0, 0)]
    assert made.first(1).uses == [11.0]


def test_the_morpheme_hook_decides_where_pieces_end(samples: dict[str, str]) -> None:
    """Invented words of two morphemes, in every combination, that all have «ар» where they meet."""
    heads, tails = ("бамыа", "дукиа", "велуа", "гузиа"), ("рымс", "роже", "рупа", "рыло")
    words = [head + tail for head in heads for tail in tails]
    base = byte_level_base("gpt2", list(samples.values()))

    def crossing_pieces(crossing: float) -> list[str]:
        codebook = train_codebook(
            base,
            [" ".join(words)],
            size=8,
            max_units=1,
            morpheme_cuts=lambda word: (5,) if word in words else (),
            crossing=crossing,
            **OPTIONS,
        )
        return [e.morphemes for e in codebook if "|" in e.morphemes]

    assert crossing_pieces(1.0)
    assert not crossing_pieces(0.01)


def test_entries_keep_their_morphemes(base: BaseTokenizer) -> None:
    def cuts(word: str) -> tuple[int, ...]:
        return {"подоконник": (3, 7), "подоконники": (3, 7, 10), "у": ()}.get(word, ())

    texts = ["у подоконника, подоконники подоконник и подоконники. "] * 9
    codebook = train_codebook(base, texts, size=12, morpheme_cuts=cuts, **OPTIONS)
    by_text = {e.text: e.morphemes for e in codebook}
    assert all(marked.replace("|", "") == text for text, marked in by_text.items())
    phrases = {e.text: e.morphemes for e in codebook if e.kind == "phrase"}
    assert any("под|окон|ник|и" in marked for marked in phrases.values())
    assert not any("у|" in marked for marked in phrases.values())
    plain = train_codebook(base, texts, size=12, **OPTIONS)
    assert {e.morphemes for e in plain} == {""}


def test_a_piece_shows_the_morphemes_of_its_word(base: BaseTokenizer) -> None:
    """«одокон» is no word: its cut is that of «подоконник»."""
    texts = [f"подоконник{end}" for end in "ауеи"] * 4
    codebook = train_codebook(
        base,
        texts,
        size=5,
        morpheme_cuts=lambda word: (3, 7, 10) if len(word) > 10 else (),
        **(OPTIONS | {"min_count": 9}),
    )
    marked = [e.morphemes for e in codebook if e.kind == "piece"]
    assert any("|" in text for text in marked)
    assert all(text.strip("�") in " под|окон|ник|" for text in marked), marked


def test_a_refused_pair_is_never_merged() -> None:
    made = learn_pieces(
        [((1, 2, 3), 5.0)], seam=10, limit=5, least_gain=0, accept=lambda pair: pair != (1, 2)
    )
    assert made.parts == [(2, 3), (1, 10)]


@given(st.lists(st.tuples(st.lists(st.integers(0, 4), min_size=1, max_size=7), st.integers(1, 9))))
def test_pieces_are_those_of_counting_anew(words: list[tuple[list[int], int]]) -> None:
    """Against byte-pair merging that counts all pairs again after each merge."""
    weighted = [(tuple(ids), float(weight)) for ids, weight in words]
    made = learn_pieces(weighted, seam=10, limit=6, least_gain=1.0, accept=lambda pair: True)
    state = [(list(ids), weight) for ids, weight in weighted]
    for rank, pair in enumerate(made.parts):
        counts: Counter[tuple[int, int]] = Counter()
        for ids, weight in state:
            for both in itertools.pairwise(ids):
                counts[both] += weight  # type: ignore[assignment]
        best = max(counts.values())
        assert counts[pair] == best
        assert pair == min(p for p, c in counts.items() if c == best)
        state = [(replaced(ids, pair, 10 + rank), weight) for ids, weight in state]


def replaced(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    result: list[int] = []
    at = 0
    while at < len(ids):
        if tuple(ids[at : at + 2]) == pair:
            result.append(new)
            at += 2
        else:
            result.append(ids[at])
            at += 1
    return result


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 0}, "size=0"),
        ({"size": -5}, "size=-5"),
        ({"size": 2.5}, "size=2.5"),
        ({"size": 10, "balance": 2}, "balance=2"),
        ({"size": 10, "max_units": 99}, "max_units=99"),
        ({"size": 10, "min_count": 1}, "min_count=1"),
        ({"size": 10, "crossing": 0}, "crossing=0"),
        ({"size": 10, "crossing": 1.5}, "crossing=1.5"),
        ({"size": 10, "colour": "red"}, "colour"),
    ],
)
def test_a_bad_option_is_refused(
    base: BaseTokenizer, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        train_codebook(base, ["Текст."], **options)


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_an_empty_corpus_is_refused(base: BaseTokenizer, texts: list[str]) -> None:
    with pytest.raises(ConfigError, match="holds no text"):
        train_codebook(base, texts, size=10, **OPTIONS)


def test_more_entries_than_candidates_are_refused(base: BaseTokenizer) -> None:
    with pytest.raises(VocabularyError, match=r"size=5000: the corpus has only \d+ candidates"):
        train_codebook(base, ["Он стоял у двери. " * 5], size=5000, **OPTIONS)


def test_a_surrogate_in_a_corpus_is_passed_over(base: BaseTokenizer) -> None:
    text = "он стоял у двери \ud83d и ждал. " * 10
    assert len(train_codebook(base, [text], size=5, **OPTIONS)) == 5


def test_progress_is_told(base: BaseTokenizer, samples: dict[str, str]) -> None:
    stages: list[str] = []
    told: Callable[[str, int, int | None], None] = lambda stage, *_: stages.append(stage)  # noqa: E731
    train_codebook(base, list(samples.values()), size=20, progress=told, **OPTIONS)
    assert {"reading", "counting", "pruning"} <= set(stages)


def test_progress_never_passes_its_end(base: BaseTokenizer, samples: dict[str, str]) -> None:
    told: list[tuple[str, int, int]] = []

    def tell(stage: str, done: int, total: int | None) -> None:
        if total is not None:
            told.append((stage, done, total))

    for size in (20, 150):
        train_codebook(base, list(samples.values()), size=size, progress=tell, **OPTIONS)
    assert {"pruning"} <= {stage for stage, _, _ in told}
    assert all(0 <= done <= total for _, done, total in told)
    assert any(0 < done == total for _, done, total in told)
