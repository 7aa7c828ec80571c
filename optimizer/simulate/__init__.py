"""Replays the product's own choice of proxies over one week (S13 to S16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from models.estate import Estate
from models.plan import Tasks
from optimizer.eligibility import Eligibility, qualify
from optimizer.network import Network
from optimizer.simulate.choice import choices, job_tasks
from optimizer.simulate.deal import Dealer
from optimizer.simulate.result import Simulation, outcome
from optimizer.simulate.weeks import replay
from optimizer.tasks import tasks_of


def simulate(
    estate: Estate,
    lists: Mapping[str, tuple[int, ...]] | None = None,
    knows_connections: bool = False,
    step: Callable[[str], None] = lambda step: None,
) -> Simulation:
    """Return what the product does by itself in one week.

    ``lists`` gives jobs, by name, the servers (codes) to choose among, as `job_proxies.csv` of a
    plan does; a job without one is automatic. Without ``lists`` each job keeps its own (S13).
    With ``knows_connections`` the product looks only at servers that connect.
    """
    tasks = tasks_of(estate)
    eligibility = qualify(estate, Network(estate))
    return simulation_of(estate, tasks, eligibility, lists, knows_connections, step)


def simulation_of(
    estate: Estate,
    tasks: Tasks,
    eligibility: Eligibility,
    lists: Mapping[str, tuple[int, ...]] | None,
    knows_connections: bool,
    step: Callable[[str], None],
) -> Simulation:
    """Return the same for who has the ``tasks`` of the estate and its ``eligibility`` at hand."""
    working = job_tasks(tasks, eligibility)
    chosen = choices(estate, working, eligibility, lists, knows_connections)
    dealer = Dealer(chosen, lambda choice, picked: picked)
    week, picked = replay(estate, tasks, chosen, dealer, step), dealer.told
    del dealer  # what it knows of other nights is large
    return outcome(estate, tasks, eligibility, chosen, picked, week, knows_connections)
