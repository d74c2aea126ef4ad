"""The model side: a Hugging Face model that speaks hypertokens.

Every module of this room needs torch, so it is asked for here, once.
"""

from hyperlex.compat import require

require("torch", extra="model")

from hyperlex.model.attention import use_grouped_attention as use_grouped_attention  # noqa: E402
from hyperlex.model.cache import QuantizedKVCache as QuantizedKVCache  # noqa: E402
from hyperlex.model.directory import extend_model_directory as extend_model_directory  # noqa: E402
from hyperlex.model.distillation import DistillationResult as DistillationResult  # noqa: E402
from hyperlex.model.distillation import distil_rows as distil_rows  # noqa: E402
from hyperlex.model.extend import extend_model as extend_model  # noqa: E402
from hyperlex.model.linear import Linear4bit as Linear4bit  # noqa: E402
from hyperlex.model.linear import fuse_projections as fuse_projections  # noqa: E402
from hyperlex.model.plan import MemoryPlan as MemoryPlan  # noqa: E402
from hyperlex.model.plan import plan_memory as plan_memory  # noqa: E402
from hyperlex.model.quantize import quantize_directory as quantize_directory  # noqa: E402
from hyperlex.model.quantizer import HyperlexQuantConfig as HyperlexQuantConfig  # noqa: E402
