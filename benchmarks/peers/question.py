"""What every peer starts from: the tasks, who may serve them, and the moments that matter.

Asking it is work that all peers and the planner share, so it is in nobody's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import AssignmentProblem, Label
from models.estate import Codes, Estate
from models.integer_program import Ints
from models.plan import Tasks
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import byte_rank
from optimizer.eligibility.tiers import Eligibility
from optimizer.formulation.grouping import group_tasks

Assignment = Codes


@dataclass(frozen=True)
class Question:
    """One estate's tasks; ``group`` is each one's in ``problem``, -1 where none may serve it."""

    estate: Estate
    tasks: Tasks
    eligibility: Eligibility
    problem: AssignmentProblem
    group: Codes

    @cached_property
    def servable(self) -> NDArray[np.intp]:
        """The tasks that some server may serve."""
        return np.flatnonzero(self.group >= 0)

    @cached_property
    def kind(self) -> Codes:
        """Each servable task's kind: its row of ``problem.label``."""
        return self.problem.kind[self.group[self.servable]]

    @cached_property
    def activity(self) -> Codes:
        """When each servable task runs."""
        return self.problem.activity[self.group[self.servable]]

    @cached_property
    def by_name(self) -> NDArray[np.intp]:
        """The servers in byte order of their names."""
        return np.argsort(byte_rank(self.estate.servers["server"]))

    @cached_property
    def aims(self) -> tuple[str, ...]:
        """The estate's aims in order; `moves` only where today is known."""
        names = self.estate.settings.objectives
        return tuple(name for name in names if name != "moves" or self.problem.movable is not None)

    @cached_property
    def anyway(self) -> Ints:
        """What each server runs anyway at each moment, shape (moments, servers)."""
        problem = self.problem
        load = np.tile(problem.running, (len(problem.own_moments.own), 1))
        load[:, problem.backup_server] += problem.own_moments.own
        return load

    @cached_property
    def room(self) -> Ints:
        """How many planned tasks each server may run at each moment, shape (moments, servers)."""
        limit, many = self.problem.limit, len(self.tasks) + 1
        return np.where(limit >= 0, np.maximum(limit - self.anyway, 0), many).astype(np.int64)

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """Which activity is active at which moment: the finest that any server needs."""
        return self.problem.own_moments.active

    def label(self, task: int) -> Label:
        """Return what each server would be to a servable task, by its place among those."""
        return np.asarray(self.problem.label[self.kind[task]])

    def unserved(self) -> Assignment:
        """Return the assignment of no task at all."""
        return np.full(len(self.tasks), -1, dtype=np.int32)


def ask(estate: Estate) -> Question:
    """Return the question that ``estate`` puts."""
    context = PlanningContext.build(estate)
    return Question(estate, context.tasks, context.eligibility, *group_tasks(context))
