"""Finds the worst single failures of a plan; of too many, those that touch most tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from models.report_data import Failure
from optimizer.analysis.what_if.study import Scenario, study_scenarios
from optimizer.eligibility.failures import Losses, list_failures
from optimizer.output.report.facts import ReportFacts
from optimizer.output.report.map.places import Whereabouts

WORST = 20
EFFORT = 6_000_000
FEWEST = 20


def worst_failures(
    facts: ReportFacts, where: Whereabouts, step: Callable[[str], None]
) -> tuple[list[Failure], int, int]:
    """Return the `WORST` failures, most damage first, how many were studied and how many not.

    Each takes the whole network and all kinds of tasks, so `EFFORT` limits how many;
    those that touch most tasks come first. The same plan gives the same failures.
    """
    known = list_failures(facts.estate)
    names = list(known)
    allowed = max(FEWEST, EFFORT // _effort(facts))
    if len(names) > allowed:
        touched = _touched(facts, where, known)
        names = sorted(names, key=lambda name: -touched[name])[:allowed]
    proxy = np.where(facts.assigned, facts.proxy, -1).astype(np.int32)
    asked = [(name,) for name in names]
    found = study_scenarios(facts.estate, facts.tasks, proxy, known, asked, step)
    worst = [_failure(found.scenarios[place]) for place in found.ranking[:WORST]]
    return worst, len(names), len(known) - len(names)


def _effort(facts: ReportFacts) -> int:
    """Return what one failure costs: links and networks weigh most, then kinds of tasks."""
    estate = facts.estate
    links = 0 if estate.links is None else len(estate.links)
    return 60 * (links + len(estate.networks)) + len(facts.tasks) // 10 + 1


def _touched(facts: ReportFacts, where: Whereabouts, known: Mapping[str, Losses]) -> dict[str, int]:
    """Return how many assigned tasks have their VM or their proxy in what fails.

    For a link these are the fewer of its two ends', a router's being its place's.
    """
    estate, tasks = facts.estate, facts.tasks
    pairs = np.stack([facts.proxy, estate.vms["network_set"].to_numpy()[tasks.vm]], axis=1)[
        facts.assigned
    ]
    # Tasks by proxy and network set of the VM, then by network, server and place.
    kinds, counts = np.unique(pairs, axis=0, return_counts=True)
    membership = estate.membership
    server_sets = estate.servers["network_set"].to_numpy()
    in_networks = membership[kinds[:, 1]] | membership[server_sets[kinds[:, 0]]]
    by_network = counts @ in_networks
    by_server = np.bincount(kinds[:, 0], counts, len(estate.servers))
    by_place = np.bincount(where.of_network, by_network, len(where.names))
    code = {name: number for number, name in enumerate(estate.networks["network"])}

    def at(end: str) -> int:
        return int(by_network[code[end]] if end in code else by_place[where.of_end[end]])

    ends = [] if estate.links is None else estate.links[["from", "to"]].to_numpy().tolist()

    def touched(losses: Losses) -> int:
        links = max((min(map(at, ends[row])) for row in losses.links), default=0)
        networks = sum(int(by_network[network]) for network in losses.networks)
        return links + max(networks, sum(int(by_server[server]) for server in losses.servers))

    return {name: touched(losses) for name, losses in known.items()}


def _failure(scenario: Scenario) -> Failure:
    outcome = scenario.outcome
    return Failure(
        fail=" ".join(scenario.fail),
        kept=outcome.kept,
        failed_over=outcome.failed_over,
        lost=outcome.lost,
        gone=outcome.gone,
        peak=outcome.peak,
        single_points=scenario.single_points,
    )
