"""Computes every aim's value, to the letter of the contract's table of aims."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from models.estate import Estate
from optimizer.checker.assignments import Service
from optimizer.checker.candidate_rules import why_no_candidate
from optimizer.checker.loads import Loads
from optimizer.checker.tasks import WINDOWS, TaskRows, Today


def count_tasks(
    estate: Estate, roster: TaskRows, service: Service, current: Today
) -> dict[str, int]:
    """Count the tasks of each aim that is a count; all are Python integers."""
    counts = {
        "coverage": len(service.task),
        **{f"tier{tier}": int((service.tier == tier).sum()) for tier in (1, 2, 3)},
        "protected": int(service.protected.sum()),
        "same_site": int(service.same_site.sum()),
    }
    return (
        counts if estate.current is None else counts | {"moves": _moves(roster, service, current)}
    )


def aim_values(estate: Estate, counts: Mapping[str, int], loads: Loads) -> dict[str, int]:
    """Return the value of each aim of the settings in their order; all are Python integers."""
    figures = _busiest(loads)
    every = {
        **counts,
        "peak": max(figures, default=0),
        "balance": sum(figure * figure for figure in figures),
    }
    return {aim: every[aim] for aim in estate.settings.objectives if aim in every}


def _busiest(loads: Loads) -> list[int]:
    """Return P(s) of the candidates, or with ``utilisation`` its per mille of ``max_tasks``."""
    refused = why_no_candidate(loads.estate)
    busiest: list[int] = loads.busiest.tolist()
    candidates = [code for code, reason in enumerate(refused) if not reason]
    if loads.estate.settings.balance == "tasks":
        return [busiest[code] for code in candidates]
    limits = loads.estate.servers["max_tasks"].tolist()
    return [-(-1000 * busiest[code] // limits[code]) for code in candidates if limits[code] > 0]


def _moves(roster: TaskRows, service: Service, current: Today) -> int:
    """Return the Windows tasks of current.csv that are not where it has them."""
    planned = np.full(len(roster.key), -1)
    planned[service.task] = service.proxy
    server = current.rows["proxy_code"].to_numpy(dtype=np.int64)
    moved = (server < 0) | (planned[current.task] != server)
    return int((moved & (roster.kind[current.task] == WINDOWS)).sum())
