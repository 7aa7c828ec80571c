"""What the backup server could still stand in for, kept up to date task by task (S16)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers.question import Question
from models.integer_program import Ints


class StandingIn:
    """The room that every loss leaves the backup server, while tasks are given out job by job."""

    def __init__(self, question: Question) -> None:
        problem = question.problem
        self._own = problem.backup_server
        losses = () if problem.failover_limit is None else problem.losses
        self._member = np.zeros((len(losses), len(problem.limit)), dtype=np.bool_)
        for row, loss in enumerate(losses):
            self._member[row, [*list(loss), self._own]] = True
        self._losses_of = [np.flatnonzero(column) for column in self._member.T]
        self._active = question.active
        self._used = np.zeros((self._active.shape[1], len(losses)), dtype=np.int64)
        spare = (problem.failover_limit or 0) - question.anyway[:, self._own]
        self._room: Ints = np.maximum(spare, 0)[:, None]
        self.begin(0)

    def begin(self, activity: int) -> None:
        """Turn to a job of ``activity``."""
        self._activity = activity
        at = self._active[:, activity] if self._active.shape[1] else slice(None)
        left = (self._room - self._active.astype(np.int64) @ self._used)[at]
        self._left: Ints = left.min(axis=0, initial=np.iinfo(np.int64).max)
        self._closed = ((self._left <= 0)[:, None] & self._member).any(axis=0)

    def allows(self, servers: NDArray[np.intp], takeover: bool) -> NDArray[np.bool_]:
        """Tell which ``servers`` may be given one more task, ``takeover`` if it counts."""
        return np.asarray(~self._closed[servers] | (not takeover and servers != self._own))

    def give(self, server: int, takeover: bool) -> None:
        """Count a task that ``server`` is given."""
        if takeover or server == self._own:
            losses = self._losses_of[server]
            self._used[self._activity, losses] += 1
            self._left[losses] -= 1
            full = losses[self._left[losses] <= 0]
            self._closed |= self._member[full].any(axis=0)
