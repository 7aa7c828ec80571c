"""Ranks changes of jobs by what they gain, in the order of the week's aims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.week_aims import CHANGED, ORDERS, PROTECTED, TIERS, WEEK_AIMS, First
from models.week_plan import WEEKS, WeekFiguresSummary

Gains = Sequence[tuple[str, int]]


def rank_gains(first: First, gains: Gains) -> list[tuple[int, int]]:
    """Return a key to sort by: what gains most comes first, what gains nothing last."""
    aims = WEEK_AIMS[first]
    return [*((aims.index(aim), -amount) for aim, amount in gains), (len(aims), 0)]


def is_early(first: First, gains: Gains) -> bool:
    """Tell whether something is gained before the aim `protected`."""
    aims = WEEK_AIMS[first]
    return any(aims.index(aim) < aims.index(PROTECTED.name) for aim, _ in gains)


def differences(
    first: First, before: WeekFiguresSummary, after: WeekFiguresSummary
) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
    """Return the aims that became better and worse, in order, with by how much over five weeks.

    Of the aims those that are figures of a week, without the number of jobs to change. Runs that
    only change between tiers count where the runs up to that tier become more or fewer.
    """
    better, worse = [], []
    for aim in ORDERS[first]:
        if aim.is_shortfall or aim is CHANGED:
            continue
        more = _sum(after.mean, aim.figure) - _sum(before.mean, aim.figure)
        gain = more if aim.maximise else -more
        if aim in TIERS:
            upto = [tier.figure for tier in TIERS[: aim.tier]]
            reached = sum(_sum(after.mean, tier) - _sum(before.mean, tier) for tier in upto)
            gain = gain if gain * reached > 0 else 0
        if gain > 0:
            better.append((aim.name, gain))
        elif gain < 0:
            worse.append((aim.name, -gain))
    return tuple(better), tuple(worse)


def _sum(mean: Mapping[str, float], figure: str) -> int:
    return round(mean[figure] * WEEKS)
