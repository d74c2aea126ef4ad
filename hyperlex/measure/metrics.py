"""The metrics, each a small function of totals.

The parameters of a function are named after the totals that it divides (`collect` counts them), so
the registry can compute any of them, and its interval, from a table of counts. All work alike on
numbers and on arrays of numbers. The first paragraph of a docstring is the definition that reports
show.

What is said of words holds for every kind of token, because it is defined by where tokens cut the
text, in its UTF-8 bytes, and not by what a token looks like: a word is whole when no edge of a
token falls inside it, be it one token, a token with the space before it, or one word among several
in a hypertoken.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from hyperlex.measure.bootstrap import divided
from hyperlex.measure.report import MetricInfo

RENYI_ORDER = 2.5

ALL, SAMPLE, PARALLEL, MODEL = "all", "sample", "parallel", "model"
MORE, LESS, NEITHER = "more", "less", ""

Number = Any
"""A number, or an array of numbers, one a draw."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric and what it needs.

    Attributes:
        totals: names of the totals that it divides.
        whole: needs totals that cannot be resampled (frequencies of ids, costs of domains).
    """

    info: MetricInfo
    function: Callable[..., Any]
    totals: tuple[str, ...]
    whole: bool

    def __call__(self, counts: Mapping[str, Any]) -> Any:
        """The metric of a table of totals."""
        return self.function(*(counts[name] for name in self.totals))


METRICS: dict[str, Metric] = {}
"""All metrics by key, in the order in which reports show them."""


def _metric(
    title: str, *, unit: str, better: str, scope: str, source: str, whole: bool = False
) -> Callable[[_Function], _Function]:
    def register(function: _Function) -> _Function:
        key = function.__name__
        definition = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
        info = MetricInfo(key, title, unit, better, scope, definition, source)
        parameters = inspect.signature(function).parameters.values()
        totals = tuple(p.name for p in parameters if p.default is inspect.Parameter.empty)
        METRICS[key] = Metric(info, function, totals, whole)
        return function

    return register


@_metric(
    "characters / token",
    unit="characters per token",
    better=MORE,
    scope=ALL,
    source="compression rate; code points, so that Russian is not flattered by its two bytes",
)
def characters_per_token(characters: Number, tokens: Number) -> Number:
    """All code points of the texts divided by all their tokens.

    Unit: characters per token. Special tokens that a tokenizer would add are not counted.
    """
    return divided(characters, tokens)


@_metric(
    "tokens / word",
    unit="tokens per word",
    better=LESS,
    scope=ALL,
    source="fertility: Rust et al. 2021, arXiv 2012.15613; below 1 where tokens span words",
)
def tokens_per_word(tokens: Number, words: Number) -> Number:
    """All tokens divided by all words; punctuation and spaces cost tokens but are no words.

    Unit: tokens per word. Words as `measure.words` counts them. Rust et al. average subwords over
    words cut alone, which a token of several words has no answer for; here the text is cut whole.
    """
    return divided(tokens, words)


@_metric(
    "bytes / token",
    unit="bytes per token",
    better=MORE,
    scope=ALL,
    source="zip2zip, arXiv 2506.01084; SuperBPE, arXiv 2503.13423",
)
def bytes_per_token(bytes: Number, tokens: Number) -> Number:
    """All bytes of the texts in UTF-8 divided by all their tokens.

    Unit: bytes per token. A Russian letter has two bytes: compare languages in characters.
    """
    return divided(bytes, tokens)


@_metric(
    "length against the base",
    unit="tokens per token of the base",
    better=LESS,
    scope=ALL,
    source="normalised sequence length: Dagan et al. 2024, arXiv 2402.01035",
)
def normalised_length(tokens: Number, base_tokens: Number) -> Number:
    """All tokens divided by all tokens of the chosen base tokenizer on the same texts.

    Unit: tokens per token of the base. Dagan et al. average over documents; here totals are
    divided.
    """
    return divided(tokens, base_tokens)


@_metric(
    "hypertoken coverage",
    unit="%",
    better=NEITHER,
    scope=ALL,
    source="glossary: coverage",
)
def hypertoken_coverage(hyper_characters: Number, characters: Number) -> Number:
    """Share of the characters of the texts that hypertokens stand for.

    Unit: share, 0 to 1. A character counts where it begins.
    """
    return divided(hyper_characters, characters)


@_metric(
    "base tokens / hypertoken",
    unit="base tokens per hypertoken",
    better=MORE,
    scope=ALL,
    source="expansion of zip2zip, arXiv 2506.01084",
)
def base_tokens_per_hypertoken(expanded: Number, hyper_tokens: Number) -> Number:
    """Base tokens that the hypertokens of the texts stand for, divided by those hypertokens.

    Unit: base tokens per hypertoken; at least 2.
    """
    return divided(expanded, hyper_tokens)


@_metric(
    "unknown tokens",
    unit="%",
    better=LESS,
    scope=ALL,
    source="what other figures would hide: an unknown token is short and says nothing",
)
def unknown_tokens(unknown: Number, tokens: Number) -> Number:
    """Share of the tokens that are the unknown token: text that is lost.

    Unit: share, 0 to 1. 0 for byte-level tokenizers.
    """
    return divided(unknown, tokens)


@_metric(
    "Rényi efficiency",
    unit="share of the evenest use",
    better=MORE,
    scope=ALL,
    source="Zouhar et al. 2023, arXiv 2306.16842, order 2.5; can be gamed, see the docs",
    whole=True,
)
def renyi_efficiency(frequencies: ArrayLike, order: float = RENYI_ORDER) -> float:
    """Rényi entropy of the frequencies of ids, of order 2.5, divided by the logarithm of the number
    of ids: 1 where all ids are equally frequent.

    Args:
        frequencies: int [ids], how often each id of the vocabulary occurs; zeros included.
        order: α; 1 gives Shannon's entropy.

    Unit: share, 0 to 1. H_α(p) = log(Σ p^α) / (1 - α).
    """
    counts = np.asarray(frequencies, np.float64)
    total = counts.sum()
    if len(counts) < 2 or not total:
        return float("nan")
    p = counts[counts > 0] / total
    entropy = -(p * np.log(p)).sum() if order == 1 else np.log((p**order).sum()) / (1 - order)
    return float(max(0.0, entropy / np.log(len(counts))))


@_metric(
    "Gini of ids",
    unit="0: all ids alike, 1: one id only",
    better=LESS,
    scope=ALL,
    source="Gini coefficient, as in the TokEval suite",
    whole=True,
)
def gini(frequencies: ArrayLike) -> float:
    """Gini coefficient of the frequencies of all ids of the vocabulary: how unevenly they are used.

    Args:
        frequencies: [ids], not negative; of anything that is shared out.

    Unit: none, 0 to 1. Σ (2 i - n - 1) x_i / (n Σ x), x ascending, i from 1.
    """
    x = np.sort(np.asarray(frequencies, np.float64))
    if not len(x) or not x.sum():
        return float("nan")
    ranks = 2 * np.arange(1, len(x) + 1) - len(x) - 1
    return float((ranks * x).sum() / (len(x) * x.sum()))


@_metric(
    "Gini of domains",
    unit="0: all domains cost the same",
    better=LESS,
    scope=ALL,
    source="tokenizer fairness Gini of TokEval, over domains instead of languages",
    whole=True,
)
def domain_gini(domain_costs: ArrayLike) -> float:
    """Gini coefficient of the tokens per character that the domains cost: how unequal they are.

    Args:
        domain_costs: [domains], tokens per character of each; one domain gives NaN.

    Unit: none, 0 to 1.
    """
    costs = np.asarray(domain_costs, np.float64)
    return gini(costs) if len(costs) > 1 else float("nan")


@_metric(
    "ids used",
    unit="%",
    better=MORE,
    scope=ALL,
    source="vocabulary utilisation of TokEval; grows with the text",
    whole=True,
)
def vocabulary_use(frequencies: ArrayLike) -> float:
    """Share of the ids of the vocabulary that occur in the texts at least once.

    Unit: share, 0 to 1. Special ids count as ids. It grows with the length of the text: compare
    only on one text.
    """
    counts = np.asarray(frequencies)
    return float(divided((counts > 0).sum(), len(counts)))


@_metric(
    "dead ids",
    unit="ids",
    better=LESS,
    scope=ALL,
    source="ids that the texts never need; rows of the embedding that they pay for",
    whole=True,
)
def dead_ids(frequencies: ArrayLike) -> int:
    """Number of ids of the vocabulary that do not occur in the texts.

    Unit: ids. Special ids count. Shrinks with the length of the text.
    """
    return int((np.asarray(frequencies) == 0).sum())


@_metric(
    "expansion entropy",
    unit="bits",
    better=NEITHER,
    scope=ALL,
    source="Shannon entropy",
    whole=True,
)
def expansion_entropy(expansion_frequencies: ArrayLike) -> float:
    """Entropy of the number of base tokens behind a token of the texts: 0 where all stand for
    equally many.

    Args:
        expansion_frequencies: [lengths], how many tokens stand for 0, 1, 2, … base tokens.

    Unit: bits. -Σ p log2 p.
    """
    counts = np.asarray(expansion_frequencies, np.float64)
    p = counts[counts > 0] / max(1.0, counts.sum())
    return float(max(0.0, -(p * np.log2(p)).sum()))


@_metric(
    "tokens / scene",
    unit="tokens per scene",
    better=LESS,
    scope=SAMPLE,
    source="glossary: scene; near the Scene of UCCA (Abend & Rappoport 2013)",
)
def tokens_per_scene(tokens: Number, scenes: Number) -> Number:
    """All tokens of the analysed texts divided by their scenes: one event or state with its
    participants.

    Unit: tokens per scene. Scenes as `hyperlex.scenes` finds them; the same for every tokenizer, so
    its mistakes do not change the order of tokenizers.
    """
    return divided(tokens, scenes)


@_metric(
    "tokens / clause",
    unit="tokens per clause",
    better=LESS,
    scope=SAMPLE,
    source="glossary: clause; Тестелец 2001",
)
def tokens_per_clause(tokens: Number, clauses: Number) -> Number:
    """All tokens of the analysed texts divided by their clauses: a predicate with its dependants,
    or a run of words without any.

    Unit: tokens per clause. A clause that another interrupts counts once.
    """
    return divided(tokens, clauses)


@_metric(
    "tokens / proposition",
    unit="tokens per proposition",
    better=LESS,
    scope=SAMPLE,
    source="tuples of predicate, polarity, modality, role and lemma (measure.propositions)",
)
def tokens_per_proposition(tokens: Number, propositions: Number) -> Number:
    """All tokens of the analysed texts divided by their propositions: that an event takes place is
    one, and each participant or circumstance that a word names is one more.

    Unit: tokens per proposition.
    """
    return divided(tokens, propositions)


@_metric(
    "words in one token",
    unit="%",
    better=MORE,
    scope=SAMPLE,
    source="single-token retention rate (STRR) of TokLens, carried over to tokens of several words",
)
def single_token_words(whole_words: Number, words: Number) -> Number:
    """Share of the words that no edge of a token falls inside: a word stays whole, alone or with
    its neighbours.

    Unit: share, 0 to 1. STRR encodes each word alone; here words are cut as the text is. A word
    inside a hypertoken is whole, although its base tokens may cut it: that is what the hypertoken
    is for. `base_single_token_words` is the share with hypertokens expanded.
    """
    return divided(whole_words, words)


@_metric(
    "words in one base token",
    unit="%",
    better=NEITHER,
    scope=SAMPLE,
    source="the same with every hypertoken expanded, to compare with STRR elsewhere",
)
def base_single_token_words(base_whole_words: Number, words: Number) -> Number:
    """Share of the words that no edge of a base token falls inside, hypertokens expanded.

    Unit: share, 0 to 1. The difference to `single_token_words` is what hypertokens heal.
    """
    return divided(base_whole_words, words)


@_metric(
    "edges outside words",
    unit="%",
    better=MORE,
    scope=SAMPLE,
    source="whole-word edge rate",
)
def whole_word_edges(outer_edges: Number, edges: Number) -> Number:
    """Share of the edges between two tokens that do not fall inside a word.

    Unit: share, 0 to 1. Edges of hypertokens count like any other: of phrases all are outside
    words, of pieces some are inside.
    """
    return divided(outer_edges, edges)


@_metric(
    "cuts on joints (P)",
    unit="%",
    better=MORE,
    scope=SAMPLE,
    source="boundary precision, as in Morfessor's evaluation; joints by hyperlex.morphemes",
)
def joint_precision(joint_cuts: Number, cuts: Number) -> Number:
    """Share of the cuts inside Russian words at which two morphemes meet.

    Unit: share, 0 to 1. A cut is an edge of a token inside a word; one inside a letter is on no
    joint. Hypertokens cut where their own edges are, not where their base tokens' are.
    """
    return divided(joint_cuts, cuts)


@_metric(
    "joints cut (R)",
    unit="%",
    better=NEITHER,
    scope=SAMPLE,
    source="boundary recall; long tokens cut little on purpose, so more is not better",
)
def joint_recall(joint_cuts: Number, joints: Number) -> Number:
    """Share of the places in Russian words where two morphemes meet that a token's edge falls on.

    Unit: share, 0 to 1.
    """
    return divided(joint_cuts, joints)


@_metric(
    "cuts on joints (F1)",
    unit="%",
    better=NEITHER,
    scope=SAMPLE,
    source="harmonic mean of the two before; falls where words are left whole",
)
def joint_f1(joint_cuts: Number, cuts: Number, joints: Number) -> Number:
    """Harmonic mean of precision and recall of the cuts inside Russian words against joints of
    morphemes.

    Unit: share, 0 to 1. 2 TP / (2 TP + FP + FN).
    """
    return divided(2 * joint_cuts, cuts + joints)


@_metric(
    "stem kept from ending",
    unit="%",
    better=MORE,
    scope=SAMPLE,
    source="after MorphScore, Arnett & Bergen 2025: one boundary a word, whole words left out",
)
def stem_ending_score(ending_cuts: Number, ending_words: Number) -> Number:
    """Of the Russian words with an ending that a token's edge cuts anywhere, the share that is cut
    exactly between stem and ending.

    Unit: share, 0 to 1.
    """
    return divided(ending_cuts, ending_words)


@_metric(
    "premium",
    unit="tokens per token of the English",
    better=LESS,
    scope=PARALLEL,
    source="Petrov et al. 2023, arXiv 2305.15425; 1 is parity",
)
def premium(tokens: Number, english_tokens: Number) -> Number:
    """Tokens of Russian sentences divided by the tokens of their English parallels, one tokenizer
    for both.

    Unit: tokens per token. Each sentence is encoded alone. A vocabulary without English has a low
    premium for a poor reason: its English is long.
    """
    return divided(tokens, english_tokens)


@_metric(
    "bits / character",
    unit="bits per character",
    better=LESS,
    scope=MODEL,
    source="cross-entropy; comparable between tokenizers, as loss per token is not",
)
def bits_per_character(bits: Number, characters: Number) -> Number:
    """Bits that the model needs for the analysed texts, all tokens from the first, divided by their
    characters.

    Unit: bits per character. -Σ log2 p(token | context) / characters. With hypertokens a text has
    many spellings and the model is asked for one, so this is an upper bound.
    """
    return divided(bits, characters)


@_metric(
    "bits / byte",
    unit="bits per byte",
    better=LESS,
    scope=MODEL,
    source="as above, for comparison with figures published so",
)
def bits_per_byte(bits: Number, bytes: Number) -> Number:
    """The same bits divided by the bytes of the texts in UTF-8.

    Unit: bits per byte.
    """
    return divided(bits, bytes)


@_metric(
    "bits / scene",
    unit="bits per scene",
    better=LESS,
    scope=MODEL,
    source="as above",
)
def bits_per_scene(bits: Number, scenes: Number) -> Number:
    """The same bits divided by the scenes of the texts.

    Unit: bits per scene.
    """
    return divided(bits, scenes)
