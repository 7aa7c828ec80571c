"""Writes the files of a simulation: runs.csv, proxy_load.csv, simulation.json."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.plan import CONNECTIONS
from models.week import clock
from optimizer.files.csv_writer import named, write_csv
from optimizer.output.plan_writer import write_proxy_load
from optimizer.simulation.results import Agreement, Simulation

FORMAT = 1
RECORD = "simulation.json"
TOOLS = ("gip-planner", "pandas", "pyarrow")


def write_simulation(simulation: Simulation, agreement: Agreement | None, folder: Path) -> None:
    """Write all files of ``simulation`` into ``folder``."""
    _runs(simulation, folder / "runs.csv")
    write_proxy_load(simulation.estate, simulation.spans, folder / "proxy_load.csv")
    text = json.dumps(record(simulation, agreement), indent=2, ensure_ascii=False) + "\n"
    (folder / RECORD).write_bytes(text.encode())


def _runs(simulation: Simulation, path: Path) -> None:
    estate, tasks, runs = simulation.estate, simulation.tasks, simulation.runs
    minutes, start = np.unique(runs.start, return_inverse=True)
    write_csv(
        path,
        {
            "job": named(estate.jobs["job"], tasks.job[runs.task]),
            "vm": named(estate.vms["vm"], tasks.vm[runs.task]),
            "start": named([clock(minute) for minute in minutes.tolist()], start),
            "proxy": named(estate.servers["server"], runs.proxy),
            "tier": named(["", "1", "2", "3", "4"], runs.tier),
            "connection": named(CONNECTIONS, runs.connection),
            "failed_over": named(["false", "true"], runs.failed_over.astype(np.int8)),
        },
    )


def record(simulation: Simulation, agreement: Agreement | None) -> dict[str, Any]:
    """Return what ``simulation.json`` holds; ``agreement`` is with the plan, if there is one."""
    names = simulation.estate.servers["server"]
    overload = {names[server]: minutes for server, minutes in simulation.overload.items()}
    return {
        "format": FORMAT,
        "tool": {name: version(name) for name in TOOLS} | {"python": platform.python_version()},
        "inputs": dict(simulation.estate.inputs),
        "knows_connections": simulation.knows_connections,
        "runs": len(simulation.runs),
        "runs_per_tier": {str(tier): runs for tier, runs in enumerate(simulation.tiers, start=1)},
        "failed": simulation.failed,
        "failed_over": simulation.failed_over,
        "peak": simulation.peak,
        "overload_task_minutes": dict(sorted(overload.items())),
        "plan": None if agreement is None else asdict(agreement),
    }
