"""One process of a run of several: recipes, one after the other."""

from __future__ import annotations

import sys
from pathlib import Path

from hyperlex.recipes.config import read_recipe
from hyperlex.recipes.pretrain import PretrainConfig, pretrain

if __name__ == "__main__":
    for recipe in sys.argv[1:]:
        pretrain(read_recipe(PretrainConfig, Path(recipe)))
