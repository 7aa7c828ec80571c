"""Ranks changes of jobs by what they gain, in the order of the week's aims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from models.week_plan import (
    FIGURE_OF_AIM,
    LABEL_AIMS,
    MAXIMISED_WEEK_AIMS,
    TIER_AIMS,
    WEEK_AIMS,
    WEEKS,
    First,
    WeekFiguresSummary,
)

Gains = Sequence[tuple[str, int]]


def rank_gains(first: First, gains: Gains) -> list[tuple[int, int]]:
    """Return a key to sort by: what gains most comes first, what gains nothing last."""
    aims = WEEK_AIMS[first]
    return [*((aims.index(aim), -amount) for aim, amount in gains), (len(aims), 0)]


def is_early(first: First, gains: Gains) -> bool:
    """Tell whether something is gained before the aim `protected`."""
    aims = WEEK_AIMS[first]
    return any(aims.index(aim) < aims.index(LABEL_AIMS[0]) for aim, _ in gains)


def differences(
    first: First, before: WeekFiguresSummary, after: WeekFiguresSummary
) -> tuple[tuple[tuple[str, int], ...], tuple[tuple[str, int], ...]]:
    """Return the aims that became better and worse, in order, with by how much over five weeks.

    Of the aims those that are figures of a week, without the number of jobs to change. Runs that
    only change between tiers count where the runs up to that tier become more or fewer.
    """
    better, worse = [], []
    for aim in WEEK_AIMS[first]:
        figure = FIGURE_OF_AIM.get(aim, aim)
        if figure not in before.mean or aim == "changed":
            continue
        more = _sum(after.mean, figure) - _sum(before.mean, figure)
        gain = more if aim in MAXIMISED_WEEK_AIMS else -more
        if aim in TIER_AIMS:
            upto = TIER_AIMS[: TIER_AIMS.index(aim) + 1]
            reached = sum(_sum(after.mean, tier) - _sum(before.mean, tier) for tier in upto)
            gain = gain if gain * reached > 0 else 0
        if gain > 0:
            better.append((aim, gain))
        elif gain < 0:
            worse.append((aim, -gain))
    return tuple(better), tuple(worse)


def _sum(mean: Mapping[str, float], figure: str) -> int:
    return round(mean[figure] * WEEKS)
