"""Reports as the page meets them, put together by hand: usual, crowded, lonely, bare and hostile.

The figures are made up, plausible in size and all different, so that one in a wrong place is seen.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Callable
from typing import Any

from hyperlex.measure.bootstrap import Interval
from hyperlex.measure.report import (
    AlignmentExample,
    Domain,
    Histogram,
    MetricInfo,
    ModelRow,
    Models,
    Passage,
    PassageCut,
    Report,
    Resampling,
    Row,
    Run,
    Score,
    Settings,
    Size,
    Skipped,
    TokenizerInfo,
    WordCut,
)

NAN = math.nan

METRICS = (
    ("characters_per_token", "characters / token", "characters per token", "more", "all"),
    ("tokens_per_word", "tokens / word", "tokens per word", "less", "all"),
    ("hypertoken_coverage", "hypertoken coverage", "%", "", "all"),
    ("renyi_efficiency", "Rényi efficiency", "share of the evenest use", "more", "all"),
    ("dead_ids", "dead ids", "ids", "less", "all"),
    ("tokens_per_scene", "tokens / scene", "tokens per scene", "less", "sample"),
    ("joint_precision", "cuts on joints (P)", "%", "more", "sample"),
    ("whole_word_edges", "edges outside words", "%", "more", "sample"),
    ("premium", "premium", "tokens per token of the English", "less", "parallel"),
    ("bits_per_character", "bits / character", "bits per character", "less", "model"),
)
WHOLE = ("renyi_efficiency", "dead_ids")
"""Metrics that are not resampled."""

TOKENIZERS = {
    # name: kind, ids, hypertokens, characters per token
    "hyperlex": ("hyperlex", 262_144, 62_144, 5.213),
    "darulm_128k_bpe": ("SentencePiece", 128_000, 0, 4.675),
    "llama4": ("byte-level BPE", 201_135, 0, 4.007),
    "o200k": ("tiktoken", 200_019, 0, 3.567),
    "qwen3": ("byte-level BPE", 151_669, 0, 2.873),
    "cl100k": ("tiktoken", 100_277, 0, 2.144),
    "gpt2": ("byte-level BPE", 50_257, 0, 0.947),
}
DOMAINS = {
    "news": 1.04,
    "fiction": 1.0,
    "dialogue": 0.93,
    "science": 0.97,
    "law": 1.08,
    "encyclopedia": 0.9,
    "social": 0.86,
    "technical": 0.83,
}
PASSAGE = (
    "Старый мост закрыли ещё весной, и теперь до больницы добирались в обход, через "
    "железнодорожный переезд. 14 марта Анна Сергеевна вышла из дому в шесть утра: автобуса "
    "не было, позвонить она не решалась.\n— Подвезти? — спросил водитель молоковоза."
)
WORDS = (
    ("переподготовка", "пере:PREF под:PREF готов:ROOT к:SUFF а:END", (4, 8)),
    ("железнодорожный", "желез:ROOT н:SUFF о:LINK дорож:ROOT н:SUFF ый:END", (5, 11)),
    ("добирались", "до:PREF бир:ROOT а:SUFF л:SUFF и:END сь:POSTFIX", (2, 6)),
    ("водитель", "вод:ROOT и:SUFF тель:SUFF", (4,)),
    ("неразговорчивость", "не:PREF раз:PREF говор:ROOT чив:SUFF ость:SUFF", (5, 9, 13)),
)
PASSAGES_STEP = {"hyperlex": 11, "darulm_128k_bpe": 6, "llama4": 5, "o200k": 4}


def report() -> Report:
    """Seven tokenizers, eight domains, everything there."""
    return made(TOKENIZERS)


def lonely() -> Report:
    """One tokenizer, which is its own reference, on one domain."""
    return made({"o200k": TOKENIZERS["o200k"]}, domains={"news": 1.0})


def crowded() -> Report:
    """Twelve tokenizers, some with names as long as those of models are."""
    crowd = {
        "an-organisation-with-a-long-name/a-model-with-a-longer-name-7B-Instruct-v0.3": (
            "byte-level BPE",
            131_072,
            0,
            3.31,
        ),
        "СловарьРусскогоЯзыкаБезПробеловИДефисовОченьДлинный.model": (
            "Unigram",
            64_000,
            0,
            3.9,
        ),
        "bert-base-multilingual-cased": ("WordPiece", 119_547, 0, 2.71),
        "t5": ("Unigram", 32_100, 0, 0.61),
        "ruGPT-3.5": ("byte-level BPE", 50_272, 0, 4.31),
    }
    return made({**TOKENIZERS, **crowd})


def bare() -> Report:
    """No intervals, no domains, no passage, no examples, no models, no histograms."""
    whole = made(TOKENIZERS)
    rows = tuple(
        dataclasses.replace(
            row,
            scores={
                key: Score(Interval(score.interval.value, NAN, NAN))
                for key, score in row.scores.items()
            },
        )
        for row in whole.rows
    )
    return dataclasses.replace(
        whole,
        metrics=tuple(m for m in whole.metrics if m.scope != "model"),
        rows=rows,
        resampling=Resampling("block", 1),
        sample_resampling=Resampling("block", 1),
        parallel=0,
        skipped=(),
        domains=(),
        lengths=(),
        kinds=(),
        passage=None,
        alignments=(),
        models=None,
    )


HOSTILE = (
    '<script>alert(1)</script></style><img src=x onerror=alert(2)>{{ 7 * 7 }}{% raw %} " '
    "onmouseover=\"alert(3) ' &lt; <!-- --> \x00\x1b[31m\u202e"
)


def hostile() -> Report:
    """Markup, templates and control characters in every text that comes from outside."""
    return changed(report(), lambda text: HOSTILE + text)


def changed(given: Report, change: Callable[[str], str]) -> Report:
    """The report with every text changed that is not a key, a scope, a unit or a direction."""
    fixed = {word for metric in METRICS for word in (metric[0], *metric[2:])}
    fixed |= {"hyperlex", "document", "block"}

    def other(value: Any) -> Any:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = {f.name: other(getattr(value, f.name)) for f in dataclasses.fields(value)}
            return dataclasses.replace(value, **fields)
        if isinstance(value, tuple):
            return tuple(map(other, value))
        if isinstance(value, dict):
            return {key: other(item) for key, item in value.items()}
        return change(value) if isinstance(value, str) and value not in fixed else value

    result = other(given)
    assert isinstance(result, Report)
    return result


def made(
    tokenizers: dict[str, tuple[str, int, int, float]], domains: dict[str, float] = DOMAINS
) -> Report:
    """A report of these tokenizers, the middle one the reference."""
    ordered = sorted(tokenizers, key=lambda name: -tokenizers[name][3])
    reference = "o200k"
    rates = {name: tokenizers[name][3] for name in ordered}
    sizes = {
        name: Size(12 + i, 310_450 + 7_001 * i, 560_900 + 12_503 * i, 47_301 + 1_013 * i)
        for i, name in enumerate(domains)
    }
    models = (
        ModelRow("small-ru", "hyperlex", 61_407, _model_scores(0.913, None)),
        ModelRow("small-ru", "base", 84_215, _model_scores(0.898, -0.015)),
    )
    return Report(
        title="eight samples",
        hyperlex="0.9.1",
        libraries={"numpy": "2.4.1", "tokenizers": "0.23.1", "tiktoken": "0.12.0"},
        settings=Settings(seed=7, draws=2_000, level=0.95, limit=50_000_000, renyi_order=2.5),
        size=Size(131, 2_680_628, 4_837_284, 406_772),
        sample=Size(66, 401_733, 725_611, 60_927, 11_204, 9_873, 21_518),
        resampling=Resampling("document", 131),
        sample_resampling=Resampling("block", 187),
        parallel=1_000,
        reference=reference,
        base=reference,
        metrics=tuple(
            MetricInfo(
                key,
                title,
                unit,
                better,
                scope,
                f"What {title} means, in one sentence that says what is divided by what.",
                "a paper and its year",
            )
            for key, title, unit, better, scope in METRICS
            if key != "hypertoken_coverage" or "hyperlex" in tokenizers
        ),
        tokenizers=tuple(
            TokenizerInfo(name, kind, size, hyper, name != "t5", f"{size:064x}")
            for name, (kind, size, hyper, _) in tokenizers.items()
        ),
        skipped=(
            Skipped("gemma3", "not in the local cache; download it, then it is measured offline"),
            Skipped("broken.json", "not a tokenizer: it has no key model"),
        ),
        rows=tuple(Row(name, _scores(name, rates, reference, 1.0)) for name in ordered),
        domains=tuple(
            Domain(
                name,
                sizes[name],
                Resampling("document" if n % 2 else "block", 16 + n),
                tuple(Row(t, _scores(t, rates, reference, factor, n + 1)) for t in ordered),
            )
            for n, (name, factor) in enumerate(domains.items())
        ),
        lengths=tuple(_lengths(name, rate) for name, rate in rates.items()),
        kinds=tuple(_kinds(name, rate) for name, rate in rates.items()),
        passage=Passage(PASSAGE, "fiction", tuple(PassageCut(n, _runs(n)) for n in ordered)),
        alignments=tuple(_example(*word, names=ordered) for word in WORDS),
        models=Models(Size(9, 181_020, 330_517, 27_431, 5_102, 4_467, 9_810), 1024, 512, models),
    )


def _scores(
    name: str, rates: dict[str, float], reference: str, factor: float, domain: int = 0
) -> dict[str, Score]:
    def score(value: float, other: float, spread: float) -> Score:
        ends = value * (1 - spread), value * (1 + spread * 1.2)
        gap = value - other
        difference = Interval(gap, gap - abs(value) * spread, gap + abs(value) * spread)
        return Score(Interval(value, *ends), None if name == reference else difference)

    rate, other = rates[name] * factor, rates[reference] * factor
    spread = 0.013 + domain / 500
    found = {
        "characters_per_token": score(rate, other, spread),
        "tokens_per_word": score(6.14 / rate, 6.14 / other, spread),
        "tokens_per_scene": score(39.3 / rate, 39.3 / other, spread),
        "joint_precision": score(0.31 + 0.021 * rate, 0.31 + 0.021 * other, 0.04),
    }
    found["whole_word_edges"] = score(0.985 + 0.0025 * rate, 0.985 + 0.0025 * other, 0.0004)
    if name == "hyperlex":
        found["hypertoken_coverage"] = Score(Interval(0.4137 * factor, 0.40, 0.4311))
    if not domain:
        found["renyi_efficiency"] = Score(Interval(0.31 + 0.05 * rate, NAN, NAN))
        found["dead_ids"] = Score(Interval(float(round(70_003 * rate)), NAN, NAN))
        found["premium"] = score(4.9 / rate, 4.9 / other, 0.02)
    return found


def _model_scores(value: float, gap: float | None) -> dict[str, Score]:
    difference = None if gap is None else Interval(gap, gap - 0.023, gap + 0.017)
    return {"bits_per_character": Score(Interval(value, value - 0.021, value + 0.019), difference)}


def _lengths(name: str, rate: float) -> Histogram:
    names = [*map(str, range(16)), "16+"]
    weights = [math.exp(-(((n - rate) / (1 + rate / 2)) ** 2)) for n in range(17)]
    weights[0] = 0.6 if rate < 1 else 0.0
    total = 2_680_628 / rate
    return Histogram(
        name,
        {key: round(total * w / sum(weights)) for key, w in zip(names, weights, strict=True)},
    )


def _kinds(name: str, rate: float) -> Histogram:
    tokens = 401_733 / rate
    several = 0.21 if name == "hyperlex" else 0.0
    shares = {
        "words": 0.62 - several,
        "several words": several,
        "names": 0.09,
        "digits": 0.031,
        "latin": 0.017,
        "punctuation": 0.17,
        "spaces": 0.055,
        "other": 0.007,
    }
    return Histogram(name, {kind: round(tokens * share) for kind, share in shares.items()})


def _runs(name: str) -> tuple[Run, ...]:
    """The passage in pieces of words; of hyperlex whole pairs of words; of gpt2 bytes as well."""
    step = PASSAGES_STEP.get(name, 3)
    pieces = re.findall(rf" ?\w{{1,{step}}}| ?[^\w\s]|\s", PASSAGE)
    if name == "hyperlex":
        pieces = re.findall(r" ?\w+ \w{1,3}(?!\w)| ?\w+| ?[^\w\s]|\s", PASSAGE)
    runs = []
    for piece in pieces:
        hyper = name == "hyperlex" and len(piece.split()) > 1
        if name == "gpt2" and piece.strip().isalpha():
            runs.append(Run("", False, 1, 140))
        runs.append(Run(piece, hyper, len(re.findall(r"\w+", piece)), 300 + hash_of(piece)))
    assert "".join(run.text for run in runs) == PASSAGE
    return tuple(runs)


def hash_of(text: str) -> int:
    """An id for a text: the same in every process."""
    return sum(ord(c) * 31**i for i, c in enumerate(text)) % 180_000


def _example(
    word: str, notation: str, cuts: tuple[int, ...], *, names: list[str]
) -> AlignmentExample:
    parts = [tuple(part.split(":")) for part in notation.split()]
    morphemes = tuple((text, kind) for text, kind in parts)
    joints, end = set(), 0
    for text, _ in morphemes:
        end += len(text)
        joints.add(end)
    found = []
    for rank, name in enumerate(names):
        at = () if not rank else cuts if rank % 2 else tuple(range(rank, len(word), rank + 1))
        edges = [0, *at, len(word)]
        pieces = tuple(word[a:b] for a, b in itertools.pairwise(edges))
        found.append(WordCut(name, pieces, tuple(edge in joints for edge in at)))
    return AlignmentExample(word, morphemes, tuple(found))
