"""A large model on a small card: quantised while it is loaded, with a compressed cache.

The task `generate`: prompts of a file are answered one by one, and nothing is trained.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from hyperlex.errors import ConfigError
from hyperlex.files import atomic_directory, atomic_write_text
from hyperlex.recipes.config import RESOLVED_FILE, flag, key, settled, write_recipe
from hyperlex.recipes.tasks import Progress, TaskResult, Told, open_output
from hyperlex.sizes import in_gib, parse_size

if TYPE_CHECKING:
    from hyperlex.model import MemoryPlan
    from hyperlex.tokenizer import HyperTokenizer

ANSWERS_FILE: Final = "answers.jsonl"
MODEL_FOLDER: Final = "model"


@dataclass(frozen=True, kw_only=True)
class GenerationConfig:
    """Answers of a model. The help of each key stands beside it.

    Raises:
        ConfigError: a value out of range.
    """

    task: Literal["generate"] = key("What this recipe does.", "generate")
    model: str = field(metadata={"help": "A causal language model: a directory, or a hub id."})
    data: str = field(metadata={"help": "A file of prompts: a line each, or rows of a table."})
    output: str = field(metadata={"help": "A new directory for the answers."})
    tokenizer: str | None = key("Directory or hub id. Default: the model's own.", None)
    weights: Literal["nf4", "int4", "bf16", "fp16", "fp32"] = key(
        "How weights are stored: nf4 is the more exact of the 4-bit formats.", "nf4"
    )
    kv: Literal["fp16", "bf16", "int8", "int4"] | None = key(
        "Width of the cache. Default: the model's own type.", None
    )
    context: int = key("Tokens of prompt and answer together.", 2048)
    max_new_tokens: int = key("Tokens of an answer, at most.", 256)
    temperature: float = key("0: always the likeliest token.", 0.0)
    top_p: float = key("Share of the probability that is sampled from.", 1.0)
    repetition_penalty: float = key("Above 1: what was said becomes less likely.", 1.0)
    limit: int | None = key("Prompts to answer. Default: all.", None)
    save: bool = key("Keep the quantised model in the result: loading it again is quick.", False)
    gpu_memory: str | None = key("Budget, as 11GB. Default: what the card has.", None)
    seed: int = key("Of sampling.", 0)

    def __post_init__(self) -> None:
        for name in ("context", "max_new_tokens", "repetition_penalty"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} = {getattr(self, name)}: more than 0 was expected.")
        if self.temperature < 0 or not 0 < self.top_p <= 1:
            raise ConfigError(
                f"temperature = {self.temperature}, top_p = {self.top_p}: 0 or more, and a share "
                "above 0 up to 1, were expected."
            )
        if self.max_new_tokens >= self.context:
            raise ConfigError(
                f"max_new_tokens = {self.max_new_tokens} leaves no room for a prompt in context = "
                f"{self.context}. Pass a smaller {flag('max_new_tokens')}."
            )
        if self.gpu_memory is not None:
            parse_size(self.gpu_memory, "gpu_memory")


def answer(
    config: GenerationConfig, *, told: Told | None = None, progress: Progress | None = None
) -> TaskResult:
    """Load the model, answer each prompt, write `answers.jsonl`.

    Raises:
        ConfigError: it takes more memory than there is; a prompt too long; no prompts.
    """
    say = told or (lambda line: None)
    shown = progress or (lambda stage, done, end: None)
    from hyperlex.model.generate import opening, stream
    from hyperlex.recipes.evaluate.data import Columns, ids_of, prompt_rows
    from hyperlex.recipes.loading import cuda, load_for, load_tokenizer

    directory = open_output(config.output)
    prompts = [row.prompt for row in prompt_rows(config.data, Columns())][: config.limit]
    tok = load_tokenizer(config.tokenizer or config.model)
    _plan(config, tok, say)
    if not cuda():
        say("No CUDA here: the model runs on the CPU, slowly.")
    model = load_for(config.model, weights=config.weights, told=told).eval()
    # All of them, before the first is answered: an answer takes long.
    openings = [opening(model, tok, ids_of(prompt, tok)) for prompt in prompts]
    for number, ids in enumerate(openings, 1):
        if len(ids) + config.max_new_tokens > config.context:
            raise ConfigError(
                f"Prompt {number} of {config.data} has {len(ids)} tokens, and with "
                f"max_new_tokens = {config.max_new_tokens} exceeds context = {config.context}. "
                "Shorten it, or raise context."
            )
    write_recipe(settled(config), directory / RESOLVED_FILE)
    if config.save:
        with atomic_directory(directory / MODEL_FOLDER) as staged:
            model.save_pretrained(staged)
            tok.save(staged)
    lines: list[str] = []
    characters, seconds, tokens = 0, 0.0, 0
    for number, (prompt, ids) in enumerate(zip(prompts, openings, strict=True)):
        shown("answering", number, len(prompts))
        with stream(
            model, tok, ids, max_new_tokens=config.max_new_tokens, kv=config.kv, **_sampling(config)
        ) as pieces:
            text = "".join(piece.text for piece in pieces)
        characters += pieces.characters
        seconds += pieces.seconds
        tokens += len(pieces.ids)
        entry = {"prompt": "".join(prompt), "answer": text, "tokens": len(pieces.ids)}
        entry["seconds"] = round(pieces.seconds, 3)
        lines.append(json.dumps(entry, ensure_ascii=False) + "\n")
    atomic_write_text(directory / ANSWERS_FILE, "".join(lines))
    figures = {
        "directory": str(directory),
        "answers": len(lines),
        "tokens": tokens,
        "characters": characters,
        "seconds": round(seconds, 1),
    }
    rate = characters / max(seconds, 1e-9)
    words = f"{len(lines)} answers, {characters:,} characters, {rate:,.1f} a second."
    return TaskResult(directory, figures, (words,))


def _sampling(config: GenerationConfig) -> dict[str, Any]:
    options: dict[str, Any] = {"seed": config.seed, "do_sample": config.temperature > 0}
    if config.temperature > 0:
        options |= {"temperature": config.temperature, "top_p": config.top_p}
    return options | {"repetition_penalty": config.repetition_penalty}


def _plan(config: GenerationConfig, tok: HyperTokenizer, say: Callable[[str], None]) -> None:
    """Say what the model takes. Raises `ConfigError` where that is more than there is."""
    from hyperlex.model import plan_memory
    from hyperlex.recipes.loading import budget

    room = budget(config.gpu_memory)
    plan = plan_memory(
        config.model,
        gpu=room or 1 << 50,
        context=config.context,
        weights=config.weights,
        kv=config.kv or "fp16",
        vocabulary_rows=tok.layout.total,
    )
    for name, size, words in rows_of(plan):
        say(f"  {name:12} {in_gib(size):>11}  {words}")
    if room is not None and not plan.fits:
        most = plan.largest_context
        remedy = f"Write context = {most}" if most > 1 else "Take a smaller model or a larger card"
        raise ConfigError(
            f"This takes {in_gib(plan.total)} and there are {in_gib(room)}. {remedy}, or "
            'kv = "int4", or weights = "nf4".'
        )


def rows_of(plan: MemoryPlan) -> list[tuple[str, int, str]]:
    """Rows of a plan to show: name, bytes, what it is."""
    return [
        ("weights", plan.weights, f"{plan.weights_format}, computing in {plan.dtype}"),
        ("vocabulary", plan.vocabulary, f"{plan.vocabulary_rows:,} rows"),
        ("cache", plan.cache, f"{plan.context:,} tokens in {plan.kv}"),
        ("activations", plan.activations, f"while {plan.prefill} tokens of a prompt are read"),
        ("reserve", plan.reserve, "assumed, for CUDA itself"),
        ("together", plan.total, f"{plan.parameters / 1e9:.2f} billion parameters"),
    ]
