"""What the decoder of `codes_and_models` reads: the same exact text whatever stands before it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from hyperlex.ladder.files import embedded

pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]
TEXT = (
    "Старый почтальон стоял у двери, не решаясь войти. Мать ждала у окна и смотрела на дорогу. "
    "Письмо от Анны пришло 14 марта, но никто его не прочёл. В лесу было тихо, и фонарь горел до "
    "утра. Сын писал, что скоро вернётся. Утром Анна постучала в дверь."
)


@pytest.fixture(scope="module")
def decoder() -> Any:
    sys.path.insert(0, str(ROOT))
    try:
        yield importlib.import_module("benchmarks.decoder")
    finally:
        sys.path.remove(str(ROOT))


@pytest.fixture(scope="module")
def sequences(decoder: ModuleType, byte_level, small_tok) -> Any:
    from benchmarks.passages import Coder
    from hyperlex.measure.baselines import RarestFirst

    coder = Coder(small_tok.with_scenes(embedded().first_hyperlexeme))
    lengths = decoder.Lengths(before=8, scenes=24, context=400, following=16, budgets=(24,))
    return decoder.Sequences(coder, RarestFirst([TEXT]), lengths)


@pytest.fixture(scope="module")
def passage(sequences: Any) -> Any:
    return sequences.coder.passage(TEXT, "проза")


def test_scenes_tile_the_exact_ids(sequences: Any, passage: Any) -> None:
    tok = sequences.coder.tok
    assert tok.decode(passage.ids.tolist()) == TEXT
    pieces = passage.pieces(0, len(passage.begins))
    assert np.concatenate(pieces).tolist() == passage.ids.tolist()
    assert len(pieces) > 4
    assert all(len(codes) == len(pieces) for codes in passage.codes.values())
    assert passage.character(passage.edge(len(pieces))) == len(TEXT)


def test_codes_of_a_scene_are_those_of_the_ladder(sequences: Any, passage: Any) -> None:
    import hyperlex

    tok = sequences.coder.tok
    for rung in (1, 2):
        whole = tok.ladder.read(TEXT, hyperlex.scenes(TEXT))
        expected = whole.encode(whole.at_rung(rung)).ids
        assert tuple(sequences.coder.joined(passage.codes[rung])) == expected
    markers = sum(code[0] in sequences.coder.markers for code in passage.codes[3])
    assert markers == len(passage.begins)
    joined = sequences.coder.joined(passage.codes[3])
    assert len(joined) == sum(map(len, passage.codes[3])) - markers + 1


@pytest.mark.parametrize("rung", [0, 1, 2, 3, 4])
def test_the_exact_text_alone_is_scored_and_always_the_same(
    sequences: Any, passage: Any, rung: int
) -> None:
    scenes = len(passage.begins)
    before = passage.ids[:5]
    codes = sequences.codes(passage, 0, scenes, rung) if rung else None
    given = sequences.told(before, passage.pieces(0, scenes), codes)
    assert given.ids[given.scored].tolist() == passage.ids.tolist()
    assert given.ids[0] == sequences.coder.end
    extra = len(given) - 1 - len(before) - len(passage.ids)
    assert extra == (sum(len(code) + 1 for code in codes) if codes else 0)


def test_every_context_keeps_its_budget_and_what_follows(
    decoder: ModuleType, sequences: Any, passage: Any
) -> None:
    following = np.array([3, 1, 4])
    for system in (decoder.NO_CONTEXT, decoder.FULL, *decoder.SHORTENED):
        for budget in (8, 24, 40):
            given = sequences.after(passage, following, system, budget)
            assert given.ids[given.scored].tolist() == [3, 1, 4]
            taken = len(given) - 1 - len(following)
            if system == decoder.FULL:
                assert taken == len(passage.ids)
            else:
                assert taken <= budget
            if system == decoder.NO_CONTEXT:
                assert taken == 0
            if system in (decoder.LAST, decoder.POOLED):
                assert taken == budget


def test_a_mixed_context_ends_in_exact_text(
    decoder: ModuleType, sequences: Any, passage: Any
) -> None:
    following = np.array([3, 1, 4])
    given = sequences.after(passage, following, "rung 1, then exact", 60, learn=True)
    tail = given.ids[given.scored][:-3]
    assert 0 < len(tail) <= 30
    assert tail.tolist() == passage.ids[-len(tail) :].tolist()
    told = given.ids[1 : len(given) - len(tail) - 3]
    assert sequences.coder.tok.layout.is_scene(int(told[0]))


def test_a_part_of_a_passage_is_a_passage(sequences: Any, passage: Any) -> None:
    part = sequences.part(passage, 4)
    assert TEXT.startswith(part.text)
    assert sequences.coder.tok.encode(part.text) == part.ids.tolist()
    assert part.begins.tolist() == passage.begins[:4].tolist()
    assert part.stops[-1] == len(part.text)


def test_passages_are_read_as_they_were_written(
    sequences: Any, passage: Any, tmp_path: Path
) -> None:
    sequences.coder.write(tmp_path / "kept.jsonl", [passage])
    (read,) = sequences.coder.read(tmp_path / "kept.jsonl")
    assert read.codes == passage.codes and read.text == passage.text
    for name in ("ids", "stops", "begins"):
        assert getattr(read, name).tolist() == getattr(passage, name).tolist()


def test_training_lowers_the_loss_and_is_the_same_twice(
    decoder: ModuleType, sequences: Any, passage: Any
) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    threads = torch.get_num_threads()
    torch.set_num_threads(1)

    def once() -> list[float]:
        torch.manual_seed(0)
        shape = LlamaConfig(
            vocab_size=sequences.coder.first,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            tie_word_embeddings=True,
        )
        model = LlamaForCausalLM(shape)
        options = decoder.Training(flops=1e9, rate=1e-2, places=512)
        made = decoder.Decoder(model, sequences.coder.tok)
        losses: list[float] = decoder.train(made, sequences, [passage] * 4, options)
        return losses

    try:
        first = once()
        assert first == once()
    finally:
        torch.set_num_threads(threads)
    assert len(first) > 10 and np.mean(first[-3:]) < np.mean(first[:3]) - 0.5


@pytest.mark.slow
def test_a_dry_run_measures_all_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    command = [sys.executable, "-m", "benchmarks.run", "codes_and_models", "--dry-run"]
    run = subprocess.run(
        [*command, "--results", str(out)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert "none is written" in run.stdout and not out.exists()
