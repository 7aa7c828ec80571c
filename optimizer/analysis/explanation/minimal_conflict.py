"""Finds a smallest set of facts that cannot all hold, by implicit hitting sets.

Of every set that cannot hold some fact is in each *correction*: facts without which the others can
hold. So a smallest set that meets every correction known so far is either the answer, or shows one
more correction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ortools.sat.python import cp_model

MOST_ROUNDS = 200
MOST_WORK = 20.0  # in CP-SAT's deterministic time, about a minute
Holds = Callable[[frozenset[int]], frozenset[int] | None]


class UndecidedError(Exception):
    """The solver ran out of its limits."""


class DisputedError(Exception):
    """A search without presolve contradicts the first one."""


def find_minimal_conflict(
    facts: int, grow_from: Holds, needed: Iterable[int] = ()
) -> frozenset[int] | None:
    """Find a smallest set of the facts 0 to ``facts`` - 1 that cannot all hold.

    ``grow_from`` returns, given facts that have to hold, some that then can, these among them, the
    more the better; None where they cannot. Of ``needed`` facts it is known that all others can
    hold without them. None where all can hold. UndecidedError where it takes too
    long, DisputedError where a second search finds fewer facts that meet every correction.
    """
    everything = frozenset(range(facts))
    corrections = [frozenset({fact}) for fact in needed]
    for _ in range(MOST_ROUNDS):
        wanted = _smallest_hitting_set(facts, corrections)
        found = grow_from(wanted)
        if found is None:
            if len(_smallest_hitting_set(facts, corrections, presolve=False)) < len(wanted):
                raise DisputedError
            return wanted
        if found == everything:
            return None
        corrections.append(everything - found)
    raise UndecidedError


def _smallest_hitting_set(
    facts: int, sets: Sequence[frozenset[int]], presolve: bool = True
) -> frozenset[int]:
    model = cp_model.CpModel()
    chosen = [model.new_bool_var("") for _ in range(facts)]
    for members in sets:
        model.add_bool_or([chosen[fact] for fact in sorted(members)])
    model.minimize(sum(chosen))
    solver = deterministic_solver(MOST_WORK, presolve)
    if solver.solve(model) != cp_model.OPTIMAL:
        raise UndecidedError
    return frozenset(fact for fact, var in enumerate(chosen) if solver.boolean_value(var))


def deterministic_solver(work: float, presolve: bool) -> cp_model.CpSolver:
    """Return a solver that finds the same each time, and stops after so much ``work``.

    Without ``presolve`` it takes the model as it is, for a second opinion.
    """
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = max(0.0, work)
    solver.parameters.cp_model_presolve = presolve
    return solver
