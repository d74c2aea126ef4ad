"""The ladder on a tokenizer: `compress`, and text of any ids."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from numbers import Real
from typing import TYPE_CHECKING, Any

from hyperlex.errors import ConfigError, require_text
from hyperlex.ladder.allocate import allocate
from hyperlex.ladder.code import Reconstruction, SceneCode, Vocabulary
from hyperlex.ladder.decode import Decoder
from hyperlex.ladder.encode import VERBATIM, Draft, Encoder, Told
from hyperlex.ladder.inflected import Inflector
from hyperlex.ladder.outliner import Outliner
from hyperlex.ladder.spelling import ShortSpelling
from hyperlex.ladder.ways import Sentence, ways_of
from hyperlex.tokenizer.layout import whole_ids

if TYPE_CHECKING:
    from hyperlex.tokenizer.hyper import HyperTokenizer

RUNGS = (1, 2, 3, 4)


def compress(
    text: str,
    *,
    rung: int | None = None,
    tokens: int | None = None,
    ratio: float | None = None,
    tokenizer: HyperTokenizer | None = None,
    keep: bool = True,
) -> SceneCode:
    """`text` on the ladder: fewer ids, and what they keep is stated.

    Give one of `rung`, `tokens` and `ratio`; by default the rung is 2.

    Args:
        rung: 1, what each scene is about and all that is protected; 2, frame and all
            content words; 3, the words in order and inflected; 4, byte-exact.
        tokens: a budget of ids. Scenes are told by the rungs that say most within it; what is
            protected (negation, numbers, dates, units, names, quotes, code, addresses) is never
            dropped.
        ratio: the same, as how many times fewer ids than the exact lane takes.
        tokenizer: one with scene ids (`layout.scene_size`); by default the embedded one.
        keep: whether the code keeps the source, which `SceneCode.expand` needs.

    Returns:
        A `SceneCode`; `.ids` are ids of `tokenizer`.

    Raises:
        ConfigError: more than one of the three was given, one is out of range, or the budget
            cannot hold what is protected.
        VocabularyError: the tokenizer has no scene ids.
        TypeError: `text` is no str.
    """
    require_text(text)
    given = {"rung": rung, "tokens": tokens, "ratio": ratio}
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) > 1:
        raise ConfigError(
            f"{' and '.join(chosen)} were given: one of rung, tokens and ratio was expected."
        )
    if tokenizer is None:
        tokenizer = default()
    draft = draft_of(tokenizer, text)
    if rung is not None or not chosen:
        rung = _checked_rung(2 if rung is None else rung)
        code = draft.encode(draft.at_rung(VERBATIM))
        if rung != VERBATIM:
            code = min(code, draft.encode(draft.at_rung(rung)), key=len)
    else:
        budget, shortage = _budget(tokens, ratio, tokenizer, text)
        (code,) = within([draft], budget, shortage)
    return code if keep else replace(code, text="")


def reconstruct(
    ids: Sequence[int] | SceneCode, *, tokenizer: HyperTokenizer | None = None
) -> Reconstruction:
    """The text that ids tell, scene ids among them; what is exact is exact, the rest reads well.

    Args:
        ids: of `tokenizer`, whole or cut short anywhere; or a code.
        tokenizer: as in `compress`.

    Raises:
        VocabularyError: an id outside the layout, or the tokenizer has no scene ids.
        TypeError: `ids` is no sequence of whole numbers.
    """
    tokenizer = tokenizer or default()
    ids = ids.ids if isinstance(ids, SceneCode) else whole_ids(ids)
    tokenizer.layout.check(ids)
    return Reconstruction(tokenizer.ladder.vocabulary.decoder.pieces(ids))


def encoder(tokenizer: HyperTokenizer) -> Encoder:
    """The ladder of a tokenizer with scene ids. `HyperTokenizer.ladder` keeps it."""
    lexicon = tokenizer.lexicon
    offset = tokenizer.layout.first_scene
    stop = tokenizer.layout.scene_size
    spelling = ShortSpelling(tokenizer.encode, tokenizer.decode, partial(_texts, tokenizer))
    inflector = Inflector(lexicon, spelling, tokenizer.decode, offset, stop)
    decoder = Decoder(lexicon, tokenizer.decode, inflector, offset)
    return Encoder(
        Vocabulary(lexicon, offset, tokenizer.decode, decoder),
        tokenizer.encode,
        Outliner(lexicon, tokenizer.encode, offset, stop),
        inflector,
    )


def _texts(tokenizer: HyperTokenizer) -> list[str]:
    """The text of each id below the scenes."""
    ids = [[index] for index in range(tokenizer.layout.first_scene)]
    if tokenizer.backend is None:
        return [tokenizer.decode(one) for one in ids]
    texts: list[str] = tokenizer.backend.decode_batch(ids, skip_special_tokens=False)
    return texts


@lru_cache(maxsize=1)
def default() -> HyperTokenizer:
    """The embedded tokenizer, loaded once for the ladder."""
    from hyperlex.tokenizer.load import load

    return load()


@lru_cache(maxsize=256)
def draft_of(tokenizer: HyperTokenizer, text: str) -> Draft:
    """The last texts taken apart: the turns of a talk are compressed again with each new one."""
    from hyperlex.scene import scenes

    return tokenizer.ladder.read(text, scenes(text))


def _checked_rung(rung: int) -> int:
    if isinstance(rung, bool) or rung not in RUNGS:
        raise ConfigError(f"rung={rung!r} was given: one of 1, 2, 3 and 4 was expected.")
    return rung


def _budget(
    tokens: int | None, ratio: float | None, tokenizer: HyperTokenizer, text: str
) -> tuple[int, Callable[[int], str]]:
    """The budget in ids, and what to say where it is too small, by the ids that are needed."""
    if tokens is not None:
        allowed, first = whole_number("tokens", tokens, "ids"), f"{tokens} ids cannot hold"
        return allowed, partial(_shortage, first, lambda needed: "Allow that many ids or more")
    number = isinstance(ratio, Real) and not isinstance(ratio, bool)
    if ratio is None or not (number and ratio >= 1 and math.isfinite(ratio)):
        raise ConfigError(
            f"ratio={ratio!r} was given: a number, 1 or more, was expected; 4 asks for a quarter "
            "of the ids."
        )
    exact = len(tokenizer.encode(text))
    budget = math.floor(exact / ratio)
    first = f"ratio={ratio} leaves {budget} of {exact} ids, which cannot hold"
    return budget, partial(
        _shortage, first, lambda needed: f"Pass ratio={_greatest_ratio(exact, needed)} or less"
    )


def _shortage(first: str, remedy: Callable[[int], str], needed: int) -> str:
    return (
        f"{first} what is protected in this text ({PROTECTED}): that takes {needed}. "
        f"{remedy(needed)}, or split the text."
    )


def _greatest_ratio(exact: int, needed: int) -> float:
    """To two digits the greatest ratio that leaves `needed` of `exact` ids."""
    hundredths = 100 * exact // needed
    # 28 / 1.12 is less than 25 in floating point.
    while math.floor(exact / (hundredths / 100)) < needed:
        hundredths -= 1
    return hundredths / 100


def whole_number(name: str, value: Any, what: str) -> int:
    """`value` as an int. Raises `ConfigError`, by the `name` of the argument, for what is no whole
    number, and for one below 0.
    """
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or value < 0 or value % 1:
        raise ConfigError(
            f"{name}={value!r} was given: a whole number of {what}, 0 or more, was expected."
        )
    return int(value)


PROTECTED = "negation, numbers, dates, units, names, quotes, code, addresses"


def within(drafts: Sequence[Draft], budget: int, shortage: Callable[[int], str]) -> list[SceneCode]:
    """The codes of some texts that say most within one budget of ids.

    Sentences are weighed alone and encoded together, which may come out longer or shorter by a few
    ids: then less or more is allowed.

    Args:
        shortage: the message for a budget that is too small, by the ids that are needed: what was
            asked for is known where it was asked.

    Raises:
        ConfigError: the budget cannot hold what is protected.
    """
    exact = [draft.encode(draft.at_rung(VERBATIM)) for draft in drafts]
    if _length(exact) <= budget:
        return exact
    lowest = [draft.encode(draft.at_floor()) for draft in drafts]
    if _length(lowest) > budget:
        raise ConfigError(shortage(min(_length(lowest), _length(exact))))
    sentences = [ways_of(draft) for draft in drafts]
    found, allowed = lowest, budget
    for _ in range(_TRIES):
        codes = _spent(drafts, sentences, allowed)
        over = _length(codes) - budget
        if over <= 0 and _length(codes) >= _length(found):
            found = codes
        if over == 0 or allowed <= over:
            break
        allowed -= over
    return found


_TRIES = 6
"""After so many the budget is nearly always spent to one id in a hundred, or to one."""


def _spent(
    drafts: Sequence[Draft], sentences: Sequence[Sequence[Sentence]], budget: int
) -> list[SceneCode]:
    """The codes for about `budget` ids."""
    steps = [each.steps for of_draft in sentences for each in of_draft]
    taken = iter(allocate(steps, budget))
    codes = []
    for draft, of_draft in zip(drafts, sentences, strict=True):
        told = [Told(0)] * len(draft.scenes)
        for sentence in of_draft:
            for scene, how in zip(sentence.scenes, sentence.told(next(taken)), strict=True):
                told[scene] = how
        codes.append(draft.encode(told))
    return codes


def _length(codes: Sequence[SceneCode]) -> int:
    return sum(len(code) for code in codes)
