"""Writes a first ``links.csv`` from the sites of an estate's networks: a star of routers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from models.diagnostics import InputProblem
from models.errors import EstateError, OutputError
from models.schema import LINKS, NETWORKS
from optimizer.files.table_reader import read_table
from optimizer.inputs.estate_folder.reader import table_path

HUB = "hub"
FILE = "links.csv"


def write_hub_links(folder: Path) -> tuple[Path, int, int]:
    """Write ``links.csv``: each network to a router of its site, each router to one hub.

    Networks without a site are linked to the hub themselves. Returns the file, and how many
    networks and sites it joins. Raises EstateError where no networks can be read, and OutputError
    where the file is there already or cannot be written.
    """
    path = folder / FILE
    if path.exists():
        raise OutputError(f"{path} is there already; move it away, or edit it")
    sites = _sites(folder)
    rows = hub_links(sites)
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(column.name for column in LINKS.columns)
    writer.writerows((start, end, "true", "true", "") for start, end in rows)
    try:
        path.write_text(content.getvalue(), encoding="utf-8", newline="")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error}; choose another folder") from error
    return path, len(sites), len(set(sites.values()) - {""})


def hub_links(sites: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the links, from and to, for networks with their ``sites``.

    No router has the name of a network.

    >>> hub_links({"lan": "a", "dmz": ""})
    [('lan', 'rtr-a'), ('dmz', 'hub'), ('rtr-a', 'hub')]
    """
    hub = _free(HUB, sites)
    routers = {site: _free(f"rtr-{site}", sites) for site in sites.values() if site}
    near = [(network, routers.get(site, hub)) for network, site in sites.items()]
    return [*near, *((router, hub) for router in routers.values())]


def _free(name: str, taken: Mapping[str, str]) -> str:
    while name in taken:
        name = f"{name}-router"
    return name


def _sites(folder: Path) -> dict[str, str]:
    """Return the site of each network, "" where it has none."""
    problems: list[InputProblem] = []
    path = table_path(folder, NETWORKS, problems) if folder.is_dir() else None
    if path is None:
        remedy = "import or write the networks first; their sites say how to join them"
        reason = "has no networks.csv" if folder.is_dir() else "is not a folder"
        raise EstateError(problems or [InputProblem(str(folder), None, None, None, reason, remedy)])
    raw = read_table(path, ["network", "site"])
    if raw.problems or "network" not in raw.columns:
        raise EstateError(
            raw.problems
            or [InputProblem(raw.file, 1, None, None, "has no column 'network'", "add the column")]
        )
    names, sites = (raw.cells(column).to_pylist() for column in ("network", "site"))
    return {name: site for name, site in zip(names, sites, strict=True) if name}
