"""One self-contained HTML page: a text as tokens, side by side. The looks are in `page.html`.

Whatever comes from outside (texts, names, tokens) passes `_safe` or `_json` on its way in.
"""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

import hyperlex
from hyperlex.cli.render import Token, Use, base_tokens, hyper_tokens, uses
from hyperlex.visible import PART, visible

if TYPE_CHECKING:
    from hyperlex.tokenizer import HyperTokenizer

SHOWN = 60_000
"""Characters that the panes show at most; the figures are always of the whole text."""

BEST = 10

OWN_BASE = "its own base"


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of the comparison.

    Attributes:
        tokens: how many the tokenizer makes of the text.
        own: whether it is the one that the page is about.
        recorded: the day of the measurement, where it was not made now.
    """

    name: str
    tokens: int
    own: bool = False
    recorded: str = ""

    @property
    def now(self) -> bool:
        """Whether it is a rival that was measured now."""
        return not self.own and not self.recorded


@dataclass(frozen=True, slots=True)
class Check:
    """A law and whether it held."""

    claim: str
    held: bool


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows.

    Attributes:
        panes: names and tokens; the first is on the left, of the others one at a time on the right.
        uses: hypertokens of the first pane, the most saving first.
    """

    title: str
    text: str
    panes: Sequence[tuple[str, Sequence[Token]]]
    bars: Sequence[Bar]
    uses: Sequence[Use]
    checks: Sequence[Check]


def checks(tok: HyperTokenizer, text: str) -> list[Check]:
    """The laws of the exact lane, tried on `text`."""
    ids, base_ids = tok.encode(text), tok.base_encode(text)
    back, data = tok.decode(ids).encode(), text.encode()
    digest = hashlib.sha256(back).hexdigest()[:16]
    return [
        Check(
            f"decode(encode(text)) gives back the text, all {len(data):,} bytes (sha256 {digest}…)",
            back == data,
        ),
        Check(
            f"expand(encode(text)) gives the {len(base_ids):,} ids of the base tokenizer, in order",
            tok.expand(ids) == base_ids,
        ),
        Check(
            f"no more tokens than the base needs: {len(ids):,} and {len(base_ids):,}",
            len(ids) <= len(base_ids),
        ),
    ]


def text_page(tok: HyperTokenizer, text: str, *, title: str) -> str:
    """The page of one text: its hypertokens beside the tokens of the base."""
    tokens = hyper_tokens(tok, tok.encode(text))
    base = base_tokens(tok.base, tok.base_encode(text))
    page = Page(
        title=title,
        text=text,
        panes=[("with hypertokens", tokens), (OWN_BASE, base)],
        bars=[Bar("with hypertokens", len(tokens), own=True), Bar(OWN_BASE, len(base))],
        uses=uses(tok, tokens),
        checks=checks(tok, text),
    )
    return render(page)


def render(page: Page) -> str:
    """The page as HTML."""
    recorded = sorted({bar.recorded for bar in page.bars if bar.recorded})
    cut = len(page.text) > SHOWN
    # One pass: a text that holds {{panes}} stays what it is.
    parts = {
        "title": _safe(page.title),
        "version": _safe(hyperlex.__version__),
        "lead": _lead(page),
        "bars": "\n".join(_bar(bar, page) for bar in page.bars),
        "bars_note": _note(f"Striped: recorded with this text on {_and(recorded)}.", recorded),
        "panes": _panes(page),
        "panes_note": _note(f"The first {SHOWN:,} characters; the figures are of all.", cut),
        "uses": _uses(page.uses),
        "checks": "\n".join(_check(check) for check in page.checks),
        "meanings": _json({u.token.id: _meaning(u) for u in page.uses}),
    }
    template = files("hyperlex.cli").joinpath("page.html").read_text("utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


def _safe(text: str) -> str:
    """Text as HTML, with nothing left in it that a browser would run, hide or reverse."""
    return html.escape(visible(text))


def _json(value: object) -> str:
    """JSON that cannot end the script element that it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _note(text: str, wanted: object) -> str:
    return f'<p class="note">{_safe(text)}</p>' if wanted else ""


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)


def _lead(page: Page) -> str:
    words = len(re.findall(r"\w+", page.text))
    own = next(bar for bar in page.bars if bar.own)
    return (
        f"{words:,} words, {len(page.text):,} characters: "
        f"<strong>{own.tokens:,} tokens</strong> with hypertokens. {_safe(headline(page.bars))}"
    )


def headline(bars: Sequence[Bar]) -> str:
    """One sentence on the rivals: those measured now, or the best and the worst of the recorded."""
    own = next(bar for bar in bars if bar.own)
    rivals = sorted((bar for bar in bars if not bar.own), key=lambda bar: bar.tokens)
    rivals = [b for b in rivals if b.now and b.name != OWN_BASE] or [
        b for b in rivals if b.recorded
    ]
    rivals = rivals or [bar for bar in bars if bar.name == OWN_BASE]
    best, worst = rivals[0], rivals[-1]
    told = f"{best.name} needs {best.tokens / max(1, own.tokens):.2f} times as many"
    if worst is not best:
        told += f", {worst.name} {worst.tokens / max(1, own.tokens):.2f} times"
    return f"{told}."


def _bar(bar: Bar, page: Page) -> str:
    widest = max(1, *(b.tokens for b in page.bars))
    own = next(b.tokens for b in page.bars if b.own)
    kind = "own" if bar.own else "recorded" if bar.recorded else "now"
    times = "" if bar.own else f"{bar.tokens / max(1, own):.2f} ×"
    rate = f"{len(page.text) / bar.tokens:.2f}" if bar.tokens else ""
    return (
        f'<tr class="{kind}"><th class="name" scope="row">{_safe(bar.name)}</th>'
        f'<td class="track"><span style="width:{100 * bar.tokens / widest:.2f}%"></span></td>'
        f'<td class="figure">{bar.tokens:,}</td><td class="figure">{times}</td>'
        f'<td class="figure rate">{rate}</td></tr>'
    )


def _panes(page: Page) -> str:
    (name, tokens), *others = page.panes
    left = (
        f'<section class="pane" id="left"><header><h3>{_safe(name)}</h3>'
        f'<span class="count">{len(tokens):,} tokens</span></header>{_tokens(tokens)}</section>'
    )
    single = f"<h3>{_safe(others[0][0])}</h3>"
    options = "".join(f'<option value="{n}">{_safe(o)}</option>' for n, (o, _) in enumerate(others))
    heading = f'<select id="choice" aria-label="Tokenizer">{options}</select>'
    heading = heading if len(others) > 1 else single
    counts = "".join(
        f'<span class="count" data-pane="{n}"{" hidden" if n else ""}>{len(other):,} tokens</span>'
        for n, (_, other) in enumerate(others)
    )
    texts = "".join(
        f'<div data-pane="{n}"{" hidden" if n else ""}>{_tokens(other)}</div>'
        for n, (_, other) in enumerate(others)
    )
    right = f'<section class="pane" id="right"><header>{heading}{counts}</header>{texts}</section>'
    return f"{left}\n{right}"


def _tokens(tokens: Sequence[Token]) -> str:
    spans: list[str] = []
    room = SHOWN
    for token in tokens:
        room -= len(token.text)
        if room < 0:
            break
        # The space that leads a word stands before its colour, or lines would end in slivers.
        lead = " " if re.match(r" \S", token.text) else ""
        text = _safe(token.text.removeprefix(lead)).replace("⏎\n", _LINE_END)
        kind = f' class="h d{token.depth}" data-i="{token.id}"' if token.depth else ""
        spans.append(f"{lead}<span{kind}>{text or f'<i>{PART}</i>'}</span>")
    # Of the ends of empty lines only the marks are shown, in a row, and then a gap.
    told = re.sub(rf"<br>((?:{_EDGE})?<i>⏎</i>)", r"\1", "".join(spans))
    told = re.sub(rf"(<i>⏎</i>(?:{_EDGE})?<i>⏎</i>)<br>", r'\1<b class="gap"></b>', told)
    return f'<p class="tokens" lang="ru">{told}</p>'


_LINE_END = "<i>⏎</i><br>"
_EDGE = "</span><span[^>]*>"


def _uses(found: Sequence[Use]) -> str:
    if not found:
        return ""
    rows = "\n".join(
        f'<tr><td class="phrase" lang="ru">{_safe(use.token.text.strip(" "))}</td>'
        f'<td class="standing"><div class="parts" lang="ru">{_chips(use)}</div></td>'
        f'<td class="figure times">{use.times:,}</td>'
        f'<td class="figure saved">{use.saved:,}</td></tr>'
        for use in found[:BEST]
    )
    return (
        "<h2>The hypertokens that save most here</h2>\n"
        '<table class="uses"><thead><tr><th>hypertoken</th><th>stands for these base tokens</th>'
        '<th class="figure">times</th><th class="figure">tokens saved</th></tr></thead>\n'
        f"<tbody>{rows}</tbody></table>"
    )


def _chips(use: Use) -> str:
    return "".join(f"<b>{_safe(part) or PART}</b>" for part in use.token.parts)


def _meaning(use: Use) -> tuple[str, list[str], int, int]:
    parts = [visible(part) or PART for part in use.token.parts]
    return visible(use.token.text).strip(" "), parts, use.times, use.trained


def _check(check: Check) -> str:
    return f"<li{'' if check.held else ' class=broken'}>{_safe(check.claim)}</li>"
