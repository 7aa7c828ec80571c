"""Improves the lists of all jobs, each for the loads that the job met, a server at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.assignment_problem import Counts
from optimizer.lists.targets import JobTarget, Mask, Masks
from optimizer.simulation.batch_dispatch import DispatchBatch, DispatchResult, dispatch_many
from optimizer.simulation.candidate_sets import NOBODY

Nearness = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    """Lists, shape (lists, places), to try for one job at each of its distinct loads, met so
    many ``times``; what they are ``certain`` of, shape (lists, 2)."""

    wish: JobTarget
    masks: Masks
    certain: Counts
    loads: Counts
    times: Counts

    def starts(self) -> DispatchBatch:
        offers = self.wish.offers(self.masks)
        return DispatchBatch(self.wish.of.kind, offers, offers & (self.wish.tiers > 0), self.loads)

    def nearness(self, dealt: DispatchResult) -> list[Nearness]:
        """Return how near each list comes: the more, the nearer (`improve_lists`)."""
        wish, kind = self.wish, self.wish.of.kind
        planned = wish.tier > 0
        left = dealt.picks == NOBODY
        taken_over = left & wish.takes_over[kind, None, None]
        server = np.where(taken_over, wish.own, dealt.picks)
        after = self.loads + dealt.begun
        after[:, :, wish.own] += taken_over.sum(axis=0)
        ran = planned[:, None, None] & (server != NOBODY)
        on_server = ran & (server == wish.proxy[:, None, None])
        in_tier = ran  # as all are where all are certain of it
        if (self.certain[:, 1] < planned.sum()).any():
            in_tier = ran & (wish.tiers[kind[:, None, None], server] == wish.tier[:, None, None])
        columns = (
            in_tier.sum(axis=0) @ self.times,
            -np.maximum(after - wish.limit, 0).sum(axis=2) @ self.times,
            on_server.sum(axis=0) @ self.times,
        )
        return [tuple(row) for row in np.column_stack([self.certain, *columns]).tolist()]


def improve_lists(
    wishes: Sequence[JobTarget], lists: Sequence[Mask], loads: Sequence[Counts]
) -> list[Mask]:
    """Return lists at least as near to the plan, adding or leaving out one server at a time.

    ``loads``, per job of shape (starts, places), are what the servers run as it starts. Nearer is
    what is certain to serve more tasks, then more in their tier, then what overloads less, then
    what has more on their server. Servers that the plan does not use for the job would only draw
    tasks away.
    """
    better = list(lists)
    trials = {
        place: _trial(wish, better[place], met)
        for place, (wish, met) in enumerate(zip(wishes, loads, strict=True))
        if wish.used.sum() > 1
    }
    best = {place: max(found) for place, found in _evaluate(trials).items()}
    while trials:
        trials = {
            place: hopeful
            for place, trial in trials.items()
            if len((hopeful := _promising_neighbours(trial, better[place], best[place])).masks)
        }
        found = _evaluate(trials)
        trials = {place: trials[place] for place in trials if max(found[place]) > best[place]}
        for place, trial in trials.items():
            best[place] = max(found[place])
            better[place] = trial.masks[found[place].index(best[place])]
    return better


def _evaluate(trials: dict[int, _Trial]) -> dict[int, list[Nearness]]:
    places, tried = list(trials), list(trials.values())
    found = dispatch_many([trial.starts() for trial in tried])
    return {places[number]: tried[number].nearness(dealt) for number, dealt in found}


def _trial(wish: JobTarget, listed: Mask, met: Counts) -> _Trial:
    masks = listed[None]
    loads, times = np.unique(met, axis=0, return_counts=True)
    return _Trial(wish, masks, wish.certain_in(masks), loads, times)


def _promising_neighbours(trial: _Trial, listed: Mask, best: Nearness) -> _Trial:
    """Return the trial of those lists, one server more or less, that are certain of the most, if
    no less than ``best``: only they can be the nearest."""
    changed = listed ^ np.eye(len(listed), dtype=np.bool_)[trial.wish.used]
    changed = changed[changed.any(axis=1)]
    certain = trial.wish.certain_in(changed)
    most = max(best[:2], *map(tuple, certain.tolist()))
    hopeful = (certain == most).all(axis=1)
    return replace(trial, masks=changed[hopeful], certain=certain[hopeful])
