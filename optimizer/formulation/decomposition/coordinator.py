"""Solves a problem by subproblems, and merges them into a solution as good as of the whole.

The peak is the one aim that is no sum: every subproblem goes up to it, the highest one counts, and
those below it go on as if theirs were as high, which is what later aims may use.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from models.aims import AIMS, BALANCE, LEADING, PROOFS
from models.assignment_problem import AssignmentProblem
from models.settings import Settings
from models.solve_events import AimProgress, Stage, Watch
from optimizer.formulation.decomposition.components import Decomposition, decompose
from optimizer.formulation.decomposition.subproblems import (
    Subproblem,
    extract,
    merge_solutions,
    pack_components,
    with_unlimited_backup_server,
)
from optimizer.formulation.greedy import assign_greedily
from optimizer.formulation.solution_mapping import Arcs
from optimizer.formulation.staged_solve import (
    SolvedPart,
    SolveOptions,
    StagedSolve,
    advance,
    stage_boundaries,
    start,
)
from optimizer.formulation.variables import highest_peak
from optimizer.solver.deadline import interruptible

BUNDLE = 500
Answer = tuple[Arcs, tuple[int, ...], tuple[Stage, ...], tuple[SolvedPart, ...]]


def solve_decomposed(
    problem: AssignmentProblem, options: SolveOptions, progress: Watch
) -> Answer | None:
    """Solve by subproblems; None where ``problem`` is best answered in one piece.

    Returns the best counts, every aim's figure and what became of it, and the same of each part.
    """
    tolerance = options.settings.tolerance
    least = _minimum_size(options.settings)
    if len(problem.count) < 2 * least or any(map(tolerance.get, options.settings.objectives)):
        return None
    division = decompose(problem)
    if division.size[~division.needs_backup].sum() < least:
        return None
    parts = _extract_subproblems(_resolve_backup_need(division, options, least), least)
    if len(parts) == 1:
        return None
    roof = highest_peak(problem, options.settings.balance == "utilisation")
    solves = [start(part.problem, options, roof) for part in parts]
    aims = solves[0].aims
    reported = 0
    for stop in stage_boundaries(aims, coordinated=True):
        progress(AimProgress(aims[reported].name))
        solves = _advance_all(solves, stop, options)
        if AIMS[aims[stop - 1].name].combine is max:
            peak = max(solve.stages[-1].best for solve in solves)
            solves = [_with_common_peak(solve, peak) for solve in solves]
        for stage in _combined_stages(solves)[reported:]:
            progress(stage)
        reported = stop
    stages = _combined_stages(solves)
    arcs = merge_solutions((part, solve.arcs) for part, solve in zip(parts, solves, strict=True))
    if not stages[0].proven:
        arcs = assign_greedily(problem, arcs)
        values = start(problem, options).values(arcs)
        return arcs, values, stages, (SolvedPart(problem, arcs, values, stages),)
    solved = tuple(
        SolvedPart(solve.problem, solve.arcs, solve.values(solve.arcs), solve.stages)
        for solve in solves
    )
    pairs = zip(aims, zip(*(part.values for part in solved), strict=True), strict=True)
    values = tuple(AIMS[aim.name].combine(of_parts) for aim, of_parts in pairs)
    return arcs, values, stages, solved


def _minimum_size(settings: Settings) -> int:
    """Return how many groups a part should have.

    Measured: where linear programs do nearly all, smaller parts cost more than they save. Evening
    out use in per mille takes a search, and the smaller the part, the shorter it is.
    """
    searched = settings.balance == "utilisation" and BALANCE.name in settings.objectives
    return 1 if searched else BUNDLE


def _resolve_backup_need(
    division: Decomposition, options: SolveOptions, least: int
) -> Decomposition:
    """Return the division with nothing unsure: who may need the backup server is solved for.

    Measured: that pays where parts are to be as small as can be; else they count as needing it.
    """
    if least > 1 or not division.may_need_backup.any():
        return division.with_need(division.may_need_backup)
    part = extract(division, np.flatnonzero(division.may_need_backup), backup_server=True)
    if division.problem.failover_limit is None:
        part = with_unlimited_backup_server(part)
    hurried = replace(options, deadline=options.deadline.share(0.25))
    solve = advance(start(part.problem, hurried), len(LEADING), hurried, lambda event: None)
    if not all(stage.proven and stage.proof == "duals" for stage in solve.stages):
        return division.with_need(division.may_need_backup)
    group, server, _ = solve.arcs
    users = division.group[part.group[group[server == part.problem.backup_server]]]
    return division.with_need(np.isin(np.arange(len(division.size)), users))


def _extract_subproblems(division: Decomposition, least: int) -> list[Subproblem]:
    """Return the parts to answer, in their order.

    The first has the backup server, and with it what belongs to none.
    """
    size, needing = division.size, division.needs_backup
    first, *others = pack_components(
        size, ~needing, division.alone + int(size[needing].sum()), least
    )
    held = np.append(np.flatnonzero(needing), first)
    return [
        extract(division, held, backup_server=True),
        *(extract(division, bundle, backup_server=False) for bundle in others),
    ]


def _advance_all(
    solves: Sequence[StagedSolve], until: int, options: SolveOptions
) -> list[StagedSolve]:
    """Take all ``solves`` on; each has a share of the time by its size.

    The answers do not depend on the number of workers.
    """
    sizes = np.array([len(solve.question.lower) for solve in solves])

    def advance_one(number: int) -> StagedSolve:
        share = min(1.0, options.workers * sizes[number] / sizes[number:].sum())
        own = replace(options, deadline=options.deadline.share(share), workers=1)
        return advance(solves[number], until, own, lambda event: None)

    numbers = range(len(solves))
    if options.workers == 1:
        return [advance_one(number) for number in numbers]
    stopped = threading.Event()

    def left_behind(number: int) -> StagedSolve | None:
        return interruptible(
            lambda: advance_one(number), lambda: None, float("inf"), stopped.is_set
        )

    pool = ThreadPoolExecutor(options.workers)
    try:
        return [solve for solve in pool.map(left_behind, numbers) if solve is not None]
    finally:  # Ctrl-C waits for no part
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)


def _with_common_peak(solve: StagedSolve, peak: int) -> StagedSolve:
    return solve if solve.stages[-1].best == peak else solve.with_peak_fixed(peak)


def _combined_stages(solves: Sequence[StagedSolve]) -> tuple[Stage, ...]:
    """Return what became of each aim in all parts: the highest peak, else the sum."""
    stages = zip(*(solve.stages for solve in solves), strict=True)
    return tuple(_combine_stages(list(of_aim)) for of_aim in stages)


def _combine_stages(stages: Sequence[Stage]) -> Stage:
    aim = stages[0].aim
    combine = AIMS[aim].combine
    best, bound = (combine(getattr(stage, of) for stage in stages) for of in ("best", "bound"))
    weakest = max((stage.proof for stage in stages), key=PROOFS.index)
    if combine is max and best == bound:  # one part that has this bound is enough
        weakest = min((stage.proof for stage in stages if stage.bound == bound), key=PROOFS.index)
    return Stage(aim, best, bound, sum(stage.seconds for stage in stages), weakest)
