"""`generate` with each cache, in one run: tokens a second against eager, and memory.

Greedy decoding of a random model; a cache that keeps what it is given must bring the tokens of
eager attention, or gets no time. Caches take turns, there and back, so that a busy machine favours
nobody. Without a GPU a small model is measured; with one, models of the shapes of 8B and 13B with
4-bit weights, under a cap on memory:

    python -m benchmarks.run attention_generate
    python -m benchmarks.run attention_generate --shape 13B --cap-gb 11 --prompt 1984
    python -m benchmarks.report                              # rows -> docs/kv-cache.md
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, DynamicCache, LlamaConfig, QuantizedCache

from benchmarks.machine import facts
from hyperlex.compat import available
from hyperlex.model import HyperlexQuantConfig, Linear4bit, QuantizedKVCache
from hyperlex.model.attention import NAME
from hyperlex.model.quantizer import replace_linear_layers

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results" / "attention_generate.jsonl"
BASELINE = "eager, DynamicCache"
SHAPES: dict[str, dict[str, Any]] = {
    "small": {
        "vocab_size": 1000,
        "hidden_size": 512,
        "intermediate_size": 1408,
        "num_hidden_layers": 8,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
    },
    "8B": {
        "vocab_size": 128_256,
        "hidden_size": 4096,
        "intermediate_size": 14_336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
    },
    "13B": {
        "vocab_size": 32_000,
        "hidden_size": 5120,
        "intermediate_size": 13_824,
        "num_hidden_layers": 40,
        "num_attention_heads": 40,
    },
}
# What keeps keys and values as they are: its tokens must be those of eager attention.
EXACT = ("sdpa, DynamicCache", "ours, DynamicCache", "ours, auto", "ours, auto, static")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--shape", choices=list(SHAPES), help="default: 8B, small on a CPU")
    parser.add_argument("--prompt", type=int, default=512, help="tokens")
    parser.add_argument("--new", type=int, default=64, help="tokens to generate")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cap-gb", type=float, help="memory that the run may take, in 2^30 bytes")
    parser.add_argument("--providers", nargs="+", help="names, or how they begin")
    parser.add_argument("--out", type=Path, default=RESULTS, help="rows are appended here")
    parser.add_argument(
        "--dry-run", action="store_true", help="few tokens, the gate only; write nothing"
    )


def run(options: argparse.Namespace) -> None:
    device = "cuda" if torch.cuda.is_available() else "cpu"
    shape = options.shape or ("8B" if device == "cuda" else "small")
    if options.cap_gb is not None and device == "cuda":
        whole = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(options.cap_gb * 2**30 / whole)
    if options.dry_run:
        options.prompt, options.new, options.rounds = 16, 4, 1
    machine = facts("attention_generate", device)
    print(json.dumps(machine))
    model = _model(shape, device, options.prompt + options.new)
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(
        0, model.config.vocab_size, (options.batch, options.prompt), generator=generator
    ).to(device)
    runs = _runs(model, ids, options)
    tokens: dict[str, Any] = {}
    notes: dict[str, dict[str, Any]] = {}
    for name, generate in list(runs.items()):
        if device == "cuda":
            torch.cuda.reset_peak_memory_stats()
        try:
            tokens[name], cache_bytes = generate()
        except torch.OutOfMemoryError:
            print(f"{name}: does not fit into {options.cap_gb} GB")
            del runs[name]
            continue
        notes[name] = {"cache_bytes": cache_bytes}
        if device == "cuda":
            notes[name]["peak_bytes"] = torch.cuda.max_memory_allocated()
    expected = tokens.get(BASELINE)
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(options.rounds):
        for name in (*runs, *reversed(runs)):
            began = time.perf_counter()
            runs[name]()
            if device == "cuda":
                torch.cuda.synchronize()
            samples[name].append(time.perf_counter() - began)
    for name, taken in samples.items():
        same = None if expected is None else float((tokens[name] == expected).float().mean())
        # In 16 bits another order of summation may pick another token: only a CPU is held to it.
        gate = name not in EXACT or same is None or same == 1.0 or device == "cuda"
        row: dict[str, Any] = {
            **machine,
            **notes[name],
            "provider": name,
            "shape": shape,
            "prompt": options.prompt,
            "new": options.new,
            "batch": options.batch,
            "cap_gb": options.cap_gb,
            "same_tokens": same,
            "gate": gate,
        }
        if gate:
            median = statistics.median(taken)
            row |= {
                "metric": "speed",
                "unit": "tokens/s",
                "p50": round(options.new * options.batch / median, 2),
                "times_eager": _ratio(taken, samples.get(BASELINE)),
            }
        print(_line(row))
        if not options.dry_run and gate:
            with options.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, sort_keys=True) + "\n")


def _ratio(taken: list[float], baseline: list[float] | None) -> float | None:
    """How many times the time of eager attention, each round against its neighbour."""
    if baseline is None:
        return None
    return round(statistics.median(a / b for a, b in zip(taken, baseline, strict=True)), 3)


def _model(shape: str, device: str, positions: int) -> Any:
    """Random weights: float32 on a CPU, packed 4-bit ones made in place on a GPU."""
    torch.manual_seed(0)
    config = LlamaConfig(
        **SHAPES[shape], max_position_embeddings=positions, eos_token_id=None, pad_token_id=0
    )
    if device == "cpu":
        # Wide weights, so that tokens depend on what the cache holds.
        config.initializer_range = 0.06
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    from accelerate import init_empty_weights

    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float16).eval()
    replace_linear_layers(model, HyperlexQuantConfig("nf4"), ["lm_head"])
    for module in model.modules():
        for name, tensor in list(module.named_parameters(recurse=False)):
            new = torch.empty_like(tensor, device=device)
            if new.is_floating_point():
                new.normal_(0, 0.02) if new.ndim > 1 else new.fill_(1)
            else:
                new.random_()
            setattr(module, name, torch.nn.Parameter(new, requires_grad=False))
        if isinstance(module, Linear4bit):
            module.scales = torch.full_like(module.scales, 0.05, device=device)
    return model.to(device)


def _runs(
    model: Any, ids: torch.Tensor, options: argparse.Namespace
) -> dict[str, Callable[[], tuple[torch.Tensor, int]]]:
    length = options.prompt + options.new
    config = model.config

    def with_cache(attention: str, make: Callable[[], Any]) -> Callable[[], Any]:
        def generate() -> tuple[torch.Tensor, int]:
            model.set_attn_implementation(attention)
            cache = make()
            made = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                past_key_values=cache,
                max_new_tokens=options.new,
                do_sample=False,
            )
            return made[:, ids.shape[1] :], _bytes(cache)

        return generate

    runs = {
        BASELINE: with_cache("eager", lambda: DynamicCache(config=config)),
        "sdpa, DynamicCache": with_cache("sdpa", lambda: DynamicCache(config=config)),
        "ours, DynamicCache": with_cache(NAME, lambda: DynamicCache(config=config)),
    }
    for package, backend in (("optimum.quanto", "quanto"), ("hqq", "hqq")):
        if available(package.split(".")[0]):
            runs[f"sdpa, QuantizedCache {backend} int4"] = with_cache(
                "sdpa", lambda backend=backend: QuantizedCache(backend, config, nbits=4)
            )
    for width in ("auto", "int8", "int4"):
        for most in (None, length):
            name = f"ours, {width}" + ("" if most is None else ", static")
            runs[name] = with_cache(
                NAME,
                lambda width=width, most=most: QuantizedKVCache(config, width, max_length=most),
            )
    wanted = options.providers
    return {n: r for n, r in runs.items() if not wanted or any(n.startswith(w) for w in wanted)}


def _bytes(cache: Any) -> int:
    if isinstance(cache, QuantizedKVCache):
        return cache.stored_bytes
    tensors = [each for layer in cache.layers for each in (layer.keys, layer.values)]
    return sum(each.numel() * each.element_size() for each in tensors if each is not None)


def _line(row: dict[str, Any]) -> str:
    if not row["gate"]:
        return f"{row['provider']:28} other tokens than eager: {row['same_tokens']:.1%} the same"
    same = "" if row["same_tokens"] is None else f"{row['same_tokens']:.0%} the same tokens, "
    return (
        f"{row['provider']:28} {row['p50']:8.2f} tokens/s, {row['times_eager']} x the time of "
        f"eager, {same}cache {row['cache_bytes'] / 1e6:.2f} MB"
    )


def tables(rows: list[dict[str, Any]]) -> dict[str, str]:
    """The newest row of each cache, shape and length as Markdown."""
    newest = {
        (r["device"], r["shape"], r["prompt"], r["batch"], r["cap_gb"], r["provider"]): r
        for r in rows
    }
    lines = [
        "| model | prompt + new | attention and cache | time, eager = 1 | tokens/s | same tokens |"
        " cache, MB |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    for row in newest.values():
        same = "" if row["same_tokens"] is None else f"{row['same_tokens']:.0%}"
        # A shared CPU is now fast, now slow: only what took turns there can be compared.
        speed = f"{row['p50']:.1f}" if row["device"] == "cuda" else ""
        lines.append(
            f"| {row['shape']} | {row['prompt']} + {row['new']} | {row['provider']} | "
            f"{row['times_eager'] or ''} | {speed} | {same} | {row['cache_bytes'] / 1e6:.2f} |"
        )
    last = rows[-1]
    where = last.get("gpu") or f"a shared CPU, {last['cpu']}, threads: {last['threads']}"
    lines += [
        "",
        f"Measured {last['date']}, torch {last['torch']}, {where}. Random weights, greedy: such a "
        "model is as unsure as can be, and one rounding sets it on another way.",
    ]
    return {"docs/kv-cache.md": "\n".join(lines)}
