"""How `hyperlex.word.attachment` was learned: counting, from counts to preferences, writing."""
