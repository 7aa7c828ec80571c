"""Three kinds of chart as SVG: lines on two logarithmic scales, stacked bars, ratio bars."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM, BAR = 760, 420, 60, 230, 16, 40, 22
NAMES = 230
GOLDEN_ANGLE = 137.5

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
    'aria-label="{title}">{body}</svg>'
)
TEXT = '<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'
GRID = '<path class="grid" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'
LINE = '<polyline fill="none" stroke="{colour}" points="{points}"/>'
DOT = '<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"><title>{title}</title></circle>'
RECT = (
    '<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}">'
    "<title>{title}</title></rect>"
)

Points = Sequence[tuple[float, float]]


def colour_of(number: int) -> str:
    """Return the colour of the ``number``-th of any number of things.

    >>> colour_of(1)
    'hsl(358 60% 52%)'
    """
    return f"hsl({(220 + number * GOLDEN_ANGLE) % 360:.0f} 60% {42 + 10 * (number % 3)}%)"


def slope(points: Points) -> float | None:
    """Return the least-squares slope of ``points`` on logarithmic scales, None for fewer than two.

    >>> slope([(10, 1), (100, 10), (1000, 100)])
    1.0
    """
    logs = [(math.log10(x), math.log10(y)) for x, y in points]
    if len({x for x, _ in logs}) < 2:
        return None
    x0, y0 = (sum(axis) / len(logs) for axis in zip(*logs, strict=True))
    rise = sum((x - x0) * (y - y0) for x, y in logs) / sum((x - x0) ** 2 for x, _ in logs)
    return float(round(rise, 3))


def log_lines(title: str, lines: Mapping[str, Points]) -> str:
    """Draw seconds against VMs, each line with its slope in the legend."""
    points = [point for line in lines.values() for point in line]
    columns, rows = (_decades(axis) for axis in zip(*points, strict=True))
    at_x = _scale(columns, LEFT, WIDTH - RIGHT)
    at_y = _scale(rows, HEIGHT - BOTTOM, TOP)
    body = []
    for power in range(columns[0], columns[1] + 1):
        x = at_x(10.0**power)
        body.append(GRID.format(x1=x, y1=TOP, x2=x, y2=HEIGHT - BOTTOM))
        body.append(_text(x, HEIGHT - BOTTOM + 18, f"{10**power:,}", "middle"))
    for power in range(rows[0], rows[1] + 1):
        y = at_y(10.0**power)
        body.append(GRID.format(x1=LEFT, y1=y, x2=WIDTH - RIGHT, y2=y))
        body.append(_text(LEFT - 6, y + 4, f"{10.0**power:g} s", "end"))
    for number, (name, line) in enumerate(lines.items()):
        colour = colour_of(number)
        places = [(at_x(x), at_y(y)) for x, y in line]
        drawn = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        body.append(LINE.format(colour=colour, points=drawn))
        for (x, y), (vms, time) in zip(places, line, strict=True):
            hint = escape(f"{name}: {vms:,.0f} VMs, {time:.3g} s")
            body.append(DOT.format(x=x, y=y, colour=colour, title=hint))
        rise = slope(line)
        label = name if rise is None else f"{name}, slope {rise:.2f}"
        body += _legend(number, WIDTH - RIGHT + 16, colour, label)
    return _svg(title, max(HEIGHT, TOP + 18 * len(lines) + BOTTOM), body)


def stacked_bars(title: str, parts: Sequence[str], bars: Mapping[str, Sequence[float]]) -> str:
    """Draw each bar's parts as shares of its sum, the sum in seconds at its end."""
    body = []
    room = WIDTH - RIGHT - NAMES
    for number, (name, values) in enumerate(bars.items()):
        x, y, whole = float(NAMES), TOP + number * BAR, sum(values)
        body.append(_text(NAMES - 6, y + 13, name, "end"))
        for at, value in enumerate(values):
            width = room * value / whole if whole else 0.0
            hint = escape(f"{name}, {parts[at]}: {value:.3g} s")
            colour = colour_of(at)
            body.append(_rect(x, y, width, colour, hint))
            x += width
        body.append(_text(x + 6, y + 13, f"{whole:.3g} s", "start"))
    for number, part in enumerate(parts):
        body += _legend(number, WIDTH - RIGHT + 76, colour_of(number), part)
    return _svg(title, TOP + max(len(bars) * BAR, len(parts) * 18) + BOTTOM, body)


def ratio_bars(title: str, bars: Mapping[str, float]) -> str:
    """Draw how many times as long each took, on a logarithmic scale from 1 in the middle."""
    reach = max([1.0, *(abs(math.log10(ratio)) for ratio in bars.values())])
    middle, half = (NAMES + WIDTH) / 2, (WIDTH - NAMES) / 2 - 70
    bottom = TOP + len(bars) * BAR
    body = [GRID.format(x1=middle, y1=TOP, x2=middle, y2=bottom)]
    for number, (name, ratio) in enumerate(bars.items()):
        y, length = TOP + number * BAR, math.log10(ratio) / reach * half
        colour = colour_of(0) if ratio >= 1 else colour_of(2)
        body.append(_text(NAMES - 6, y + 13, name, "end"))
        body.append(_rect(middle + min(length, 0.0), y, abs(length), colour, escape(name)))
        end, anchor = (
            (middle + length + 6, "start") if length >= 0 else (middle + length - 6, "end")
        )
        body.append(_text(end, y + 13, f"{ratio:.3g} x", anchor))
    return _svg(title, bottom + BOTTOM, body)


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = (math.log10(bound) for bound in (min(values), max(values)))
    return math.floor(low), max(math.ceil(high), math.floor(low) + 1)


def _scale(powers: tuple[int, int], start: float, end: float) -> Callable[[float], float]:
    low, high = powers
    return lambda value: start + (end - start) * (math.log10(value) - low) / (high - low)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return TEXT.format(x=x, y=y, anchor=anchor, text=escape(text))


def _rect(x: float, y: float, width: float, colour: str, title: str) -> str:
    return RECT.format(x=x, y=y, width=width, height=BAR - 6, colour=colour, title=title)


def _legend(number: int, x: float, colour: str, text: str) -> list[str]:
    y = TOP + 18 * number
    square = RECT.format(x=x, y=y, width=10, height=10, colour=colour, title=escape(text))
    return [square, _text(x + 16, y + 9, text, "start")]


def _svg(title: str, height: float, body: Sequence[str]) -> str:
    return SVG.format(width=WIDTH, height=height, title=escape(title), body="".join(body))
