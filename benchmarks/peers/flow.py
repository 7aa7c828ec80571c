"""Min-cost flow, exact where all planned tasks run at the same times.

Aims are taken in turn. A flow is optimal exactly if no arc contradicts its potentials, so fixing
every arc whose reduced cost is not 0 leaves all optimal flows and no other for the next aim.
"""

from __future__ import annotations

import numpy as np
from ortools.graph.python import min_cost_flow

from benchmarks.peers.flow_network import FlowNetwork
from benchmarks.peers.outcome import Answer
from benchmarks.peers.question import Question
from benchmarks.peers.values import values
from models.integer_program import Ints

NOT_EXACT = "not exact here: "
MOST_UNITS = 5_000_000


def flow(question: Question, limit: float) -> Answer:
    """Solve aim after aim as a flow, without looking at the clock."""
    problem, settings = question.problem, question.estate.settings
    if len(np.unique(problem.activity)) > 1:
        return Answer(None, note=NOT_EXACT + "several activities")
    if problem.failover_limit is not None:
        return Answer(None, note=NOT_EXACT + "failover capacity is enforced")
    if any(settings.slack(aim, 10**9) for aim in question.aims):
        return Answer(None, note=NOT_EXACT + "a tolerance")
    network = FlowNetwork(question)
    best = _optimise(network, network.cost("coverage"))
    for aim in question.aims[1:]:
        if aim == "peak":
            best = _lower_peak(network)
            continue
        if aim == "balance":
            if network.units() > MOST_UNITS:
                return Answer(None, note=NOT_EXACT + f"squares of {network.units()} units")
            network.split()
        best = _optimise(network, network.cost(aim))
    proxy = network.assignment(best)
    reached = values(question, proxy)
    return Answer(proxy, reached, dict.fromkeys(reached, True))


def _optimise(network: FlowNetwork, cost: Ints) -> Ints:
    """Return a flow of least cost, and leave in ``network`` only such flows."""
    best = _solve(network, cost, network.upper)
    if best is None:
        raise AssertionError("no flow, though the one before was one")
    potential = _potentials(network, cost, best)
    reduced = cost + potential[network.tail] - potential[network.head]
    network.upper = np.where(reduced > 0, network.lower, network.upper)
    network.lower = np.where(reduced < 0, network.upper, network.lower)
    return best


def _lower_peak(network: FlowNetwork) -> Ints:
    """Hold all servers at the least peak that leaves a flow, and return that."""
    nothing = np.zeros_like(network.lower)
    low, high = network.peaks()
    best = _solve(network, nothing, network.capped(high))
    while low < high:
        middle = (low + high) // 2
        found = _solve(network, nothing, network.capped(middle))
        best, low, high = (best, middle + 1, high) if found is None else (found, low, middle)
    if best is None:
        raise AssertionError("no flow, though the one before was one")
    network.upper = network.capped(high)
    return best


def _solve(network: FlowNetwork, cost: Ints, upper: Ints) -> Ints | None:
    """Return a flow of least cost between ``network.lower`` and ``upper``, None for none."""
    lower = network.lower
    if (upper < lower).any():
        return None
    supply = network.supply.copy()
    np.subtract.at(supply, network.tail, lower)
    np.add.at(supply, network.head, lower)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        network.tail, network.head, upper - lower, cost
    )
    solver.set_nodes_supplies(np.arange(len(supply)), supply)
    if solver.solve() != solver.OPTIMAL:
        return None
    return lower + np.asarray(solver.flows(arcs), dtype=np.int64)


def _potentials(network: FlowNetwork, cost: Ints, flow: Ints) -> Ints:
    """Return each node's distance in the residual network (Bellman and Ford's, all at once)."""
    forth, back = flow < network.upper, flow > network.lower
    tail = np.concatenate([network.tail[forth], network.head[back]])
    head = np.concatenate([network.head[forth], network.tail[back]])
    length = np.concatenate([cost[forth], -cost[back]])
    distance = np.zeros(len(network.supply), dtype=np.int64)
    while True:
        nearer = distance.copy()
        np.minimum.at(nearer, head, distance[tail] + length)
        if (nearer == distance).all():
            return distance
        distance = nearer
