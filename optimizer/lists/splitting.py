"""Splits a job whose VMs pull in different directions, so that each part has a list that fits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.lists.targets import JobTarget, Mask


@dataclass(frozen=True, slots=True)
class Part:
    """Planned tasks (places among the wish's) that fit together.

    ``listed`` are the servers planned for them; ``attracts`` those that, by networks alone
    (S14), would draw one of them into a better tier, or within its tier fail to connect.
    """

    tasks: NDArray[np.intp]
    listed: Mask
    attracts: Mask

    def fits(self, other: Part) -> bool:
        """Tell whether neither has a server that attracts the other's tasks."""
        return not ((self.attracts & other.listed) | (other.attracts & self.listed)).any()

    def with_(self, other: Part) -> Part:
        """Return both as one."""
        return Part(
            np.concatenate([self.tasks, other.tasks]),
            self.listed | other.listed,
            self.attracts | other.attracts,
        )


def split_job(wish: JobTarget) -> list[Part]:
    """Return parts in which every task is sure of its planned tier; one if that needs no split.

    Tasks alike that are planned in one tier stay together. Such groups, the largest first, join
    the first part that they fit.
    """
    parts: list[Part] = []
    for group in sorted(_groups(wish), key=lambda group: -len(group.tasks)):
        for number, part in enumerate(parts):
            if part.fits(group):
                parts[number] = part.with_(group)
                break
        else:
            parts.append(group)
    return parts


def _groups(wish: JobTarget) -> list[Part]:
    planned = np.flatnonzero(wish.tier > 0)
    key = wish.of.kind[planned] * np.int64(5) + wish.tier[planned]
    groups = []
    for value in np.unique(key).tolist():
        kind, tier = divmod(value, 5)
        tasks = planned[key == value]
        listed = np.isin(np.arange(len(wish.places)), wish.proxy[tasks])
        fails = (wish.ranked[kind] == tier) & (wish.tiers[kind] == 0)
        groups.append(Part(tasks, listed, (wish.ranked[kind] < tier) | fails))
    return groups
