"""Replays the product's own choice of proxies over one week (S13 to S16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.estate import Estate
from optimizer.eligibility.context import PlanningContext
from optimizer.simulation.candidate_sets import build_candidates, job_tasks
from optimizer.simulation.dispatch import CachedDispatcher
from optimizer.simulation.results import Simulation, build_simulation
from optimizer.simulation.week_replay import replay_week


def simulate(
    estate: Estate,
    lists: Mapping[str, tuple[int, ...]] | None = None,
    knows_connections: bool = False,
    step: Callable[[str], None] = lambda step: None,
) -> Simulation:
    """Replay what the product does by itself in one week (S13 to S16).

    ``lists`` gives jobs, by name, the servers (codes) to choose among, as `job_proxies.csv` of a
    plan does: none for automatic selection; a job without a list keeps its own (S13).
    With ``knows_connections`` the product looks only at servers that connect.
    """
    return simulate_tasks(PlanningContext.build(estate), lists, knows_connections, step)


def simulate_tasks(
    context: PlanningContext,
    lists: Mapping[str, tuple[int, ...]] | None,
    knows_connections: bool,
    step: Callable[[str], None],
) -> Simulation:
    """Simulate the tasks of a ``context`` at hand, as `simulate` does."""
    estate, tasks, eligibility = context.estate, context.tasks, context.eligibility
    working = job_tasks(tasks, eligibility)
    candidate_sets = build_candidates(estate, working, eligibility, lists, knows_connections)
    dispatcher = CachedDispatcher(candidate_sets, lambda candidates, picked: picked)
    jobs = [candidates.of.job for candidates in candidate_sets]
    week = replay_week(estate, tasks, jobs, dispatcher, step)
    picked, before = dispatcher.recorded, dispatcher.before
    del dispatcher  # its cache of other nights is large
    return build_simulation(context, candidate_sets, picked, before, week, knows_connections)
