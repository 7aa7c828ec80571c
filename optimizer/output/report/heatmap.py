"""Draws heat-map strips: the load of servers by hour of the week against their limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from models.report_data import ServerWeek

LEVELS = 5
FULL, OVER = LEVELS, LEVELS + 1
TOP, BOTTOM = 4, 16


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of the heat map: an SVG path for each level that occurs, 168 wide.

    ``teeth`` marks each hour of overload, ``over`` counts them; ``busiest`` is the hour of the
    peak.
    """

    server: ServerWeek
    paths: tuple[tuple[int, str], ...]
    teeth: str
    busiest: int
    over: int


def busiest_first(servers: Sequence[ServerWeek]) -> list[ServerWeek]:
    """Return the servers by hours above their limit, then by load against it, then by name."""
    return sorted(
        servers, key=lambda each: (-_over(each), -_use(each), -each.peak, each.server, each.site)
    )


def strip(server: ServerWeek) -> Strip:
    """Return the row of one server."""
    return _strip(server, _levels(server))


def combined_strip(servers: Sequence[ServerWeek]) -> Strip:
    """Return one row for many servers: in each hour that of them which is nearest its limit."""
    levels = [max(hour) for hour in zip(*map(_levels, servers), strict=True)]
    return _strip(max(servers, key=lambda each: each.peak), levels)


def _strip(server: ServerWeek, levels: list[int]) -> Strip:
    paths: dict[int, list[str]] = {}
    for level, run in groupby(range(len(levels)), key=levels.__getitem__):
        if level:
            first, *rest = run
            width = len(rest) + 1
            rectangle = f"M{first} {TOP}h{width}v{BOTTOM - TOP}h-{width}z"
            paths.setdefault(level, []).append(rectangle)
    teeth = "".join(f"M{h} {TOP}l.5-4 .5 4z" for h, level in enumerate(levels) if level == OVER)
    return Strip(
        server,
        tuple((level, "".join(rectangles)) for level, rectangles in sorted(paths.items())),
        teeth,
        server.hours.index(max(server.hours)),
        levels.count(OVER),
    )


def _levels(server: ServerWeek) -> list[int]:
    """Return the level of each hour; without a limit, against a little more than the peak."""
    limit = max(server.hours) + 1 if server.limit is None else server.limit
    return [_level(hour, limit) for hour in server.hours]


def _level(load: int, limit: int) -> int:
    """Return 0 for no load, 1 to 4 for quarters of the limit, then full and above.

    >>> [_level(load, 8) for load in (0, 1, 2, 3, 7, 8, 9)]
    [0, 1, 1, 2, 4, 5, 6]
    """
    if load <= 0:
        return 0
    if load > limit:
        return OVER
    return FULL if load == limit else -(-load * (LEVELS - 1) // limit)


def _over(server: ServerWeek) -> int:
    return sum(hour > server.limit for hour in server.hours) if server.limit is not None else 0


def _use(server: ServerWeek) -> float:
    return server.peak / max(server.limit, 1) if server.limit is not None else 0.0
