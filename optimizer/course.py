"""Takes one question through its aims, some at a time.

Telling tasks apart by the server of today multiplies the columns and only `moves` asks for it. So
until then those columns are idle: all that they can do for the other aims, others can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.problem import Problem
from models.program import Aim, Ints, Program
from models.settings import Settings
from optimizer.aims import formulate
from optimizer.deadline import Deadline
from optimizer.fill import fill
from optimizer.flows import Arcs, point, served
from optimizer.pools import ways
from optimizer.solve import solve
from optimizer.stage import Stage, Watch
from optimizer.variables import Variables

NOTHING = (np.zeros(0, dtype=np.int64),) * 3


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question is to be answered, beside its own data."""

    settings: Settings
    deadline: Deadline
    seed: int
    workers: int
    pooling: bool


@dataclass(frozen=True, slots=True)
class Course:
    """How far a question has come: the plan so far, and what became of each aim up to now.

    ``question`` is the program of it all, ``program`` what the aims up to now have left of it,
    ``before`` the same without the last of them.
    """

    problem: Problem
    columns: Variables
    question: Program
    program: Program
    before: Program
    arcs: Arcs
    stages: tuple[Stage, ...]

    @property
    def aims(self) -> tuple[Aim, ...]:
        """Return all aims in their order."""
        return self.question.aims

    def values(self, arcs: Arcs) -> tuple[int, ...]:
        """Return the figure of every aim for the plan ``arcs``."""
        x = point(self.problem, self.question, self.columns, arcs)
        return tuple(aim.value(x) for aim in self.aims)

    def peaking(self, peak: int) -> Course:
        """Return the course where the peak, the last aim so far, may be as high as ``peak``."""
        lower, upper = self.before.lower.copy(), self.before.upper.copy()
        lower[self.columns.peak] = upper[self.columns.peak] = peak
        return replace(self, program=replace(self.before, lower=lower, upper=upper))


def begun(problem: Problem, asked: Asked, roof: int = 0) -> Course:
    """Return the course of ``problem`` before its first aim.

    ``roof`` is what its peak may be raised to later.
    """
    program, columns = formulated(problem, asked.settings, asked.pooling)
    program.upper[columns.peak] = max(roof, program.upper[columns.peak])
    arcs = NOTHING if asked.deadline.seconds is None else fill(problem, NOTHING)
    return Course(problem, columns, program, program, program, arcs, ())


def formulated(problem: Problem, settings: Settings, pooling: bool) -> tuple[Program, Variables]:
    """Return the program of ``problem``, and what its columns mean."""
    tiers_apart = any(settings.slack(aim, 10**9) for aim in ("coverage", "tier1", "tier2"))
    return formulate(problem, settings, ways(problem, pooling, tiers_apart))


def advanced(course: Course, until: int, asked: Asked, progress: Watch) -> Course:
    """Return ``course`` after its aims up to number ``until``."""
    names = [aim.name for aim in course.aims]
    due = course.aims[len(course.stages) : until]
    if not due:
        return course
    telling = "moves" in names[:until]
    idle = NOTHING[0] if telling else course.columns.keeps
    program = replace(course.program, aims=due, idle=idle)

    def relabelled(x: Ints) -> Ints:
        return point(course.problem, program, course.columns, served(course.columns, x))

    found = solve(
        program, point(course.problem, program, course.columns, course.arcs), relabelled,
        asked.settings.slack, asked.deadline, asked.seed, asked.workers, progress,
    )  # fmt: skip
    return replace(
        course,
        program=found.program,
        before=found.before,
        arcs=served(course.columns, found.x),
        stages=course.stages + found.stages,
    )


def steps(aims: tuple[Aim, ...], coordinated: bool) -> list[int]:
    """Return up to which aims a course goes in one go.

    It stops before `moves`, and, where parts are ``coordinated``, behind the peak.
    """
    names = [aim.name for aim in aims]
    stops = {len(names)}
    if "moves" in names:
        stops.add(names.index("moves"))
    if coordinated and "peak" in names:
        stops.add(names.index("peak") + 1)
    return sorted(stops)
