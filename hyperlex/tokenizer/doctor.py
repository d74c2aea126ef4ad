"""Does a saved tokenizer give the same ids to everybody who reads it? The doctor tries it out.

transformers may rebuild a tokenizer on loading, without a word: ids stay valid, the text comes
back, and every phrase costs its base tokens again. So nothing is believed here: AutoTokenizer loads
the directory next to the `config.json` there and encodes texts made of the codebook's own entries.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from tokenizers import Tokenizer

from hyperlex.codebook.codebook import Codebook
from hyperlex.codebook.files import MACHINE_FILE, READABLE_FILE, to_tsv
from hyperlex.errors import ConfigError, HyperlexError, first_line
from hyperlex.tokenizer.face import CONFIG_FILE as FACE_FILE
from hyperlex.tokenizer.face import MODEL_CONFIG_FILE, read_json
from hyperlex.tokenizer.hf import CODE_FILE, autotokenizer_trap, mapped_class
from hyperlex.tokenizer.hyper import HyperTokenizer
from hyperlex.tokenizer.load import CONFIG_FILE, TOKENIZER_FILE, load

Severity = Literal["ok", "note", "broken"]
OK: Final = "ok"
NOTE: Final = "note"
BROKEN: Final = "broken"
_ORDER = (OK, NOTE, BROKEN)

_PROBES = 64
# Files of the base that some programs prefer to tokenizer.json.
_RIVALS = ("tekken.json", "tokenizer.model", "vocab.json", "merges.txt")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked.

    Attributes:
        severity: "ok"; "note": works, but one should know; "broken": somebody gets wrong ids.
        check: what was checked.
        met: what was met, and what was expected where that differs.
        remedy: what to do about it, one line; empty for "ok".
        surroundings: whether the cause lies beside the tokenizer: in the model's `config.json`, or
            in what transformers does for it.
    """

    severity: Severity
    check: str
    met: str
    remedy: str = ""
    surroundings: bool = False

    def __str__(self) -> str:
        remedy = f" To mend it: {self.remedy}" if self.remedy else ""
        return f"{self.check}: {self.met}.{remedy}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings about one directory, in the order in which they were made."""

    directory: Path
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """The worst severity among the findings."""
        return max((finding.severity for finding in self.findings), key=_ORDER.index, default=OK)

    @property
    def rows(self) -> list[tuple[str, str, str, str]]:
        """Severity, check, met and remedy of each finding: a table."""
        return [(f.severity, f.check, f.met, f.remedy) for f in self.findings]

    def __str__(self) -> str:
        width = max((len(finding.check) for finding in self.findings), default=0)
        lines = [str(self.directory)]
        for severity, check, met, remedy in self.rows:
            lines.append(f"  {severity:<6}  {check:<{width}}  {met}")
            if remedy:
                lines.append(f"  {'':<6}  {'':<{width}}  → {remedy}")
        return "\n".join(lines)


def diagnose(directory: str | Path) -> Diagnosis:
    """Check a directory that `HyperTokenizer.save` wrote, or `save_pretrained` of its `hf`.

    Never runs code that lies there, never asks a hub.

    Raises:
        ConfigError: no such directory.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise ConfigError(
            f"{directory} is {'a file' if directory.exists() else 'not there'}. A directory that "
            "holds a tokenizer was expected: name the one that HyperTokenizer.save wrote."
        )
    visit = _Visit(directory)
    try:
        visit.run()
    except HyperlexError as error:  # a file that several checks need
        visit.broken("files", str(error), "save or fetch that file again")
    return Diagnosis(directory, tuple(visit.findings))


def probe_texts(codebook: Codebook, number: int) -> list[str]:
    """Texts that a tokenizer encodes otherwise as soon as it has lost its phrases or pieces.

    Entries of each kind, spread over all ranks, alone and all in a row.
    """
    kinds = (codebook.units > 1, codebook.units == 1, codebook.units == 0)
    texts: list[str] = []
    for kind in kinds:
        indices = kind.nonzero()[0].tolist()
        step = max(1, len(indices) * len(kinds) // number)
        texts += [codebook[index].text for index in indices[::step][: number // len(kinds) + 1]]
    whole = [text for text in texts if "\ufffd" not in text]
    return [*whole, "".join(whole)] if whole else []


@dataclass(slots=True)
class _Visit:
    directory: Path
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        if any((self.directory / name).exists() for name in (CONFIG_FILE, MACHINE_FILE)):
            tok = self.load()
            if tok is None:
                return
            self.readable_twin(tok)
            if tok.export_refusal:
                self.note(
                    "plain export",
                    f"none: {tok.export_refusal}. AutoTokenizer gives base ids",
                    f"hyperlex.load({str(self.directory)!r}) for hypertokens",
                )
                self.autotokenizer(tok.base.tokenizer, probe_texts(tok.codebook, _PROBES))
            elif tok.backend is not None:
                texts = probe_texts(tok.codebook, _PROBES)
                texts += [f"{text}{token}" for text, token in zip(texts, _added(tok), strict=False)]
                self.canonical_ids(tok, texts)
                self.special_tokens(tok)
                self.autotokenizer(tok.backend, texts)
            self.model_size(tok.layout.total)
        else:
            self.note(
                "hyperlex files",
                f"no {CONFIG_FILE}, so hyperlex.load cannot read this; only AutoTokenizer is tried",
                f"tok.save({str(self.directory)!r}), if this was meant for hyperlex",
            )
            tokenizer = self.tokenizer_json()
            if tokenizer is None:
                return
            self.autotokenizer(tokenizer, _last_tokens(tokenizer))
            self.model_size(tokenizer.get_vocab_size())
        self.remote_code()
        self.rivals()

    def load(self) -> HyperTokenizer | None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # `load` warns of what is tried out below
                tok = load(self.directory)
            base = tok.codebook.base
        except HyperlexError as error:
            self.broken("hyperlex files", str(error), "save the tokenizer there again", own=True)
            return None
        layout = tok.layout
        if (layout.base_size, layout.hyper_size) != (base.size, len(tok.codebook)):
            self.broken(
                "hyperlex files",
                f"the layout has {layout.base_size} + {layout.hyper_size} ids, the base "
                f"{base.size} and the codebook {len(tok.codebook)}",
                "save the tokenizer there again",
                own=True,
            )
            return None
        self.ok(
            "hyperlex files", f"{layout.base_size:,} base ids + {layout.hyper_size:,} hypertokens"
        )
        self.ok("codebook", f"belongs to the base (sha256 {base.sha256[:12]}…)")
        return tok

    def readable_twin(self, tok: HyperTokenizer) -> None:
        path = self.directory / READABLE_FILE
        text = path.read_text(encoding="utf-8") if path.is_file() else None
        if text == to_tsv(tok.codebook):
            self.ok("readable twin", f"{READABLE_FILE} lists the entries of {MACHINE_FILE}")
            return
        self.note(
            "readable twin",
            f"{READABLE_FILE} is missing"
            if text is None
            else f"{READABLE_FILE} differs from {MACHINE_FILE}, which alone is read",
            f"hyperlex.load(DIR).codebook.save(DIR), with DIR = {str(self.directory)!r}",
        )

    def canonical_ids(self, tok: HyperTokenizer, texts: list[str]) -> None:
        odd = [t for t in texts if tok.encode(t) != tok.collapse(tok.base_encode(t))]
        if odd:
            self.broken(
                "ids",
                f"{TOKENIZER_FILE} and the codebook disagree on {len(odd)} of {len(texts)} probe "
                f"texts, {odd[0]!r} among them",
                "extend the base again, and report it: this is a bug of hyperlex",
                own=True,
            )
        else:
            self.ok("ids", f"canonical on {len(texts)} probe texts")

    def special_tokens(self, tok: HyperTokenizer) -> None:
        declared = {token["content"]: token["id"] for token in tok.base.json["added_tokens"]}
        assert tok.backend is not None
        moved = {t: i for t, i in declared.items() if tok.backend.token_to_id(t) != i}
        if moved:
            token, index = next(iter(moved.items()))
            self.broken(
                "special tokens",
                f"{len(moved)} of {len(declared)} moved: {token!r} has id "
                f"{tok.backend.token_to_id(token)}, in the base {index}",
                "save the tokenizer there again",
                own=True,
            )
        else:
            self.ok("special tokens", f"{len(declared)} at the ids of the base")

    def autotokenizer(self, expected: Tokenizer, texts: list[str]) -> None:
        """Does AutoTokenizer give the ids and the texts that `expected` gives?"""
        check = "AutoTokenizer"
        model_type = read_json(self.directory / MODEL_CONFIG_FILE).get("model_type")
        trap = autotokenizer_trap(self.directory)
        where = f"for model type {model_type!r}" if model_type else f"without {MODEL_CONFIG_FILE}"
        remedy = self.way_round(model_type)
        with _transformers_log() as log:
            try:
                loaded = _auto_tokenizer(self.directory)
            except Exception as error:  # transformers raises a dozen kinds
                reason = first_line(error)
                why = f"; {trap}" if trap else ""
                self.broken(check, f"cannot load it {where}: {reason}{why}", remedy)
                return
            met = [loaded(text, add_special_tokens=False).input_ids for text in texts]
            met_special = [loaded(text).input_ids for text in texts]
            decoded = [loaded.decode(ids) for ids in met]
        want = [expected.encode(text, add_special_tokens=False).ids for text in texts]
        want_special = [expected.encode(text).ids for text in texts]
        name = type(loaded).__name__
        if met != want:
            count, wanted = sum(map(len, met)), sum(map(len, want))
            rebuilt = f"transformers rebuilt it as {name} {where}"
            self.broken(
                check,
                f"{count} tokens met, {wanted} expected on {len(texts)} probe texts: {rebuilt}"
                f"{f' ({trap})' if trap else ''}",
                remedy,
            )
        elif met_special != want_special:
            at = next(n for n, ids in enumerate(met_special) if ids != want_special[n])
            self.broken(
                check,
                f"{name} {where} puts other special tokens around a text: "
                f"{met_special[at]} met, {want_special[at]} expected for {texts[at]!r}",
                remedy,
            )
        elif decoded != [expected.decode(ids, skip_special_tokens=False) for ids in want]:
            self.broken(check, f"{name} {where} gives back another text", remedy)
        else:
            self.ok(check, f"same ids on {len(texts)} probe texts {where}, as {name}")
        for line in log:
            self.note("transformers says", line, "nothing, where the line above is ok")

    def way_round(self, model_type: str | None) -> str:
        """The one line that helps where AutoTokenizer does not give the ids."""
        if (self.directory / CONFIG_FILE).exists() and autotokenizer_trap(self.directory):
            return f"hyperlex.load(DIR).save(DIR), with DIR = {str(self.directory)!r}"
        return (
            "transformers.PreTrainedTokenizerFast.from_pretrained(DIR) instead of AutoTokenizer, "
            f"with DIR = {str(self.directory)!r}"
        )

    def model_size(self, total: int) -> None:
        config = read_json(self.directory / MODEL_CONFIG_FILE)
        rows = config.get("vocab_size", (config.get("text_config") or {}).get("vocab_size"))
        if not isinstance(rows, int):
            return
        if rows < total:
            self.broken(
                "model",
                f"{MODEL_CONFIG_FILE} has {rows:,} rows (vocab_size), the tokenizer {total:,} ids",
                "hyperlex.extend_model(model, tok), then model.save_pretrained there",
            )
        else:
            self.ok("model", f"{rows:,} rows for {total:,} ids")

    def remote_code(self) -> None:
        """The file that only trust_remote_code=True reads. It is compared, never run."""
        if mapped_class(read_json(self.directory / FACE_FILE)) is None:
            return
        path, ours = self.directory / CODE_FILE, Path(__file__).with_name(CODE_FILE)
        if not path.is_file():
            self.note(
                "trust_remote_code=True",
                f"{CODE_FILE} is not there, and AutoTokenizer fails with that argument",
                "leave the argument out, or copy the file from where hyperlex saved the tokenizer",
            )
        elif path.read_bytes() != ours.read_bytes():
            self.note(
                "trust_remote_code=True",
                f"{CODE_FILE} is not the one that this hyperlex writes, and that argument runs it",
                "read the file first, or save the tokenizer there again",
            )
        else:
            self.ok("trust_remote_code=True", f"{CODE_FILE} is the one that hyperlex writes")

    def rivals(self) -> None:
        found = [name for name in _RIVALS if (self.directory / name).is_file()]
        if found and (self.directory / TOKENIZER_FILE).is_file():
            self.note(
                "files of the base",
                f"{', '.join(found)} beside {TOKENIZER_FILE}: a program that prefers them gets "
                "base ids",
                "delete them there",
            )

    def tokenizer_json(self) -> Tokenizer | None:
        path = self.directory / TOKENIZER_FILE
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the Rust side raises bare Exception
            self.broken(
                TOKENIZER_FILE, f"cannot be read: {error}", "save or fetch it again", own=True
            )
            return None
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def ok(self, check: str, met: str) -> None:
        self.findings.append(Finding(OK, check, met))

    def note(self, check: str, met: str, remedy: str) -> None:
        self.findings.append(Finding(NOTE, check, met, remedy))

    def broken(self, check: str, met: str, remedy: str, *, own: bool = False) -> None:
        beside = not own and (self.directory / MODEL_CONFIG_FILE).exists()
        self.findings.append(Finding(BROKEN, check, met, remedy, beside))


def _added(tok: HyperTokenizer) -> list[str]:
    return [token["content"] for token in tok.base.json["added_tokens"]]


def _last_tokens(tokenizer: Tokenizer) -> list[str]:
    """Texts of the highest ids: hypertokens, if the tokenizer has any."""
    size: int = tokenizer.get_vocab_size()
    texts = [tokenizer.decode([index]) for index in range(max(0, size - _PROBES), size)]
    whole = [text for text in texts if text and "\ufffd" not in text]
    return [*whole, "".join(whole)]


def _auto_tokenizer(directory: Path) -> Any:
    from transformers import AutoTokenizer

    # Told not to run the code there, transformers never stops to ask whether it may.
    return AutoTokenizer.from_pretrained(
        str(directory), trust_remote_code=False, local_files_only=True
    )


@contextmanager
def _transformers_log() -> Iterator[list[str]]:
    """What transformers logs as a warning in the block: collected, not printed."""
    lines: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(" ".join(record.getMessage().split()))

    import transformers  # sets up its logger

    logger = logging.getLogger(transformers.__name__)
    before, propagate = logger.handlers[:], logger.propagate
    logger.handlers, logger.propagate = [Collector(logging.WARNING)], False
    try:
        yield lines
    finally:
        logger.handlers, logger.propagate = before, propagate
