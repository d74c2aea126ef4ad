"""`extend_model`: a Hugging Face causal language model gets a row for every hypertoken."""

from __future__ import annotations

import copy
import hashlib
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from hyperlex.codebook.codebook import Codebook
from hyperlex.errors import ConfigError, VocabularyError
from hyperlex.model.rows import (
    INITIALISATIONS,
    Initialisation,
    Role,
    fill_hypertoken_rows,
    mean_row,
)
from hyperlex.model.scene_rows import fill_scene_rows
from hyperlex.tokenizer.hyper import HyperTokenizer
from hyperlex.tokenizer.layout import VocabularyLayout

if TYPE_CHECKING:
    from transformers import PreTrainedModel

Model = TypeVar("Model", bound="PreTrainedModel")

RECORD_KEY = "hyperlex"
"""Where a model's config says what the model was extended with."""
RECORD_VERSION = 1


class Ends(NamedTuple):
    """Where a model reads ids and where it predicts them."""

    embedding: nn.Embedding
    head: nn.Linear

    @property
    def tied(self) -> bool:
        return self.embedding.weight is self.head.weight


def extend_model(
    model: Model,
    tok: HyperTokenizer,
    *,
    initialisation: Initialisation = "mean",
    pad_to_multiple_of: int = 64,
) -> Model:
    """Give a causal language model, in place, a row for each hypertoken of `tok`.

    The row of a hypertoken is a weighted sum of the rows of the base ids that it stands for, in the
    input embedding and in the head each by its own weights, and so is its output bias where the
    head has one. Rows of base ids keep every bit, so the logits of base ids after base-only input
    stay the same up to the rounding of a larger matrix product. Device, type, tying and parameter
    objects stay. The state of an optimizer made before does not fit any more.

    Rows of the model that no base id has (Qwen3 has 151,936 for 151,669 ids) are overwritten as far
    as hypertokens reach, and nothing shrinks. Rows that are added beyond the last hypertoken are
    the mean of the base rows: by Jensen's inequality each then gets at most 1 / `base_size` of the
    probability that all base ids have together. `generation_config.bad_words_ids` forbids them,
    and older rows beyond the last hypertoken, to `generate` altogether.

    Scene ids (`layout.scene_size`) are read, not written: their input rows are the mean of the base
    rows that spell their lemmas, their output rows the mean of all base rows.

    What was done is recorded in `model.config.hyperlex`, which is saved with the model. A model
    that this call has extended by this tokenizer already comes back as it is, trained or not.

    Args:
        model: any `PreTrainedModel` with an `nn.Embedding` and a linear head, with its weights in
            memory. Wrap it with PEFT afterwards.
        tok: its tokenizer, extended.
        initialisation: `mean`; `exponential` (AdaptiVocab's: input rows lean on the last base id,
            output rows on the first); `shortened` (mean, output rows and tied ones drawn towards
            the mean of all base rows: hypertokens take less of the probability of base ids, and
            text costs fewer bits before any training); `distinct` (mean, as long as base rows and
            turned by some 45°, each its own way: a tied model that copies can write them before any
            training, «ха» and «хаха», too). `hyperlex.model.rows` has the formulas. Rows that
            learn from texts: call `distil_rows` after `mean`.
        pad_to_multiple_of: rows are added up to a multiple of this; 64 suits tensor cores.

    Returns:
        `model`.

    Raises:
        ConfigError: an unknown initialisation, a model of a kind that cannot be extended.
        VocabularyError: a model with fewer rows than the base tokenizer has ids, or one that was
            extended already by another tokenizer or initialisation.
    """
    _check_arguments(tok, initialisation, pad_to_multiple_of)
    ends = find_ends(model)
    layout = tok.layout
    present = min(ends.embedding.weight.shape[0], ends.head.weight.shape[0])
    if present < layout.base_size:
        raise VocabularyError(
            f"{type(model).__name__} has {present} rows of embeddings, and the base tokenizer has "
            f"{layout.base_size} ids. A row for each id was expected. Extend the tokenizer of this "
            "model instead, or, if its tokenizer got tokens added, call "
            f"model.resize_token_embeddings({layout.base_size}) and train those first."
        )
    if present - layout.base_size > _SPARE_ROWS:
        warnings.warn(
            f"{type(model).__name__} has {present} rows of embeddings, and the base tokenizer only "
            f"{layout.base_size} ids: is it this model's own? Rows from {layout.base_size} on are "
            "overwritten.",
            stacklevel=2,
        )
    record = _record(layout, tok.codebook, initialisation)
    if _is_done(model, record, present, layout):
        return model
    most = max(ends.embedding.weight.shape[0], ends.head.weight.shape[0], layout.total)
    rows = -(-most // pad_to_multiple_of) * pad_to_multiple_of
    reading: Role = "tied" if ends.tied else "input"
    predicting: Role = "tied" if ends.tied else "output"
    # Whatever mode the caller is in: rows made under inference mode could not be trained.
    with torch.inference_mode(False):
        _extend(ends.embedding.weight, rows, tok, initialisation, reading)
        if not ends.tied:
            _extend(ends.head.weight, rows, tok, initialisation, predicting)
        if ends.head.bias is not None:
            _extend(ends.head.bias, rows, tok, initialisation, predicting)
    ends.embedding.num_embeddings = ends.head.out_features = rows
    _state_size(model, ends.embedding, rows)
    setattr(model.config, RECORD_KEY, record)
    _suppress_padding(model, layout, rows)
    return model


_SPARE_ROWS = 4_096
"""Published models pad their embeddings by up to some 2,400 rows (DeepSeek has 102,400 for
100,015 ids)."""


def _check_arguments(tok: HyperTokenizer, initialisation: str, pad_to_multiple_of: int) -> None:
    if not isinstance(tok, HyperTokenizer):
        raise ConfigError(
            f"tok is a {type(tok).__name__}: a HyperTokenizer was expected, from hyperlex.load or "
            "hyperlex.extend_tokenizer."
        )
    if initialisation not in INITIALISATIONS:
        raise ConfigError(
            f"initialisation={initialisation!r}: one of {', '.join(INITIALISATIONS)} was expected. "
            "For distilled rows call distil_rows(model, tok, texts) after it."
        )
    if pad_to_multiple_of < 1:
        raise ConfigError(
            f"pad_to_multiple_of={pad_to_multiple_of}: a whole number of at least 1 was expected. "
            "Pass 1 for no padding."
        )


def find_ends(model: Any) -> Ends:
    """The input embedding and the head of a model; ConfigError where they cannot be extended."""
    from transformers import PreTrainedModel

    name = type(model).__name__
    if isinstance(model, nn.Module) and any(
        type(module).__module__.partition(".")[0] == "peft" for module in model.modules()
    ):
        raise ConfigError(
            f"{name} holds PEFT adapters, which may keep copies of the embeddings. A bare model "
            "was expected: extend it before get_peft_model, or call merge_and_unload() first."
        )
    if not isinstance(model, PreTrainedModel):
        raise ConfigError(
            f"{name} is no transformers PreTrainedModel. Load the model with "
            "AutoModelForCausalLM.from_pretrained, and extend it before compiling or wrapping it."
        )
    for method in ("resize_token_embeddings", "_resize_token_embeddings"):
        if getattr(type(model), method) is not getattr(PreTrainedModel, method):
            raise ConfigError(
                f"{name} has more to extend than an embedding and a head: it has its own {method}. "
                "A decoder with those two alone was expected, as GPT-2, Llama, Mistral, Qwen have."
            )
    try:
        embedding: Any = model.get_input_embeddings()
        head: Any = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    except NotImplementedError as error:
        raise ConfigError(f"{name} does not say where its embeddings are ({error}).") from error
    if head is None:
        raise ConfigError(
            f"{name} has no output embeddings: a causal language model was expected. Load it with "
            "AutoModelForCausalLM.from_pretrained."
        )
    for module, kind in ((embedding, nn.Embedding), (head, nn.Linear)):
        weight = getattr(module, "weight", None)
        if (
            not isinstance(module, kind)
            or not isinstance(weight, Tensor)
            or not weight.is_floating_point()
            or weight.ndim != 2
        ):
            raise ConfigError(
                f"{name} has a {type(module).__name__} where an {kind.__name__} with floating-point"
                " weights was expected. Leave embedding and head out of quantisation: name them in "
                "llm_int8_skip_modules or modules_to_not_convert."
            )
        if weight.is_meta or not weight.numel():
            raise ConfigError(
                f"The weights of {name} are not in memory (meta device, offloaded or partitioned). "
                "Load the model without device_map or on one device, then extend it."
            )
    return Ends(embedding, head)


def _record(
    layout: VocabularyLayout, codebook: Codebook, initialisation: Initialisation | None
) -> dict[str, Any]:
    digest = hashlib.sha256(codebook.lengths.tobytes() + codebook.ids.tobytes())
    record = {
        "format_version": RECORD_VERSION,
        "base_size": layout.base_size,
        "hyper_size": layout.hyper_size,
        "codebook_sha256": digest.hexdigest(),
        "initialisation": initialisation,
    }
    return record | ({"scene_size": layout.scene_size} if layout.scene_size else {})


def _is_done(
    model: PreTrainedModel, record: dict[str, Any], rows: int, layout: VocabularyLayout
) -> bool:
    """Whether `model` was extended just so; VocabularyError where it was extended otherwise."""
    found = getattr(model.config, RECORD_KEY, None)
    if found is None:
        return False
    if not _differing(found, record) and rows >= layout.total:
        return True
    differing = _differing(found, record) or ["number of rows"]
    raise VocabularyError(
        f"{type(model).__name__} was extended before: with {found.get('hyper_size')} hypertokens, "
        f"initialisation {found.get('initialisation')!r}, {rows} rows. Another "
        f"{', '.join(differing)} would overwrite rows that may be trained. Load the original model "
        f"and extend that, or del model.config.{RECORD_KEY} to start all hypertoken rows anew."
    )


def _differing(found: dict[str, Any], record: dict[str, Any]) -> list[str]:
    """Where the record of a model is another one; what was done to its rows since is in it, too."""
    keys = dict.fromkeys([*record, *found])
    return [key for key in keys if key != "distillation" and found.get(key) != record.get(key)]


def require_extended(model: PreTrainedModel, tok: HyperTokenizer) -> None:
    """Raise VocabularyError where `extend_model` did not extend `model` by `tok`, or ConfigError
    where `model` is none that could be.
    """
    ends = find_ends(model)
    found = getattr(model.config, RECORD_KEY, None) or {}
    record = _record(tok.layout, tok.codebook, found.get("initialisation"))
    if _differing(found, record) or ends.embedding.weight.shape[0] < tok.layout.total:
        what = f"extended by {found.get('hyper_size')} others" if found else "not extended yet"
        raise VocabularyError(
            f"{type(model).__name__} has no rows for the {tok.layout.hyper_size} hypertokens of "
            f"this tokenizer: it is {what}. Call extend_model(model, tok) on the original model "
            "first."
        )


def _extend(
    parameter: Tensor,
    rows: int,
    tok: HyperTokenizer,
    initialisation: Initialisation,
    role: Role,
) -> None:
    """Grow `parameter` to `rows` rows and fill those of the hypertokens and the new padding.

    Not through `resize_token_embeddings`: it draws every new row at random before it can be
    overwritten, and it ties again a head that the checkpoint had untied.
    """
    layout, old = tok.layout, parameter.data
    if rows > len(old):
        parameter.data = old.new_empty((rows, *old.shape[1:]))
        parameter.data[: len(old)] = old
    table = parameter.data if parameter.ndim == 2 else parameter.data.unsqueeze(1)
    fill_hypertoken_rows(table, tok.codebook, initialisation, role)
    padding = max(len(old), layout.first_scene)
    table[padding:] = mean_row(table, layout.base_size).to(table.dtype)
    if layout.scene_size and role != "output":
        fill_scene_rows(table, tok)


def _state_size(model: PreTrainedModel, embedding: nn.Embedding, rows: int) -> None:
    """Write the new size wherever a part of the model that reads `embedding` states it.

    That is the config, the text config inside it, and copies of either in the model's parts.
    """
    from transformers import PreTrainedModel

    for part in model.modules():
        if not isinstance(part, PreTrainedModel) or not _reads(part, embedding):
            continue
        for holder in (part, part.config, part.config.get_text_config()):
            if "vocab_size" in vars(holder):
                holder.vocab_size = rows


def _reads(part: PreTrainedModel, embedding: nn.Embedding) -> bool:
    try:
        return part.get_input_embeddings() is embedding
    except (NotImplementedError, AttributeError):
        return False


def _suppress_padding(model: PreTrainedModel, layout: VocabularyLayout, rows: int) -> None:
    """Forbid `generate` the ids that no tokenizer has.

    transformers refuses to save a generation config that was changed and is inconsistent, but saves
    one as it was published. So an inconsistent one is left alone, with a warning.
    """
    config = getattr(model, "generation_config", None)
    if config is None:
        return
    size = layout.base_size
    changed = copy.deepcopy(config)
    # As words, for `suppress_tokens` compares every id with every other one at each step: 23 ms on
    # a core for 200,000 ids and 63 rows of padding, where this adds a vector.
    words = [word for word in config.bad_words_ids or () if len(word) != 1 or word[0] < size]
    changed.bad_words_ids = [*words, *([index] for index in range(layout.total, rows))] or None
    if config.suppress_tokens is not None:
        kept = [index for index in config.suppress_tokens if index < size]
        changed.suppress_tokens = kept or None
    if changed == config:
        return
    try:
        changed.validate(strict=True)
    except ValueError as error:
        reason = " ".join(str(error).split())
        warnings.warn(
            f"The generation config of this model is inconsistent and could not be saved if it "
            f"were changed ({reason}), so ids {layout.total} to {rows - 1}, which no tokenizer "
            "has, are not suppressed in it. Mend it before extend_model, or pass "
            f"bad_words_ids=[[i] for i in range({layout.total}, {rows})] to generate.",
            stacklevel=3,
        )
        return
    model.generation_config = changed
