"""Meta's Rebalancer: tasks as objects, servers as containers, the aims as a lexicographic tuple.

It has no maximum over dimensions, so `peak` and `balance` are told to it as sums over the moments
of the week; the values shown are the true ones, as for all peers.
"""

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.peers import rebalancer_env
from benchmarks.peers.greedy import with_room
from benchmarks.peers.outcome import Answer
from benchmarks.peers.question import Question
from benchmarks.peers.rebalancer_worker import NOWHERE
from models.assignment_problem import PROTECTED, SAME_SITE, TIER

SUMS = "peak and balance summed over moments"


def rebalancer(method: str) -> Callable[[Question, float], Answer]:
    """Return the peer that runs Rebalancer by ``method``: local or highs, from a greedy start."""

    def answer(question: Question, limit: float) -> Answer:
        if question.problem.failover_limit is not None:
            return Answer(None, note="not modelled: failover capacity", seconds=nan)
        missing = rebalancer_env.install()
        if missing:
            return Answer(None, note=missing, seconds=nan)
        told = rebalancer_env.run(told_of(question) | {"method": method, "limit": limit}, limit)
        if "assignment" not in told:
            return Answer(None, note=told["note"], seconds=nan)
        proxy = question.unserved()
        proxy[question.servable] = told["assignment"]
        note = f"{told['note']}; {SUMS}" if len(question.active) > 1 else told["note"]
        return Answer(proxy, note=note, seconds=told["seconds"])

    return answer


def told_of(question: Question) -> dict[str, Any]:
    """Return the question as plain lists."""
    problem = question.problem
    by_use = question.estate.settings.balance == "utilisation"
    counted = np.flatnonzero(problem.candidate & (not by_use or problem.limit > 0))
    today = question.tasks.current[question.servable]
    return {
        "servers": len(problem.limit),
        "start": with_room(question)[question.servable].tolist(),
        "partitions": {"kind": question.kind.tolist(), "today": today.tolist()},
        "forbidden": _zero(problem.label > 0, everywhere=True),
        "moments": [_moment(question, number) for number in range(len(question.active))],
        "scale": {str(s): int(problem.limit[s]) for s in counted.tolist() if by_use},
        "counted": counted.tolist(),
        "goals": [_goal(question, aim) for aim in question.aims],
    }


def _moment(question: Question, number: int) -> dict[str, Any]:
    limit, anyway = question.problem.limit, question.anyway[number]
    bounded = np.flatnonzero(limit >= 0).tolist()
    return {
        "tasks": np.flatnonzero(question.active[number, question.activity]).tolist(),
        "anyway": anyway.tolist(),
        "limits": {str(server): int(max(limit[server], anyway[server])) for server in bounded},
    }


def _goal(question: Question, aim: str) -> dict[str, Any]:
    label = question.problem.label
    if aim in ("peak", "balance"):
        return {"aim": aim}
    if aim == "moves":
        zero = {str(server): [str(server), "-1", "anyway"] for server in range(label.shape[1])}
        return {"aim": aim, "missed": {"partition": "today", "zero": zero | {NOWHERE: ["-1"]}}}
    hit = {
        "coverage": label > 0,
        "protected": label & PROTECTED > 0,
        "same_site": label & SAME_SITE > 0,
    } | {f"tier{tier}": label // TIER == tier for tier in (1, 2, 3)}
    return {"aim": aim, "missed": _zero(hit[aim], everywhere=False)}


def _zero(fits: NDArray[np.bool_], everywhere: bool) -> dict[str, Any]:
    """Return on which server which kind does not count as wrong; unserved, if ``everywhere``."""
    zero = {
        str(server): [*map(str, np.flatnonzero(fits[:, server]).tolist()), "anyway"]
        for server in range(fits.shape[1])
    }
    if everywhere:
        zero[NOWHERE] = [str(kind) for kind in range(len(fits))]
    return {"partition": "kind", "zero": zero}
