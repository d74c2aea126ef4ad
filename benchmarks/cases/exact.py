"""The exact lane on real tokenizers: laws first, then lengths, then speed.

For the embedded default and for each base in DATA/tokenizers, extended with a codebook trained on
DATA/corpora. A tokenizer whose laws are broken gets no other figure.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import tokenizers
import transformers

import hyperlex
from benchmarks.rows import record
from hyperlex import Codebook, HyperTokenizer
from hyperlex.codebook import BaseTokenizer
from hyperlex.codebook.files import MACHINE_FILE

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "exact.jsonl"
DEFAULT = "default"
BASES = (DEFAULT, "gpt2", "cl100k", "qwen3", "o200k", "llama4")
SIZE = 32_768
CODE = ("json/decoder.py", "argparse.py", "asyncio/tasks.py", "dataclasses.py", "tarfile.py")
STORY = "chekhov_khameleon"  # reported by itself, in tokens: others publish it so

Rows = Iterator[dict[str, Any]]

AWKWARD = [
    *"абвгдежзийклмнопрстуфхцчшщъыьэюяёАБВЯЁabcXYZ0123456789 ,.-—«»!?…'\"/\\\n\t",
    *("  ", "\r\n", "\u00a0", "\u202f", "\u0301", "\u200d", "\u200b", "🙂", "漢", "ﬁ", "\x00"),
    *("<s>", "<|endoftext|>", "[MASK]", "е\u0308"),
]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help="folder with corpora, heldout, …")
    parser.add_argument(
        "--bases",
        nargs="*",
        default=list(BASES),
        help=f"{DEFAULT!r} and folders of DATA/tokenizers",
    )
    parser.add_argument("--fuzz", type=int, default=8000, help="mutated and random strings")
    parser.add_argument(
        "--codebooks",
        type=Path,
        default=ROOT / "codebooks",
        help="where trained codebooks are kept; one that is there is not trained again",
    )


def run(options: argparse.Namespace) -> None:
    heldout = {
        path.stem: path.read_text(encoding="utf-8")
        for path in sorted((options.data / "heldout").glob("*.txt"))
    }
    pairs = (options.data / "parallel" / "pud_ru_en.tsv").read_text(encoding="utf-8").splitlines()
    english = [line.split("\t")[2] for line in pairs[1:]]
    for base in options.bases:
        if base == DEFAULT:
            tok, name, rows = hyperlex.load(), DEFAULT, list(_loading())
        else:
            source = options.data / "tokenizers" / base
            codebook, rows = _codebook(source, options)
            tok, name = hyperlex.extend_tokenizer(source, codebook), f"{base} + {SIZE:,}"
        rows += _measured(tok, name, heldout, english, options.fuzz)
        _record([{"tokenizer": name, "unit": "", **row} for row in rows])


def _record(rows: list[dict[str, Any]]) -> None:
    stamp = {
        "date": date.today().isoformat(),
        "hyperlex": hyperlex.__version__,
        "tokenizers": tokenizers.__version__,
        "transformers": transformers.__version__,
        "python": sys.version.split()[0],
    }
    record(RESULTS, ({**row, **stamp} for row in rows))


def _codebook(source: Path, options: argparse.Namespace) -> tuple[Codebook, list[dict[str, Any]]]:
    """A codebook for this base, trained or found, and rows that tell what training cost."""
    place = options.codebooks / source.name
    base = BaseTokenizer.load(source)
    if (place / MACHINE_FILE).is_file():
        return Codebook.load(place, base), []
    begin = time.perf_counter()
    codebook = hyperlex.train_codebook(base, options.data / "corpora", size=SIZE)
    seconds = time.perf_counter() - begin
    # The peak of this process since it began; its reading workers hold less.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    codebook.save(place)
    return codebook, [
        {"metric": "training time", "value": round(seconds), "unit": "s"},
        {"metric": "training memory, at most", "value": round(peak, 1), "unit": "GiB"},
    ]


def _measured(
    tok: HyperTokenizer, name: str, heldout: dict[str, str], english: list[str], fuzz: int
) -> Rows:
    print(f"{name}: laws", file=sys.stderr)
    broken = _broken_laws(tok, heldout, fuzz)
    rows = [{"metric": f"broken: {law}", "value": n, "unit": "texts"} for law, n in broken.items()]
    rows.append(
        {"metric": "hypertokens cutting a word", "value": _cut_words(tok, heldout.values())}
    )
    lossy_base = "decode(encode(x)) == x"  # where the base normalises, its own text comes back
    if not any(n for law, n in broken.items() if law != lossy_base):
        print(f"{name}: lengths and speed", file=sys.stderr)
        rows += _lengths(tok, heldout, english)
        rows += _speeds(tok, heldout)
    yield from rows


def _broken_laws(tok: HyperTokenizer, heldout: dict[str, str], fuzz: int) -> dict[str, int]:
    """How many of the held-out texts and of the fuzz strings break each law."""
    laws: dict[str, Callable[[str, list[int], list[int]], bool]] = {
        "expand(encode(x)) == base(x)": lambda text, ids, base: tok.expand(ids) == base,
        "decode(encode(x)) == x": lambda text, ids, base: tok.decode(ids) == text,
        "decode(encode(x)) == base.decode(base(x))": (
            lambda text, ids, base: tok.decode(ids) == tok.base.decode(base)
        ),
        "len(encode(x)) <= len(base(x))": lambda text, ids, base: len(ids) <= len(base),
        "collapse(base(x)) == encode(x)": lambda text, ids, base: tok.collapse(base) == ids,
        "hf(x) == encode(x)": (
            lambda text, ids, base: tok.hf(text, add_special_tokens=False)["input_ids"] == ids
        ),
    }
    broken = dict.fromkeys(laws, 0)
    for text in _law_texts(list(heldout.values()), fuzz):
        ids, base = tok.encode(text), tok.base_encode(text)
        for law, holds in laws.items():
            broken[law] += not holds(text, ids, base)
    return broken


def _law_texts(texts: list[str], fuzz: int) -> Iterator[str]:
    yield from texts
    yield from ("", " ", "\n", "а" * 20_000, "def f(x):\n    return x + 1\n")
    rng = random.Random(20261121)
    for _ in range(fuzz // 2):
        text = rng.choice(texts)
        start = rng.randrange(len(text))
        piece = list(text[start : start + rng.randrange(5, 80)])
        for _ in range(rng.randrange(6)):
            piece.insert(rng.randrange(len(piece) + 1), rng.choice(AWKWARD))
        yield "".join(piece)
        yield "".join(rng.choices(AWKWARD, k=rng.randrange(60)))


def _cut_words(tok: HyperTokenizer, texts: Any) -> int:
    cut = 0
    for text in texts:
        encoding = tok.hf(text, add_special_tokens=False, return_offsets_mapping=True)
        for start, stop in encoding["offset_mapping"]:
            if " " in text[start:stop].strip():
                left = start > 0 and text[start - 1].isalpha() and text[start].isalpha()
                right = stop < len(text) and text[stop].isalpha() and text[stop - 1].isalpha()
                cut += left or right
    return cut


def _lengths(tok: HyperTokenizer, heldout: dict[str, str], english: list[str]) -> Rows:
    domains = {name: text for name, text in heldout.items() if name != STORY}
    code = [(Path(sysconfig.get_path("stdlib")) / n).read_text(encoding="utf-8") for n in CODE]
    groups = {
        "nine domains": list(domains.values()),
        **{name: [text] for name, text in domains.items()},
        "English (PUD)": english,
        "Python code": code,
    }
    for group, texts in groups.items():
        characters = sum(map(len, texts))
        for side, encode in (("", tok.encode), (" of the base", tok.base_encode)):
            tokens = sum(len(encode(text)) for text in texts)
            value = round(characters / tokens, 3)
            yield {"metric": f"{group}{side}", "value": value, "unit": "characters/token"}
    story = heldout[STORY]
    yield {"metric": "«Хамелеон»", "value": len(tok.encode(story)), "unit": "tokens"}
    yield {
        "metric": "«Хамелеон» of the base",
        "value": len(tok.base_encode(story)),
        "unit": "tokens",
    }
    lines = [line for text in code for line in text.splitlines()] + english
    changed = longer = 0
    for line in lines:
        ids, base = tok.encode(line), tok.base_encode(line)
        longer += len(ids) > len(base)
        changed += ids != base and not any(map(tok.layout.is_hyper, ids))
    yield {"metric": "English and code lines longer", "value": longer, "unit": "lines"}
    yield {"metric": "ids changed where no entry occurs", "value": changed, "unit": "lines"}


def _speeds(tok: HyperTokenizer, heldout: dict[str, str]) -> Rows:
    texts = list(heldout.values())
    documents = [text[i : i + 4000] for text in texts for i in range(0, len(text), 4000)]
    line = "".join(texts).replace("\n", " ")
    line *= 1 + 5_000_000 // len(line.encode())
    for what, inputs, repeats in (
        ("4,000-character documents", documents, 5),
        ("one 5 MB line", [line], 2),
    ):
        seconds = {"encode": float("inf"), "base": float("inf")}
        for _ in range(repeats):
            for side, encode in (("encode", tok.encode), ("base", tok.base_encode)):
                begin = time.process_time()
                for text in inputs:
                    encode(text)
                seconds[side] = min(seconds[side], time.process_time() - begin)
        megabytes = sum(len(text.encode()) for text in inputs) / 1e6
        speed = {side: round(megabytes / took, 2) for side, took in seconds.items()}
        ratio = round(seconds["base"] / seconds["encode"], 2)
        yield {"metric": f"encode, {what}", "value": speed["encode"], "unit": "MB/s"}
        yield {"metric": f"base, {what}", "value": speed["base"], "unit": "MB/s"}
        yield {"metric": f"encode against base, {what}", "value": ratio, "unit": "ratio"}


def _loading() -> Rows:
    """Time to the first token in a fresh process, imports included: the best of five."""
    import subprocess

    program = (
        "import time; t = time.perf_counter(); import hyperlex; {}; print(time.perf_counter() - t)"
    )
    for what, call in (
        ("load", "hyperlex.load()"),
        ("load and encode", "hyperlex.load().encode('Да')"),
    ):
        command = [sys.executable, "-c", program.format(call)]
        times = [float(subprocess.check_output(command, text=True)) for _ in range(5)]
        yield {"metric": what, "value": round(min(times), 2), "unit": "s"}


BARS = (  # tokenizer, metric, what is best elsewhere, what we aim at
    ("default", "nine domains", "4.68 (RuAdapt 128k BPE), 4.01 (Llama-4), 3.57 (o200k)", "≥ 5.55"),
    ("default", "«Хамелеон»", "1,505 (RuAdapt 128k), about 1,650 (ruGPT-3.5)", "≤ 1,200"),
    ("default", "English (PUD)", "4.6 (gpt2)", "≥ 3.8"),
    ("default", "load and encode", "", "≤ 1.0"),
    (f"gpt2 + {SIZE:,}", "nine domains", "0.95 (gpt2)", "≥ 4.0"),
    (f"cl100k + {SIZE:,}", "nine domains", "2.14 (cl100k)", ""),
    (f"qwen3 + {SIZE:,}", "nine domains", "2.87 (qwen3)", "≥ 4.5"),
    (f"o200k + {SIZE:,}", "nine domains", "3.57 (o200k)", "≥ 4.7"),
    (f"llama4 + {SIZE:,}", "nine domains", "4.01 (Llama-4)", "≥ 5.0"),
    (f"qwen3 + {SIZE:,}", "training time", "", "≤ 900"),
    (f"qwen3 + {SIZE:,}", "training memory, at most", "", "≤ 8"),
)


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest row of each metric as Markdown, by file."""
    newest = {(row["tokenizer"], row["metric"]): row for row in rows}
    names = list(dict.fromkeys(name for name, _ in newest))
    last = rows[-1]
    stamp = (
        f"Measured {last['date']} with hyperlex {last['hyperlex']}, tokenizers "
        f"{last['tokenizers']}, transformers {last['transformers']}, Python {last['python']} "
        "on two shared CPU cores."
    )
    bars = ["| tokenizer | what | today's best | aim | measured |", "|---|---|---|---|---|"]
    for name, metric, best, aim in BARS:
        if row := newest.get((name, metric)):
            measured = f"**{_number(row['value'])}** {row['unit']}"
            bars.append(f"| {name} | {metric} | {best} | {aim} | {measured} |")
    metrics = list(dict.fromkeys(metric for _, metric in newest))
    whole = [f"| what | unit | {' | '.join(names)} |", "|---|---|" + "---:|" * len(names)]
    for metric in metrics:
        found = [newest.get((name, metric)) for name in names]
        unit = next(row["unit"] for row in found if row)
        cells = " | ".join("" if row is None else _number(row["value"]) for row in found)
        whole.append(f"| {metric} | {unit} | {cells} |")
    short = "\n".join([*bars, "", stamp])
    return {"README.md": short, "docs/benchmarks.md": "\n".join([short, "", *whole])}


def _number(value: float) -> str:
    return f"{value:,}"
