"""Places names on a map so that none covers another, the most important first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import category, east_asian_width

LONGEST = 22
HEIGHT = 13.0
WIDE, NARROW = 11.5, 6.6
GAP = 4.0

Rectangle = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """A name at a point: ``anchor`` is how SVG aligns it there."""

    text: str
    x: float
    y: float
    anchor: str


def short(name: str) -> str:
    """Return a name fit for a label: one line, no control characters, no more than 22 long."""
    plain = "".join(c for c in name if category(c) not in ("Cc", "Cf"))
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def place_labels(
    names: Sequence[str],
    circles: Sequence[tuple[float, float, float]],
    order: Sequence[int],
    most: int,
    area: Rectangle,
) -> dict[int, Label]:
    """Return labels of circles (x, y, radius) by number, in ``order``, at most ``most``.

    Each goes right, left, below or above its circle, inside ``area``, where it covers no other
    label and no circle that is in ``order`` before the first ``most`` end; else it is left out.
    """
    taken = [(x - r, y - r, x + r, y + r) for x, y, r in (circles[i] for i in order[: 2 * most])]
    found: dict[int, Label] = {}
    for number in order:
        if len(found) == most:
            break
        text = short(names[number])
        for label, rectangle in _tries(text, *circles[number]):
            if _within(rectangle, area) and not any(_overlap(rectangle, other) for other in taken):
                found[number] = label
                taken.append(rectangle)
                break
    return found


def _tries(text: str, x: float, y: float, r: float) -> list[tuple[Label, Rectangle]]:
    width = sum(WIDE if east_asian_width(c) in "WF" else NARROW for c in text)
    reach, half = r + GAP, HEIGHT / 2
    low, high = y + reach + HEIGHT, y - reach
    return [
        (Label(text, x + reach, y + 4, "start"), (x + r, y - half, x + reach + width, y + half)),
        (Label(text, x - reach, y + 4, "end"), (x - reach - width, y - half, x - r, y + half)),
        (Label(text, x, low - 3, "middle"), (x - width / 2, y + r, x + width / 2, low)),
        (Label(text, x, high, "middle"), (x - width / 2, high - HEIGHT, x + width / 2, y - r)),
    ]


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _within(rectangle: Rectangle, area: Rectangle) -> bool:
    return (
        area[0] <= rectangle[0]
        and area[1] <= rectangle[1]
        and rectangle[2] <= area[2]
        and rectangle[3] <= area[3]
    )
