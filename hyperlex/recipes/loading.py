"""Models for training and for use, in one place: which weights, on which device, what instead.

model = load_for("ai-forever/rugpt3small", weights="nf4")
model, tok = load_trained("runs/news")         what `hyperlex finetune` wrote, or any model
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hyperlex.compat import available, require
from hyperlex.errors import ConfigError, FormatError
from hyperlex.hub import model_options, snapshot, why
from hyperlex.recipes.config import RESOLVED_FILE, read_recipe, read_toml
from hyperlex.recipes.finetune.config import FinetuneConfig
from hyperlex.recipes.pretrain.tokens import open_tokenizer
from hyperlex.sizes import parse_size
from hyperlex.tokenizer import HyperTokenizer, load
from hyperlex.tokenizer.load import CONFIG_FILE

Told = Callable[[str], None]

ADAPTER_FILE: Final = "adapter_config.json"
"""What makes a directory one of PEFT's."""
_FOUR_BITS: Final = ("nf4", "int4")
_MADE: Final = (".scales", ".zeros", ".SCB", ".weight_format")
"""Ends of names of tensors that quantising makes, and that no dense checkpoint has."""


def cuda() -> bool:
    """Whether there is a CUDA device: the one place that asks."""
    import torch

    return torch.cuda.is_available()


def budget(gpu_memory: str | None) -> int | None:
    """Bytes that a run may take: `gpu_memory`, else what the card has; None where nothing says it.

    Raises:
        ConfigError: no size.
    """
    if gpu_memory is not None:
        return parse_size(gpu_memory, "gpu_memory")
    if not cuda():
        return None
    import torch

    return int(torch.cuda.get_device_properties(0).total_memory)


def quiet_bitsandbytes() -> None:
    """Keep it from telling of a kernel for CPUs that nothing here asks it for, and at each product
    outside of training that its input is cast.
    """
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="MatMul8bitLt: inputs will be cast")


def _device() -> str:
    """With its number: accelerate takes `cuda` and `cuda:0` for two."""
    import torch

    return f"cuda:{torch.cuda.current_device()}" if cuda() else "cpu"


@dataclass(frozen=True)
class Running:
    """What runs in place of what was asked for.

    Attributes:
        weights, optimiser: what runs.
        told: a line for each thing that is not as it was asked for.
    """

    weights: str
    optimiser: str
    told: tuple[str, ...]


def what_runs(weights: str, optimiser: str = "adamw") -> Running:
    """What runs here of what a recipe asks for: without CUDA some things cannot.

    Raises:
        MissingDependencyError: there is CUDA, and no bitsandbytes.
    """
    bitsandbytes = weights == "int8" or optimiser != "adamw"
    if cuda():
        if bitsandbytes:
            require("bitsandbytes", extra="bench")
        return Running(weights, optimiser, ())
    told = []
    if weights == "fp16":
        told.append("No CUDA here, and float16 cannot be trained without: bf16 runs instead.")
        weights = "bf16"
    elif weights == "int8" and available("bitsandbytes"):
        told.append("No CUDA here: the 8-bit layers of bitsandbytes run on the CPU, slowly.")
    elif weights == "int8":
        told.append("No CUDA here, and bitsandbytes is not installed: bf16 runs instead of int8.")
        weights = "bf16"
    if optimiser != "adamw":
        told.append(f"No CUDA here: plain AdamW runs instead of {optimiser}.")
        optimiser = "adamw"
    return Running(weights, optimiser, tuple(told))


def compute_dtype(weights: str) -> Any:
    """The type that activations have beside such weights, here."""
    import torch

    if weights == "fp32" or (not cuda() and weights not in ("bf16", "fp16")):
        return torch.float32
    if weights == "fp16" or (weights != "bf16" and not torch.cuda.is_bf16_supported()):
        return torch.float16
    return torch.bfloat16


def load_for(
    model: str | Path,
    *,
    weights: str | None = None,
    dtype: Any = None,
    device: str | None = None,
    told: Told | None = None,
) -> Any:
    """The causal language model at `model`, all its weights found, nothing random.

    Args:
        model: a directory or a hub id. One that is stored in 4 bits stays so.
        weights: fp32, bf16, fp16, int8 (bitsandbytes), nf4, int4 (ours); None: as they are stored.
        dtype: a torch type to compute in; None: `compute_dtype(weights)`.
        device: None: the CUDA device where there is one.
        told: is told what runs instead of what was asked for.

    Raises:
        ConfigError: no causal language model there; stored in other bits than asked for.
        FormatError: some of its weights are missing.
    """
    require("torch", "transformers", extra="model")
    quiet_bitsandbytes()
    from transformers import AutoModelForCausalLM

    import hyperlex.model  # noqa: F401  registers our 4-bit weights
    from hyperlex.model.plan import read_config

    running = None if weights is None else what_runs(weights)
    if running is not None:
        weights = running.weights
        for line in running.told:
            if told is not None:
                told(line)
    place = device or _device()
    stored = _stored_bits(read_config(model))
    options: dict[str, Any] = {"dtype": dtype or ("auto" if weights is None else None)}
    if weights is not None:
        options["dtype"] = dtype or compute_dtype(weights)
    if stored and weights not in (None, stored):
        raise ConfigError(
            f"{str(model)!r} is stored as {stored}, and weights = {weights!r} was asked for. Write "
            f'weights = "{stored}", or name the model that it was made from.'
        )
    if not stored and weights in _FOUR_BITS:
        from hyperlex.model.quantizer import HyperlexQuantConfig

        options["quantization_config"] = HyperlexQuantConfig(weights)
    elif not stored and weights == "int8":
        from transformers import BitsAndBytesConfig

        quantise: Any = BitsAndBytesConfig
        options |= {
            "quantization_config": quantise(load_in_8bit=True),
            "device_map": {"": place},
        }
    auto: Any = AutoModelForCausalLM  # its type leaves out what output_loading_info adds
    try:
        loaded, report = auto.from_pretrained(
            model, output_loading_info=True, **options, **model_options(model)
        )
    except Exception as error:  # transformers and safetensors raise a dozen kinds
        raise ConfigError(
            f"{str(model)!r} is no causal language model that can be loaded here ({why(error)}). "
            "A directory that save_pretrained wrote, or the hub id of one, was expected."
        ) from error
    # Of a checkpoint that is stored in 4 bits they are there, or its config is of other weights.
    made = () if stored in _FOUR_BITS else _MADE
    if missing := sorted(name for name in report["missing_keys"] if not name.endswith(made)):
        raise FormatError(
            f"{str(model)!r} has no weights for {len(missing)} parameters of "
            f"{type(loaded).__name__} ({missing[0]} …), which would be random. A whole causal "
            "language model was expected: save it with its head, from AutoModelForCausalLM."
        )
    return loaded if weights == "int8" else loaded.to(place)


def load_tokenizer(source: str | Path) -> HyperTokenizer:
    """The tokenizer of a model: with its hypertokens, or a plain one as one that has none.

    Raises:
        ConfigError: none there.
    """
    path = Path(source)
    if not path.exists():
        path = snapshot(str(source), ["*.json", "*.jinja", "codebook.*", "*.txt"])
    if (path / CONFIG_FILE).is_file():
        return load(path)
    return open_tokenizer(str(path))


def load_trained(
    directory: str | Path,
    *,
    base: str | Path | None = None,
    weights: str | None = None,
    dtype: Any = None,
    device: str | None = None,
    told: Told | None = None,
) -> tuple[Any, HyperTokenizer]:
    """Model and tokenizer of what `hyperlex finetune` or `pretrain` wrote, or of any model.

    Args:
        directory: a result, that of adapt-vocabulary among them; a model directory or hub id does
            as well.
        base: the model that adapters belong to; None: the one they were trained on.
        weights: of the base; None: those it was trained with.
        dtype, device, told: as for `load_for`.

    Raises:
        ConfigError, FormatError: as `load_for`; the base of the adapters is not found; the run has
            not come to its end.
    """
    folder = _one_training(Path(directory))
    config = _finetuned(folder)
    if config is not None:
        _require_result(folder, config)
    if config is None or config.adapters == "none":
        model = load_for(directory, weights=weights, dtype=dtype, device=device, told=told)
        return model.eval(), load_tokenizer(directory)
    source = str(base or config.model)
    model = load_for(
        source, weights=weights or config.weights, dtype=dtype, device=device, told=told
    )
    if config.adapters == "routed":
        from hyperlex.model.routed_lora import load_routed_lora

        model = load_routed_lora(model, folder)
    else:
        from peft import PeftConfig, PeftModel

        from hyperlex.model.lora import prepare_lora

        adapter: Any = PeftConfig.from_pretrained(str(folder))
        prepare_lora(adapter)
        # Norms and biases work in the type of the base; LoRA casts by itself.
        with warnings.catch_warnings():
            # PEFT asks transformers by a name that transformers is about to change.
            warnings.simplefilter("ignore", FutureWarning)
            model = PeftModel.from_pretrained(
                model, str(folder), config=adapter, autocast_adapter_dtype=adapter.bias == "none"
            )
    return model.eval(), load_tokenizer(folder)


def _one_training(folder: Path) -> Path:
    """The result itself where a recipe of several stages keeps it inside `folder`.

    Raises:
        ConfigError: there are several.
    """
    results = sorted(file.parent for file in folder.glob(f"*/{RESOLVED_FILE}"))
    if (folder / "config.json").is_file() or not (folder / RESOLVED_FILE).is_file() or not results:
        return folder
    last = folder / "adapter"  # of adapt-vocabulary; what stands before it is a stage
    if last in results:
        return last
    raise ConfigError(
        f"{folder} holds several results. Name one of them: {', '.join(map(str, results))}."
    )


def _finetuned(folder: Path) -> FinetuneConfig | None:
    """The recipe of a fine-tuned result; None for any other model.

    Raises:
        ConfigError: the recipe is one of pretraining, and there is no model yet.
    """
    file = folder / RESOLVED_FILE
    if not file.is_file() or (folder / "config.json").is_file():
        return None
    if "layers" in read_toml(file):
        raise ConfigError(
            f"{folder} holds a run that has not come to its end: there is no config.json. Go on "
            f"with it first: hyperlex pretrain {file} --resume"
        )
    return read_recipe(FinetuneConfig, file)


def _require_result(folder: Path, config: FinetuneConfig) -> None:
    file = "config.json" if config.adapters == "none" else ADAPTER_FILE
    if not (folder / file).is_file():
        raise ConfigError(
            f"{folder} holds a run that has not come to its end: there is no {file}. Go on with "
            f"it first: hyperlex finetune {folder / RESOLVED_FILE} --resume"
        )


def _stored_bits(config: Any) -> str | None:
    """How a quantised checkpoint stores its weights; None for a dense one."""
    stored = getattr(config, "quantization_config", None)
    if stored is None:
        return None
    given = stored if isinstance(stored, dict) else stored.to_dict()
    if given.get("load_in_8bit"):
        return "int8"
    return str(given.get("format") or given.get("quant_method"))
