"""Adds facility location to a program: which servers are in use.

A column of 0 or 1 for each such server is as large as any of its carriers demands. Each carrier
demands it by itself: that makes the relaxation tight where servers have much capacity; where they
have little, the row of the server's load does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.assignment_problem import AssignmentProblem
from models.integer_program import FREE, Aim, DefinedColumns, IntegerProgram, Ints, LinearRows
from optimizer.formulation.variables import Variables

PROXIES = "proxies"


@dataclass(frozen=True, slots=True)
class OpeningColumns:
    """A program in which servers are opened: ``column`` of each of ``server``."""

    program: IntegerProgram
    server: Ints
    column: Ints

    def opened(self, x: Ints) -> list[int]:
        """Return the servers that are in use at a point."""
        return [int(code) for code in self.server[x[self.column] > 0]]

    def most(self, count: int, held: Sequence[int] = ()) -> IntegerProgram:
        """Return the program with at most ``count`` servers in use, those ``held`` among them."""
        lower = self.program.lower.copy()
        lower[self.column[np.isin(self.server, held)]] = 1
        places, ones = np.zeros_like(self.column), np.ones_like(self.column)
        limit = LinearRows(places, self.column, ones, np.array([-FREE]), np.array([count]))
        return replace(self.program, lower=lower).with_rows([limit])

    def counting(self, aims: Sequence[Aim]) -> IntegerProgram:
        """Return the program with ``aims``, and after them as few servers in use as can be."""
        fewest = Aim(PROXIES, False, self.column, np.ones_like(self.column))
        return replace(self.program, aims=(*aims, fewest))


def add_opening(
    problem: AssignmentProblem, program: IntegerProgram, columns: Variables, servers: Ints
) -> OpeningColumns:
    """Add to ``program`` a 0-1 column for each of ``servers``: whether it is in use."""
    column = len(program.lower) + np.arange(len(servers))
    at = np.full(len(problem.limit), -1)
    at[servers] = column
    # Each carrier demands its server by itself.
    carried = np.flatnonzero(at[columns.carrier_server] >= 0)
    opener = at[columns.carrier_server[carried]]
    carrier = columns.carrier[carried]
    capacity = np.where(problem.limit >= 0, np.maximum(problem.limit - problem.running, 0), FREE)
    most = np.minimum(capacity[columns.carrier_server[carried]], program.upper[carrier])
    demands = _demands(opener, most, carrier, np.zeros_like(carrier))
    # The load of a limited server demands it, too.
    limited = servers[(capacity[servers] < FREE) & np.isin(servers, columns.loaded)]
    load = columns.load[np.searchsorted(columns.loaded, limited)]
    by_server = _demands(at[limited], capacity[limited], load, problem.running[limited])
    extended = replace(
        program,
        lower=np.concatenate([program.lower, np.zeros(len(servers), dtype=np.int64)]),
        upper=np.concatenate([program.upper, np.ones(len(servers), dtype=np.int64)]),
        rows=LinearRows.concatenate([program.rows, demands, by_server]),
        definitions=(*program.definitions, DefinedColumns(demands, opener, np.maximum(most, 1))),
    )
    return OpeningColumns(extended, servers, column)


def _demands(opener: Ints, most: Ints, figure: Ints, baseline: Ints) -> LinearRows:
    """Return the rows ``most * opener >= figure - baseline``."""
    places = np.arange(len(figure))
    return LinearRows(
        row=np.concatenate([places, places]),
        column=np.concatenate([opener, figure]),
        coefficient=np.concatenate([np.maximum(most, 1), -np.ones(len(figure), dtype=np.int64)]),
        lower=-baseline,
        upper=np.full(len(figure), FREE),
    )
