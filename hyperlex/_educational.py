"""The whole idea on one page, slow and coloured. Nothing of hyperlex is imported here.

    python -m hyperlex._educational

A language model reads ids, and pays for each. A base tokenizer gives an id to a piece of a word;
we keep it as it is and put new ids on top, each of which stands for a run of whole words. Such an
id is a *hypertoken*. It is only a shorter spelling of base ids, so nothing can be lost:

    expand(encode(text)) == base.encode(text)        decode(encode(text)) == text
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import cycle, pairwise

TEXT = """\
Дед стоял у двери, не решаясь войти. Бабка стояла у двери, не решаясь войти.
Внучка стояла у двери и смотрела на деда. Никто из них не решался войти.
— Кто там стоит? — спросил из-за двери голос. — Кто там стоит и не решается войти?
— Это я, — сказал дед. — Это я, — сказала бабка. — А кто там спрашивает? — спросила внучка.
За дверью помолчали, потом дверь открылась. У двери, не решаясь выйти, стоял кот.
"""
UNSEEN = "Кот стоял у двери, не решаясь войти. — Кто там стоит? — Это я, — сказала бабка коту."


def cut_into_words(text: str) -> list[bytes]:
    """Words with the space before them, punctuation, line ends: no id reaches over such an edge."""
    return [word.encode() for word in re.findall(r" ?\w+| ?[^\w\s]+|\s", text)]


class Base:
    """Byte-pair encoding: ids 0 to 255 are bytes, each later id joins the commonest pair of ids."""

    def __init__(self, text: str, merges: int) -> None:
        self.merges: dict[tuple[int, int], int] = {}
        self.bytes_of = {byte: bytes([byte]) for byte in range(256)}
        words = [list(word) for word in cut_into_words(text)]
        for new in range(256, 256 + merges):
            pair, _ = Counter(pair for word in words for pair in pairwise(word)).most_common(1)[0]
            self.merges[pair] = new
            self.bytes_of[new] = self.bytes_of[pair[0]] + self.bytes_of[pair[1]]
            words = [join(word, pair, new) for word in words]
        self.size = 256 + merges  # the seam: hypertokens begin here

    def encode_word(self, word: bytes) -> list[int]:
        ids = list(word)
        for pair, new in self.merges.items():  # in the order learned
            ids = join(ids, pair, new)
        return ids

    def encode(self, text: str) -> list[int]:
        return [index for word in cut_into_words(text) for index in self.encode_word(word)]

    def decode(self, ids: list[int]) -> str:
        return b"".join(self.bytes_of[index] for index in ids).decode(errors="replace")


def join(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """`ids` with `new` in place of every `pair`."""
    result: list[int] = []
    for index in ids:
        if result and (result[-1], index) == pair:
            result[-1] = new
        else:
            result.append(index)
    return result


Phrase = tuple[bytes, ...]  # whole words, so a hypertoken can neither begin nor end inside one


class Codebook:
    """Phrases of whole words, each with one id of its own."""

    def __init__(self, base: Base, phrases: list[Phrase]) -> None:
        self.base = base
        self.id_of = {phrase: base.size + code for code, phrase in enumerate(phrases)}
        self.expansion = {
            index: [part for word in phrase for part in base.encode_word(word)]
            for phrase, index in self.id_of.items()
        }
        self.longest = max(map(len, phrases), default=0)

    def encode(self, text: str) -> list[int]:
        """From the left, at each word the longest phrase that begins there; else the base's ids."""
        words, ids, at = cut_into_words(text), [], 0
        while at < len(words):
            for length in range(self.longest, 0, -1):
                phrase = tuple(words[at : at + length])
                if phrase in self.id_of:
                    ids.append(self.id_of[phrase])
                    at += len(phrase)
                    break
            else:
                ids.extend(self.base.encode_word(words[at]))
                at += 1
        return ids

    def expand(self, ids: list[int]) -> list[int]:
        return [part for index in ids for part in self.expansion.get(index, [index])]

    def decode(self, ids: list[int]) -> str:
        return self.base.decode(self.expand(ids))


def train(base: Base, text: str, size: int) -> Codebook:
    """Choose phrases one by one: each time the one that makes the whole text shortest."""
    counts: Counter[Phrase] = Counter()
    for span in re.split(
        r"(?<=[.!?])\s+", text
    ):  # a phrase must not reach over the end of a sentence
        words = cut_into_words(span)
        for start in range(len(words)):
            for stop in range(start + 1, min(start + 6, len(words)) + 1):
                counts[tuple(words[start:stop])] += 1
    candidates = sorted(phrase for phrase, count in counts.items() if count > 1)
    chosen: list[Phrase] = []
    for _ in range(size):
        tried = {p: len(Codebook(base, [*chosen, p]).encode(text)) for p in candidates}
        best = min(candidates, key=lambda p: tried[p])
        saved = len(Codebook(base, chosen).encode(text)) - tried[best]
        if saved <= 0:
            break
        chosen.append(best)
        candidates.remove(best)
        index, phrase = base.size + len(chosen) - 1, b"".join(best).decode()
        print(f"  id {index} = {phrase!r} saves {saved} ids of the text")
    return Codebook(base, chosen)


def show(name: str, ids: list[int], texts: list[str]) -> None:
    """Each id on a colour of its own; half a letter is shown as �."""
    colours = cycle((41, 42, 43, 44, 45, 46))
    runs = "".join(f"\x1b[30;{next(colours)}m{text}\x1b[0m" for text in texts)
    print(f"{name}, {len(ids)} ids\n  {runs}\n")


if __name__ == "__main__":
    base = Base(TEXT, merges=24)
    print(f"A base of {base.size} ids. Hypertokens are chosen by what they save:")
    book = train(base, TEXT, size=12)

    ids, base_ids = book.encode(UNSEEN), base.encode(UNSEEN)
    print("\nA sentence that was not in the text:\n")
    show("base", base_ids, [base.decode([index]) for index in base_ids])
    show("with hypertokens", ids, [book.decode([index]) for index in ids])

    for text in (TEXT, UNSEEN, "", "Дед стоял у дверик", "the door, не решаясь\n\tвойти 🙂"):
        assert book.expand(book.encode(text)) == base.encode(text)
        assert book.decode(book.encode(text)) == text
        assert len(book.encode(text)) <= len(base.encode(text))
    print(
        "The law: expand(encode(text)) == base.encode(text) and decode(encode(text)) == text. Kept."
    )
