"""From an estate's folder, a plan's folder and the name of a VM to explanations of its tasks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.estate import Estate
from models.plan import Tasks
from optimizer.explain import Explainer, Explanation
from optimizer.sources.folder import read_estate
from optimizer.sources.plan_folder import read_plan
from optimizer.sources.suggest import UnknownNameError, did_you_mean
from optimizer.tasks import tasks_of

LISTED = 5


@dataclass(frozen=True, slots=True)
class Explained:
    """The tasks of one VM, explained job by job in order of the jobs' names."""

    estate: Estate
    tasks: Tasks
    served: int
    explanations: tuple[Explanation, ...]


def run(
    estate_folder: Path, plan_folder: Path, vm: str, job: str | None, step: Callable[[str], None]
) -> Explained:
    """Explain the tasks of ``vm``, an id or a name that one VM has, or its task in one ``job``.

    Raises EstateError, PlanError where the plan is not one of the estate, and UnknownNameError.
    """
    step("reading")
    estate = read_estate(estate_folder)
    tasks = tasks_of(estate)
    plan = read_plan(estate, tasks, plan_folder)
    wanted = _tasks(estate, tasks, _vm(estate, vm), job)
    step("explaining")
    explainer = Explainer(estate, tasks, plan.proxy, plan.tier)
    served = int((plan.tier > 0).sum())
    return Explained(estate, tasks, served, tuple(explainer.explain(task) for task in wanted))


def _vm(estate: Estate, text: str) -> int:
    """Return the code of the VM with this id, or else of the only one with this name."""
    ids = estate.vms["vm"]
    found = np.flatnonzero(ids == text)
    names = estate.vms.get("name", ids)
    if not len(found):
        found = np.flatnonzero(names == text)
    if not len(found):
        hint = did_you_mean(text, [*ids, *names]) or "; columns vm and name of vms.csv have them"
        raise UnknownNameError(f"no VM is called {text!r}{hint}")
    if len(found) > 1:
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        which = ", ".join(ids.iloc[found[:LISTED]])
        raise UnknownNameError(
            f"{len(found)} VMs are called {text!r}; write one's id: {which}{more}"
        )
    return int(found[0])


def _tasks(estate: Estate, tasks: Tasks, vm: int, job: str | None) -> list[int]:
    found: list[int] = np.flatnonzero(tasks.vm == vm).tolist()
    name = estate.vms["vm"].iloc[vm]
    if not found:
        reason = (
            "no enabled job reaches into its guest"
            if estate.vms["available"].iloc[vm]
            else "it is not available"
        )
        raise UnknownNameError(f"VM {name!r} has no task: {reason}")
    if job is None:
        return found
    jobs = {estate.jobs["job"].iloc[tasks.job[task]]: task for task in found}
    if job not in jobs:
        hint = did_you_mean(job, jobs) or f"; it has one in {', '.join(jobs)}"
        raise UnknownNameError(f"VM {name!r} has no task in job {job!r}{hint}")
    return [jobs[job]]
