"""Writing a tokenizer so that hyperlex, transformers and Node read it back with the same ids.

tokenizer.json                the export: all that encoding and decoding need
tokenizer_config.json         roles of special tokens, and what keeps transformers from
tokenization_hyperlex.py      rebuilding the tokenizer (see `hf`)
chat_template.jinja           the base's
codebook.safetensors, .tsv    what each hypertoken stands for, for machines and for eyes
lexicon.safetensors, .tsv.gz  what each scene id stands for, where there are any
hyperlex_config.json          layout, versions, and what it takes to get the base back
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hyperlex.codebook.files import save_codebook
from hyperlex.errors import FormatError
from hyperlex.files import atomic_directory
from hyperlex.ladder.files import save_lexicon
from hyperlex.tokenizer.doctor import BROKEN, diagnose, probe_texts
from hyperlex.tokenizer.export import base_remnants
from hyperlex.tokenizer.hf import face_config as face_config
from hyperlex.tokenizer.hf import write_face
from hyperlex.tokenizer.load import CONFIG_FILE, FORMAT_VERSION, TOKENIZER_FILE

if TYPE_CHECKING:
    from hyperlex.tokenizer.hyper import HyperTokenizer

_SAVED_PROBES = 8


def save(tok: HyperTokenizer, directory: Path) -> None:
    """Write `tok`, and have the doctor read it next to the other files of `directory`.

    All files are written or, on an error, none. A warning tells what AutoTokenizer will not get
    right there for a reason that lies beside the tokenizer, such as a smaller model.

    Raises:
        ConfigError: `directory` is a file or may not be written to.
        FormatError: what was written gives other ids; nothing is left of it.
    """
    with atomic_directory(directory) as staged:
        (staged / TOKENIZER_FILE).write_text(tok.json(), encoding="utf-8")
        (staged / CONFIG_FILE).write_text(hyperlex_config(tok), encoding="utf-8")
        save_codebook(tok.codebook, staged)
        if tok.layout.scene_size:
            save_lexicon(tok.lexicon, staged)
        write_face(tok, staged)
        with _in_its_surroundings(staged, directory):
            diagnosis = diagnose(staged)
        broken = [finding for finding in diagnosis.findings if finding.severity == BROKEN]
        if own := [finding for finding in broken if not finding.surroundings]:
            found = str(own[0]).replace(str(staged), str(directory))
            raise FormatError(f"Nothing was saved to {directory}: the doctor found {found}")
    for finding in broken:
        warnings.warn(f"Saved to {directory}, but the doctor found {finding}", stacklevel=3)


def hyperlex_config(tok: HyperTokenizer) -> str:
    """The text of `hyperlex_config.json`; docs/formats.md tells its fields."""
    from hyperlex import __version__

    texts = [] if tok.export_refusal else probe_texts(tok.codebook, _SAVED_PROBES)
    config = {
        "format_version": FORMAT_VERSION,
        "hyperlex_version": __version__,
        "layout": {
            "base_size": tok.layout.base_size,
            "hyper_size": tok.layout.hyper_size,
            "scene_size": tok.layout.scene_size,
        },
        "export_refusal": tok.export_refusal,
        "base": None if tok.export_refusal else base_remnants(tok.base),
        "base_sha256": tok.base.sha256,
        "probes": [{"text": text, "ids": tok.encode(text)} for text in texts],
    }
    return json.dumps(config, ensure_ascii=False, indent=2) + "\n"


@contextmanager
def _in_its_surroundings(staged: Path, directory: Path) -> Iterator[None]:
    """Let `staged` look as `directory` will: links to the files there that stay."""
    beside = sorted(directory.iterdir()) if directory.is_dir() else []
    links = [staged / path.name for path in beside if path.is_file()]
    links = [link for link in links if not link.exists()]
    try:
        for link in links:
            link.symlink_to(directory.absolute() / link.name)
        yield
    finally:
        for link in links:
            link.unlink(missing_ok=True)
