"""Random weeks replayed, against the slow simulation minute by minute."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import random_estates
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from replays import codes, load_rows, runs
from slow_simulation import Lists, Product

from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.simulation import simulate

plain = settings(deadline=None, suppress_health_check=list(HealthCheck))
plain = settings(parent=plain, max_examples=plain.max_examples // 8)


def compare(spec: Mapping[str, Any], lists: Lists | None, knows_connections: bool) -> None:
    """Assert that the simulation is what the slow one says."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        random_estates.write(spec, folder)
        read = read_estate(folder)
        chosen = None
        if lists is not None:
            chosen = {job: codes(read, *servers) for job, servers in lists.items()}
        simulation = simulate(read, chosen, knows_connections)
        slow = Product(spec, lists, knows_connections)
        assert runs(simulation) == [
            (run.job, run.vm, run.start, run.proxy, run.tier, run.connection, run.failed_over)
            for run in slow.runs
        ]
        assert load_rows(simulation, folder) == slow.load_rows
    assert sum(simulation.tiers) + simulation.failed == len(slow.runs)
    assert simulation.tiers == tuple(
        sum(run.tier == tier for run in slow.runs) for tier in (1, 2, 3, 4)
    )
    assert simulation.failed_over == sum(run.failed_over for run in slow.runs)
    assert simulation.peak == slow.peak
    names = read.servers["server"]
    overload = {names[server]: minutes for server, minutes in simulation.overload.items()}
    assert overload == slow.overload


@plain
@given(random_estates.estates(), st.booleans())
def test_random_estates_as_the_slow_simulation_has_it(
    spec: dict[str, Any], knows_connections: bool
) -> None:
    compare(spec, None, knows_connections)


@st.composite
def inside_lists(draw: st.DrawFn) -> tuple[dict[str, Any], Lists]:
    """Return an estate and, for some of its jobs, a list of servers."""
    spec = draw(random_estates.estates())
    servers = [row["server"] for row in spec["servers"]]
    chosen = st.lists(st.sampled_from(servers), min_size=1, unique=True)
    jobs = [row["job"] for row in spec["jobs"]]
    return spec, draw(st.dictionaries(st.sampled_from(jobs), chosen))


@plain
@given(inside_lists(), st.booleans())
def test_random_lists_as_the_slow_simulation_has_it(
    drawn: tuple[dict[str, Any], Lists], knows_connections: bool
) -> None:
    compare(*drawn, knows_connections)


@st.composite
def crowds(draw: st.DrawFn) -> dict[str, Any]:
    """Return an estate where many VMs of networks that overlap want many servers at once."""
    networks = ["n0", "n1", "n2", "n3"]
    some = st.lists(st.sampled_from(networks), min_size=1, max_size=3).map("; ".join)
    counts = st.sampled_from(["0", "0", "1", "2", "3"])
    names = ["s2", "s10", "S3", "é", "a", "Z", "s1", "s", "zz"]  # fmt: skip
    server = {"os": st.just("Windows Server 2022"), "networks": some, "running_tasks": counts}
    job = {
        "start": st.sampled_from(["22:00", "22:30", "23:00"]),
        "duration_minutes": st.sampled_from(["30", "60", "1500"]),
        "application_aware": st.just("yes"),
        "days": st.sampled_from(["mon", "mon;tue", "sun;mon"]),
    }
    vm = {"os": st.just("Windows Server 2022"), "networks": some}
    links = list(pairwise(networks))
    up = draw(st.lists(st.booleans(), min_size=len(links), max_size=len(links)))
    spec: dict[str, Any] = {
        "servers": [{"server": name, **draw(st.fixed_dictionaries(server))} for name in names],
        "networks": [{"network": name} for name in networks],
        "links": [{"from": a, "to": b} for (a, b), there in zip(links, up, strict=True) if there],
        "vms": [{"vm": f"v{n}", **draw(st.fixed_dictionaries(vm))} for n in range(24)],
        "jobs": [{"job": job_name, **draw(st.fixed_dictionaries(job))} for job_name in "bAc"],
        "settings": {},
    }
    backup_server = draw(st.integers(0, len(names) - 1))
    for number, row in enumerate(spec["servers"]):
        row["roles"] = "backup_server" if number == backup_server else ""
    spec["job_vms"] = [
        {"job": row["job"], "vm": vm_row["vm"]}
        for number, row in enumerate(spec["jobs"])
        for vm_row in spec["vms"][number:]
    ]
    return spec


@plain
@given(crowds(), st.booleans())
def test_crowds_as_the_slow_simulation_has_it(
    spec: dict[str, Any], knows_connections: bool
) -> None:
    compare(spec, None, knows_connections)
