"""The one error of this package; everything else is a builtin.

    CorpusError          an archive that is damaged, a download that failed, a hash that is wrong
    ValueError           a row, a name or an argument that is not what it should be
    FileNotFoundError    nothing at a path
    ModuleNotFoundError  an optional package that a format needs: the message holds the command

Each message says what was met and where, what was expected, and what to do.
"""

from __future__ import annotations


class CorpusError(OSError):
    """A corpus that could not be fetched, or whose bytes are not those that were published."""
