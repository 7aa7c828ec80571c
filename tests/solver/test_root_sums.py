"""The sum of squared loads rounded up, and neighbourhoods, on a bare program."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from models.integer_program import FREE, Aim, DefinedColumns, IntegerProgram, Ints, LinearRows
from optimizer.solver import neighbourhoods
from optimizer.solver.cp_sat import SearchLimits, SearchResult
from optimizer.solver.deadline import Deadline
from optimizer.solver.lexicographic import solve_lexicographic
from optimizer.solver.lp_relaxation import bound_by_lp
from optimizer.solver.neighbourhoods import search_same_definitions
from optimizer.solver.root_sums import tighten_by_root_sum

X, W, Q = np.arange(3), np.arange(3, 6), np.arange(6, 9)
BALANCE = Aim("balance", False, Q, np.ones(3, dtype=np.int64))


def triangle() -> IntegerProgram:
    """Three servers of three tasks each, and of each two of them one has one task more: the
    relaxation puts half a task on each, a plan one task on two of them."""
    pairs = LinearRows(
        np.repeat(np.arange(3), 2), np.array([0, 1, 1, 2, 2, 0]), np.ones(6, dtype=np.int64),
        np.ones(3, dtype=np.int64), np.full(3, FREE),
    )  # fmt: skip
    loads = LinearRows(
        np.tile(np.arange(3), 2), np.concatenate([W, X]), np.repeat([1, -1], 3),
        np.full(3, 3), np.full(3, FREE),
    )  # fmt: skip
    return IntegerProgram(
        lower=np.array([0] * 3 + [3] * 3 + [9] * 3),
        upper=np.array([1] * 3 + [4] * 3 + [16] * 3),
        decisions=3,
        rows=LinearRows.concatenate([pairs, loads]),
        definitions=(DefinedColumns(loads, W, np.ones(3, dtype=np.int64)),),
        squares=(W, Q),
        aims=(BALANCE,),
    )


def point(program: IntegerProgram, *extra: int) -> Ints:
    x = np.zeros(9, dtype=np.int64)
    x[: len(extra)] = extra
    return program.complete(x)


def best(program: IntegerProgram) -> int:
    points = (point(program, *chosen) for chosen in product((0, 1), repeat=3))
    return min(BALANCE.value(x) for x in points if program.is_feasible(x))


def test_a_sum_of_loads_rounded_up_proves_what_the_relaxation_does_not() -> None:
    program = triangle()
    incumbent = point(program, 1, 1, 0)
    relaxed = bound_by_lp(program, BALANCE, incumbent, Deadline())
    assert (relaxed.bound, best(program)) == (38, 41)
    tight = tighten_by_root_sum(program, BALANCE, relaxed, incumbent, 41, Deadline())
    assert tight.bound == 41


@pytest.mark.parametrize("value", [41, 43, 48])
def test_points_as_good_as_the_value_are_kept(value: int) -> None:
    program = triangle()
    incumbent = point(program, 1, 1, 1)
    relaxed = bound_by_lp(program, BALANCE, incumbent, Deadline())
    tight = tighten_by_root_sum(program, BALANCE, relaxed, incumbent, value, Deadline())
    held = tight.restrict_to_value(program, value)
    for chosen in product((0, 1), repeat=3):
        x = point(program, *chosen)
        wanted = program.is_feasible(x) and BALANCE.value(x) <= value
        assert held.is_feasible(x) == wanted
    assert tight.bound <= best(program)


def test_a_worse_point_whose_sum_is_smaller_is_left_out_only_with_its_value() -> None:
    # Instead of two tasks on servers of three, a fourth server of 20 may take one: 468, not 441.
    pairs = LinearRows(
        np.repeat(np.arange(3), 3), np.array([0, 1, 3, 1, 2, 3, 2, 0, 3]),
        np.ones(9, dtype=np.int64), np.ones(3, dtype=np.int64), np.full(3, FREE),
    )  # fmt: skip
    roots, squares, base = np.arange(4, 8), np.arange(8, 12), np.array([3, 3, 3, 20])
    loads = LinearRows(
        np.tile(np.arange(4), 2), np.concatenate([roots, np.arange(4)]), np.repeat([1, -1], 4),
        base, np.full(4, FREE),
    )  # fmt: skip
    balance = Aim("balance", False, squares, np.ones(4, dtype=np.int64))
    program = IntegerProgram(
        lower=np.concatenate([np.zeros(4, dtype=np.int64), base, base**2]),
        upper=np.concatenate([np.ones(4, dtype=np.int64), base + 1, (base + 1) ** 2]),
        decisions=4,
        rows=LinearRows.concatenate([pairs, loads]),
        definitions=(DefinedColumns(loads, roots, np.ones(4, dtype=np.int64)),),
        squares=(roots, squares),
        aims=(balance,),
    )
    spread, stacked = (
        program.complete(np.array(chosen + [0] * 8)) for chosen in ([1, 1, 0, 0], [0, 0, 0, 1])
    )
    assert (balance.value(spread), balance.value(stacked)) == (441, 468)
    relaxed = bound_by_lp(program, balance, spread, Deadline())
    tight = tighten_by_root_sum(program, balance, relaxed, spread, 441, Deadline())
    assert (relaxed.bound, tight.bound) == (438, 441)
    assert not tight.restrict_to_value(program, 441).is_feasible(stacked)
    assert tight.restrict_to_value(program, 468).is_feasible(stacked)


def test_a_whole_sum_asks_for_no_relaxation(monkeypatch: pytest.MonkeyPatch) -> None:
    program = triangle()
    program = replace(program, upper=np.array([0, 1, 1] + [4] * 3 + [16] * 3))
    incumbent = point(program, 0, 1, 1)
    relaxed = bound_by_lp(program, BALANCE, incumbent, Deadline())
    monkeypatch.delattr("optimizer.solver.root_sums.bound_by_lp")
    assert tighten_by_root_sum(program, BALANCE, relaxed, incumbent, 41, Deadline()) is relaxed


@pytest.mark.parametrize(("start", "found"), [((1, 1, 1), (0, 1, 1)), ((1, 1, 0), None)])
def test_what_is_defined_grows_in_no_search_of_the_same_definitions(
    start: tuple[int, ...], found: tuple[int, ...] | None
) -> None:
    program = triangle()
    fewest = Aim("fewest", False, X[:1], np.ones(1, dtype=np.int64))
    effort = SearchLimits(1.0, Deadline(), 0)
    x = search_same_definitions(program, fewest, point(program, *start), effort).x
    assert (None if x is None else tuple(x[X])) == found


def test_the_stage_loop_proves_the_triangle_without_a_search_of_all_points(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = triangle()
    monkeypatch.delattr("optimizer.solver.lexicographic.solve_cp_sat")
    start = point(program, 1, 1, 1)
    solution = solve_lexicographic(
        program, start, lambda x: x, lambda x, deadline: x, lambda name, value: 0,
        Deadline(), 0, lambda event: None,
    )  # fmt: skip
    assert [(stage.best, stage.bound) for stage in solution.stages] == [(41, 41)]


@pytest.mark.parametrize("incumbent", [None, (1, 1, 1)])
def test_neighbourhoods_share_one_effort(
    monkeypatch: pytest.MonkeyPatch, incumbent: tuple[int, ...] | None
) -> None:
    program, limits = triangle(), list[float]()

    def fruitless(
        box: IntegerProgram, aim: Aim | None, hint: Ints, effort: SearchLimits
    ) -> SearchResult:
        limits.append(effort.deterministic)
        assert ((box.lower >= program.lower) & (box.upper <= program.upper)).all()
        return SearchResult(None, None, spent=effort.deterministic)

    monkeypatch.setattr(neighbourhoods, "solve_cp_sat", fruitless)
    middle = np.array([0.5] * 3 + [3.5] * 3 + [12.5] * 3)
    known = None if incumbent is None else point(program, *incumbent)
    effort = SearchLimits(2.0, Deadline(), 0)
    neighbourhoods.search_near(program, BALANCE, middle, 38, effort, known)
    assert len(limits) == 3
    assert min(limits) > 0
    assert sum(limits) <= 2.0


def test_between_the_point_and_the_incumbent_both_are_allowed() -> None:
    program = triangle()
    incumbent = point(program, 1, 1, 0)
    middle = np.array([1.0, 0.0, 1.0] + [3.0] * 3 + [9.0] * 3)
    *_, span = neighbourhoods.neighbourhoods(program, middle, incumbent)
    assert span.is_feasible(incumbent)
    assert span.is_feasible(point(program, 1, 0, 1))
    assert not span.is_feasible(point(program, 0, 1, 1))
