"""Are the files of a corpus those of its card, or at least those that were fetched?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .cache import folder_of, read_receipt, sha256_of
from .cards import Card, CorpusFile, card

State = Literal["ok", "unrecorded", "changed", "wrong", "absent"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one file of a corpus was found to be.

    Attributes:
        file: its name.
        state: "ok": the hash of the card. "unrecorded": the card has no hash; it is what was
            fetched, or how it came here is not known. "changed": it is not what was fetched.
            "wrong": not the hash of the card. "absent": not there.
        sha256: what was computed, "" for an absent file.
        told: the state in words.
    """

    file: str
    state: State
    sha256: str
    told: str

    @property
    def good(self) -> bool:
        """Whether nothing speaks against the file."""
        return self.state in ("ok", "unrecorded")


def verify(name: str | Card, *, cache_dir: str | Path | None = None) -> list[Finding]:
    """Hash every file of a corpus and compare.

    Raises:
        ValueError: no such corpus, or one without files.
    """
    corpus = card(name) if isinstance(name, str) else name
    if not corpus.files:
        how = "is streamed from the hub" if corpus.dataset else "ships with hyperlex"
        raise ValueError(f"The corpus {corpus.name} {how}: there are no fetched files to verify.")
    folder = folder_of(corpus.name, cache_dir)
    return [_finding(file, folder / file.name) for file in corpus.files]


def _finding(file: CorpusFile, path: Path) -> Finding:
    if not path.is_file():
        return Finding(file.name, "absent", "", f"not in {path.parent}")
    met = sha256_of(path)
    if file.sha256:
        if met == file.sha256:
            return Finding(file.name, "ok", met, "the hash of the card")
        return Finding(file.name, "wrong", met, f"the card says {file.sha256}")
    receipt = read_receipt(path)
    if receipt is None:
        return Finding(file.name, "unrecorded", met, "no hash is recorded")
    if met != receipt.sha256:
        return Finding(file.name, "changed", met, f"not as fetched: {receipt.sha256}")
    return Finding(file.name, "unrecorded", met, "no hash is recorded on the card; as fetched")
