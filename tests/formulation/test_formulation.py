"""The steps between estate and program, each against a plainer way to the same."""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
from estates import estate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_estates import COLUMNS, estates, write

from models.assignment_problem import AssignmentProblem, LoadInstants
from models.estate import Estate
from models.plan import Plan
from models.week import WEEK, active_intervals
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import find_tasks
from optimizer.formulation import pools
from optimizer.formulation.grouping import assign_tasks, group_tasks
from optimizer.formulation.load_instants import keep_non_dominated, restricted_to
from optimizer.formulation.objectives import build_program
from optimizer.formulation.solution_mapping import to_point
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan
from optimizer.solver.deadline import Deadline
from optimizer.solver.lp_relaxation import bound_by_lp

Spec = dict[str, Any]
Codes = np.typing.NDArray[np.int32]

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
quarter = settings(parent=plain, max_examples=plain.max_examples // 4)
eighth = settings(parent=plain, max_examples=plain.max_examples // 8)


def read(spec: Spec) -> Estate:
    with tempfile.TemporaryDirectory() as folder:
        write(spec, Path(folder))
        return read_estate(Path(folder))


def collapsed(made: Estate) -> tuple[AssignmentProblem, Codes]:
    return group_tasks(PlanningContext.build(made))


def best(plan: Plan) -> dict[str, tuple[int, bool]]:
    return {aim.aim: (aim.best, aim.proven) for aim in plan.aims}


@quarter
@given(estates())
def test_pools_change_no_aim(spec: Spec) -> None:
    made = read(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pools, "DIRECT", 0)  # small estates have few far servers, so pool any
        pooled = plan(made, pooling=True)
    assert best(pooled) == best(plan(made, pooling=False))
    # What a pool's label promises is there under the true labels, too.
    if not made.settings.tolerance:
        assert [aim.value for aim in pooled.aims] == [aim.best for aim in pooled.aims]


def test_pools_take_the_place_of_far_arcs(tmp_path: Path) -> None:
    # v and w each have a near server of their own and five far ones. With pools v keeps arcs to p
    # and bs, w to q and bs, and both go to a pool of far servers: p is far to w, q to v.
    far = [f"f{n} lab{n}" for n in range(4)]
    made = estate(tmp_path, ["bs hq", "p east", "q west", *far], ["v east", "w west"])
    problem, _ = collapsed(made)
    with_pools, without = pools.build_arcs(problem), pools.build_arcs(problem, pooling=False)
    assert (len(without.arc_group), len(without.in_group)) == (2 * 7, 0)
    assert (len(with_pools.arc_group), len(with_pools.in_group)) == (2 * 2, 2)
    # A pool may hold a server that is near to its group: one pool of all six serves both.
    assert len(with_pools.activity) == 1
    assert len(with_pools.out_server) == 6


@eighth
@given(estates(), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_aim(spec: Spec, random: Any) -> None:
    shuffled = dict(spec)
    for name in COLUMNS:
        if name in spec:
            shuffled[name] = random.sample(spec[name], len(spec[name]))
    assert best(plan(read(spec))) == best(plan(read(shuffled)))


tables = st.integers(0, 4).flatmap(
    lambda width: st.lists(
        st.tuples(st.integers(0, 2), *[st.booleans()] * width), min_size=1, max_size=12
    )
)


@plain
@given(tables)
def test_maximal_keeps_what_nothing_covers(table: list[tuple[int, ...]]) -> None:
    rows = set(table)
    kept = {
        row
        for row in rows
        if not any(
            other != row and all(a >= b for a, b in zip(other, row, strict=True)) for other in rows
        )
    }
    found = keep_non_dominated(moments(table))
    assert len(found.own) == len(kept)
    assert as_rows(found) == kept


@plain
@given(tables, st.integers(0, 15))
def test_projected_moments_are_the_maximal_of_what_is_left(
    table: list[tuple[int, ...]], bits: int
) -> None:
    mask = np.array([bits >> place & 1 for place in range(len(table[0]) - 1)], dtype=np.bool_)
    cleared = [
        (row[0], *(a and bool(m) for a, m in zip(row[1:], mask, strict=True))) for row in table
    ]
    assert as_rows(restricted_to(moments(table), mask)) == as_rows(
        keep_non_dominated(moments(cleared))
    )


def moments(table: list[tuple[int, ...]]) -> LoadInstants:
    own = np.array([row[0] for row in table], dtype=np.int64)
    return LoadInstants(np.array([row[1:] for row in table], dtype=np.bool_), own)


def as_rows(found: LoadInstants) -> set[tuple[int, ...]]:
    return {(own, *row) for own, row in zip(found.own.tolist(), found.active.tolist(), strict=True)}


@eighth
@given(estates())
def test_tasks_of_a_group_are_alike(spec: Spec) -> None:
    # What every server could be to a task comes from the oracle, which does not group.
    made, truth = read(spec), oracle.Estate(spec)
    tasks = find_tasks(made)
    problem, group = collapsed(made)
    stays: Counter[tuple[int, int]] = Counter()
    options: dict[tuple[str, str], dict[str, oracle.Option]] = {
        task: {} for task in truth.tasks.windows
    }
    for (task, server), option in truth.options.items():
        options[task][server] = option
    jobs, vms, servers = (
        made.jobs["job"], made.vms["vm"], made.servers["server"].tolist(),
    )  # fmt: skip
    for place, (job, vm) in enumerate(zip(tasks.job.tolist(), tasks.vm.tolist(), strict=True)):
        found = options.get((jobs[job], vms[vm]), {})
        assert (group[place] >= 0) == bool(found)
        if not found:
            continue
        number = group[place]
        label = problem.label[problem.kind[number]].tolist()
        tiers = {name: code // 4 for name, code in zip(servers, label, strict=True) if code}
        assert tiers == {name: option.tier for name, option in found.items()}
        for flag, aim in ((2, "protected"), (1, "same_site")):
            flagged = {name for name, code in zip(servers, label, strict=True) if code & flag}
            wanted = {name for name, option in found.items() if getattr(option, aim)}
            assert flagged == (wanted if aim in made.settings.objectives else set())
        if truth.current.get((jobs[job], vms[vm])) in found:
            stays[number, servers.index(truth.current[jobs[job], vms[vm]])] += 1
        alike = tasks.job[group == number]
        active = truth.active[jobs[job]]
        assert all((truth.active[jobs[other]] == active).all() for other in alike.tolist())
    assert problem.count.tolist() == np.bincount(group[group >= 0]).tolist()
    numbers, at, most = (part.tolist() for part in problem.today)
    assert dict(zip(zip(numbers, at, strict=True), most, strict=True)) == stays
    assert list(zip(numbers, at, strict=True)) == sorted(stays)


@st.composite
def counts(draw: st.DrawFn) -> tuple[Codes, Codes, dict[tuple[int, int], int]]:
    """Return tasks' groups and servers of today, and how many of each group go where."""
    group = draw(st.lists(st.integers(-1, 3), max_size=20))
    current = draw(st.lists(st.integers(-1, 4), min_size=len(group), max_size=len(group)))
    arcs: dict[tuple[int, int], int] = {}
    for number in set(group) - {-1}:
        most = draw(st.integers(0, group.count(number)))
        for server in draw(st.lists(st.integers(0, 4), min_size=most, max_size=most)):
            arcs[number, server] = arcs.get((number, server), 0) + 1
    return np.array(group, np.int32), np.array(current, np.int32), dict(sorted(arcs.items()))


@plain
@given(counts())
def test_expand_is_the_inverse_of_collapse(
    drawn: tuple[Codes, Codes, dict[tuple[int, int], int]],
) -> None:
    group, current, arcs = drawn
    triples = np.array([(*arc, count) for arc, count in arcs.items()], dtype=np.int64)
    proxy = assign_tasks(group, current, tuple(triples.reshape(-1, 3).T))  # type: ignore[arg-type]
    tasks = list(zip(group.tolist(), current.tolist(), proxy.tolist(), strict=True))
    placed = [(number, server) for number, _, server in tasks if server >= 0]
    assert {arc: placed.count(arc) for arc in placed} == arcs
    for (number, server), count in arcs.items():
        wish = [task for task in tasks if task[:2] == (number, server)]
        stay = [task for task in wish if task[2] == server]
        assert len(stay) == min(count, len(wish))


@eighth
@given(estates(), st.booleans())
def test_bounds_and_faces_leave_the_best_plan_in(spec: Spec, pooling: bool) -> None:
    made, truth = read(spec), oracle.solve(spec)
    problem, group = collapsed(made)
    tiers_apart = any(made.settings.slack(name, 10**9) for name in made.settings.objectives)
    ways = pools.build_arcs(problem, pooling, tiers_apart)
    program, columns = build_program(problem, made.settings, ways)
    for aim in program.aims:
        relaxed = bound_by_lp(program, aim, program.lower, Deadline())
        value, held = truth.best[aim.name], truth.lock[aim.name]
        assert relaxed.bound >= value if aim.maximise else relaxed.bound <= value
        program = relaxed.restrict_to_value(program, held)
    tasks, servers = find_tasks(made), made.servers["server"].tolist()
    jobs, vms = made.jobs["job"].take(tasks.job), made.vms["vm"].take(tasks.vm)
    arcs = Counter(
        (number, servers.index(truth.assignment[task]))
        for number, task in zip(group.tolist(), zip(jobs, vms, strict=True), strict=True)
        if task in truth.assignment
    )
    triples = np.array([(*arc, arcs[arc]) for arc in sorted(arcs)], dtype=np.int64)
    best = to_point(problem, program, columns, tuple(triples.reshape(-1, 3).T))  # type: ignore[arg-type]
    assert program.is_feasible(best)


@plain
@given(
    start=st.one_of(st.integers(0, 1439), st.sampled_from([0, 1439])),
    duration=st.one_of(st.integers(1, WEEK), st.sampled_from([1, 1440, 1441, WEEK - 1, WEEK])),
    days=st.lists(st.integers(0, 6), min_size=1, unique=True),
)
def test_active_intervals_against_sets_of_minutes(
    start: int, duration: int, days: list[int]
) -> None:
    minutes = {
        minute % WEEK
        for day in days
        for minute in range(day * 1440 + start, day * 1440 + start + duration)
    }
    found = active_intervals(start, duration, days)
    assert set().union(*(range(*interval) for interval in found)) == minutes
    # Sorted, disjoint, and as few as possible: between one's end and the next's begin is a gap.
    edges = [edge for interval in found for edge in interval]
    assert edges == sorted(set(edges))


def test_the_number_of_workers_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # Without neighbourhoods every aim whose bound is not met yet gets the full search.
    monkeypatch.setattr("optimizer.solver.neighbourhoods.neighbourhoods", lambda *_, **__: iter(()))
    estate = read_estate(Path(__file__).parents[2] / "data" / "branch-offices")
    one, two = (plan(estate, workers=workers) for workers in (1, 2))
    assert one.proxy.tolist() == two.proxy.tolist()
    assert [(a.best, a.bound) for a in one.aims] == [(a.best, a.bound) for a in two.aims]
