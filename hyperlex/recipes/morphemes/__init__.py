"""The recipe of the room of morphemes: `python -m hyperlex.recipes.morphemes --data DATA`."""
