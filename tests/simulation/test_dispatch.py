"""Tests of what tasks pick: a job's start one task after another, as docs/rules.md has it (S15)."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optimizer.simulation.candidate_sets import NOBODY, JobCandidates, JobTasks
from optimizer.simulation.dispatch import dispatch

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
Way = list[tuple[set[int], set[int]]]


def dispatch_literally(kinds: list[int], way: Way, load: list[int]) -> list[int]:
    """Return the picks: the fewest running tasks, ties by name; only what connects then runs."""
    running, picks = list(load), []
    for kind in kinds:
        offer, connects = way[kind]
        if not offer:
            picks.append(NOBODY)
            continue
        server = min(offer, key=lambda server: (running[server], server))
        if server in connects:
            running[server] += 1
        picks.append(server if server in connects else NOBODY)
    return picks


def job_candidates(kinds: list[int], way: Way, servers: int) -> JobCandidates:
    """Return the candidate sets among ``servers`` of tasks of these kinds."""
    distinct = sorted({tuple(sorted(offer)) for offer, _ in way})
    return JobCandidates(
        of=JobTasks(
            0,
            np.arange(len(kinds), dtype=np.int32),
            np.array(kinds, dtype=np.uint8),
            np.arange(len(way), dtype=np.int32),
        ),
        places=np.arange(servers),
        offered=np.arange(servers),
        stand_in=np.full(len(way), NOBODY),
        offer=tuple(distinct.index(tuple(sorted(offer))) for offer, _ in way),
        connects=tuple(bytes(server in known for server in range(servers)) for _, known in way),
        offers=tuple(np.array(offer, dtype=np.intp) for offer in distinct),
    )


@st.composite
def starts(draw: st.DrawFn) -> tuple[list[int], list[Way], list[list[int]]]:
    """Return tasks' kinds, ways to choose, and loads: offers overlap, are equal or disjoint, and
    kinds connect to all of theirs, to some or to none."""
    servers = draw(st.integers(1, 7))
    some = st.sets(st.integers(0, servers - 1))
    offers = draw(st.lists(some, min_size=1, max_size=3))
    if draw(st.booleans()):
        offers = [
            {place for place in offer if place % 3 == n} or {n} for n, offer in enumerate(offers)
        ]
        servers = max(servers, 3)

    def kind() -> tuple[set[int], set[int]]:
        offer = draw(st.sampled_from(offers))
        lost = draw(st.sampled_from([set(), set(), offer, draw(some)]))
        return offer, offer - lost

    count = draw(st.integers(1, 4))
    ways = [[kind() for _ in range(count)] for _ in range(draw(st.integers(1, 3)))]
    kinds = draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=30))
    height = draw(st.sampled_from([0, 2, 9, 2**31]))
    load = st.lists(st.integers(0, height), min_size=servers, max_size=servers)
    return kinds, ways, draw(st.lists(load, min_size=1, max_size=3))


@plain
@given(starts())
def test_one_start_as_one_task_after_another(drawn: tuple[Any, Any, Any]) -> None:
    kinds, ways, loads = drawn
    for way in ways:
        for load in loads:
            picks = dispatch(job_candidates(kinds, way, len(load)), np.array(load)).tolist()
            assert picks == dispatch_literally(kinds, way, load)
