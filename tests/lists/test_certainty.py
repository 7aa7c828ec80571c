"""Tests of what is guaranteed: it holds under any loads, any ties, any order and any starts."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import random_estates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.estate import Estate
from models.plan import WINDOWS
from optimizer.eligibility.context import PlanningContext
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.lists.certainty import guaranteed_jobs
from optimizer.simulation import simulate_tasks
from optimizer.simulation.candidate_sets import job_tasks

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=max(10, plain.max_examples // 4))
REPLAYS = 6


def tiers_by_job(
    context: PlanningContext, lists: dict[str, tuple[int, ...]]
) -> dict[int, list[int]]:
    """Return how many runs of each job fail and are in tier 1 to 4."""
    tasks = context.tasks
    runs = simulate_tasks(context, lists, False, lambda step: None).runs
    job = tasks.job[runs.task]
    return {
        code: np.bincount(runs.tier[job == code], minlength=5).tolist()
        for code in np.unique(tasks.job[tasks.kind == WINDOWS]).tolist()
    }


def disturbed(estate: Estate, random: np.random.Generator) -> Estate:
    """Return the estate with other loads, other starts, and other names to decide ties by."""
    servers, jobs = estate.servers, estate.jobs
    start = jobs["start"].to_numpy() + random.integers(0, 700, len(jobs))
    return replace(
        estate,
        servers=servers.assign(
            server=[f"s{place}" for place in random.permutation(len(servers))],
            running_tasks=random.integers(0, 6, len(servers)),
        ),
        jobs=jobs.assign(start=start % 1440, duration_minutes=random.integers(1, 3000, len(jobs))),
    )


@plain
@given(spec=random_estates.estates(), seed=st.integers(0, 2**32), data=st.data())
def test_what_is_guaranteed_holds_and_what_is_not_need_not(
    spec: dict[str, Any], seed: int, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        estate = read_estate(Path(folder))
    context = PlanningContext.build(estate)
    eligibility = context.eligibility
    working = job_tasks(context.tasks, eligibility)
    codes = st.lists(st.sampled_from(range(len(estate.servers))), unique=True, max_size=4)
    chosen = [tuple(data.draw(codes)) for _ in working]
    sure = guaranteed_jobs(working, chosen, eligibility, estate.backup_server)
    names = estate.jobs["job"].tolist()
    lists = {names[of.job]: servers for of, servers in zip(working, chosen, strict=True)}
    random = np.random.default_rng(seed)
    first = tiers_by_job(context, lists)
    for _ in range(REPLAYS):
        other = tiers_by_job(replace(context, estate=disturbed(estate, random)), lists)
        for of, is_sure in zip(working, sure.tolist(), strict=True):
            if is_sure:
                assert other[of.job] == first[of.job]
