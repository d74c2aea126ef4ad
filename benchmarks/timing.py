"""How long a product takes when its weight is not in the cache.

A weight that fits in the cache is found there by the second call, as no layer of a model ever finds
it. So each provider gets as many copies of its weight as exceed `COLD_BYTES`, and calls go round.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import torch

COLD_BYTES: Final = {"cuda": 256 << 20, "cpu": 64 << 20}
GRAPH_CALLS: Final = 32


@dataclass(frozen=True)
class Timing:
    """Microseconds a call."""

    p50: float
    p20: float
    p80: float


def copies_needed(stored_bytes: int, device: str) -> int:
    """How many copies of a weight it takes to go round outside the cache."""
    return max(2, -(-COLD_BYTES[device] // stored_bytes))


def measure(calls: Sequence[Callable[[], object]], device: str, rounds: int) -> list[float]:
    """Microseconds a call, `rounds` samples, going round `calls`. Everything is warmed up first."""
    for call in calls:
        call()
    return _on_gpu(calls, rounds) if device == "cuda" else _on_cpu(calls, rounds)


def summary(samples: list[float]) -> Timing:
    """Median and the 20th and 80th percentiles."""
    cuts = statistics.quantiles(samples, n=10, method="inclusive")
    return Timing(p50=statistics.median(samples), p20=cuts[1], p80=cuts[7])


def _on_gpu(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """One CUDA graph of many calls, replayed: no launch gap is measured, and no Python."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        for call in calls:
            call()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    total = max(GRAPH_CALLS, len(calls))
    with torch.cuda.graph(graph):
        for i in range(total):
            calls[i % len(calls)]()
    samples = []
    for _ in range(3):
        graph.replay()
    for _ in range(rounds):
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        graph.replay()
        stop.record()
        stop.synchronize()
        samples.append(start.elapsed_time(stop) * 1e3 / total)
    return samples


def _on_cpu(calls: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    samples = []
    for i in range(rounds):
        call = calls[i % len(calls)]
        start = time.perf_counter()
        call()
        samples.append((time.perf_counter() - start) * 1e6)
    return samples


def copy_bandwidth(device: str) -> float:
    """Bytes a second of a plain copy, read and write counted: the ceiling of everything here."""
    size = (1 << 31) if device == "cuda" else (1 << 28)
    source = torch.empty(size, dtype=torch.uint8, device=device).random_(0, 255)
    target = torch.empty_like(source)
    samples = measure([lambda: target.copy_(source)], device, 5)
    return 2 * size / (statistics.median(samples) * 1e-6)
