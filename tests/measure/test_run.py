"""A whole measurement: figures by hand, the same bytes twice, and every part of the report."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from measure.peer_by_hand import ByHand

from hyperlex.errors import ConfigError, HyperlexError
from hyperlex.measure import measure
from hyperlex.measure.bootstrap import FEW
from hyperlex.measure.markdown import render
from hyperlex.measure.peer import FastPeer, HyperPeer
from hyperlex.measure.texts import Text

ROOT = Path(__file__).parents[2]
HOUSE = "Анна подходила к дому, а потом постояла у окна 5 минут."
DOOR = "Дед открыл дверь."


def pair_of_peers() -> list[ByHand]:
    words = [text.replace(" ", "| ") for text in (HOUSE, DOOR)]
    halves = [text.replace("дому", "до|му").replace("дверь", "две|рь") for text in words]
    whole = ["Анна подходила| к дому,| а потом| постояла| у окна| 5 минут.", "Дед открыл| дверь."]
    hyper = ["Анна подходила", " к дому,", " а потом", " у окна", " 5 минут.", "Дед открыл"]
    return [ByHand("whole", *whole, hyper=hyper), ByHand("cut", *halves)]


@pytest.fixture(scope="module")
def report():
    texts = [Text(HOUSE, "a"), Text(DOOR, "b")]
    return measure(
        texts, pair_of_peers(), reference="cut", draws=200, parallel=[(DOOR, DOOR), (HOUSE, DOOR)]
    )


def test_figures_by_hand(report) -> None:
    # whole: 6 + 2 tokens; cut: 11 words and «до|му», 3 words and «две|рь»: 12 + 4 tokens.
    assert report.size.characters == 55 + 17
    assert report.size.words == 11 + 3
    for name, tokens in (("whole", 8), ("cut", 16)):
        assert report.value(name, "characters_per_token") == 72 / tokens
        assert report.value(name, "tokens_per_word") == tokens / 14
        assert report.value(name, "bytes_per_token") == (97 + 31) / tokens
        assert report.value(name, "normalised_length") == tokens / 16
        assert report.value(name, "tokens_per_scene") == tokens / 3
        assert report.value(name, "tokens_per_clause") == tokens / 3
    assert report.value("whole", "hypertoken_coverage") == (14 + 8 + 8 + 7 + 9 + 10) / 72
    assert report.value("whole", "base_tokens_per_hypertoken") == 2
    assert report.value("whole", "single_token_words") == 1
    assert report.value("cut", "single_token_words") == 12 / 14
    assert report.value("cut", "whole_word_edges") == 12 / 14  # 14 edges, two inside words
    assert report.value("whole", "whole_word_edges") == 1
    assert report.value("cut", "premium") == (4 + 12) / (4 + 4)
    assert report.value("cut", "vocabulary_use") == 1
    # tokens per character: 12/55 and 4/17, so Gini is their difference over twice their sum
    costs = 12 / 55, 4 / 17
    expected = abs(costs[0] - costs[1]) / (2 * sum(costs))
    assert report.value("cut", "domain_gini") == pytest.approx(expected)


def test_what_does_not_apply_is_absent(report) -> None:
    assert "hypertoken_coverage" not in report.row("cut").scores
    assert "unknown_tokens" not in report.row("cut").scores
    assert math.isnan(report.value("whole", "joint_precision"))  # no cut at all


def test_what_was_not_counted_has_no_number(report) -> None:
    found = report.as_object()
    parts = ("clauses", "scenes", "propositions")
    assert [found["size"][part] for part in parts] == [None] * 3
    assert all(found["sample"][part] > 0 for part in parts)


def test_the_ranking_begins_with_the_fewest_tokens(report) -> None:
    assert [row.tokenizer for row in report.rows] == ["whole", "cut"]
    order = [metric.key for metric in report.metrics]
    for row in report.rows:
        assert list(row.scores) == [key for key in order if key in row.scores]


def test_differences_are_from_the_reference(report) -> None:
    assert report.reference == report.base == "cut"
    score = report.row("whole").scores["tokens_per_word"]
    assert score.difference.value == pytest.approx((8 - 16) / 14)
    assert all(s.difference is None for s in report.row("cut").scores.values())
    assert report.row("whole").scores["renyi_efficiency"].difference is None


def test_few_documents_are_said_to_be_few(report) -> None:
    assert report.resampling.unit == "block"
    assert report.resampling.clusters == 2
    assert "Documents are few" in render(report)


def test_blank_texts_are_no_documents() -> None:
    texts = [Text(DOOR, "a"), *[Text(" \n", "a")] * FEW, Text("", "a")]
    report = measure(texts, pair_of_peers(), draws=20)
    assert (report.resampling.unit, report.resampling.clusters) == ("block", 1)
    assert report.size.documents == 1


def test_many_documents_are_resampled() -> None:
    texts = [Text(DOOR, "a")] * FEW
    report = measure(texts, pair_of_peers(), draws=20)
    assert (report.resampling.unit, report.resampling.clusters) == ("document", FEW)
    assert report.domains == ()  # one domain is no comparison
    assert "Documents are few" not in render(report)


def test_domains_add_up_to_the_whole(report) -> None:
    assert [domain.name for domain in report.domains] == ["a", "b"]
    assert sum(domain.size.characters for domain in report.domains) == report.size.characters
    value = report.domains[1].rows[0].scores["tokens_per_word"].interval.value
    assert value == 2 / 3


def test_histograms_count_every_token(report) -> None:
    for histograms in (report.lengths, report.kinds):
        assert [sum(h.tokens.values()) for h in histograms] == [8, 16]
    lengths = report.lengths[0].tokens
    assert lengths["14"] == 1 and lengths["8"] == 2 and lengths["16+"] == 0


def test_report_holds_what_readers_look_at(report) -> None:
    assert report.passage.text == HOUSE
    assert [len(cut.runs) for cut in report.passage.cuts] == [6, 12]
    assert {e.word for e in report.alignments} == {"подходила", "постояла"}
    assert [t.hyper for t in report.tokenizers] == [6, 0]
    assert all(t.exact for t in report.tokenizers)
    assert report.libraries["numpy"]


def test_json_is_plain_and_complete(report) -> None:
    read = json.loads(report.json())
    assert read["format_version"] == 1
    assert read["rows"][0]["scores"]["tokens_per_word"]["interval"]["value"] == 0.57142857
    assert read["rows"][0]["scores"]["joint_precision"]["interval"]["value"] is None
    assert "NaN" not in report.json()


def test_markdown_names_every_metric_and_every_tokenizer(report) -> None:
    written = render(report)
    for metric in report.metrics:
        assert f"`{metric.key}`" in written and metric.definition in written
    assert written.count("| whole |") > 3
    assert "## By domain: characters / token" in written
    assert "| под-ход-и-л-а | подходила | подходила |" in written


def test_skipped_tokenizers_are_in_every_form(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    report = measure([DOOR], [*pair_of_peers(), tmp_path / "empty"], draws=20)
    assert [s.name for s in report.skipped] == ["empty"]
    assert "holds no tokenizer" in render(report)
    assert "holds no tokenizer" in report.json()
    assert str(tmp_path / "empty") in report.skipped[0].reason


def test_a_lossy_tokenizer_is_called_one() -> None:
    peer = ByHand("lossy", DOOR.replace(" ", "| "))
    peer.decode = lambda ids: "Дед."  # type: ignore[method-assign]
    report = measure([DOOR], [peer], draws=20)
    assert not report.tokenizers[0].exact
    assert "does not give back the text" in render(report)


def test_counts_are_those_of_the_tokenizers(byte_level, small_tok, texts: list[str]) -> None:
    peers = [HyperPeer("hyper", small_tok), FastPeer("base", byte_level)]
    report = measure(texts, peers, draws=20, limit=2_000)
    characters = sum(map(len, texts))
    for name, encode in (("hyper", small_tok.encode), ("base", byte_level.encode)):
        tokens = sum(len(encode(text)) for text in texts)
        assert report.value(name, "characters_per_token") == characters / tokens
    assert 0 < report.sample.characters < characters
    assert report.value("hyper", "dead_ids") > 0
    # Hypertokens heal words that base tokens cut, and expanded they are the base.
    healed, cut = "single_token_words", "base_single_token_words"
    assert report.value("hyper", healed) > report.value("hyper", cut)
    assert report.value("hyper", cut) == report.value("base", healed)
    assert cut not in report.row("base").scores


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"reference": "нет"}, "'нет' is not among the tokenizers"),
        ({"base": "нет"}, "The base 'нет'"),
        ({"limit": 0}, "limit=0"),
        ({"documents": 0}, "documents=0"),
        ({"draws": 0}, "draws=0"),
        ({"tokenizers": ["./nowhere"]}, "No tokenizer to measure could be loaded.*nowhere"),
        ({"texts": []}, "There is no text in texts"),
    ],
)
def test_what_cannot_be_measured_is_refused(options: dict[str, object], told: str) -> None:
    given = {"texts": [DOOR], "tokenizers": pair_of_peers(), "draws": 20} | options
    with pytest.raises(HyperlexError, match=told):
        measure(given.pop("texts"), given.pop("tokenizers"), **given)


@pytest.mark.parametrize(("text", "told"), [(" \n", "There is no text"), ("\ud83d", "surrogate")])
def test_a_text_without_words_is_refused(byte_level, text: str, told: str) -> None:
    with pytest.raises(HyperlexError, match=told):
        measure([text], [byte_level], draws=20)


def test_documents_stop_the_reading() -> None:
    report = measure([DOOR, HOUSE, DOOR], pair_of_peers(), documents=1, draws=20)
    assert report.size.documents == 1 and report.size.characters == len(DOOR)


def test_progress_is_told_stage_by_stage() -> None:
    told: list[str] = []
    measure(
        [DOOR], pair_of_peers(), draws=20, progress=lambda stage, done, total: told.append(stage)
    )
    stages = list(dict.fromkeys(told))
    assert stages == [
        "loading tokenizers",
        "counting tokens",
        "analysing the sample",
        "computing intervals",
    ]


def test_two_processes_write_the_same_bytes(tmp_path: Path, small_tok) -> None:
    small_tok.save(tmp_path / "small")
    script = (
        "from hyperlex.measure import measure\n"
        "import sys\n"
        "texts = ['Дед стоял у двери, не решаясь войти. ' * 200, 'Кот ел рыбу. ' * 300] * 9\n"
        "sys.stdout.write(measure(texts, [sys.argv[1]], limit=2_000, seed=1).json())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", script, str(tmp_path / "small")],
            check=True,
            capture_output=True,
            cwd=ROOT,
            env={"PYTHONHASHSEED": str(seed), "PYTHONIOENCODING": "utf-8", "PATH": ""},
        ).stdout
        for seed in (1, 2)
    }
    assert len(runs) == 1
    assert json.loads(runs.pop())["size"]["documents"] == 18


def test_asking_for_the_room_loads_no_model_library() -> None:
    script = (
        "import sys, hyperlex.measure.run, hyperlex.measure.peers, hyperlex.measure.models\n"
        "print({'torch', 'transformers', 'rich', 'sentencepiece', 'tiktoken'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "set()"


def test_no_tokenizer_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="No tokenizer"):
        measure([DOOR], [])
