"""`measure`: texts and tokenizers to a finished report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from typing import Any

import numpy as np

import hyperlex
from hyperlex.errors import ConfigError
from hyperlex.measure.analysis import Analysis
from hyperlex.measure.bootstrap import DRAWS, LEVEL, Draws
from hyperlex.measure.language_model import CONTEXT
from hyperlex.measure.lengths import Lengths
from hyperlex.measure.metrics import ALL, METRICS, PARALLEL, RENYI_ORDER, SAMPLE
from hyperlex.measure.models import read_by_models
from hyperlex.measure.parallel import parallel_bootstrap, sentence_pairs
from hyperlex.measure.passage import passage_of
from hyperlex.measure.peer import Peer
from hyperlex.measure.peers import DEFAULT, load_peers
from hyperlex.measure.report import (
    Domain,
    Histogram,
    MetricInfo,
    Models,
    Report,
    Resampling,
    Row,
    Settings,
    Size,
    TokenizerInfo,
)
from hyperlex.measure.sample import LIMIT, Sampler
from hyperlex.measure.scores import Scorer
from hyperlex.measure.tally import Tally
from hyperlex.measure.texts import texts_of, title_of

Told = Callable[[str, int, int | None], None]

LONG = 16
"""Tokens of so many characters and more share a bar of the distribution."""
_LIBRARIES = ("numpy", "pymorphy3", "razdel", "sentencepiece", "tiktoken", "tokenizers")


def measure(
    texts: Any = None,
    tokenizers: Sequence[Any] = (DEFAULT,),
    *,
    peers: bool = False,
    reference: str | None = None,
    base: str | None = None,
    parallel: Any = None,
    models: Sequence[str] = (),
    limit: int = LIMIT,
    documents: int | None = None,
    seed: int = 0,
    draws: int = DRAWS,
    level: float = LEVEL,
    context: int = CONTEXT,
    stride: int | None = None,
    title: str | None = None,
    progress: Told = lambda stage, done, total: None,
) -> Report:
    """What texts cost under each tokenizer, and how sure that is.

    Args:
        texts: None for the samples of this project; a path, the name of a corpus, or an iterable of
            texts: see `measure.texts.texts_of`.
        tokenizers: names, paths or objects: see `measure.peers.load_peer`. One that cannot be
            loaded is skipped, and the report says why.
        peers: also those that the caches of this machine hold.
        reference: name of the tokenizer that differences are taken from; the first unless given.
        base: name of the tokenizer that `normalised_length` divides by; the reference unless given.
        parallel: Russian and English sentences for the premium: see
            `measure.parallel.sentence_pairs`.
        models: causal language models that read the sample: directories or hub ids.
        limit: characters that are analysed for words, morphemes, scenes and models: a sample of
            about so many, drawn from all texts.
        documents: so many are read at most; all unless given.
        seed: of the sample and of the draws.
        draws, level: of the bootstrap: see `measure.bootstrap`.
        context, stride: of the models: see `measure.language_model.bits`.
        title: what was measured, for the head of the report.
        progress: is told the stage, how far it is, and where it ends if that is known.

    Raises:
        ConfigError: no text, no tokenizer that can be loaded, an unknown name of a reference.
        FormatError: a file that is no UTF-8 text.
        VocabularyError: a text that has no UTF-8 form, a model without rows for its tokenizer.
    """
    _require_positive(limit=limit, documents=documents, context=context, stride=stride)
    title = title or title_of(texts)
    how = Draws(seed, draws, level)
    how.over({})  # what is wrong with them is said before the work, and so of the pairs
    pairs = None if parallel is None else sentence_pairs(parallel)
    progress("loading tokenizers", 0, None)
    found, skipped = load_peers(tokenizers, well_known=peers)
    if not found:
        reasons = " ".join(f"{s.name}: {s.reason}" for s in skipped)
        raise ConfigError(f"No tokenizer to measure could be loaded. {reasons}")
    names = [peer.name for peer in found]
    first = _index(reference, names, "reference") if reference else 0
    divisor = _index(base, names, "base") if base else first

    sampler, lengths, analysis = Sampler(limit, seed), Lengths(found), Analysis(found, seed)
    source = islice(texts_of(texts), documents)
    for document, text in lengths.add_all(source, lambda n: progress("counting tokens", n, None)):
        sampler.add(document, text)
    passages = sampler.passages()
    if not passages:
        raise ConfigError(f"There is no text in {title}: one word at least was expected.")
    characters = sum(len(passage.text) for passage in passages)
    analysis.add_all(passages, lambda n: progress("analysing the sample", n, characters))
    sample = _size(analysis.tally)
    read = None
    if models:
        read = read_by_models(
            models,
            analysis.passages,
            sample,
            how,
            context=context,
            stride=stride,
            told=progress,
        )

    progress("computing intervals", 0, None)
    scorer = Scorer(found, first, divisor)
    overall, of_sample = lengths.tally.bootstrap(how), analysis.tally.bootstrap(how)
    premiums = None if pairs is None else parallel_bootstrap(pairs, found, how)
    parts = [
        scorer.resampled(overall, ALL),
        scorer.whole(_whole_totals(found, lengths), ALL),
        scorer.resampled(of_sample, SAMPLE),
        *([] if premiums is None else [scorer.resampled(premiums, PARALLEL)]),
    ]
    rows = _rows(names, parts)
    return Report(
        title=title,
        hyperlex=hyperlex.__version__,
        libraries=_libraries(),
        settings=Settings(seed, draws, level, limit, RENYI_ORDER),
        size=_size(lengths.tally),
        sample=sample,
        resampling=Resampling(overall.unit, overall.clusters),
        sample_resampling=Resampling(of_sample.unit, of_sample.clusters),
        parallel=0 if pairs is None else len(pairs),
        reference=names[first],
        base=names[divisor],
        metrics=_infos(rows, read),
        tokenizers=tuple(
            TokenizerInfo(peer.name, peer.kind, peer.size, peer.hyper, exact, peer.sha256)
            for peer, exact in zip(found, analysis.exact, strict=True)
        ),
        skipped=tuple(skipped),
        rows=rows,
        domains=tuple(_domains(scorer, names, lengths.tally, analysis.tally, how)),
        lengths=tuple(_lengths(found, lengths)),
        kinds=analysis.kinds(),
        passage=passage_of(analysis.passages, found),
        alignments=analysis.examples.best(),
        models=read,
    )


def _require_positive(**given: int | None) -> None:
    for name, value in given.items():
        if value is not None and value < 1:
            raise ConfigError(f"{name}={value}: a number of at least 1 was expected.")


def _index(name: str, names: Sequence[str], what: str) -> int:
    if name not in names:
        raise ConfigError(
            f"The {what} {name!r} is not among the tokenizers that were loaded: "
            f"{', '.join(names)}. Name one of them."
        )
    return names.index(name)


def _rows(names: Sequence[str], parts: Sequence[Sequence[Any]]) -> tuple[Row, ...]:
    """One row a tokenizer, its metrics in the order of `METRICS`; fewest tokens first."""
    rows = []
    for index, name in enumerate(names):
        scores = {key: score for part in parts for key, score in part[index].items()}
        rows.append(Row(name, {key: scores[key] for key in METRICS if key in scores}))
    return tuple(sorted(rows, key=_place))


def _place(row: Row) -> float:
    """Where a row stands in the ranking; one without any token is last."""
    value = row.scores["characters_per_token"].interval.value
    return -value if np.isfinite(value) else 1.0


def _whole_totals(peers: Sequence[Peer], lengths: Lengths) -> list[dict[str, Any]]:
    """Totals that cannot be resampled: how often each id occurs, what each domain costs."""
    result = []
    by_domain = [lengths.tally.totals(domain) for domain in lengths.tally.domains]
    for index, (peer, frequencies) in enumerate(zip(peers, lengths.frequencies, strict=True)):
        costs = [t[index, "tokens"] / t["characters"] for t in by_domain if t["characters"]]
        expansions = np.bincount(peer.expansion, frequencies)
        result.append(
            {
                "frequencies": frequencies,
                "domain_costs": costs,
                "expansion_frequencies": expansions,
            }
        )
    return result


def _size(tally: Tally, domain: str | None = None) -> Size:
    totals = tally.totals(domain)
    counted = ("characters", "bytes", "words", "clauses", "scenes", "propositions")
    return Size(
        documents=tally.documents(domain),
        **{name: int(totals[name]) for name in counted if name in totals},
    )


def _domains(
    scorer: Scorer, names: Sequence[str], all_: Tally, sample: Tally, how: Draws
) -> Iterator[Domain]:
    if len(all_.domains) < 2:
        return
    for domain in sorted(all_.domains):
        counts = all_.bootstrap(how, domain)
        parts = [scorer.resampled(counts, ALL)]
        if domain in sample.domains:
            parts.append(scorer.resampled(sample.bootstrap(how, domain), SAMPLE))
        resampling = Resampling(counts.unit, counts.clusters)
        yield Domain(domain, _size(all_, domain), resampling, _rows(names, parts))


def _lengths(peers: Sequence[Peer], lengths: Lengths) -> Iterator[Histogram]:
    for peer, frequencies in zip(peers, lengths.frequencies, strict=True):
        counts = np.bincount(np.minimum(peer.characters, LONG), frequencies, LONG + 1)
        labels = [*map(str, range(LONG)), f"{LONG}+"]
        yield Histogram(peer.name, dict(zip(labels, counts.astype(int).tolist(), strict=True)))


def _infos(rows: Sequence[Row], read: Models | None) -> tuple[MetricInfo, ...]:
    """The metrics that any row has."""
    scored = [row.scores for row in rows]
    scored += [row.scores for row in read.rows] if read else []
    return tuple(m.info for key, m in METRICS.items() if any(key in s for s in scored))


def _libraries() -> dict[str, str]:
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
