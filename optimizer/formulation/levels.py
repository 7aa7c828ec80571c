"""How a class of servers fills up: the least squares and the least peak that its load allows.

Members whose busiest moments are to sum to a total have the least sum of squares, and the least
peak, where they are filled up evenly: one more task goes to one that has least, of those that have
room. Both are convex in the total, and linear from one level to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts, Members
from models.integer_program import Ints

# What a task that stays counts for beside squares, which grow by twice as much from level to level.
STAYING = 2


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels at which some member of a class has room, by class and level.

    ``server`` is the class, ``level`` the busiest moment up to which its members are filled, and
    ``rise`` how many of them can have one task more. There the busiest moments of all members sum
    to ``total``, their squares to ``squares``, and the highest is ``peak``.
    """

    server: Ints
    level: Counts
    rise: Counts
    total: Counts
    squares: Counts
    peak: Counts

    def only(self, kept: NDArray[np.bool_]) -> Levels:
        """Return the rows that are ``kept``."""
        rows = self.server, self.level, self.rise, self.total, self.squares, self.peak
        return Levels(*(row[kept] for row in rows))


def fill_levels(members: Members) -> Levels:
    """Return the levels of all classes."""
    classes, place = np.unique(members.server, return_inverse=True)
    low, high = np.full(len(classes), members.running.max(initial=0)), np.zeros_like(classes)
    np.minimum.at(low, place, members.running)
    np.maximum.at(high, place, members.limit)
    busiest = np.zeros_like(classes)
    np.maximum.at(busiest, place, members.running)
    # A stretch of levels for each class, and in it where members begin to rise, and where they end.
    length = high - low + 1
    begin = np.cumsum(length) - length
    change = np.zeros(length.sum(), dtype=np.int64)
    np.add.at(change, (begin - low)[place] + members.running, 1)
    np.add.at(change, (begin - low)[place] + members.limit, -1)
    rise = np.cumsum(change)
    of = np.repeat(np.arange(len(classes)), length)
    level = np.arange(len(of)) - (begin - low)[of]

    def before(grown: Ints, at_first: Ints) -> Ints:
        """Return what each class has at first, and has grown by before each level."""
        summed = np.cumsum(grown) - grown
        first = np.bincount(place, at_first, len(classes)).astype(np.int64)
        return np.asarray(summed - summed[begin[of]] + first[of])

    levels = Levels(
        server=classes[of],
        level=level,
        rise=rise,
        total=before(rise, members.running),
        squares=before(rise * (2 * level + 1), members.running**2),
        peak=np.maximum(level, busiest[of]),
    )
    return levels.only(rise > 0)


def level_of(levels: Levels, load: Counts) -> tuple[Ints, Ints]:
    """Return the classes, and the row of ``levels`` that each has reached with its ``load``.

    ``load`` has the busiest moment of every server, summed over the members of a class.
    """
    server, first = np.unique(levels.server, return_index=True)
    key, wanted = (levels.server << 40) + levels.total, (server << 40) + load[server]
    return server, np.maximum(np.searchsorted(key, wanted) - 1, first)


def least_figures(levels: Levels, load: Counts) -> tuple[Counts, Counts]:
    """Return the least peak and the least sum of squares of servers or classes with that ``load``.

    ``load`` is as for `level_of`.
    """
    peak, squares = load.copy(), load**2
    server, row = level_of(levels, load)
    over = load[server] - levels.total[row]
    peak[server] = np.maximum(levels.peak[row], levels.level[row] + (over > 0))
    squares[server] = levels.squares[row] + (2 * levels.level[row] + 1) * over
    return peak, squares


def least_with_stays(members: Members, today: Counts, server: Ints, level: Counts) -> Ints:
    """Return the least of squares - (2 ``level`` + 1) load - `STAYING` stays, for each ``server``.

    That is summed over the members of a class, whatever its members have; ``today`` is how many
    tasks could stay on each member, and no more stay than it has beside what is running.
    """
    at = np.searchsorted(server, members.server)
    here = (at < len(server)) & (server[np.minimum(at, len(server) - 1)] == members.server)
    running, limit, today, at = members.running[here], members.limit[here], today[here], at[here]
    # It is convex, so it is least where its slope changes its sign.
    tried = np.clip([level[at], level[at] + 1, level[at] + 2, running + today], running, limit)
    value = tried**2 - (2 * level[at] + 1) * tried - STAYING * np.minimum(today, tried - running)
    return np.bincount(at, value.min(axis=0), len(server)).astype(np.int64)
