"""What a replayed week comes to: its figures, those of each job, and the five weeks in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.week import WEEK
from optimizer.checker.week_dispatch import NOBODY, Offers
from optimizer.checker.week_replay import Replay, WeekReplayer

Whole = NDArray[np.int64]
Figures = dict[str, int]
TIERS = ("tier1", "tier2", "tier3", "tier4")
FIGURES = (
    "failed", *TIERS, "failed_over", "protected", "same_site", "overload_minutes", "peak",
    "jobs_changed",
)  # fmt: skip
MORE_IS_BETTER = frozenset({"tier1", "tier2", "tier3", "protected", "same_site"})
AIMS = {  # spelled here again: the checker takes no order and no direction from the planner
    "limits": (
        "failed", "short1", "short2", "short3", "overload", "tier1", "tier2", "tier3",
        "protected", "same_site", "peak", "changed",
    ),
    "tiers": (
        "failed", "tier1", "tier2", "tier3", "overload", "protected", "same_site", "peak",
        "changed",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What a replay comes to.

    ``counts`` has the runs of each unit that fail and that end in tiers 1 to 4, shape (units, 5),
    ``failed_over`` those that the backup server took over, (units,).
    """

    replayer: WeekReplayer
    replay: Replay
    counts: Whole
    failed_over: Whole
    labels: tuple[int, int]

    def figures(self, changed: int) -> Figures:
        """Return the figures of the week, ``changed`` of whose jobs are not as they are today."""
        failed, *tiers = self.counts.sum(axis=0).tolist()
        protected, same_site = self.labels
        return {
            "failed": failed,
            **dict(zip(TIERS, tiers, strict=True)),
            "failed_over": int(self.failed_over.sum()),
            "protected": protected,
            "same_site": same_site,
            "overload_minutes": int(self._above.sum()),
            "peak": self._peak(),
            "jobs_changed": changed,
        }

    @cached_property
    def _above(self) -> Whole:
        """Task-minutes above ``max_tasks`` from each minute to the next, (minutes, servers)."""
        signatures = self.replayer.signatures
        limit = signatures.estate.servers["max_tasks"].to_numpy(dtype=np.int64)[signatures.order]
        counts = signatures.candidate | (np.arange(len(limit)) == signatures.home)
        limit = np.where((limit >= 0) & counts, limit, np.iinfo(np.int32).max)
        minutes = np.diff(np.append(self.replay.minutes, 2 * WEEK))
        above = np.maximum(self.replay.load - limit.astype(np.int32), 0)
        return np.asarray(above * minutes[:, np.newaxis])

    def _peak(self) -> int:
        signatures = self.replayer.signatures
        busiest = self.replay.load.max(axis=0).astype(np.int64)
        return int(busiest[signatures.candidate].max(initial=0))

    def overload(self) -> Whole:
        """Return for each unit the overload of each server while a run of it is there, (units,)."""
        found = np.zeros(len(self.replay.units), dtype=np.int64)
        hot = np.asarray(self._above.any(axis=0))
        if not hot.any():
            return found
        minutes = np.append(self.replay.minutes, 2 * WEEK)
        summed = np.zeros((len(minutes), len(hot)), dtype=np.int64)
        np.cumsum(self._above, axis=0, out=summed[1:])
        # Starts come in order and all runs of a unit last as long, so what is behind ``counted``
        # has been added for that server already.
        counted = [np.zeros(0, dtype=np.int64)] * len(found)
        for start in self.replay.starts:
            places = start.places[hot[start.places]]
            if not len(places):
                continue
            unit = start.unit
            if not len(counted[unit]):
                counted[unit] = np.zeros(len(hot), dtype=np.int64)
            end = start.begin + self.replayer.duration[self.replay.units[unit].tasks.job]
            first, last = np.searchsorted(minutes, (max(start.begin, WEEK), min(end, 2 * WEEK)))
            since = np.maximum(counted[unit][places], first)
            found[unit] += int((summed[last, places] - summed[since, places]).sum())
            counted[unit][places] = last
        return found


def outcome_of(replayer: WeekReplayer, replay: Replay) -> Outcome:
    """Count the runs of a replayed week."""
    signatures = replayer.signatures
    home, width = signatures.home, len(signatures.order)
    tier: NDArray[np.int8] = signatures.tier
    counts = np.zeros((len(replay.units), 5), dtype=np.int64)
    over = np.zeros(len(replay.units), dtype=np.int64)
    pairs, times = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    # Starts that met the same loads share an array: what they come to is counted once.
    alike: dict[tuple[int, int], list[Whole]] = {}
    for start in replay.reported:
        alike.setdefault((start.unit, id(start.server)), []).append(start.server)
    for (number, _), servers in alike.items():
        unit, server, many = replay.units[number], servers[0], len(servers)
        signature = unit.tasks.signature
        if isinstance(unit.picks, Offers):
            picks_home = unit.picks.picks_home[unit.picks.local]
            over[number] += many * np.count_nonzero((server == home) & ~picks_home)
        ran = np.flatnonzero(server != NOBODY)
        counts[number] += many * np.bincount(tier[signature[ran], server[ran]], minlength=5)
        counts[number, 0] += many * (len(server) - len(ran))
        pairs.append(signature[ran] * width + server[ran])
        times.append(np.full(len(ran), many))
    codes, found = pd.factorize(np.concatenate(pairs))
    runs = np.bincount(codes, np.concatenate(times), minlength=len(found))
    signature, server = np.divmod(found, width)
    protected = int(runs[signatures.protected(signature, server)].sum())
    same_site = int(runs[signatures.same_site[signature, server]].sum())
    return Outcome(replayer, replay, counts, over, (protected, same_site))


def summarise(weeks: Sequence[Figures]) -> dict[str, dict[str, float]]:
    """Return nominal, mean and worst of weeks, figure by figure."""
    columns = {name: [week[name] for week in weeks] for name in FIGURES}
    return {
        "nominal": dict(weeks[0]),
        "mean": {name: sum(column) / len(column) for name, column in columns.items()},
        "worst": {
            name: min(column) if name in MORE_IS_BETTER else max(column)
            for name, column in columns.items()
        },
    }


def aim_values(first: str, weeks: Sequence[Figures], planned: Figures) -> dict[str, int]:
    """Return the value of each of the week's aims, in order: its sum over ``weeks``."""
    return {aim: sum(_value(aim, week, planned) for week in weeks) for aim in AIMS[first]}


def key_of(values: Mapping[str, int]) -> tuple[int, ...]:
    """Return values of aims as a key: the smaller, the better."""
    return tuple(-value if aim in MORE_IS_BETTER else value for aim, value in values.items())


def _value(aim: str, week: Figures, planned: Figures) -> int:
    if aim == "overload":
        return week["overload_minutes"]
    if aim == "changed":
        return week["jobs_changed"]
    if aim not in week:  # short1 to short3: what is missing of these tiers together
        tiers = TIERS[: int(aim.removeprefix("short"))]
        return max(0, sum(planned[tier] - week[tier] for tier in tiers))
    return week[aim]
