"""The registry of cases: estates along every axis, and shapes that break easy assumptions.

Axes: size (VMs), likeness (how alike VMs are), tightness (demand by capacity), shape (how sites
are linked), failover, and activity (when jobs run).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMALLEST = 300
SIZES = (1_000, 10_000)
ALL_SIZES = (*SIZES, 100_000)
TOPOLOGY = Path("topologies", "Cogentco.graphml")
BATCHES = Path("vm-batches", "v1.dev.txt")

Shape = Callable[[int], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of estate.

    ``options`` gives the options of `gip generate` for a number of VMs, ``alter`` names what of
    `benchmarks.alterations` is done to the estate then. ``sizes`` are run where none is asked
    for. ``data`` maps options to files below the data folder that the case cannot do without.
    """

    name: str
    what: str
    options: Shape = lambda vms: {}
    alter: str = "untouched"
    sizes: tuple[int, ...] = SIZES
    data: tuple[tuple[str, Path], ...] = ()


def _always(**options: Any) -> Shape:
    return lambda vms: options


def _dense(vms: int) -> dict[str, Any]:
    return {"sites": max(3, vms // 200), "servers": max(3, vms // 100)}


def _tiny_sites(vms: int) -> dict[str, Any]:
    return {"sites": max(3, vms // 5)}


def _at_most_a_million(vms: int) -> dict[str, Any]:
    """Return the sites and proxies that `hub` has at a million VMs, for estates above that."""
    return {"sites": 500, "servers": 1000} if vms > 1_000_000 else {}


CASES = {
    case.name: case
    for case in (
        Case("hub", "the plain estate: hub and spoke, five overlapping windows", sizes=ALL_SIZES),
        Case("ring", "sites in a ring", _always(shape="ring")),
        Case("mesh", "sites in a mesh", _always(shape="mesh")),
        Case(
            "real", "a real topology, VMs in the batches of a real cloud's tenants",
            _always(likeness=0.5), data=(("topology", TOPOLOGY), ("batches", BATCHES)),
        ),
        Case("half-alike", "half of the VMs look like no other", _always(likeness=0.5)),
        Case("unlike", "every VM looks like no other", _always(likeness=0.0),
             sizes=(*SIZES, 20_000)),
        Case("each-its-own", "no two tasks run at the same times, each in a job of its own",
             alter="a_job_each", sizes=(1_000,)),
        Case("roomy", "peak demand is a third of capacity", _always(tightness=0.33)),
        Case("tight", "peak demand is one and a half times capacity", _always(tightness=1.5)),
        Case("enforced", "failover capacity enforced", _always(failover="enforce")),
        Case("one-window", "all jobs run at once", _always(windows=1)),
        Case("many-windows", "thirty overlapping windows", _always(windows=30)),
        Case("most-windows", "99 overlapping windows, 60 proxies, demand above capacity",
             _always(windows=99, sites=40, servers=60, tightness=1.2)),
        Case("wrap-around", "a third of the jobs run over the week's end", alter="wrapped_around"),
        Case("fixed", "the same 50 sites and 100 proxies at every size",
             _always(sites=50, servers=100), sizes=ALL_SIZES),
        Case("dense", "ten times the sites and proxies of `hub`", _dense),
        Case("one-site", "one giant site", _always(sites=1)),
        Case("no-links", "every proxy reaches every VM", alter="without_links"),
        Case("lone", "a backup server and no proxy", alter="only_the_backup_server"),
        Case("tiny-sites", "five VMs a site", _tiny_sites),
        Case("parquet", "`hub` with tables as Parquet, above a million VMs on its sites",
             _at_most_a_million, alter="as_parquet"),
    )
}  # fmt: skip
