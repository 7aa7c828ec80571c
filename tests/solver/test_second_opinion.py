"""What only a search says of a bound is asked again: a wrong solver is found out, not believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from estates import estate
from odd_cycles import CYCLES, A, aim, program, solved
from ortools.sat.python import cp_model

from models.integer_program import IntegerProgram
from models.solve_events import Stage
from optimizer.analysis.explanation import conflict_model, minimal_conflict
from optimizer.cli.main import gip
from optimizer.formulation.decomposition.coordinator import _combine_stages
from optimizer.formulation.exchanges import ExchangeSearch
from optimizer.solver import cp_sat
from optimizer.solver.cp_sat import SearchResult

Search = Callable[..., SearchResult]
HONEST = cp_sat._solve
# Four tasks on three servers of three: 667 per mille, of which a relaxation sees 445.
THIRDS = ([f"{name} a max_tasks=3" for name in "pqr"], ["v a", "w a", "x a", "y a"])
UTILISATION = {"planning": {"balance": "utilisation"}}


def with_search(monkeypatch: pytest.MonkeyPatch, search: Search) -> None:
    monkeypatch.setattr(cp_sat, "_solve", search)


def rules_out_too_much(program: IntegerProgram, rows: Any, *asked: Any) -> SearchResult:
    """Say with presolve that nothing is better than what there is, whatever is asked."""
    goal, _, effort = asked
    if effort.presolve and goal is not None:
        return SearchResult(None, None, empty=True)
    return HONEST(program, rows, *asked)


def gives_no_second_opinion(program: IntegerProgram, rows: Any, *asked: Any) -> SearchResult:
    return HONEST(program, rows, *asked) if asked[-1].presolve else SearchResult(None, None)


def stages(solution: Any) -> dict[str, tuple[int, int, str]]:
    return {stage.aim: (stage.best, stage.bound, stage.proof) for stage in solution.stages}


def test_a_bound_that_two_searches_give_is_of_kind_search() -> None:
    asked = program(aim("a", True, A), aim("most", True, *CYCLES))
    assert stages(solved(asked)) == {"a": (10, 10, "duals"), "most": (2, 2, "search")}


def test_a_wrong_search_is_contradicted_and_its_bound_dropped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with_search(monkeypatch, rules_out_too_much)
    best, bound, proof = stages(solved(program(aim("most", True, *CYCLES))))["most"]
    assert (bound, proof) == (3, "disputed")  # of the relaxation
    assert 0 < best <= 2  # the start had 0: what the second search found is taken


def test_a_bound_without_a_second_opinion_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with_search(monkeypatch, gives_no_second_opinion)
    assert stages(solved(program(aim("most", True, *CYCLES))))["most"] == (2, 2, "unconfirmed")


@pytest.mark.parametrize(
    ("name", "parts", "proof"),
    [
        ("tier1", [(5, 5, "duals"), (3, 3, "search")], "search"),
        ("tier1", [(5, 5, "unconfirmed"), (3, 4, "disputed")], "disputed"),
        ("peak", [(5, 5, "duals"), (3, 3, "search")], "duals"),
        ("peak", [(5, 5, "search"), (5, 5, "duals")], "duals"),
        ("peak", [(5, 5, "search"), (3, 3, "duals")], "search"),
        ("peak", [(6, 5, "disputed"), (5, 5, "duals")], "disputed"),
    ],
)
def test_the_proof_of_several_parts(
    name: str, parts: list[tuple[int, int, Any]], proof: str
) -> None:
    """The highest peak alone has to be proven; a sum is as sure as its weakest part."""
    found = _combine_stages([Stage(name, best, bound, 0, kind) for best, bound, kind in parts])
    assert found.proof == proof


@pytest.mark.parametrize(
    ("search", "code", "proof", "finding"),
    [
        (HONEST, 0, "search", ""),
        (rules_out_too_much, 5, "disputed", "warning,solver_disagrees,peak"),
        (gives_no_second_opinion, 0, "unconfirmed", "info,unconfirmed_bound,peak"),
    ],
)
def test_what_a_plan_says_of_a_search(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    search: Search,
    code: int,
    proof: str,
    finding: str,
) -> None:
    estate(tmp_path / "estate", ["bs hq", *THIRDS[0]], THIRDS[1], settings=UTILISATION)
    with_search(monkeypatch, search)
    # Exchanges would find what the wrong search rules out, and make it right.
    monkeypatch.setattr(ExchangeSearch, "improve", lambda search, arcs, *limits: arcs)
    out = tmp_path / "out"
    ran = CliRunner().invoke(gip, ["plan", str(tmp_path / "estate"), "--out", str(out)])
    assert ran.exit_code == code, ran.output
    peak = next(
        a for a in json.loads((out / "plan.json").read_text())["aims"] if a["aim"] == "peak"
    )
    assert (peak["proof"], peak["proven"]) == (proof, code == 0)
    assert proof in ran.output
    told = [
        line
        for line in (out / "findings.csv").read_text("utf-8-sig").splitlines()
        if "peak" in line
    ]
    assert [line[: len(finding)] for line in told] == ([finding] if finding else [])


def test_what_forbids_a_task_is_asked_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A solver that with presolve calls everything infeasible is contradicted: exit code 5."""
    real = minimal_conflict.deterministic_solver

    def lying(work: float, presolve: bool) -> Any:
        infeasible = SimpleNamespace(
            solve=lambda model: cp_model.INFEASIBLE,
            response_proto=SimpleNamespace(deterministic_time=0.0),
        )
        return infeasible if presolve else real(work, presolve)

    folder, out = str(tmp_path / "estate"), str(tmp_path / "out")
    # Either of two facts is enough: no fact alone is known to be needed before a search.
    estate(tmp_path / "estate", ["bs a excluded=true available=false"], ["v a"])
    run = CliRunner()
    assert run.invoke(gip, ["plan", folder, "--out", out, "-q"]).exit_code == 3
    honest = run.invoke(gip, ["explain", folder, out, "v"])
    assert (honest.exit_code, "not proven" in honest.output) == (0, False)
    monkeypatch.setattr(conflict_model, "deterministic_solver", lying)
    found = run.invoke(gip, ["explain", folder, out, "v"])
    assert (found.exit_code, "not proven" in found.output) == (5, True)


def test_a_set_of_facts_that_is_not_the_smallest_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hitting(facts: int, sets: Any, presolve: bool = True) -> frozenset[int]:
        return frozenset({0, 1}) if presolve else frozenset({0})

    monkeypatch.setattr(minimal_conflict, "_smallest_hitting_set", hitting)
    with pytest.raises(minimal_conflict.DisputedError):
        minimal_conflict.find_minimal_conflict(2, lambda wanted: None)
