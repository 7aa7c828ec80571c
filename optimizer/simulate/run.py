"""From an estate's folder to a simulation's folder: read, replay, write, put in place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from models.errors import OutputError
from optimizer.outputs.simulation_files import RECORD, write_simulation
from optimizer.outputs.staging import staged
from optimizer.simulate import simulate
from optimizer.simulate.agreement import Agreement, agreement
from optimizer.simulate.result import Simulation
from optimizer.sources.folder import read_estate
from optimizer.sources.plan_folder import read_plan
from optimizer.tasks import tasks_of


def run(
    estate_folder: Path,
    plan_folder: Path | None,
    out: Path,
    knows_connections: bool,
    step: Callable[[str], None],
) -> tuple[Simulation, Agreement | None]:
    """Simulate the estate in a folder, inside a plan's lists if there is one, and write ``out``.

    Raises EstateError, PlanError where the plan is not one of the estate, and OutputError; on any
    of them ``out`` is as it was.
    """
    if (out / "plan.json").exists():
        raise OutputError(
            f"{out}: holds a plan, whose proxy_load.csv would be replaced; "
            "choose another folder with --out"
        )
    step("reading")
    estate = read_estate(estate_folder)
    plan = None if plan_folder is None else read_plan(estate, tasks_of(estate), plan_folder)
    with staged(out, last=RECORD) as folder:
        lists = None if plan is None else plan.job_proxies
        simulation = simulate(estate, lists, knows_connections, step)
        agreed = None if plan is None else agreement(simulation.runs, plan.proxy, plan.tier)
        step("writing")
        write_simulation(simulation, agreed, folder)
    return simulation, agreed
