"""Weight shapes of real models, (N, K): output features, input features."""

from __future__ import annotations

from typing import Final

Shapes = dict[str, tuple[int, int]]


def _shapes(
    hidden: int, intermediate: int, query: int, key_value: int, vocabulary: int, gated: bool
) -> Shapes:
    return {
        "qkv": (query + 2 * key_value, hidden),
        "o": (hidden, query),
        "up": ((2 if gated else 1) * intermediate, hidden),
        "down": (hidden, intermediate),
        "head": (vocabulary, hidden),
    }


# From the models' own config.json: hidden, intermediate, heads x head dim, key/value heads x head
# dim, vocabulary, and whether gate and up are one matrix ("up" then has both).
MODELS: Final[dict[str, Shapes]] = {
    "GPT-Neo-1.3B": _shapes(2048, 8192, 2048, 2048, 50257, gated=False),
    "GPT-J-6B": _shapes(4096, 16384, 4096, 4096, 50400, gated=False),
    "ruGPT-3.5-13B": _shapes(5120, 20480, 5120, 5120, 50272, gated=False),
    "Llama-3-8B": _shapes(4096, 14336, 4096, 1024, 128256, gated=True),
    "Qwen3-0.6B": _shapes(1024, 3072, 2048, 1024, 151936, gated=True),
    "Qwen3-4B": _shapes(2560, 9728, 4096, 1024, 151936, gated=True),
    "Qwen3-8B": _shapes(4096, 12288, 4096, 1024, 151936, gated=True),
    "Gemma-256k head": {"head": (256000, 4096)},
    "square": {"4096": (4096, 4096), "8192": (8192, 8192)},
}
# What a CPU gets through in minutes.
CPU_MODELS: Final = ("square", "Qwen3-0.6B")
CPU_LARGEST: Final = 4096 * 4096
