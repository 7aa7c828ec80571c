"""Explains tasks: options, obstacles and repairs, and a smallest conflict where unassigned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.diagnostics import UnknownNameError, did_you_mean
from models.estate import Codes, Estate
from models.plan import OTHER, UNKNOWN, WINDOWS, Tasks
from optimizer.analysis.explanation.address_remedies import address_remedies
from optimizer.analysis.explanation.capacity import ServerCapacity
from optimizer.analysis.explanation.conflict_model import find_conflict
from optimizer.analysis.explanation.minimal_conflict import DisputedError, UndecidedError
from optimizer.analysis.explanation.obstacles import Fact, ObstacleFinder
from optimizer.analysis.explanation.repairs import Repair, RepairFinder
from optimizer.analysis.explanation.routes import Routes
from optimizer.analysis.explanation.server_options import ServerOption, server_options
from optimizer.analysis.explanation.week_route import SplitRoute, SplitRouter, WeekRoute, WeekRouter
from optimizer.eligibility.context import PlanningContext
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.plan_folder import read_plan
from optimizer.inputs.week_record import read_splits


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a task has its ``proxy`` (a server code), or has none (-1).

    ``options`` has the chosen server first, then the others by tier and name; none where the task
    is not planned, the backup server's own work (S5) or of an unknown system. ``changes`` are those
    that lead to a better tier, the cheapest first; ``remedies`` are for addresses that count as
    unknown. Of a task without a proxy ``forbidden`` is a smallest set of
    facts that leaves it without one; None where nothing forbids it, where it was not found in
    time, which ``undecided`` tells, or where two searches contradict each other: ``disputed``.
    """

    task: int
    proxy: int
    tier: int
    options: tuple[ServerOption, ...]
    changes: tuple[Repair, ...]
    forbidden: tuple[Fact, ...] | None = None
    undecided: bool = False
    disputed: bool = False
    remedies: tuple[str, ...] = ()


class Explainer:
    """Explains the tasks of a plan, which gives each a ``proxy`` (-1 for none) and ``tier``."""

    def __init__(self, context: PlanningContext, proxy: Codes, tier: NDArray[np.int8]) -> None:
        self._context, self._proxy, self._tier = context, proxy, tier
        self._paths = Routes(context.estate)

    def explain(self, task: int) -> Explanation:
        """Return why ``task`` (a place in all tasks) is served as it is."""
        context, estate, tasks = self._context, self._context.estate, self._context.tasks
        proxy, tier = int(self._proxy[task]), int(self._tier[task])
        if tasks.kind[task] == OTHER:
            return Explanation(task, proxy, 0, (), ())
        job, vm = int(tasks.job[task]), int(tasks.vm[task])
        if tasks.kind[task] == UNKNOWN:
            name = estate.vms["vm"].iloc[vm]
            unknown = Fact("S5", f"no operating system of {name} is known (os in vms.csv)")
            return Explanation(task, proxy, tier, (), (), (unknown,))
        finder = ObstacleFinder(estate, self._paths, job, vm)
        obstacles = [finder.obstacles(server) for server in range(len(estate.servers))]
        capacity = ServerCapacity(context, self._proxy, task)
        found = server_options(context, self._proxy, task, obstacles, capacity, self._paths)
        same_site = context.eligibility.same_site[context.eligibility.profile[vm]]
        changes = RepairFinder(estate, tasks, self._proxy, task, tier, self._paths)
        helpful = tuple(changes.find(obstacles, capacity, same_site))
        explanation = Explanation(
            task, proxy, tier, found, helpful, remedies=address_remedies(estate, vm)
        )
        if proxy >= 0:
            return explanation
        try:
            why = find_conflict(context, self._proxy, task, obstacles)
        except UndecidedError:
            return replace(explanation, undecided=True)
        except DisputedError:
            return replace(explanation, disputed=True)
        return replace(explanation, forbidden=why)


LISTED = 5


@dataclass(frozen=True, slots=True)
class VmExplanations:
    """The tasks of one VM, explained job by job in order of the jobs' names.

    ``routes`` and ``split_routes`` say where the week really leads each Windows task, by its place
    in all tasks.
    """

    estate: Estate
    tasks: Tasks
    served: int
    explanations: tuple[Explanation, ...]
    routes: Mapping[int, WeekRoute]
    split_routes: Mapping[int, SplitRoute]


def explain_vm(
    estate_folder: Path, plan_folder: Path, vm: str, job: str | None, step: Callable[[str], None]
) -> VmExplanations:
    """Explain the tasks of ``vm``, an id or a name that one VM has, or its task in one ``job``.

    Raises EstateError, PlanError where the plan is not one of the estate, and UnknownNameError.
    """
    step("reading")
    estate = read_estate(estate_folder)
    context = PlanningContext.build(estate)
    tasks = context.tasks
    plan = read_plan(estate, tasks, plan_folder)
    estate = estate.with_free(plan.freed)
    context = replace(context, estate=estate)
    wanted = _tasks(estate, tasks, _vm(estate, vm), job)
    step("explaining")
    explainer = Explainer(context, plan.proxy, plan.tier)
    served = int((plan.tier > 0).sum())
    explanations = tuple(explainer.explain(task) for task in wanted)
    step("the week inside the choices of jobs")
    windows = [task for task in wanted if tasks.kind[task] == WINDOWS]
    router = WeekRouter(context, plan.choices)
    split_router = SplitRouter(context, plan.choices, read_splits(plan_folder))
    routes = {task: router.route(task) for task in windows}
    split = {task: split_router.route(task) for task in windows}
    return VmExplanations(
        estate, tasks, served, explanations, routes,
        {task: route for task, route in split.items() if route is not None},
    )  # fmt: skip


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
