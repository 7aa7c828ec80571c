"""The stage loop on bare programs whose relaxation promises more than any integer plan keeps."""

from __future__ import annotations

import numpy as np

from models.integer_program import FREE, Aim, DefinedColumns, IntegerProgram, LinearRows
from models.solve_events import Stage, Trial, Watch
from optimizer.solver.cp_sat import SearchLimits, solve_cp_sat
from optimizer.solver.deadline import Deadline
from optimizer.solver.lexicographic import LexicographicSolution, solve_lexicographic

CYCLES = [0, 1, 2, 3, 4, 5]
A, B, W_A, W_B, Q_A, Q_B = range(6, 12)


def rows(terms: list[list[tuple[int, int]]], lower: list[int], upper: list[int]) -> LinearRows:
    """Return rows of (column, coefficient) terms."""
    flat = np.array([(r, c, v) for r, row in enumerate(terms) for c, v in row], dtype=np.int64)
    return LinearRows(flat[:, 0], flat[:, 1], flat[:, 2], np.array(lower), np.array(upper))


def aim(name: str, maximise: bool, *columns: int) -> Aim:
    """Return the sum of ``columns`` as an aim."""
    return Aim(name, maximise, np.array(columns), np.ones(len(columns), dtype=np.int64))


def program(*aims: Aim) -> IntegerProgram:
    """Two odd cycles of which any two neighbours exclude each other: the relaxation takes half of
    each column, 3 in all, a plan one of each cycle, 2 in all. Beside them a + b = 10, squared."""
    pairs = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
    exclude = rows([[(i, 1), (j, 1)] for i, j in pairs], [-FREE] * 6, [1] * 6)
    total = rows([[(A, 1), (B, 1)]], [10], [10])
    loads = rows([[(W_A, 1), (A, -1)], [(W_B, 1), (B, -1)]], [0, 0], [FREE, FREE])
    return IntegerProgram(
        lower=np.zeros(12, dtype=np.int64),
        upper=np.array([1] * 6 + [10] * 4 + [100] * 2),
        decisions=8,
        rows=LinearRows.concatenate([exclude, total, loads]),
        definitions=(DefinedColumns(loads, np.array([W_A, W_B]), np.ones(2, dtype=np.int64)),),
        squares=(np.array([W_A, W_B]), np.array([Q_A, Q_B])),
        aims=aims,
    )


def nothing(event: Stage | Trial) -> None:
    pass


def solved(asked: IntegerProgram, watch: Watch = nothing, **slack: int) -> LexicographicSolution:
    """Solve ``asked`` from a = 10; ``slack`` is what an aim may give back."""
    start = np.zeros(12, dtype=np.int64)
    start[A] = 10
    return solve_lexicographic(
        asked,
        asked.complete(start),
        lambda x: x,
        lambda name, value: slack.get(name, 0),
        Deadline(),
        seed=0,
        progress=watch,
    )


def reached(solution: LexicographicSolution) -> dict[str, tuple[int, int]]:
    """Return the best and the bound of each aim."""
    return {stage.aim: (stage.best, stage.bound) for stage in solution.stages}


def test_an_aim_with_slack_is_proven_only_by_a_plan_that_reaches_its_bound() -> None:
    # The bound of `most` is 3; with 1 to give back, 2 would do for the aims after it.
    asked = program(aim("a", True, A), aim("most", True, *CYCLES))
    assert reached(solved(asked, most=1)) == {"a": (10, 10), "most": (2, 2)}


def test_a_guess_that_fails_leaves_nothing_behind() -> None:
    # `most` is guessed to be 3; `a` then needs new chords, as 25 may be given back of 5² + 5²:
    # 8² + 2² = 68 fits into 75, 9² + 1² does not. Held at 3, `fewest` could not be 2.
    asked = program(
        aim("balance", False, Q_A, Q_B),
        aim("most", True, *CYCLES),
        aim("a", True, A),
        aim("fewest", False, *CYCLES),
    )
    assert reached(solved(asked, balance=25)) == {
        "balance": (50, 50),
        "most": (2, 2),
        "a": (8, 8),
        "fewest": (2, 2),
    }


def test_who_watches_sees_true_values_rise_to_the_stage() -> None:
    seen: list[Stage | Trial] = []
    solution = solved(program(aim("most", True, *CYCLES)), seen.append)
    *trials, last = seen
    assert (last,) == solution.stages
    assert trials[0] == Trial("most")
    known = [trial for trial in trials if trial.best is not None and trial.bound is not None]
    assert known[0] == Trial("most", 0, 3)
    assert {trial.bound for trial in known} == {3}
    values = [trial.best for trial in known if trial.best is not None]
    assert values == sorted(values)
    assert values[-1] == 2 == last.best


def test_what_the_solver_takes_squares_for_is_told_to_nobody() -> None:
    # From 10² + 0² the first chords promise less than 5² + 5²: no plan has that.
    told: list[int] = []
    balance = aim("balance", False, Q_A, Q_B)
    asked = program(balance)
    hint = np.zeros(12, dtype=np.int64)
    hint[A] = 10
    effort = SearchLimits(2.0, Deadline(), 0, found=told.append)
    found = solve_cp_sat(asked, balance, asked.complete(hint), effort)
    assert found.bound == 50
    assert [value for value in told if value < 50] == []
