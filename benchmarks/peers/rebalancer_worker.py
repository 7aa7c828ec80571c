"""Runs Rebalancer on a problem of plain lists, in an environment that has it.

Reads JSON from stdin and prints JSON as its last line. Whatever the library itself prints goes to
stderr. Objects are tasks, containers are servers, one more container holds what is unserved.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

ABSOLUTE, MAX, HIGHS = 1, 3, 2  # members of enums go by number: the binding takes no names
ENDS = {1: "optimal", 2: "time limit", 4: "stopped", 5: "plateau", 6: "no solution",
        8: "exception", 9: "local optimum"}  # fmt: skip
NOWHERE = "nowhere"
MOVES = (  # from fast to slow, as its manual recommends
    "singleFastMoveTypeSpec",
    "singleMoveTypeSpec",
    "swapMoveTypeSpec",
    "singleEndChainMoveTypeSpec",
)


def main() -> None:
    """Solve the problem on stdin."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    print(json.dumps(solve(json.load(sys.stdin))), file=answers)


def solve(problem: dict[str, Any]) -> dict[str, Any]:
    """Return the server of each object, -1 for none, the seconds it took, and how it ended."""
    from rebalancer import ProblemSolver  # type: ignore[import-not-found, unused-ignore]

    began = time.perf_counter()
    solver = ProblemSolver(service_name="rebalancer", service_scope="gip-planner")
    solver.set_object_name("task").set_container_name("server").set_log_level("ERROR")
    servers = [str(server) for server in range(problem["servers"])]
    held: dict[str, list[str]] = {name: [] for name in [*servers, NOWHERE]}
    for task, server in enumerate(problem["start"]):
        held[str(server) if server >= 0 else NOWHERE].append(f"t{task}")
    for server in servers:
        held[server].append(f"a{server}")
    solver.set_assignment(held)
    for name, groups in problem["partitions"].items():
        members: dict[str, list[str]] = {}
        for task, group in enumerate(groups):
            members.setdefault(str(group), []).append(f"t{task}")
        solver.add_partition(name, members | {"anyway": [f"a{server}" for server in servers]})
    _limits(solver, problem, servers)
    _goals(solver, problem)
    solver.add_solver(_method(problem))
    solution = solver.solve()
    seconds = time.perf_counter() - began
    where = solution["assignment"]
    found = [where[f"t{task}"] for task in range(len(problem["start"]))]
    ends = [summary.get("endReason") for summary in solution["solverSummaries"]]
    return {
        "assignment": [-1 if server == NOWHERE else int(server) for server in found],
        "seconds": seconds,
        "note": "ended by " + ", ".join(ENDS.get(end, str(end)) for end in ends),
    }


def _limits(solver: Any, problem: dict[str, Any], servers: list[str]) -> None:
    """Capacity: a dimension per moment. Who may not serve weighs 1 where nothing has room."""
    solver.add_constraint(
        {"avoidMovingSpec": {"name": "anyway", "objects": [f"a{server}" for server in servers]}}
    )
    _placement(solver, problem, "forbidden", problem["forbidden"])
    solver.add_constraint(
        {"capacitySpec": {"name": "forbidden", "scope": "server", "dimension": "forbidden",
                          "limit": {"type": ABSOLUTE, "globalLimit": 0.0}}}
    )  # fmt: skip
    for number, moment in enumerate(problem["moments"]):
        weight = {f"t{task}": 1.0 for task in moment["tasks"]}
        weight |= {f"a{server}": float(load) for server, load in enumerate(moment["anyway"])}
        solver.add_object_dimension(f"moment{number}", weight, default_value=0.0)
        scale = {str(server): float(size) for server, size in problem["scale"].items()}
        solver.add_container_dimension(f"moment{number}", scale, default_value=1.0)
        limits = {server: float(limit) for server, limit in moment["limits"].items()}
        solver.add_constraint(
            {"capacitySpec": {
                "name": f"capacity{number}", "scope": "server", "dimension": f"moment{number}",
                "limit": {"type": ABSOLUTE, "scopeItemLimits": limits,
                          "isDefaultLimitUnbounded": True},
            }}
        )  # fmt: skip


def _goals(solver: Any, problem: dict[str, Any]) -> None:
    """The aims as a lexicographic tuple."""
    filters = {"itemsWhitelist": [str(server) for server in problem["counted"]]}
    for place, goal in enumerate(problem["goals"]):
        if goal["aim"] in ("peak", "balance"):
            for number in range(len(problem["moments"])):
                spec = {"name": f"{goal['aim']}{number}", "scope": "server",
                        "dimension": f"moment{number}", "filter": filters}  # fmt: skip
                if goal["aim"] == "peak":
                    arm = _highest(spec, problem["method"])
                else:
                    arm = {"minimizeSquaresSpec": spec}
                solver.add_goal(arm, weight=1.0, tuple_pos=place)
            continue
        _placement(solver, problem, goal["aim"], goal["missed"])
        arm = {"capacitySpec": {
            "name": goal["aim"], "scope": "server", "dimension": goal["aim"],
            "limit": {"type": ABSOLUTE, "globalLimit": 0.0},
        }}  # fmt: skip
        solver.add_goal(arm, weight=1.0, tuple_pos=place)


def _highest(spec: dict[str, Any], method: str) -> dict[str, Any]:
    """Return the goal of a low maximum; its MIP form knows it only as excess over a constant."""
    if method == "local":
        return {"minimizeNthLargestUtilizationSpec": spec | {"n": 0}}
    above = {"formula": MAX, "boundType": ABSOLUTE, "upperBound": 0.0, "fixAverageToInitial": True}
    return {"balanceSpec": spec | above}


def _placement(solver: Any, problem: dict[str, Any], name: str, weights: dict[str, Any]) -> None:
    """Add a dimension that weighs 1 where a group of tasks is on the wrong server."""
    partition = weights["partition"]
    known = {*map(str, problem["partitions"][partition]), "anyway"}
    zero = {
        server: dict.fromkeys(known.intersection(groups), 0.0)
        for server, groups in weights["zero"].items()
    }
    solver.add_dynamic_object_dimension_by_partition(
        name, "server", partition, zero, default_value=1.0
    )


def _method(problem: dict[str, Any]) -> dict[str, Any]:
    limit = max(1, round(problem["limit"]))
    if problem["method"] == "highs":
        return {"optimalSolverSpec": {"solverPackage": HIGHS, "solveTime": limit}}
    moves: list[dict[str, Any]] = [{name: {}} for name in MOVES]
    return {"localSearchSolverSpec": {"solveTime": limit, "moveTypeList": moves}}


if __name__ == "__main__":
    main()
