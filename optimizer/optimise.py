"""Finds the best counts, in one piece or part by part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.estate import Codes, Estate
from models.plan import Tasks
from models.problem import Problem
from models.program import Program
from optimizer.apart import apart
from optimizer.course import Asked, advanced, begun, formulated, steps
from optimizer.deadline import Deadline
from optimizer.eligibility import Eligibility
from optimizer.fill import fill
from optimizer.flows import Arcs
from optimizer.groups import collapse, expand
from optimizer.stage import Stage, Watch
from optimizer.tasks import byte_rank
from optimizer.variables import Variables


@dataclass(frozen=True, slots=True)
class Model:
    """One form of the question: the groups, each task's, and the program over their counts."""

    problem: Problem
    group: Codes
    program: Program
    columns: Variables


@dataclass(frozen=True, slots=True)
class Optimum:
    """The counts found, and how good each aim is.

    ``problem`` has the groups, ``group`` each task's, ``arcs`` how many of each go where.
    """

    problem: Problem
    group: Codes
    arcs: Arcs
    values: tuple[int, ...]
    stages: tuple[Stage, ...]


def optimise(
    estate: Estate,
    tasks: Tasks,
    eligibility: Eligibility,
    deadline: Deadline,
    seed: int,
    workers: int,
    pooling: bool,
    progress: Watch,
) -> Optimum:
    """Return the best assignment of ``tasks``, in the order of the estate's aims."""
    problem, group = collapse(estate, tasks, eligibility)
    asked = Asked(estate.settings, deadline, seed, workers, pooling)
    arcs, values, stages = apart(problem, asked, progress) or _at_once(problem, asked, progress)
    return Optimum(problem, group, arcs, values, stages)


def _at_once(
    problem: Problem, asked: Asked, progress: Watch
) -> tuple[Arcs, tuple[int, ...], tuple[Stage, ...]]:
    """Return the best counts, every aim's figure, and what became of it."""
    course = begun(problem, asked)
    for stop in steps(course.aims, coordinated=False):
        course = advanced(course, stop, asked, progress)
    arcs = course.arcs if course.stages[0].proven else fill(problem, course.arcs)
    return arcs, course.values(arcs), course.stages


def model_of(estate: Estate, tasks: Tasks, eligibility: Eligibility, pooling: bool) -> Model:
    """Return the question that an estate asks."""
    problem, group = collapse(estate, tasks, eligibility)
    return Model(problem, group, *formulated(problem, estate.settings, pooling))


def assigned(estate: Estate, tasks: Tasks, group: Codes, arcs: Arcs) -> Codes:
    """Expand counts to a server per task, -1 for none; those of a group in byte order of name."""
    rank = byte_rank(estate.servers["server"])
    arc_group, arc_server, count = arcs
    order = np.lexsort((rank[arc_server], arc_group))
    ranked = (arc_group[order], rank[arc_server[order]], count[order])
    wish = np.where(tasks.current >= 0, rank[tasks.current], -1).astype(np.int32)
    place = expand(group, wish, ranked)
    return np.where(place >= 0, np.argsort(rank)[place], -1).astype(np.int32)
