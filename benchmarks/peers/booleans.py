"""The textbook model: a boolean for every task and server, staged aims, CP-SAT."""

from __future__ import annotations

from time import monotonic
from typing import Any

import numpy as np
from ortools.sat.python import cp_model

from benchmarks.peers.outcome import Answer
from benchmarks.peers.question import Assignment, Question
from benchmarks.peers.values import values
from models.aims import MINIMISED
from models.assignment_problem import PROTECTED, SAME_SITE, TIER
from models.integer_program import Ints

PER_MILLE = 1000


def booleans(question: Question, limit: float) -> Answer:
    """Solve aim after aim within ``limit``, each in its share of the time that is left."""
    until = monotonic() + limit
    model = _Model(question)
    bounds, proven = {}, {}
    for left, aim in zip(range(len(question.aims), 0, -1), question.aims, strict=True):
        bound = model.solve(aim, (until - monotonic()) / left)
        value = values(question, model.assignment)[aim]
        if bound is not None:
            bounds[aim], proven[aim] = bound, bound == value
        given = question.estate.settings.slack(aim, value)
        model.hold(aim, value + given if aim in MINIMISED else value - given)
    return Answer(model.assignment, bounds, proven)


class _Model:
    def __init__(self, question: Question) -> None:
        self.assignment: Assignment = question.unserved()
        self._question = question
        self._model = cp_model.CpModel()
        labels = question.problem.label[question.kind]
        self._task, self._server = np.nonzero(labels)
        self._label = labels[self._task, self._server]
        self._x = np.array([self._model.new_bool_var("") for _ in self._task], dtype=object)
        for mine in np.split(self._x, np.flatnonzero(np.diff(self._task)) + 1):
            self._model.add_at_most_one(mine.tolist())
        self._busiest = self._loads()
        self._failover()
        figures = self._figures()
        self._aims = {aim: self._expression(aim, figures) for aim in question.aims}

    def solve(self, aim: str, seconds: float) -> int | None:
        """Improve the assignment, and return the bound; None where nothing was found in time."""
        expression = self._aims[aim]
        (self._model.minimize if aim in MINIMISED else self._model.maximize)(expression)
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = max(0.0, seconds)
        if solver.solve(self._model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        self._carry(solver)
        bound = solver.best_objective_bound
        return int(np.ceil(bound - 1e-6) if aim in MINIMISED else np.floor(bound + 1e-6))

    def hold(self, aim: str, value: int) -> None:
        """Keep ``aim`` at ``value`` or better."""
        expression = self._aims[aim]
        self._model.add(expression <= value if aim in MINIMISED else expression >= value)

    def _carry(self, solver: cp_model.CpSolver) -> None:
        """Note the solution found, and hint all of it to the next stage."""
        values = list(solver.response_proto.solution)
        self._model.clear_hints()
        self._model.proto.solution_hint.vars.extend(range(len(values)))
        self._model.proto.solution_hint.values.extend(values)
        chosen = np.flatnonzero(values[: len(self._x)])
        self.assignment = self._question.unserved()
        self.assignment[self._question.servable[self._task[chosen]]] = self._server[chosen]

    def _sum(self, chosen: Ints) -> Any:
        return cp_model.LinearExpr.sum(self._x[chosen].tolist())

    def _at(self, moment: int, chosen: Ints) -> Ints:
        """Return those of ``chosen`` that are active at ``moment``."""
        activity = self._question.activity[self._task[chosen]]
        return np.asarray(chosen[self._question.active[moment, activity]])

    def _loads(self) -> list[Any]:
        """Limit every server at every moment; return its busiest one's load."""
        question, most = self._question, len(self._question.tasks)
        busiest = []
        for server in range(len(question.problem.limit)):
            mine = np.flatnonzero(self._server == server)
            floor = int(question.anyway[:, server].max(initial=question.problem.running[server]))
            busiest.append(self._model.new_int_var(floor, floor + most, "") if len(mine) else floor)
            for moment in range(len(question.active)):
                chosen = self._at(moment, mine)
                if len(chosen):
                    planned = self._sum(chosen)
                    self._model.add(planned <= int(question.room[moment, server]))
                    anyway = int(question.anyway[moment, server])
                    self._model.add(busiest[-1] >= planned + anyway)
        return busiest

    def _failover(self) -> None:
        """Whatever is lost, at every moment the backup server can stand in."""
        problem = self._question.problem
        if problem.failover_limit is None:
            return
        own, takeover = problem.backup_server, problem.takeover[self._question.kind]
        for loss in problem.losses:
            lost = np.isin(self._server, loss) & takeover[self._task]
            mine = np.flatnonzero(lost | (self._server == own))
            for moment in range(len(self._question.active)):
                spare = problem.failover_limit - int(self._question.anyway[moment, own])
                self._model.add(self._sum(self._at(moment, mine)) <= max(0, spare))

    def _figures(self) -> list[Any]:
        """Return what peak and balance count of each candidate."""
        problem, figures = self._question.problem, []
        for server in np.flatnonzero(problem.candidate).tolist():
            load, limit = self._busiest[server], int(problem.limit[server])
            if self._question.estate.settings.balance == "tasks":
                figures.append(load)
            elif limit > 0:
                most = PER_MILLE * 2 * len(self._question.tasks)
                figures.append(self._model.new_int_var(0, most, ""))
                self._model.add(limit * figures[-1] >= PER_MILLE * load)
        return figures

    def _expression(self, aim: str, figures: list[Any]) -> Any:
        question, tier = self._question, self._label // TIER
        if aim == "peak":
            peak = self._model.new_int_var(0, 2**31, "")
            for figure in figures:
                self._model.add(peak >= figure)
            return peak
        if aim == "balance":
            squares = []
            for figure in figures:
                squares.append(self._model.new_int_var(0, 2**44, ""))
                self._model.add_multiplication_equality(squares[-1], [figure, figure])
            return cp_model.LinearExpr.sum(squares)
        if aim == "moves":
            today = question.tasks.current[question.servable]
            kept = np.flatnonzero(today[self._task] == self._server)
            return (question.problem.movable or 0) - self._sum(kept)
        counted = {
            "coverage": tier > 0,
            "tier1": tier == 1,
            "tier2": tier == 2,
            "tier3": tier == 3,
            "protected": self._label & PROTECTED > 0,
            "same_site": self._label & SAME_SITE > 0,
        }
        return self._sum(np.flatnonzero(counted[aim]))
