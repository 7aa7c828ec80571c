"""Adds to a program the choice of which servers are in use: facility location.

A column of 0 or 1 for each such server is as large as any of its carriers demands. Each carrier
demands it by itself: that makes the relaxation tight where servers have much capacity; where they
have little, the row of the server's load does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.problem import Problem
from models.program import FREE, Aim, Definition, Ints, Program, Rows
from optimizer.variables import Variables

PROXIES = "proxies"


@dataclass(frozen=True, slots=True)
class Opening:
    """A program in which servers are opened: ``column`` of each of ``server``."""

    program: Program
    server: Ints
    column: Ints

    def opened(self, x: Ints) -> list[int]:
        """Return the servers that are in use at a point."""
        return [int(code) for code in self.server[x[self.column] > 0]]

    def most(self, count: int, held: Sequence[int] = ()) -> Program:
        """Return the program with at most ``count`` servers in use, those ``held`` among them."""
        lower = self.program.lower.copy()
        lower[self.column[np.isin(self.server, held)]] = 1
        places, ones = np.zeros_like(self.column), np.ones_like(self.column)
        limit = Rows(places, self.column, ones, np.array([-FREE]), np.array([count]))
        return replace(self.program, lower=lower).also([limit])

    def counting(self, aims: Sequence[Aim]) -> Program:
        """Return the program with ``aims``, and after them as few servers in use as can be."""
        fewest = Aim(PROXIES, False, self.column, np.ones_like(self.column))
        return replace(self.program, aims=(*aims, fewest))


def opening(problem: Problem, program: Program, columns: Variables, servers: Ints) -> Opening:
    """Return ``program`` with the choice which of ``servers`` are in use."""
    column = len(program.lower) + np.arange(len(servers))
    at = np.full(len(problem.limit), -1)
    at[servers] = column
    carried = np.flatnonzero(at[columns.carrier_server] >= 0)
    opener = at[columns.carrier_server[carried]]
    carrier = columns.carrier[carried]
    room = np.where(problem.limit >= 0, np.maximum(problem.limit - problem.running, 0), FREE)
    most = np.minimum(room[columns.carrier_server[carried]], program.upper[carrier])
    demands = _demands(opener, most, carrier, np.zeros_like(carrier))
    limited = servers[(room[servers] < FREE) & np.isin(servers, columns.loaded)]
    load = columns.load[np.searchsorted(columns.loaded, limited)]
    whole = _demands(at[limited], room[limited], load, problem.running[limited])
    extended = replace(
        program,
        lower=np.concatenate([program.lower, np.zeros(len(servers), dtype=np.int64)]),
        upper=np.concatenate([program.upper, np.ones(len(servers), dtype=np.int64)]),
        rows=Rows.joined([program.rows, demands, whole]),
        definitions=(*program.definitions, Definition(demands, opener, np.maximum(most, 1))),
    )
    return Opening(extended, servers, column)


def _demands(opener: Ints, most: Ints, figure: Ints, anyway: Ints) -> Rows:
    """Return the rows ``most * opener >= figure - anyway``."""
    places = np.arange(len(figure))
    return Rows(
        row=np.concatenate([places, places]),
        column=np.concatenate([opener, figure]),
        coefficient=np.concatenate([np.maximum(most, 1), -np.ones(len(figure), dtype=np.int64)]),
        lower=-anyway,
        upper=np.full(len(figure), FREE),
    )
