"""Improves the lists of all jobs, each for the loads that the job met, a server at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.problem import Counts
from optimizer.job_wish import Mask, Masks, Wish
from optimizer.simulate.choice import NOBODY
from optimizer.simulate.deals import Dealt, Starts, deals

Nearness = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Trial:
    """Lists, shape (lists, places), to try for one job at each of its distinct loads, met so
    many ``times``; what they are ``certain`` of, shape (lists, 2)."""

    wish: Wish
    masks: Masks
    certain: Counts
    loads: Counts
    times: Counts

    def starts(self) -> Starts:
        offers = self.wish.offers(self.masks)
        return Starts(self.wish.of.kind, offers, offers & (self.wish.tiers > 0), self.loads)

    def nearness(self, dealt: Dealt) -> list[Nearness]:
        """Return how near each list comes: the more, the nearer (`improved`)."""
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


def improved(wishes: Sequence[Wish], lists: Sequence[Mask], loads: Sequence[Counts]) -> list[Mask]:
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
    best = {place: max(found) for place, found in _tried(trials).items()}
    while trials:
        trials = {
            place: hopeful
            for place, trial in trials.items()
            if len((hopeful := _hopeful(trial, better[place], best[place])).masks)
        }
        found = _tried(trials)
        trials = {place: trials[place] for place in trials if max(found[place]) > best[place]}
        for place, trial in trials.items():
            best[place] = max(found[place])
            better[place] = trial.masks[found[place].index(best[place])]
    return better


def _tried(trials: dict[int, _Trial]) -> dict[int, list[Nearness]]:
    places, tried = list(trials), list(trials.values())
    found = deals([trial.starts() for trial in tried])
    return {places[number]: tried[number].nearness(dealt) for number, dealt in found}


def _trial(wish: Wish, listed: Mask, met: Counts) -> _Trial:
    masks = listed[None]
    loads, times = np.unique(met, axis=0, return_counts=True)
    return _Trial(wish, masks, wish.certain_in(masks), loads, times)


def _hopeful(trial: _Trial, listed: Mask, best: Nearness) -> _Trial:
    """Return the trial of those lists, one server more or less, that are certain of the most, if
    no less than ``best``: only they can be the nearest."""
    changed = listed ^ np.eye(len(listed), dtype=np.bool_)[trial.wish.used]
    changed = changed[changed.any(axis=1)]
    certain = trial.wish.certain_in(changed)
    most = max(best[:2], *map(tuple, certain.tolist()))
    hopeful = (certain == most).all(axis=1)
    return replace(trial, masks=changed[hopeful], certain=certain[hopeful])
