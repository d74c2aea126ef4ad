"""A whole model directory, extended: model and tokenizer in one step, for the command line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch

from hyperlex.errors import ConfigError, FormatError
from hyperlex.files import atomic_directory, refuse_second_model, weight_files
from hyperlex.hub import from_cache_alone, model_options, why
from hyperlex.model.distillation import DistillationResult, distil_rows
from hyperlex.model.extend import extend_model
from hyperlex.model.rows import Initialisation
from hyperlex.model.snippets import Texts
from hyperlex.tokenizer.hyper import HyperTokenizer


def extend_model_directory(
    source: str | Path,
    tok: HyperTokenizer,
    target: str | Path,
    *,
    initialisation: Initialisation | Literal["distilled"] = "mean",
    texts: Texts | None = None,
    steps: int | None = None,
    told: Callable[[str, int, int | None], None] | None = None,
) -> DistillationResult | None:
    """Read a causal language model, extend it by `tok`, and write it and `tok` into `target`.

    `AutoModelForCausalLM` and `AutoTokenizer` read `target`, in the type that the weights had. The
    generation config comes along. All files are written or none.

    Args:
        source: a model directory, or a hub id.
        target: a directory without a model in it; it is made if it does not exist.
        initialisation: as of `extend_model`; or `distilled`: mean, and then `distil_rows`, on the
            CUDA device where there is one.
        texts, steps, told: for `distilled` alone, see `distil_rows`.

    Returns:
        What the distillation did, if there was one.

    Raises:
        ConfigError: no causal language model at `source`; `target` holds one or cannot be written;
            `distilled` without texts, or texts without it.
        FormatError: a model at `source` without some of its weights, its head say.
        Otherwise as `extend_model`, `distil_rows` and `HyperTokenizer.save`.
    """
    if (initialisation == "distilled") != (texts is not None):
        raise ConfigError(
            f"initialisation={initialisation!r} {'with' if texts else 'without'} texts: rows "
            "are distilled from texts, and no other initialisation reads any. Pass texts with "
            "initialisation='distilled' alone."
        )
    target = Path(target)
    refuse_second_model(target)
    # The place is tried first, so that a wrong one is refused before gigabytes are read.
    with atomic_directory(target) as staged:
        model = load_causal_model(source)
        result = None
        first = "mean" if initialisation == "distilled" else initialisation
        extend_model(model, tok, initialisation=first)
        if texts is not None:
            if torch.cuda.is_available():
                model.cuda()
            result = distil_rows(model, tok, texts, steps=steps, told=told)
        model.save_pretrained(staged)
        # After the model: the doctor in `save` compares ids next to the config that is there.
        tok.save(staged)
    return result


def bring_along(source: str | Path, staged: Path) -> None:
    """Copy the tokenizer and whatever else lies beside the weights of `source`."""
    directory = Path(source)
    if not directory.is_dir():
        from transformers import AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(
                source, local_files_only=from_cache_alone(source)
            )
            tokenizer.save_pretrained(staged)
        except (OSError, ValueError):
            return  # a model without a tokenizer is still a model
        return
    weights = set(weight_files(directory))
    for file in sorted(directory.iterdir()):
        if file.is_file() and file not in weights and not (staged / file.name).exists():
            if file.name.startswith((".", "model.safetensors.index")):
                continue
            shutil.copyfile(file, staged / file.name)


def load_causal_model(source: str | Path) -> Any:
    """The causal language model at `source`, all its weights found, in the type that they have.

    Raises `ConfigError` where there is none, `FormatError` where some of its weights are missing or
    are 4-bit weights of another version.
    """
    from transformers import AutoModelForCausalLM

    auto: Any = AutoModelForCausalLM  # its type leaves out what output_loading_info adds
    try:
        model, report = auto.from_pretrained(
            source, dtype="auto", output_loading_info=True, **model_options(source)
        )
    except FormatError as error:  # ours, of 4-bit weights
        raise FormatError(f"{str(source)!r}: {error}") from error
    except Exception as error:  # transformers and safetensors raise a dozen kinds
        raise ConfigError(
            f"{str(source)!r} is no causal language model that can be loaded here ({why(error)}). "
            "A directory that save_pretrained wrote, or the hub id of one, was expected."
        ) from error
    if missing := sorted(report["missing_keys"]):
        raise FormatError(
            f"{str(source)!r} has no weights for {len(missing)} parameters of "
            f"{type(model).__name__} ({missing[0]} …), which would be random. A whole causal "
            "language model was expected: save it with its head, from AutoModelForCausalLM."
        )
    return model
