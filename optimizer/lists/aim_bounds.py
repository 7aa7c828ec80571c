"""Bounds on the week's aims: what no allowed choices can better, earlier aims as they are.

Each aim's bound is the sum over the five weeks, valid for all choices that keep the wishes and
have the earlier aims at the values written. A task cannot be in a better tier than the best of the
servers that some choice offers it; those that are not in their best tier are *elsewhere*, and
earlier aims tell how many these are at most.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.week import WEEK
from models.week_aims import (
    CHANGED,
    CHOICE_AIMS,
    FAILED,
    LABEL_AIMS,
    MAXIMISED_WEEK_AIMS,
    OVERLOAD,
    PROTECTED,
    SHORTFALLS,
    TIER_AIMS,
    TIERS,
)
from models.week_plan import WEEKS, Proof, WeekAim, WeekFigures, lexicographic_key
from optimizer.lists.bounds_context import BoundsContext
from optimizer.lists.load_bounds import UNLIMITED, WeekLoadBounds
from optimizer.lists.placements import Placements, mixed, staying_near
from optimizer.lists.run_clock import RunClock

Values = Sequence[tuple[str, int]]


def aim_bounds(
    context: BoundsContext,
    values: Values,
    peaks: Sequence[int],
    planned: WeekFigures,
    today: Values,
    enumerated: Callable[[], Mapping[str, int]] = dict,
) -> tuple[WeekAim, ...]:
    """Return each aim in order with its ``values`` entry, its bound and whether that is proven.

    ``peaks`` are those of the five weeks, ``planned`` is the week as planned; ``today`` has the
    aims' values with today's choices kept. Bounds that are ``enumerated`` are asked for only where
    others leave a gap.
    """
    made: list[WeekAim] = []
    tried: Mapping[str, int] | None = None
    proven = True
    for place, (aim, value) in enumerate(values):
        bound = _bound(context, dict(values[:place]), aim, value, peaks, planned)
        if aim == CHANGED.name and lexicographic_key(values[:place]) != lexicographic_key(
            today[:place]
        ):
            bound = max(bound, WEEKS)
        proof: Proof = "duals"
        if value != bound:
            tried = enumerated() if tried is None else tried
            sharper = tried.get(aim, bound)
            if (sharper < bound) if aim in MAXIMISED_WEEK_AIMS else (sharper > bound):
                bound, proof = sharper, "enumerated"
        proven = proven and value == bound
        made.append(WeekAim(aim, value, bound, proven, proof))
    return tuple(made)


def _bound(
    context: BoundsContext,
    earlier: Mapping[str, int],
    aim: str,
    value: int,
    peaks: Sequence[int],
    planned: WeekFigures,
) -> int:
    """Return the bound of one aim, given the values of those ``earlier``."""
    most = WEEKS * ideal_reach(context)
    served = WEEKS * context.total - earlier.get(FAILED.name, 0)
    if aim == FAILED.name:
        return WEEKS * context.total - int(most[3])
    tier = CHOICE_AIMS[aim].tier
    if CHOICE_AIMS[aim].is_shortfall:
        return max(0, WEEKS * planned.reached(tier) - min(int(most[tier - 1]), served))
    if aim in TIER_AIMS:
        better = sum(earlier[name] for name in TIER_AIMS[: tier - 1])
        return min(int(most[tier - 1]), served) - better
    if aim == OVERLOAD.name and value == 0:
        return 0
    if aim == CHANGED.name:
        return WEEKS * _changes(context, earlier, planned)
    room = _leeway(context, earlier, planned)
    if aim in LABEL_AIMS:
        best, other = (_labelled(context, where, aim) for where in (context.best, room.where))
        of_all = int(most[4 + LABEL_AIMS.index(aim)])
        return min(of_all, WEEKS * other, WEEKS * best + room.elsewhere, served)
    if aim == OVERLOAD.name:
        return _overload(context, value, room)
    return _peak(context, peaks, room, within_limits=earlier[OVERLOAD.name] == 0)


@dataclass(frozen=True, slots=True)
class _Leeway:
    """What earlier aims leave open: how many runs of the five weeks may be elsewhere.

    At most so many are ``elsewhere`` than in the best tier they could be in, so many ``not_served``
    that could be; ``where`` has the groups that stay in tier 1 there, and all others everywhere.
    """

    elsewhere: int
    not_served: int
    where: Placements


def _leeway(context: BoundsContext, earlier: Mapping[str, int], planned: WeekFigures) -> _Leeway:
    """Return what the ``earlier`` aims leave open.

    A run that is elsewhere is missing in some tier k or better.
    """
    most = WEEKS * context.reach.sum(axis=0)
    missing = [
        int(best) - least
        for best, least in zip(most, _least_reach(context, earlier, planned)[:4], strict=False)
    ]
    stays = staying_near(context.best, context.runs, missing[0] // WEEKS)
    return _Leeway(sum(missing), missing[3], mixed(context.best, context.every, stays))


def best_week(context: BoundsContext) -> WeekFigures:
    """Return the best of any choice per VM, figure by figure, in the nominal week."""
    one, two, three, served, protected, same_site = context.reach.sum(axis=0).tolist()
    clock = context.clocks[context.week_of[0]][0]
    sure = context.every.of_groups(~context.every.may_fail)
    bounds = WeekLoadBounds(context.loads, sure, clock)
    return WeekFigures(
        failed=context.total - served,
        tier1=one,
        tier2=two - one,
        tier3=three - two,
        tier4=served - three,
        failed_over=0,
        protected=protected,
        same_site=same_site,
        overload_minutes=bounds.overload_anyway() + int(bounds.without_room().sum()),
        peak=bounds.peak(UNLIMITED, within_limits=False),
        jobs_changed=0,
    )


def ideal_reach(context: BoundsContext) -> Counts:
    """Return how many runs of a week can be in each tier or better, and have each label, at most.

    For tiers 1 to 4, protected, and in the same site, shape (6,).
    """
    if context.most_changes is None:
        return np.asarray(context.reach.sum(axis=0))
    gains = -np.sort(context.reach_today - context.reach, axis=0)
    return np.asarray(context.reach_today.sum(axis=0) + gains[: context.most_changes].sum(axis=0))


def _labelled(context: BoundsContext, where: Placements, label: str) -> int:
    has = where.protected if label == PROTECTED.name else where.same_site
    return int((where.count * context.runs[where.job])[has].sum())


def _least_reach(
    context: BoundsContext, earlier: Mapping[str, int], planned: WeekFigures
) -> list[int]:
    """Return how many runs of the five weeks are in each tier or better, and have labels, at least.

    For tiers 1 to 4, protected, and in the same site, with the ``earlier`` aims at their values.
    """
    least = [0, 0, 0, 0, *(earlier.get(label, 0) for label in LABEL_AIMS)]
    for tier, (shortfall, runs) in enumerate(zip(SHORTFALLS, TIERS, strict=True), 1):
        if shortfall.name in earlier:
            least[tier - 1] = max(0, WEEKS * planned.reached(tier) - earlier[shortfall.name])
        if runs.name in earlier:
            least[tier - 1] = sum(earlier[name] for name in TIER_AIMS[:tier])
    if FAILED.name in earlier:
        least[3] = WEEKS * context.total - earlier[FAILED.name]
    return least


def _overload(context: BoundsContext, value: int, leeway: _Leeway) -> int:
    """Return the least overload of the five weeks, in task-minutes."""
    anyway = sum(
        times * WeekLoadBounds(context.loads, context.best, clock).overload_anyway()
        for clock, times in context.clocks
    )
    # Groups that no choice takes away from the servers where they are looked at stay there.
    where = leeway.where
    leaves = where.may_fail | (_widths(where) != _widths(context.best))
    best = 0
    for looked_at, may_leave, most in (
        (context.best, leaves, leeway.elsewhere),
        (where, where.may_fail, leeway.not_served),
    ):
        if anyway + best >= value:
            break
        best = max(best, _least_placed(context, looked_at, may_leave, most))
    return anyway + best


def _widths(where: Placements) -> Counts:
    """Return how many servers each group may run on."""
    return np.asarray(where.servers.sum(axis=1)[where.row])


def _least_placed(
    context: BoundsContext, where: Placements, may_leave: NDArray[np.bool_], most: int
) -> int:
    """Return the least task-minutes without room in the five weeks.

    At most so many runs of groups that ``may_leave`` are not where ``where`` has them. What is
    carried over from the week before may be anywhere: no aim of this week counts it.
    """
    tasks = _tasks_of(context, where, may_leave)
    placed, relief, count = 0, [], []
    for clock, times in context.clocks:
        above = WeekLoadBounds(context.loads, where, clock).without_room()
        placed += times * int(above.sum())
        # What a run relieves that is elsewhere: a task in each minute, where too many are.
        crowded = np.cumsum(np.concatenate([[0], above > 0]))
        end = clock.begin + clock.duration
        relief.append(crowded[np.minimum(end, WEEK)] - crowded[clock.begin])
        count.append(times * tasks[clock.job])
        placed -= int((count[-1] * crowded[np.maximum(end - WEEK, 0)]).sum())
    return placed - _largest(np.concatenate(relief), np.concatenate(count), most)


def _tasks_of(context: BoundsContext, where: Placements, groups: NDArray[np.bool_]) -> Counts:
    """Count the tasks of each job (code) in some ``groups``."""
    everything = np.ones(len(where.servers), dtype=np.bool_)
    return where.of_groups(groups).weight(everything, len(context.runs))


def _carried_over(context: BoundsContext, where: Placements, clock: RunClock) -> Counts:
    """Count at each minute the tasks whose run began in the week before."""
    tasks = _tasks_of(context, where, np.ones(len(where.row), dtype=np.bool_))[clock.job]
    ended = np.bincount(
        np.maximum(clock.begin + clock.duration - WEEK, 0), tasks, minlength=WEEK + 1
    )
    return np.asarray(tasks.sum() - np.cumsum(ended)[:WEEK]).astype(np.int64)


def _largest(worth: Counts, count: Counts, most: int) -> int:
    """Return the sum of the ``most`` largest of ``worth``, each there ``count`` times."""
    order = np.argsort(-worth, kind="stable")
    until = np.minimum(np.cumsum(count[order]), most)
    taken = np.diff(until, prepend=0)
    return int((taken * worth[order]).sum())


def _peak(
    context: BoundsContext, peaks: Sequence[int], leeway: _Leeway, within_limits: bool
) -> int:
    """Return the least sum of the five weeks' peaks."""
    total = 0
    for place, (clock, times) in enumerate(context.clocks):
        known = min(
            peak for peak, week in zip(peaks, context.week_of, strict=True) if week == place
        )
        total += times * max(
            WeekLoadBounds(context.loads, where, clock).peak(
                known, within_limits, leave + _carried_over(context, where, clock)
            )
            for where, leave in (
                (context.best, leeway.elsewhere),
                (leeway.where, leeway.not_served),
            )
        )
    return total


def _changes(context: BoundsContext, earlier: Mapping[str, int], planned: WeekFigures) -> int:
    """Return how many jobs have to change at least, to reach the tiers of the earlier aims."""
    gains = -np.sort(context.reach_today - context.reach, axis=0)
    most = context.reach_today.sum(axis=0) + np.vstack([0 * gains[:1], np.cumsum(gains, axis=0)])
    needed = -(-np.array(_least_reach(context, earlier, planned)) // WEEKS)
    return max(int((column < need).sum()) for column, need in zip(most.T, needed, strict=True))
