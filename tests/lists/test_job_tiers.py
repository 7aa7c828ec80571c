"""Tests of a job's exact tiers: classes, enumeration and CP-SAT against every list of servers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.week_aims import First
from optimizer.lists import job_tiers as under_test
from optimizer.lists.choice_rules import AllowedChoices
from optimizer.lists.job_tiers import find_tier_lists
from optimizer.lists.server_classes import CONNECTS, NEAR, PROTECTED, SAME_SITE, classify
from optimizer.lists.tier_outcomes import outcomes
from optimizer.simulation.candidate_sets import JobTasks

FIRSTS: tuple[First, ...] = ("limits", "tiers")


@st.composite
def jobs(draw: st.DrawFn) -> tuple[AllowedChoices, np.ndarray, int, list[int]]:
    """Return a job, views of its kinds, the backup server, and the tasks as planned."""
    servers, kinds = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    cell = st.sampled_from([0, 0, CONNECTS, CONNECTS, CONNECTS | NEAR])
    flags = st.sampled_from([0, PROTECTED, SAME_SITE])
    views = np.array(
        [[draw(cell) | draw(flags) for _ in range(servers)] for _ in range(kinds)], dtype=np.uint8
    )
    masks = st.lists(st.sampled_from([True, True, False]), min_size=servers, max_size=servers)
    allowed, today = np.array(draw(masks)), np.array(draw(masks))
    counts = [draw(st.integers(1, 4)) for _ in range(kinds)]
    kind = np.repeat(np.arange(kinds, dtype=np.uint16), counts)
    of = JobTasks(0, np.arange(len(kind), dtype=np.int32), kind, np.arange(kinds, dtype=np.int32))
    least = draw(st.sampled_from([1, 1, 1, 2, 3, 0])) if allowed.any() else 0
    planned = np.cumsum([draw(st.integers(0, 4)) for _ in range(3)]).tolist()
    choices = AllowedChoices(of, today, allowed, least, automatic=False)
    return choices, views, draw(st.integers(0, servers - 1)), planned


def worst(views: np.ndarray, own: int, listed: list[int]) -> list[int]:
    """Return the worst rank of each kind in a list, by the rules one after another."""
    ranks = []
    for view in views.tolist():
        stand_in = (2 if view[own] & NEAR else 4) if view[own] & CONNECTS else 5
        if any(view[server] & NEAR for server in listed if server != own):
            ranks.append(1)
        elif own in listed and view[own] & NEAR:
            ranks.append(2)
        elif far := [server for server in listed if server != own]:
            ranks.append(max(3 if view[server] & CONNECTS else stand_in for server in far))
        else:
            ranks.append(stand_in)
    return ranks


def best_of_all(
    choices: AllowedChoices, views: np.ndarray, own: int, planned: list[int], first: First
) -> tuple[int, ...]:
    """Return the figures and the size of the best of all lists: the smaller, the better."""
    codes = np.flatnonzero(choices.servers).tolist()
    keys = []
    for chosen in product([False, True], repeat=len(codes)):
        listed = [code for code, is_in in zip(codes, chosen, strict=True) if is_in]
        if len(listed) >= choices.least:
            keys.append(figures(choices, worst(views, own, listed), planned, first, len(listed)))
    return min(keys)


def figures(
    choices: AllowedChoices, ranks: list[int], planned: list[int], first: First, size: int
) -> tuple[int, ...]:
    tiers = [ranks[kind] for kind in choices.of.kind.tolist()]
    upto = [sum(tier <= most for tier in tiers) for most in (1, 2, 3, 4)]
    if first == "tiers":
        return (len(tiers) - upto[3], *(-number for number in upto[:3]), -size)
    short = [max(0, wanted - number) for wanted, number in zip(planned, upto, strict=False)]
    return (len(tiers) - upto[3], *short, -size)


@pytest.mark.parametrize("first", FIRSTS)
@pytest.mark.parametrize("enumerated", [12, -1])
def test_the_best_list_is_that_of_all_lists(
    monkeypatch: pytest.MonkeyPatch, first: First, enumerated: int
) -> None:
    monkeypatch.setattr(under_test, "ENUMERATED", enumerated)

    @given(jobs())
    def check_job(job: tuple[AllowedChoices, np.ndarray, int, list[int]]) -> None:
        choices, views, own, planned = job
        order = np.arange(views.shape[1])[::-1]
        (found,) = find_tier_lists([choices], views, own, order, first, np.array([planned]))
        if not choices.may_set_list:
            assert not found.any()
            return
        listed = np.flatnonzero(found).tolist()
        assert choices.servers[found].all()
        assert len(listed) >= choices.least
        ranks = worst(views, own, listed)
        key = figures(choices, ranks, planned, first, len(listed))
        assert key == best_of_all(choices, views, own, planned, first)

    check_job()


@given(jobs())
def test_outcomes_are_those_of_the_rules(
    job: tuple[AllowedChoices, np.ndarray, int, list[int]],
) -> None:
    choices, views, own, _ = job
    listed = np.flatnonzero(choices.today).tolist()
    found = outcomes(views, own, choices.today[None])
    assert found.worst[0].tolist() == worst(views, own, listed)
    assert (found.best <= found.worst).all()


@given(jobs())
def test_servers_of_a_class_look_alike_and_are_in_order_of_the_first(
    job: tuple[AllowedChoices, np.ndarray, int, list[int]],
) -> None:
    _, views, own, _ = job
    order = np.arange(views.shape[1])[::-1]
    classes = classify(views, own, order)
    assert (classes.views[:, classes.of] == views).all()
    assert (classes.of == classes.of[own]).sum() == 1
    firsts = [classes.of[order].tolist().index(number) for number in range(len(classes))]
    assert firsts == sorted(firsts)
    columns = {(own == server, views[:, server].tobytes()) for server in order.tolist()}
    assert len(classes) == len(columns)


def test_without_kinds_all_servers_but_the_backup_server_look_alike() -> None:
    classes = classify(np.zeros((0, 3), dtype=np.uint8), 1, np.arange(3))
    assert classes.of.tolist() == [0, 1, 0]
