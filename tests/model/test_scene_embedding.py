"""Scene ids without rows: they read as what spells them, and train the words they name."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from hyperlex import HyperTokenizer
from hyperlex.ladder.files import embedded
from hyperlex.ladder.lexicon import EXACT
from hyperlex.ladder.outline import Lexeme
from hyperlex.model.scene_embedding import SceneEmbedding

WIDTH = 8


@pytest.fixture(scope="module")
def with_scenes(tok: HyperTokenizer) -> HyperTokenizer:
    return tok.with_scenes(embedded().first_hyperlexeme + 4_000)


@pytest.fixture(scope="module")
def made(with_scenes: HyperTokenizer) -> SceneEmbedding:
    torch.manual_seed(0)
    return SceneEmbedding(nn.Embedding(with_scenes.layout.first_scene, WIDTH), with_scenes)


@pytest.fixture
def embed(made: SceneEmbedding) -> SceneEmbedding:
    return copy.deepcopy(made)


def test_ids_below_the_scene_range_read_as_the_models_own(embed: SceneEmbedding) -> None:
    ids = torch.tensor([[0, 5], [embed.first - 1, 2]])
    assert torch.equal(embed(ids), embed.embedding(ids))


def test_a_lexeme_reads_as_the_mean_of_the_rows_that_spell_it(
    embed: SceneEmbedding, with_scenes: HyperTokenizer
) -> None:
    lexicon, rows = with_scenes.lexicon, embed.embedding.weight
    for lemma, kind in (("дверь", "N"), ("почтальон", "N"), ("стоять", "V")):
        code = embed.first + lexicon.lexeme_codes[Lexeme(lemma, kind)]
        found = embed(torch.tensor([1, code, 3]))
        expected = rows[with_scenes.encode(f" {lemma}")].mean(0)
        torch.testing.assert_close(found[1], expected)
        torch.testing.assert_close(found[[0, 2]], rows[[1, 3]])


def test_a_hyperlexeme_reads_as_the_mean_of_all_that_spell_its_members(
    embed: SceneEmbedding, with_scenes: HyperTokenizer
) -> None:
    lexicon, rows = with_scenes.lexicon, embed.embedding.weight
    codes = range(lexicon.first_hyperlexeme, with_scenes.layout.scene_size)
    found = embed(embed.first + torch.tensor(codes))
    framed = 0
    for code, vector in zip(codes, found, strict=True):
        frame, items = lexicon.members(code)
        agent = frame.agent.strip("()") if frame else ""
        words = [agent] * (agent != "" and not agent.isascii())
        words += [item.lexeme.lemma for item in items]
        spelled = [index for word in words for index in with_scenes.encode(f" {word}")]
        expected = rows[spelled].mean(0)
        if frame is not None:
            expected = expected + embed.small.weight[lexicon.frame_codes[frame]]
            framed += 1
        torch.testing.assert_close(vector, expected)
    assert 0 < framed < len(codes)


def test_markers_and_frames_have_rows_of_their_own_and_kinds_begin_as_nothing(
    embed: SceneEmbedding, with_scenes: HyperTokenizer
) -> None:
    lexicon = with_scenes.lexicon
    first, second = embed(torch.tensor([embed.first + EXACT, embed.first + EXACT + 1]))
    assert first.abs().sum() > 0 and not torch.equal(first, second)
    assert embed.small.weight[lexicon.first_lexeme :].abs().sum() == 0
    with torch.no_grad():
        embed.small.weight[:] += 1
    door = embed.first + lexicon.lexeme_codes[Lexeme("дверь", "N")]
    expected = embed.embedding.weight[with_scenes.encode(" дверь")].mean(0) + 1
    torch.testing.assert_close(embed(torch.tensor(door)), expected)


def test_reading_a_scene_id_trains_the_words_that_it_names(
    embed: SceneEmbedding, with_scenes: HyperTokenizer
) -> None:
    code = embed.first + with_scenes.lexicon.lexeme_codes[Lexeme("дверь", "N")]
    embed(torch.tensor([code])).sum().backward()
    assert embed.embedding.weight.grad is not None
    touched = embed.embedding.weight.grad.abs().sum(1).nonzero().flatten().tolist()
    assert touched == sorted(set(with_scenes.encode(" дверь")))


def test_the_small_rows_are_all_that_is_stored(embed: SceneEmbedding) -> None:
    assert set(embed.state_dict()) == {"embedding.weight", "small.weight"}
    assert len(embed.small.weight) < 500
