"""Answers a question part by part, and makes sure that it is as good as in one piece.

The peak is the one aim that is no sum: every part goes up to it, the highest one counts, and
parts below it go on as if theirs were as high, which is what later aims may use.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from models.problem import Problem
from models.settings import FIRST_AIMS, Settings
from optimizer.course import Asked, Course, advanced, begun, steps
from optimizer.cutting import Part, bundles, part_of, together, unlimited
from optimizer.deadline import interruptible
from optimizer.fill import fill
from optimizer.flows import Arcs
from optimizer.parts import Division, divide
from optimizer.stage import Stage, Trial, Watch
from optimizer.variables import highest_peak

BUNDLE = 500
Answer = tuple[Arcs, tuple[int, ...], tuple[Stage, ...]]


def apart(problem: Problem, asked: Asked, progress: Watch) -> Answer | None:
    """Return the best counts, every aim's figure and what became of it; None where ``problem``
    is best answered in one piece."""
    tolerance = asked.settings.tolerance
    least = _least(asked.settings)
    if len(problem.count) < 2 * least or any(map(tolerance.get, asked.settings.objectives)):
        return None
    division = divide(problem)
    if division.size[~division.needing].sum() < least:
        return None
    parts = _parts(_tried(division, asked, least), least)
    if len(parts) == 1:
        return None
    roof = highest_peak(problem, asked.settings.balance == "utilisation")
    courses = [begun(part.problem, asked, roof) for part in parts]
    aims = courses[0].aims
    told = 0
    for stop in steps(aims, coordinated=True):
        progress(Trial(aims[told].name))
        courses = _side_by_side(courses, stop, asked)
        if aims[stop - 1].name == "peak":
            peak = max(course.stages[-1].best for course in courses)
            courses = [_level(course, peak) for course in courses]
        for stage in _whole(courses)[told:]:
            progress(stage)
        told = stop
    stages = _whole(courses)
    arcs = together((part, course.arcs) for part, course in zip(parts, courses, strict=True))
    if not stages[0].proven:
        arcs = fill(problem, arcs)
        return arcs, begun(problem, asked).values(arcs), stages
    values = zip(*(course.values(course.arcs) for course in courses), strict=True)
    return arcs, tuple(_sum(aim.name, of) for aim, of in zip(aims, values, strict=True)), stages


def _least(settings: Settings) -> int:
    """Return how many groups a part should have.

    Measured: where linear programs do nearly all, smaller parts cost more than they save. Evening
    out use in per mille takes a search, and the smaller the part, the shorter it is.
    """
    searched = settings.balance == "utilisation" and "balance" in settings.objectives
    return 1 if searched else BUNDLE


def _tried(division: Division, asked: Asked, least: int) -> Division:
    """Return the division with nothing unsure: who may need the backup server is asked.

    Measured: that pays where parts are to be as small as can be; else they count as needing it.
    """
    if least > 1 or not division.unsure.any():
        return division.with_needing(division.unsure)
    part = part_of(division, np.flatnonzero(division.unsure), backup_server=True)
    if division.problem.failover_limit is None:
        part = unlimited(part)
    hurried = replace(asked, deadline=asked.deadline.share(0.25))
    course = advanced(begun(part.problem, hurried), len(FIRST_AIMS), hurried, lambda event: None)
    if not all(stage.proven for stage in course.stages):
        return division.with_needing(division.unsure)
    group, server, _ = course.arcs
    users = division.group[part.group[group[server == part.problem.backup_server]]]
    return division.with_needing(np.isin(np.arange(len(division.size)), users))


def _parts(division: Division, least: int) -> list[Part]:
    """Return the parts to answer, in their order; the first has the backup server, and with it
    what belongs to none."""
    size, needing = division.size, division.needing
    first, *others = bundles(size, ~needing, division.alone + int(size[needing].sum()), least)
    held = np.append(np.flatnonzero(needing), first)
    return [
        part_of(division, held, backup_server=True),
        *(part_of(division, bundle, backup_server=False) for bundle in others),
    ]


def _side_by_side(courses: Sequence[Course], until: int, asked: Asked) -> list[Course]:
    """Take all ``courses`` on; each has a share of the time by its size.

    The answers do not depend on the number of workers.
    """
    sizes = np.array([len(course.question.lower) for course in courses])

    def one(number: int) -> Course:
        share = min(1.0, asked.workers * sizes[number] / sizes[number:].sum())
        own = replace(asked, deadline=asked.deadline.share(share), workers=1)
        return advanced(courses[number], until, own, lambda event: None)

    numbers = range(len(courses))
    if asked.workers == 1:
        return [one(number) for number in numbers]
    stopped = threading.Event()

    def left_behind(number: int) -> Course | None:
        return interruptible(lambda: one(number), lambda: None, float("inf"), stopped.is_set)

    pool = ThreadPoolExecutor(asked.workers)
    try:
        return [course for course in pool.map(left_behind, numbers) if course is not None]
    finally:  # Ctrl-C waits for no part
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _level(course: Course, peak: int) -> Course:
    return course if course.stages[-1].best == peak else course.peaking(peak)


def _whole(courses: Sequence[Course]) -> tuple[Stage, ...]:
    """Return what became of each aim in all parts: the highest peak, else the sum."""
    stages = zip(*(course.stages for course in courses), strict=True)
    return tuple(_added(list(of_aim)) for of_aim in stages)


def _added(stages: Sequence[Stage]) -> Stage:
    aim = stages[0].aim
    best, bound = (_sum(aim, [getattr(s, of) for s in stages]) for of in ("best", "bound"))
    return Stage(aim, best, bound, sum(stage.seconds for stage in stages))


def _sum(aim: str, figures: Iterable[int]) -> int:
    return max(figures) if aim == "peak" else sum(figures)
