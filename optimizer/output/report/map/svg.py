"""Draws the map as SVG: places as rings of their tiers, connections as lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin, sqrt

from models.report_data import Line, Place
from optimizer.output.report.map.labels import Label, place_labels

WIDTH, FLATTEST = 1000.0, 260.0
TALLEST, TALLEST_OF_MANY = 720.0, 940.0
MANY = 250
MARGIN = 46.0
DOT = 1.8
PIE = 5.5
RING = 2.4
BORDER = 4.0
DIAMOND = 3.6
_DIAMOND = f"{DIAMOND} {DIAMOND}-{DIAMOND} {DIAMOND}-{DIAMOND}-{DIAMOND}"
MOST_LABELS = 48
SLICES = ("t1", "t2", "t3", "t4", "none")


@dataclass(frozen=True, slots=True)
class MapSpot:
    """A place with tasks: its circle, its slices and its label.

    ``slices`` of its ring are (class, path), ``cover`` is the arc outside of it, of what the backup
    server can take over.
    """

    place: Place
    x: float
    y: float
    radius: float
    slices: tuple[tuple[str, str], ...]
    cover: str
    label: Label | None

    @property
    def tasks(self) -> int:
        """The place's tasks."""
        return tasks(self.place)

    @property
    def small(self) -> bool:
        """Tell whether only one colour fits, and thin lines."""
        return self.radius < PIE


@dataclass(frozen=True, slots=True)
class SvgMap:
    """The map: its height, paths and spots.

    A path for each style of line and for the places without tasks; ``spots`` have the places with
    tasks, the largest first so that it hides none.
    """

    height: float
    lines: dict[str, str]
    dots: str
    parting: str
    spots: tuple[MapSpot, ...]


def draw_map(places: Sequence[Place], lines: Sequence[Line]) -> SvgMap:
    """Draw the map; the same places and lines give the same map."""
    points, height = _points(places)
    most = max((tasks(place) for place in places), default=0)
    largest = max(5.0, min(30.0, 190 / sqrt(max(len(places), 1))))
    radii = [_radius(place, most, largest) for place in places]
    circles = [(x, y, radius) for (x, y), radius in zip(points, radii, strict=True)]
    around = [
        (x, y, radius + BORDER * (place.home or radius > DOT))
        for place, (x, y, radius) in zip(places, circles, strict=True)
    ]
    order = sorted(range(len(places)), key=lambda i: _importance(places[i]))
    area = (2.0, 2.0, WIDTH - 2, height - 2)
    labels = place_labels([place.name for place in places], around, order, MOST_LABELS, area)
    spots = [
        MapSpot(
            place, x, y, radius, _slices(place, x, y, radius), _cover(place, x, y, radius + RING),
            labels.get(number),
        )
        for number, (place, (x, y, radius)) in enumerate(zip(places, circles, strict=True))
        if tasks(place) or place.servers or place.home or number in labels
    ]  # fmt: skip
    spots.sort(key=lambda spot: (-spot.radius, spot.place.name))
    big = {id(spot.place) for spot in spots}
    return SvgMap(
        height,
        _lines(points, lines),
        "".join(_dot(x, y) for place, (x, y) in zip(places, points, strict=True)
                if id(place) not in big),
        "".join(_diamond(*circle) for place, circle in zip(places, circles, strict=True)
                if place.parting),
        tuple(spots),
    )  # fmt: skip


def tasks(place: Place) -> int:
    """Return how many tasks a place has, with those that nobody serves."""
    return sum(place.tiers) + place.unassigned


def _points(places: Sequence[Place]) -> tuple[list[tuple[float, float]], float]:
    """Return where each place is, in one scale for both directions, and the map's height."""
    if not places:
        return [], FLATTEST
    left, top = min(place.x for place in places), min(place.y for place in places)
    wide = max(max(place.x for place in places) - left, 1e-9)
    high = max(max(place.y for place in places) - top, 1e-9)
    tallest = TALLEST if len(places) <= MANY else TALLEST_OF_MANY
    scale = min((WIDTH - 2 * MARGIN) / wide, (tallest - 2 * MARGIN) / high)
    height = max(FLATTEST, high * scale + 2 * MARGIN)
    across, down = (WIDTH - wide * scale) / 2, (height - high * scale) / 2
    return [
        (round(across + (place.x - left) * scale, 1), round(down + (place.y - top) * scale, 1))
        for place in places
    ], round(height, 1)


def _importance(place: Place) -> tuple[bool, int, int, str]:
    return (not place.home, -tasks(place), -place.servers, place.name)


def _radius(place: Place, most: int, largest: float) -> float:
    if not tasks(place):
        return 4.5 if place.home else DOT
    return round(max(3.0, largest * sqrt(tasks(place) / most)), 1)


def _slices(place: Place, x: float, y: float, radius: float) -> tuple[tuple[str, str], ...]:
    counts = (*place.tiers, place.unassigned)
    whole = sum(counts)
    if not whole:
        return ()
    if radius < PIE or max(counts) == whole:
        most = max(range(len(counts)), key=counts.__getitem__)
        return ((SLICES[most], _disc(x, y, radius)),)
    slices, before = [], 0
    for name, count in zip(SLICES, counts, strict=True):
        if count:
            ends = before / whole, (before + count) / whole
            slices.append((name, f"M{x:g} {y:g}L{_arc(x, y, radius, *ends)}z"))
        before += count
    return tuple(slices)


def _cover(place: Place, x: float, y: float, radius: float) -> str:
    """Return the arc, from the top, of the share of served tasks that can fail over (S16)."""
    served = sum(place.tiers)
    share = place.failover / served if served else 0.0
    if share >= 1:
        return _disc(x, y, radius)
    return f"M{_arc(x, y, radius, 0, share)}" if share > 0 else ""


def _arc(x: float, y: float, radius: float, start: float, end: float) -> str:
    (x0, y0), (x1, y1) = (
        (x + radius * sin(2 * pi * turn), y - radius * cos(2 * pi * turn)) for turn in (start, end)
    )
    long = int(end - start > 0.5)
    return f"{x0:.1f} {y0:.1f}A{radius:g} {radius:g} 0 {long} 1 {x1:.1f} {y1:.1f}"


def _disc(x: float, y: float, radius: float) -> str:
    half = f"a{radius:g} {radius:g} 0 1 1"
    return f"M{x - radius:.1f} {y:g}{half} {2 * radius:g} 0{half} {-2 * radius:g} 0z"


def _dot(x: float, y: float) -> str:
    return _disc(x, y, DOT)


def _diamond(x: float, y: float, radius: float) -> str:
    """Return a diamond at the rim's upper right, or in the place of a mere dot."""
    aside = 0.0 if radius <= DOT else 0.71 * (radius + RING)
    return f"M{x + aside:.1f} {y - aside - DIAMOND:.1f}l{_DIAMOND}z"


def _lines(points: Sequence[tuple[float, float]], lines: Sequence[Line]) -> dict[str, str]:
    """Return one path for all lines of a style: ordinary, bridge, or out of service."""
    paths: dict[str, list[str]] = {"line": [], "bridge": [], "down": []}
    for line in lines:
        style = "down" if not line.up else "bridge" if line.bridge else "line"
        (x0, y0), (x1, y1) = points[line.start], points[line.end]
        paths[style].append(f"M{x0:g} {y0:g}L{x1:g} {y1:g}")
    return {style: "".join(pieces) for style, pieces in paths.items() if pieces}
