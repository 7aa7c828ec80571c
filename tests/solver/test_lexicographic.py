"""The stage loop on bare programs whose relaxation promises more than any integer plan keeps."""

from __future__ import annotations

import numpy as np
from odd_cycles import CYCLES, Q_A, Q_B, A, aim, program, solved

from models.solve_events import AimProgress, Stage
from optimizer.solver.cp_sat import SearchLimits, solve_cp_sat
from optimizer.solver.deadline import Deadline
from optimizer.solver.lexicographic import LexicographicSolution


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
    seen: list[Stage | AimProgress] = []
    solution = solved(program(aim("most", True, *CYCLES)), seen.append)
    *trials, last = seen
    assert (last,) == solution.stages
    assert trials[0] == AimProgress("most")
    known = [trial for trial in trials if trial.best is not None and trial.bound is not None]
    assert known[0] == AimProgress("most", 0, 3)
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
