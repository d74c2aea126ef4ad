"""Texts for property tests: Russian with everything that meets it at word edges."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

_SAMPLES = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((Path(__file__).parent / "samples").glob("*.txt"))
)
_AWKWARD = [
    *" ,.-—«»!?…'\"/\\0123456789\n\t’",
    *("  ", "\r\n", "\u00a0", "\u202f", "\u0301", "\u200d", "\u200b", "\u0085", "\ufeff", "\x00"),
    *("🙂", "👨‍👩‍👧", "漢", "ﬁ", "ё", "е\u0308", "й", "Ѣ", "١", "Ⅳ", "²", "a", "Z", "ß"),
    *("<|endoftext|>", "<s>", "[MASK]", "-то", "'s", "’s"),
]


@st.composite
def _mutated_sample(draw: st.DrawFn) -> str:
    """A piece of a sample text, cut anywhere, with awkward characters put in and some taken out."""
    start = draw(st.integers(0, len(_SAMPLES) - 1))
    piece = list(_SAMPLES[start : start + draw(st.integers(1, 80))])
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(piece)))
        if draw(st.booleans()):
            piece.insert(place, draw(st.sampled_from(_AWKWARD)))
        else:
            del piece[place : place + 1]
    return "".join(piece)


any_text = st.one_of(
    _mutated_sample(),
    st.lists(st.sampled_from([*"абвёЖaB5 ", *_AWKWARD]), max_size=40).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
"""Any Unicode text, most of it nearly Russian."""
