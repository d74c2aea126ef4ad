"""The verbs gathered, and the one place where an error becomes a line and an exit status.

0     done
1     the doctor found something broken, or a bug of ours (then with its traceback)
2     a user's mistake: one line on stderr
3     a plan that does not fit the card
130   Ctrl-C
"""

from __future__ import annotations

import difflib
import errno
import io
import os
import sys
import warnings
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

import hyperlex
from hyperlex.cli.analyze import analyze
from hyperlex.cli.compress import compress
from hyperlex.cli.convert_gqa import convert_gqa
from hyperlex.cli.corpora import corpora
from hyperlex.cli.decode import decode
from hyperlex.cli.demo import demo
from hyperlex.cli.doctor import doctor
from hyperlex.cli.encode import encode
from hyperlex.cli.evaluate import evaluate
from hyperlex.cli.explain import explain
from hyperlex.cli.extend import extend
from hyperlex.cli.finetune import VERB as FINETUNE
from hyperlex.cli.finetune import finetune
from hyperlex.cli.generate import generate
from hyperlex.cli.measure import measure
from hyperlex.cli.plan import plan
from hyperlex.cli.pretrain import VERB as PRETRAIN
from hyperlex.cli.pretrain import pretrain
from hyperlex.cli.quantize import quantize
from hyperlex.cli.train import train
from hyperlex.cli.usage import told
from hyperlex.errors import ConfigError, HyperlexError

# What bad options raise. Newer versions of typer carry click inside, older ones import it; the
# ancestors of this class are the same in both.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]


class _Verbs(TyperGroup):
    """A typer group whose errors are one line each."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        verb = super().get_command(ctx, cmd_name)
        if verb is None and not cmd_name.startswith("-"):
            near = difflib.get_close_matches(cmd_name, self.commands, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"No verb {cmd_name!r}. {hint}The verbs are: {', '.join(self.commands)}."
            )
        return verb

    def main(self, *args: Any, **options: Any) -> NoReturn:
        words = options.get("args", *args[:1])
        _speak_utf8()
        sys.exit(_status(self, sys.argv[1:] if words is None else list(words)))


def _status(verbs: _Verbs, words: list[str]) -> int:
    """Run one command line and return its exit status."""
    try:
        with warnings.catch_warnings(), verbs.make_context("hyperlex", words) as context:
            warnings.showwarning = _warn
            verbs.invoke(context)
        sys.stdout.flush()
    except typer.Exit as leave:
        return leave.exit_code
    except KeyboardInterrupt as interrupt:
        # Verbs whose work can be gone on with say how.
        left = str(interrupt) or "Nothing half-written was left."
        return _complain(f"Interrupted. {left}", 130)
    except BrokenPipeError:
        # The interpreter flushes stdout once more on its way out, and must not meet the pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _complain("The output was closed before its end.")
    except HyperlexError as error:
        return _complain(str(error))
    except OSError as error:
        name = f"{error.filename}: " if error.filename else _unnamed(error)
        return _complain(f"{name}{error.strerror or error}.")
    except _USAGE_ERROR as error:
        return _complain(told(error, words))
    return 0


def _unnamed(error: OSError) -> str:
    """What an error is about that names no file: files are named by whoever writes them, so a full
    disk is one that a shell has opened.
    """
    full = error.errno == errno.ENOSPC and not sys.stdout.isatty()
    return "Standard output cannot be written: " if full else ""


def _complain(message: str, status: int = 2) -> int:
    print(f"hyperlex: {' '.join(message.split())}", file=sys.stderr)
    return status


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    """A warning as a line, without the place in the code that a developer would look for."""
    _complain(f"warning: {message}")


def _keep_libraries_quiet() -> None:
    """Libraries read these when they are first imported. Whoever sets them otherwise is obeyed."""
    # The advice to install torch is no answer to anything asked of a tokenizer.
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    # A hub that does not answer is told of once, by us, and not at each try.
    os.environ.setdefault("HF_HUB_VERBOSITY", "error")
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")


def _speak_utf8() -> None:
    """Text in and out is UTF-8 whatever the locale says."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


app = typer.Typer(
    cls=_Verbs, add_completion=False, pretty_exceptions_enable=False, invoke_without_command=True
)
_VERBS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (demo, {}),
    (analyze, {}),
    (measure, {}),
    (train, {}),
    (extend, {}),
    (pretrain, PRETRAIN),
    (finetune, FINETUNE),
    (evaluate, {}),
    (generate, {}),
    (quantize, {}),
    (convert_gqa, {}),
    (plan, {}),
    (encode, {}),
    (decode, {}),
    (compress, {}),
    (explain, {}),
    (doctor, {}),
)
for _verb, _how in _VERBS:
    app.command(**_how)(_verb)
app.add_typer(corpora, name="corpora")


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"hyperlex {hyperlex.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version)
    ] = False,
) -> None:
    """Russian text as hypertokens: one id for a whole phrase, exactly reversible."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main() -> NoReturn:
    """The `hyperlex` command."""
    _keep_libraries_quiet()
    app()
    raise AssertionError("the group leaves by sys.exit")
