"""One file per source: its `…Record`, `parse_…` for what is open, `load_…` for a path."""
