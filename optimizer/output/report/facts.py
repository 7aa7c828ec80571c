"""The facts that every part of a report starts from: estate, tasks and plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.estate import Codes, Estate
from models.plan import WINDOWS, Tasks
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.server_load import Spans, load_spans
from optimizer.eligibility.tiers import Eligibility
from optimizer.inputs.plan_folder import Details, PlanFolder, read_details, read_plan
from optimizer.inputs.week_record import (
    ChoiceRow,
    SplitPart,
    WeekRecord,
    read_choice_rows,
    read_splits,
    read_week,
)


@dataclass(frozen=True)
class ReportFacts:
    """An estate and a ``plan`` of it, with the ``week`` that follows.

    ``choices`` are those of jobs, ``parts`` those of jobs to split; ``profile`` is that of each
    task's VM; ``assigned`` are the Windows tasks with a proxy.
    """

    context: PlanningContext
    plan: PlanFolder
    details: Details
    week: WeekRecord
    choices: Sequence[ChoiceRow]
    parts: Sequence[SplitPart]

    @property
    def estate(self) -> Estate:
        """Return the estate."""
        return self.context.estate

    @property
    def tasks(self) -> Tasks:
        """Return the tasks of the estate."""
        return self.context.tasks

    @property
    def eligibility(self) -> Eligibility:
        """Return who may serve the tasks."""
        return self.context.eligibility

    @property
    def proxy(self) -> Codes:
        """Return the server of each task, -1 for none."""
        return self.plan.proxy

    @cached_property
    def profile(self) -> Codes:
        """Return the profile of each task's VM."""
        return np.asarray(self.eligibility.profile[self.tasks.vm])

    @cached_property
    def assigned(self) -> NDArray[np.bool_]:
        """Return the Windows tasks with a proxy."""
        return np.asarray((self.tasks.kind == WINDOWS) & (self.proxy >= 0))

    @cached_property
    def protected(self) -> NDArray[np.bool_]:
        """Return the assigned tasks with two independent paths (S16)."""
        return np.asarray(self.assigned & self.eligibility.protected[self.profile, self.proxy])

    @cached_property
    def failover(self) -> NDArray[np.bool_]:
        """Return the assigned tasks that the backup server can take over (S16)."""
        own = self.estate.backup_server
        able = self.eligibility.takeover(own)[self.profile]
        return np.asarray(self.assigned & (self.proxy != own) & able)

    @cached_property
    def spans(self) -> Spans:
        """Return the load of every server that carries tasks or could."""
        return load_spans(self.estate, self.tasks, self.proxy, self.eligibility.candidate)

    @cached_property
    def servers(self) -> list[str]:
        """Return the names of the servers."""
        return [str(name) for name in self.estate.servers["server"]]


def build_facts(estate: Estate, plan_folder: Path) -> ReportFacts:
    """Return the facts of a plan; PlanError where it is not one of the ``estate``."""
    context = PlanningContext.build(estate)
    plan = read_plan(estate, context.tasks, plan_folder)
    return ReportFacts(
        context=context,
        plan=plan,
        details=read_details(estate, context.tasks, plan_folder),
        week=read_week(plan_folder),
        choices=read_choice_rows(plan_folder),
        parts=read_splits(plan_folder),
    )
