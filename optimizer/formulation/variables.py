"""Builds the variables: each column's place and bounds, and which columns carry load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import AssignmentProblem, Counts
from models.integer_program import Ints
from optimizer.formulation.levels import fill_levels, least_figures
from optimizer.formulation.pools import FlowNetwork

PER_MILLE = 1000
# Up to this limit the square of the use in per mille, rounded up, is convex in whole tasks.
CONVEX = 31
# Beyond this limit a task more is less than one per mille, and the envelope would gain little.
ENVELOPED = 1000


@dataclass(frozen=True, slots=True)
class Variables:
    """The columns, by what they mean.

    First the decisions, one per way: ``arcs``, ``inflows``, ``outflows``, ``keeps``. Then, for
    each server in ``loaded`` (those that can carry planned tasks), ``load``: its busiest moment
    ``P(s)``. For each in ``counted`` (those that peak and balance count) ``figure``, ``P(s)`` or
    its use in per mille, but for those that are ``stepped``; and for all of them ``square``, the
    figure squared. Last the ``peak``.

    Where a limit of few tasks makes a use in per mille go up in large steps, the relaxation would
    see far too little of a fraction's square: such servers are ``stepped``, theirs is given task
    by task. So is that of one that stands for a class: the least sum of its members' squares. With
    a larger limit the square has rows for its convex envelope, too: such servers are ``enveloped``.

    The carriers are the arcs, outflows and keeps: ``carrier`` column, and its server, activity and
    takeover flag. ``idle`` holds the figures of candidates that can carry nothing.
    """

    ways: FlowNetwork
    arcs: Ints
    inflows: Ints
    outflows: Ints
    keeps: Ints
    loaded: Ints
    load: Ints
    counted: Ints
    stepped: NDArray[np.bool_]
    enveloped: NDArray[np.bool_]
    figure: Ints
    square: Ints
    peak: int
    carrier: Ints
    carrier_server: Ints
    carrier_activity: Ints
    carrier_takeover: NDArray[np.bool_]
    idle: Counts
    lower: Ints
    upper: Ints


def build_variables(problem: AssignmentProblem, ways: FlowNetwork, utilisation: bool) -> Variables:
    """Lay out the columns of ``problem`` and bound them."""
    arcs, inflows, outflows, keeps = _consecutive(
        0, len(ways.arc_group), len(ways.in_group), len(ways.out_pool), len(ways.keep_group)
    )
    decisions = len(arcs) + len(inflows) + len(outflows) + len(keeps)
    carrier_server = np.concatenate([ways.arc_server, ways.out_server, ways.keep_server])
    loaded = np.unique(carrier_server)
    counted = loaded[_counts(problem, utilisation)[loaded]]
    is_class = np.isin(counted, problem.members.server)
    stepped = (problem.limit[counted] <= CONVEX) & utilisation | is_class
    load, figure, square = _consecutive(
        decisions, len(loaded), int((~stepped).sum()) if utilisation else 0, len(counted)
    )
    if not utilisation:
        figure = load[np.searchsorted(loaded, counted[~stepped])]
    floor, ceiling = baseline_load(problem), _ceiling(problem)
    levels = fill_levels(problem.members)
    least = [least_figures(levels, bound) for bound in (floor, ceiling)]
    figures = [use(peak, problem.limit, utilisation) for peak, _ in least]
    idle = figures[0][np.setdiff1d(np.flatnonzero(_counts(problem, utilisation)), loaded)]
    figure_bounds = [bound[counted] for bound in figures]
    sums = [squares[counted] for _, squares in least]
    lowest = max(idle.max(initial=0), figure_bounds[0].max(initial=0))
    highest = max(lowest, figure_bounds[1].max(initial=0))
    group_size, pool_size = problem.count, _pool_sizes(problem, ways)
    lower = [np.zeros(decisions, dtype=np.int64), floor[loaded]]
    upper = [
        group_size[ways.arc_group], group_size[ways.in_group], pool_size[ways.out_pool],
        ways.keep_most, ceiling[loaded],
    ]  # fmt: skip
    for side, bounds, summed in zip((lower, upper), figure_bounds, sums, strict=True):
        side += [bounds[~stepped], bounds**2] if utilisation else [summed]
    return Variables(
        ways=ways,
        arcs=arcs,
        inflows=inflows,
        outflows=outflows,
        keeps=keeps,
        loaded=loaded,
        load=load,
        counted=counted,
        stepped=stepped,
        enveloped=~stepped & (problem.limit[counted] <= ENVELOPED) & utilisation,
        figure=figure,
        square=square,
        peak=int(square[-1] if len(square) else load[-1] if len(load) else decisions - 1) + 1,
        carrier=np.concatenate([arcs, outflows, keeps]),
        carrier_server=carrier_server,
        carrier_activity=np.concatenate(
            [
                problem.activity[ways.arc_group],
                ways.activity[ways.out_pool],
                problem.activity[ways.keep_group],
            ]
        ).astype(np.int64),
        carrier_takeover=np.concatenate(
            [
                problem.takeover[problem.kind[ways.arc_group]],
                ways.takeover[ways.out_pool],
                problem.takeover[problem.kind[ways.keep_group]],
            ]
        ),
        idle=idle,
        lower=np.concatenate([*lower, [lowest]]),
        upper=np.concatenate([*upper, [highest]]),
    )


def baseline_load(problem: AssignmentProblem) -> Counts:
    """Return each server's busiest moment without any planned task."""
    floor = problem.running.copy()
    floor[problem.backup_server] += problem.own_moments.own.max(initial=0)
    return floor


def highest_peak(problem: AssignmentProblem, utilisation: bool) -> int:
    """Return what no plan's peak exceeds."""
    peak, _ = least_figures(fill_levels(problem.members), _ceiling(problem))
    figures = use(peak, problem.limit, utilisation)
    return int(figures[_counts(problem, utilisation)].max(initial=0))


def _ceiling(problem: AssignmentProblem) -> Counts:
    """Return what no server's busiest moment exceeds."""
    floor, most = baseline_load(problem), problem.count.sum()
    return np.where(problem.limit >= 0, np.maximum(problem.limit, floor), floor + most)


def _counts(problem: AssignmentProblem, utilisation: bool) -> NDArray[np.bool_]:
    """Tell which servers peak and balance count."""
    return problem.candidate & (problem.limit > 0) if utilisation else problem.candidate


def use(load: Counts, limit: Counts, utilisation: bool) -> Counts:
    """Return what peak and balance count of a server's busiest moment."""
    if not utilisation:
        return load
    return -(-PER_MILLE * load // np.maximum(limit, 1))


def _consecutive(start: int, *lengths: int) -> list[Ints]:
    ends = start + np.cumsum(lengths)
    return [np.arange(e - n, e, dtype=np.int64) for e, n in zip(ends, lengths, strict=True)]


def _pool_sizes(problem: AssignmentProblem, ways: FlowNetwork) -> Counts:
    weights = problem.count[ways.in_group]
    return np.bincount(ways.in_pool, weights, len(ways.activity)).astype(np.int64)
