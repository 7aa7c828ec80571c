"""Folder in, checked folder out: read, plan or simulate, write, judge, put in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.errors import OutputError, PlanError
from models.plan import Plan
from models.solve_events import Watch
from optimizer.checker import judge
from optimizer.checker.violations import Judgement
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import find_tasks
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.replacement import recover
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.plan_folder import read_plan
from optimizer.lists.selection import JobLists, job_lists
from optimizer.output.plan_writer import write_plan
from optimizer.output.simulation_writer import RECORD, write_simulation
from optimizer.planner import plan
from optimizer.simulation import simulate, simulate_tasks
from optimizer.simulation.results import Agreement, Simulation, measure_agreement
from optimizer.solver.deadline import Deadline


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A plan, the lists to select in its jobs, and, if asked for, the product ``by_itself``."""

    plan: Plan
    lists: JobLists
    by_itself: Simulation | None


def run_plan(
    estate_folder: Path,
    out: Path,
    time_limit: float | None,
    workers: int,
    seed: int,
    step: Callable[[str], None],
    compare: bool = False,
    watch: Watch = lambda event: None,
) -> PlanRun:
    """Plan the estate in a folder and put the plan's files into ``out``.

    To ``compare``, the product's own choice, as the jobs are today, is simulated too.
    ``step`` is called with what is being done, ``watch`` with the events of the solver.

    Raises EstateError, PlanError where the plan does not pass the check of its own files, and
    OutputError; on any of them ``out`` is as it was.
    """
    step("reading")
    estate = read_estate(estate_folder)
    with write_atomically(out, last="plan.json") as folder:
        step("planning")
        deadline = Deadline(time_limit)
        context = PlanningContext.build(estate)
        made = plan(estate, deadline, seed, workers, progress=watch, context=context)
        step("job lists")
        lists = job_lists(made, deadline, step)
        step("writing")
        write_plan(made, lists, folder, seed)
        step("checking")
        refuse_violations(judge(estate, folder))
        by_itself = simulate_tasks(context, None, False, step) if compare else None
    return PlanRun(made, lists, by_itself)


def refuse_violations(judgement: Judgement) -> None:
    """Raise PlanError where a plan just made breaks a rule."""
    if judgement.violations:
        raise PlanError(
            "the plan breaks the contract, which is a defect of this program; nothing was "
            "written. Please report it with the estate:\n" + "\n".join(judgement.violations)
        )


def run_simulation(
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
    recover(out)
    if (out / "plan.json").exists():
        raise OutputError(
            f"{out}: holds a plan, whose proxy_load.csv would be replaced; "
            "choose another folder with --out"
        )
    step("reading")
    estate = read_estate(estate_folder)
    plan = None if plan_folder is None else read_plan(estate, find_tasks(estate), plan_folder)
    with write_atomically(out, last=RECORD) as folder:
        lists = None if plan is None else plan.job_proxies
        simulation = simulate(estate, lists, knows_connections, step)
        agreed = None if plan is None else measure_agreement(simulation.runs, plan.proxy, plan.tier)
        step("writing")
        write_simulation(simulation, agreed, folder)
    return simulation, agreed
