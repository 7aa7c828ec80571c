"""The judgement of a right plan, how violations are collected, and what the checker imports."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
from judged_plan import AIMS, ESTATE, PLAN, Case, spoil, spoil_all, write

import optimizer.checker
from optimizer.checker.violations import Violations


def test_right_plan(tmp_path: Path) -> None:
    judgement = Case(tmp_path).judge()
    assert judgement.violations == ()
    assert judgement.values == AIMS
    assert list(judgement.values) == list(AIMS)
    counts = (judgement.tasks, judgement.windows, judgement.own_work)
    assert counts == (6, 4, 1)
    assert (judgement.assigned, judgement.unassigned) == (4, 1)


def test_without_current_there_are_no_moves(tmp_path: Path) -> None:
    case = Case(tmp_path)
    (case.estate / "current.csv").unlink()
    spoil_all(
        case.plan,
        [
            ("assignments.csv", "true,b,p\n", "true,b,\n"),
            ("assignments.csv", "true,b,old\n", "true,b,\n"),
            ("assignments.csv", "true,b,b\n", "true,b,\n"),
        ],
    )
    aims = {aim: value for aim, value in AIMS.items() if aim != "moves"}
    judgement = case.judge(aims)
    assert judgement.violations == ()
    assert judgement.values == aims


@pytest.mark.parametrize("empty", [["job_vms.csv"], ["job_vms.csv", "vms.csv", "jobs.csv"]])
def test_no_tasks_at_all(tmp_path: Path, empty: list[str]) -> None:
    case = Case(tmp_path)
    for file in empty:
        write(case.estate, file, ESTATE[file].splitlines(keepends=True)[0])
    for file, text in PLAN.items():
        write(case.plan, file, text.splitlines(keepends=True)[0])
    loads = """\
b,mon 00:00,mon 00:00,1,0,4
p,mon 00:00,mon 00:00,1,0,3
q,mon 00:00,mon 00:00,0,0,
"""
    spoil(case.plan, "proxy_load.csv", "max_tasks\n", f"max_tasks\n{loads}")
    case.follow()
    assert case.judge(dict.fromkeys(AIMS, 0) | {"peak": 1, "balance": 2}).violations == ()


def test_twenty_of_a_kind_are_spelt_out() -> None:
    violations = Violations()
    violations.each("odd tasks", np.arange(22), "task {}".format)
    violations.add("odd tasks", "one more")
    assert violations.sentences() == (*(f"task {n}" for n in range(20)), "3 more odd tasks")


def test_checker_shares_nothing_with_the_planner() -> None:
    """It may know nouns, and itself; from the rules as data not even the nouns."""
    allowed = {"aims", "errors", "estate", "plan", "schema", "settings", "week"}
    allowed |= {"week_plan"}
    modules = sorted(Path(optimizer.checker.__file__).parent.glob("*.py"))
    assert len(modules) > 10
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                package, _, rest = name.partition(".")
                assert package not in {"networkx", "ortools"}, path
                assert package != "models" or rest in allowed, path
                assert package != "optimizer" or rest.startswith("checker."), path
