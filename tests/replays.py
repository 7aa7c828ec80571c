"""What a replayed week has: its runs, and the load of its servers."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from models.plan import CONNECTIONS
from models.week import clock
from optimizer.output.simulation_writer import write_simulation
from optimizer.simulation.results import Simulation


def runs(simulation: Simulation) -> list[tuple[str, str, str, str, int, str, bool]]:
    """Return the rows of `runs.csv`, tiers as numbers."""
    estate, tasks, found = simulation.estate, simulation.tasks, simulation.runs
    jobs, vms = estate.jobs["job"], estate.vms["vm"]
    servers = {-1: "", **estate.servers["server"].to_dict()}
    return [
        (
            jobs[tasks.job[found.task[row]]],
            vms[tasks.vm[found.task[row]]],
            clock(int(found.start[row])),
            servers[int(found.proxy[row])],
            int(found.tier[row]),
            CONNECTIONS[found.connection[row]],
            bool(found.failed_over[row]),
        )
        for row in range(len(found))
    ]


def served(simulation: Simulation, start: str = "mon 22:00") -> dict[str, str]:
    """Return who serves each VM of the runs that begin at ``start``; "+" where it took over."""
    return {
        vm: proxy + "+" * over for _, vm, at, proxy, _, _, over in runs(simulation) if at == start
    }


def codes(simulated: Any, *names: str) -> tuple[int, ...]:
    listed = simulated.servers["server"].tolist()
    return tuple(listed.index(name) for name in names)


def load_rows(simulation: Simulation, folder: Path) -> list[list[str]]:
    """Return the rows of `proxy_load.csv`."""
    write_simulation(simulation, None, folder)
    with (folder / "proxy_load.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))[1:]
