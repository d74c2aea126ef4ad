"""Trains the embedded tagger and parser; see `__main__`."""
