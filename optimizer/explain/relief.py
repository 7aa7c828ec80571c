"""Servers on which more room would be passed on to a task, by others that move up in turn."""

from __future__ import annotations

import numpy as np

from models.problem import Counts, Problem


def relieving(problem: Problem, group: int, groups: Counts, servers: Counts) -> set[int]:
    """Return servers any one of which, without its ``max_tasks``, would let in a task of ``group``.

    ``groups`` and ``servers`` are aligned: which group's tasks are on which server. Each server is
    found by a chain: the task takes the place of another that runs whenever it does, that one
    takes a place on the next server, and so on. There may be more; failover is left out of account.
    """
    active = np.concatenate([problem.moments.active, problem.own_moments.active]).astype(np.int64)
    outside = active.T @ (1 - active)  # moments at which one activity is active and another is not
    options = problem.label > 0
    seen: set[tuple[int, int]] = set()
    ahead = [(group, int(problem.activity[group]))]
    while ahead:
        moving, activity = ahead.pop()
        for server in np.flatnonzero(options[problem.kind[moving]]).tolist():
            if (server, activity) in seen:
                continue
            seen.add((server, activity))
            there = groups[servers == server]
            makes_way = there[outside[activity, problem.activity[there]] == 0]
            ahead += [(int(other), int(problem.activity[other])) for other in makes_way]
    return {server for server, _ in seen}
