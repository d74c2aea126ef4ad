"""Small line charts as SVG, written by hand: no library, the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from hyperlex.measure.axis import Axis

WIDTH, HEIGHT = 250, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 8, 24, 34
_COLUMNS = 3
_LEGEND = 26
# Told apart in grey print by their dashes, too.
_STYLES = (
    ("#0b5fa5", ""),
    ("#c2410c", "6 2"),
    ("#15803d", "2 2"),
    ("#7c3aed", "8 2 2 2"),
    ("#a16207", "4 4"),
    ("#6b7280", "1 3"),
    ("#be123c", "10 3"),
)


@dataclass(frozen=True, slots=True)
class Point:
    """A place on a line, with the ends of its interval."""

    x: float
    y: float
    low: float
    high: float


Lines = Mapping[str, Sequence[Point]]


def panels(charts: Mapping[str, Lines], x_title: str, y_title: str) -> str:
    """One chart for each title, three in a row, y from 0 to 1, with a common legend."""
    names = list(dict.fromkeys(name for lines in charts.values() for name in lines))
    style = {name: _STYLES[k % len(_STYLES)] for k, name in enumerate(names)}
    rows = -(-len(charts) // _COLUMNS)
    width = _COLUMNS * WIDTH
    legend = _LEGEND * -(-len(names) // 4)
    height = rows * HEIGHT + legend
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="9" role="img">',
        f"<title>{escape(y_title)} by {escape(x_title)}</title>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for number, (title, lines) in enumerate(charts.items()):
        left, top = number % _COLUMNS * WIDTH, number // _COLUMNS * HEIGHT
        parts.append(f'<g transform="translate({left} {top})">')
        parts += _chart(title, lines, style, x_title, y_title)
        parts.append("</g>")
    for number, name in enumerate(names):
        colour, dashes = style[name]
        x = 12 + number % 4 * width // 4
        y = rows * HEIGHT + _LEGEND // 2 + number // 4 * _LEGEND
        parts.append(_line(x, y, x + 24, y, colour, dashes, 2))
        parts.append(f'<text x="{x + 30}" y="{y + 3}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _chart(
    title: str,
    lines: Lines,
    style: Mapping[str, tuple[str, str]],
    x_title: str,
    y_title: str,
) -> list[str]:
    axis = Axis.over((p.x for points in lines.values() for p in points), zero=True)
    assert axis is not None
    wide, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM

    def x(value: float) -> float:
        return round(_LEFT + wide * (value - axis.low) / (axis.high - axis.low), 1)

    def y(value: float) -> float:
        return round(_TOP + high * (1 - value), 1)

    parts = [f'<text x="{_LEFT}" y="14" font-size="11" font-weight="bold">{escape(title)}</text>']
    for level in (0, 0.25, 0.5, 0.75, 1):
        parts.append(_line(_LEFT, y(level), WIDTH - _RIGHT, y(level), "#e5e7eb", "", 1))
        parts.append(f'<text x="{_LEFT - 4}" y="{y(level) + 3}" text-anchor="end">{level:g}</text>')
    for number, tick in enumerate(axis.ticks()):
        place = x(axis.low + number * (axis.high - axis.low) / axis.steps)
        y_label = HEIGHT - _BOTTOM + 12
        parts.append(f'<text x="{place}" y="{y_label}" text-anchor="middle">{tick.label}</text>')
    middle = _LEFT + wide / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle">{escape(x_title)}</text>'
    )
    parts.append(
        f'<text x="9" y="{_TOP + high / 2}" text-anchor="middle" '
        f'transform="rotate(-90 9 {_TOP + high / 2})">{escape(y_title)}</text>'
    )
    for name, points in lines.items():
        colour, dashes = style[name]
        ordered = sorted(points, key=lambda point: point.x)
        path = " ".join(f"{x(p.x)},{y(p.y)}" for p in ordered)
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        parts.append(
            f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"{dash}/>'
        )
        for p in ordered:
            parts.append(_line(x(p.x), y(p.low), x(p.x), y(p.high), colour, "", 0.8))
            parts.append(f'<circle cx="{x(p.x)}" cy="{y(p.y)}" r="1.8" fill="{colour}"/>')
    return parts


def _line(
    x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str, width: float
) -> str:
    dash = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="{colour}" '
        f'stroke-width="{width}"{dash}/>'
    )
