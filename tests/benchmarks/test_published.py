"""Tests of `benchmarks.published`: the planner's solver on problems that are known elsewhere."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.published.__main__ import published
from benchmarks.published.alternating_paths import figures, optimal_semi_matching
from benchmarks.published.assignment_instances import read_instance
from benchmarks.published.generalised_assignment import build_program, measure, solve
from benchmarks.published.semi_matching import build_problem, plan
from benchmarks.published.semi_matching_instances import (
    FAMILIES,
    SemiMatchingInstance,
    generate,
    loads,
)
from benchmarks.records import read_rows

# Two agents, three items; the costs, the weights, the capacities.
TINY = "2 3\n 1 5 2\n 4 1 3\n 2 2 2\n 1 2 1\n 4 3\n"
PUBLISHED = "Path,Best known bound,Best known solution value\nfolder/tiny,4,4\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tiny").write_text(TINY, encoding="ascii")
    (tmp_path / "data.csv").write_text(PUBLISHED, encoding="utf-8")
    return tmp_path


def test_an_assignment_costs_the_least(folder: Path) -> None:
    agent, stage = solve(read_instance(folder / "tiny"), None, 1.0)
    assert agent.tolist() == [0, 1, 0]
    assert (stage.best, stage.bound) == (4, 4)


def test_the_program_has_the_rules_of_the_instance(folder: Path) -> None:
    instance = read_instance(folder / "tiny")
    program = build_program(instance)
    for agent in product(range(3), repeat=3):  # 2 for none
        chosen = np.array([[at == which for at in agent] for which in range(2)], dtype=np.int64)
        within = (instance.weight * chosen).sum(axis=1) <= instance.capacity
        assert program.is_feasible(chosen.ravel()) == within.all()


def test_a_file_of_another_form_is_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("2 3\n 1 2 3\n", encoding="ascii")
    with pytest.raises(ValueError, match="take 14 more numbers, there are 3"):
        read_instance(tmp_path / "short")


def test_values_stand_beside_published_ones(folder: Path) -> None:
    found = [(run.engine, m.phase, m.value) for run, m in measure(folder, ["tiny"], None, 1.0)]
    assert found == [
        ("gip", "aim cost", 4), ("gip", "total", None), ("published", "aim cost", 4),
    ]  # fmt: skip


def test_items_without_an_agent_are_told(folder: Path) -> None:
    (folder / "tiny").write_text(TINY.replace("4 3", "1 1"), encoding="ascii")
    total, _ = (m for _, m in measure(folder, ["tiny"], None, 1.0))
    assert total.note == "2 items without an agent"


@pytest.mark.parametrize("family", FAMILIES)
def test_plans_are_optimal_semi_matchings(family: str) -> None:
    instance = generate(family, 600, seed=1)
    chosen, stages = plan(instance)
    optimum = figures(loads(instance, optimal_semi_matching(instance)))
    assert figures(loads(instance, chosen)) == optimum
    assert {stage.aim: stage.bound for stage in stages if stage.aim in optimum} == optimum


def test_paths_reach_the_optimum_of_every_small_graph() -> None:
    chance = np.random.default_rng(0)
    for _ in range(200):
        servers, tasks = int(chance.integers(1, 4)), int(chance.integers(1, 6))
        allowed = chance.random((tasks, servers)) < 0.6
        allowed[np.arange(tasks), chance.integers(0, servers, tasks)] = True
        ranked = np.where(allowed, np.arange(servers), 99)
        ranked.sort(axis=1)
        instance = SemiMatchingInstance(
            servers, np.where(ranked == 99, -1, ranked).astype(np.int16)
        )
        every = product(*(np.flatnonzero(row).tolist() for row in allowed))
        least = min(int((np.bincount(one) ** 2).sum()) for one in every)
        assert figures(loads(instance, optimal_semi_matching(instance)))["balance"] == least


def test_alike_tasks_are_one_group() -> None:
    server = np.array([[0, 1], [0, -1], [0, 1]], dtype=np.int16)
    problem, group = build_problem(SemiMatchingInstance(2, server))
    assert group.tolist() == [0, 1, 0]
    assert problem.count.tolist() == [2, 1]
    assert (problem.label > 0).tolist() == [[True, True, False], [True, False, False]]


def test_a_task_on_a_server_that_may_not_serve_it_is_refused() -> None:
    instance = SemiMatchingInstance(2, np.array([[0, -1], [1, -1]], dtype=np.int16))
    assert loads(instance, np.array([0, 1])).tolist() == [1, 1]
    for wrong in ([0, 0], [-1, 1]):
        with pytest.raises(ValueError, match="may not serve"):
            loads(instance, np.array(wrong))


def test_the_command_appends_rows(folder: Path) -> None:
    out = folder / "out.csv"
    for words in (["assignment", str(folder), "tiny"],
                  ["semi-matching", "--family", "HiLo", "--tasks", "300"]):  # fmt: skip
        done = CliRunner().invoke(published, [*words, "--out", str(out)], catch_exceptions=False)
        assert done.exit_code == 0
    engines = [row.run.engine for row in read_rows([out])]
    assert engines == ["gip"] * 2 + ["published"] + ["gip"] * 3 + ["paths"] * 3
