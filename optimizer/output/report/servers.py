"""Computes each server's load by hour, and what it gains and loses against today."""

from __future__ import annotations

import numpy as np

from models.plan import WINDOWS
from models.report_data import ServerWeek
from models.week import WEEK
from optimizer.eligibility.server_load import Spans
from optimizer.output.report.facts import ReportFacts

HOUR = 60
HOURS = WEEK // HOUR


def server_weeks(facts: ReportFacts) -> list[ServerWeek]:
    """Return the week of every server that carries tasks or could, by name in byte order."""
    estate, size = facts.estate, len(facts.estate.servers)
    tasks = [
        np.bincount(facts.proxy[facts.assigned & (facts.plan.tier == tier)], minlength=size)
        for tier in (1, 2, 3, 4)
    ]
    hours = busiest_hours(facts.spans, size)
    limit = estate.servers["max_tasks"].tolist()
    sites = _sites(facts)
    found = []
    for code in np.unique(facts.spans.server).tolist():
        one, two, three, four = (int(count[code]) for count in tasks)
        row = tuple(hours[code].tolist())
        found.append(
            ServerWeek(
                server=facts.servers[code],
                site=sites[code],
                tasks=one + two + three + four,
                tiers=(one, two, three, four),
                limit=None if limit[code] < 0 else limit[code],
                peak=max(row),
                hours=row,
            )
        )
    return sorted(found, key=lambda week: week.server.encode())


def busiest_hours(spans: Spans, servers: int) -> np.ndarray:
    """Return the largest load of each server in each hour, shape (servers, `HOURS`)."""
    first, last = spans.begin // HOUR, (spans.end - 1) // HOUR
    count = last - first + 1
    row = np.repeat(np.arange(len(first)), count)
    hour = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    hours = np.zeros((servers, HOURS), dtype=np.int64)
    np.maximum.at(hours, (spans.server[row], hour), (spans.running + spans.planned)[row])
    return hours


def moves_by_server(facts: ReportFacts) -> list[tuple[str, int, int]]:
    """Return what each server gains and loses against today, by name; servers that are gone, too.

    The losses come to the aim `moves`.
    """
    tasks = facts.tasks
    moved = (tasks.kind == WINDOWS) & tasks.has_current & (facts.proxy != tasks.current)
    gains = np.bincount(facts.proxy[moved & facts.assigned], minlength=len(facts.servers))
    names, losses = np.unique(tasks.previous[moved].astype(str), return_counts=True)
    lost = dict(zip(names.tolist(), losses.tolist(), strict=True))
    gained = {facts.servers[code]: int(gains[code]) for code in np.flatnonzero(gains).tolist()}
    return [
        (name, gained.get(name, 0), lost.get(name, 0))
        for name in sorted(gained.keys() | lost.keys(), key=str.encode)
    ]


def _sites(facts: ReportFacts) -> list[str]:
    """Return each server's sites as one text."""
    site = facts.estate.networks["site"].tolist()
    names = [";".join(sorted({site[n] for n in s} - {""})) for s in facts.estate.network_sets]
    return [names[number] for number in facts.estate.servers["network_set"].tolist()]
