"""From an estate's folder to a plan's folder: read, plan, write, judge, put in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.errors import PlanError
from models.plan import Plan
from optimizer.check import Judgement, judge
from optimizer.deadline import Deadline
from optimizer.job_lists import JobLists, job_lists
from optimizer.outputs.plan_files import write_plan
from optimizer.outputs.staging import staged
from optimizer.planner import plan
from optimizer.simulate import simulate
from optimizer.simulate.result import Simulation
from optimizer.sources.folder import read_estate
from optimizer.stage import Watch


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, the lists to select in its jobs, and, if asked for, the product ``by_itself``."""

    plan: Plan
    lists: JobLists
    by_itself: Simulation | None


def run(
    estate_folder: Path,
    out: Path,
    time_limit: float | None,
    workers: int,
    seed: int,
    step: Callable[[str], None],
    compare: bool = False,
    watch: Watch = lambda event: None,
) -> Planned:
    """Plan the estate in a folder and put the plan's files into ``out``.

    To ``compare``, the product's own choice, as the jobs are today, is simulated too.
    ``step`` is told what is done, ``watch`` how far the aims have come.

    Raises EstateError, PlanError where the plan does not pass the check of its own files, and
    OutputError; on any of them ``out`` is as it was.
    """
    step("reading")
    estate = read_estate(estate_folder)
    with staged(out, last="plan.json") as folder:
        step("planning")
        deadline = Deadline(time_limit)
        made = plan(estate, deadline, seed, workers, progress=watch)
        step("job lists")
        lists = job_lists(made, deadline, step)
        step("writing")
        write_plan(made, lists, folder, seed)
        step("checking")
        approve(judge(estate, folder))
        by_itself = simulate(estate, step=step) if compare else None
    return Planned(made, lists, by_itself)


def approve(judgement: Judgement) -> None:
    """Raise PlanError where a plan just made breaks a rule."""
    if judgement.violations:
        raise PlanError(
            "the plan breaks the contract, which is a defect of this program; nothing was "
            "written. Please report it with the estate:\n" + "\n".join(judgement.violations)
        )
