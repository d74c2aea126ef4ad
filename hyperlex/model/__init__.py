"""The model side: a Hugging Face model that speaks hypertokens.

Every module of this room needs torch, so it is asked for here, once.
"""

from hyperlex.compat import require

require("torch", extra="model")

from hyperlex.model.directory import extend_model_directory as extend_model_directory  # noqa: E402
from hyperlex.model.extend import extend_model as extend_model  # noqa: E402
