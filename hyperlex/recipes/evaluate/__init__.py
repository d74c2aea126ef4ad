"""What a model can do: perplexity, generation, classification, copying, examples.

from hyperlex.recipes.evaluate import Settings, evaluate

evaluation = evaluate(["base", "adapted"], ["texts/"], Settings(copies=200))
evaluation.models[1].perplexity.bits_per_character
"""

from hyperlex.recipes.evaluate.data import Columns as Columns
from hyperlex.recipes.evaluate.opening import Opened as Opened
from hyperlex.recipes.evaluate.opening import open_model as open_model
from hyperlex.recipes.evaluate.report import Evaluation as Evaluation
from hyperlex.recipes.evaluate.report import ModelReport as ModelReport
from hyperlex.recipes.evaluate.run import Settings as Settings
from hyperlex.recipes.evaluate.run import evaluate as evaluate
