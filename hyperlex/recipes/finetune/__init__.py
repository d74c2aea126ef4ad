"""Fine-tuning of a causal language model, by a recipe.

    from hyperlex.recipes.finetune import FinetuneConfig, finetune

    result = finetune(FinetuneConfig(model="model/", data="news.jsonl", output="runs/news"))

config      what a recipe may say
rows        rows of files, folders, corpora and data sets, with their place
pieces      what of a row is read, and what is learned
chat        conversations as text, and which stretches the assistant wrote
sequences   pieces as ids, padded or packed
collate     sequences as batches
modules     where things are in a model, whatever its architecture
adapters    what is trained of it
optimiser   optimiser, schedule, precision
trainer     the loop, on transformers' Trainer
checkpoint  what is kept of a run, to go on from
log         log.jsonl
memory      what a run takes, and may take
output      the directory of a run, new, to go on with, or finished
run         all of it together
"""

from hyperlex.recipes.finetune.config import FinetuneConfig as FinetuneConfig
from hyperlex.recipes.finetune.output import FinetuneResult as FinetuneResult
from hyperlex.recipes.finetune.run import finetune as finetune
