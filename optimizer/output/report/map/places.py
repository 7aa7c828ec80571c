"""Builds the map's places and lines: networks and routers by site, links between sites."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.estate import Codes, Estate
from models.plan import UNKNOWN, WINDOWS
from models.report_data import Line, Place
from optimizer.eligibility.reachability import single_points
from optimizer.output.report.facts import ReportFacts
from optimizer.output.report.map.layout import positions

Pair = tuple[int, int]


@dataclass(frozen=True)
class Whereabouts:
    """Places by ``names``: sites first, then networks and routers without one, in byte order.

    ``of_network`` gives each network's place, ``of_end`` that of each end of a link by name.
    """

    names: tuple[str, ...]
    sites: int
    of_network: Codes
    of_end: Mapping[str, int]


def locate(estate: Estate) -> Whereabouts:
    """Return the places of ``estate``.

    A router is at the site of the networks that it is linked to, where they are all of one.
    """
    site = dict(zip(estate.networks["network"], estate.networks["site"], strict=True))
    near: dict[str, set[str]] = defaultdict(set)
    if estate.links is not None:
        for one, other in estate.links[["from", "to"]].itertuples(index=False, name=None):
            near[one] |= {site[other]} if other in site else set()
            near[other] |= {site[one]} if one in site else set()
    at = site | {end: min(sites) for end, sites in near.items() if end not in site and sites}
    at |= {end: "" for end, sites in near.items() if end not in site and len(sites) != 1}
    sites = sorted(set(at.values()) - {""}, key=str.encode)
    alone = sorted((end for end, name in at.items() if not name), key=str.encode)
    place = {name: number for number, name in enumerate(sites)}
    own = {end: number for number, end in enumerate(alone, start=len(sites))}
    of_end = {end: place[name] if name else own[end] for end, name in at.items()}
    of_network = [of_end[name] for name in estate.networks["network"]]
    return Whereabouts((*sites, *alone), len(sites), np.array(of_network, dtype=np.int32), of_end)


def build_map(
    facts: ReportFacts, found: Whereabouts, coordinates: Mapping[str, tuple[float, float]]
) -> tuple[list[Place], list[Line]]:
    """Return places and lines; ``coordinates`` has latitude and longitude of sites."""
    estate = facts.estate
    known = {
        number: coordinates[name]
        for number, name in enumerate(found.names[: found.sites])
        if name in coordinates
    }
    lines, parting = _lines(estate, found)
    where = positions(len(found.names), [(line.start, line.end) for line in lines], known)
    counts = _counts(facts, found)
    places = [
        Place(
            name=name,
            x=round(float(x), 4),
            y=round(float(y), 4),
            tiers=(row[1], row[2], row[3], row[4]),
            unassigned=row[0],
            unprotected=row[5],
            failover=row[6],
            servers=row[7],
            home=bool(row[8]),
            parting=number in parting,
        )
        for number, (name, (x, y), row) in enumerate(
            zip(found.names, where, counts.tolist(), strict=True)
        )
    ]
    return places, lines


def _counts(facts: ReportFacts, found: Whereabouts) -> np.ndarray:
    """Return the counts of each place, shape (places, 9).

    Tasks unassigned, in tier 1 to 4, unprotected and with failover, servers in use, and whether
    the backup server is there.
    """
    estate, tasks = facts.estate, facts.tasks
    size = len(found.names)
    # A VM or server counts at the place of the first of its networks.
    of_set = [found.of_network[min(members)] if members else -1 for members in estate.network_sets]
    first = np.array(of_set, dtype=np.int32)
    place = first[estate.vms["network_set"].to_numpy()[tasks.vm]]
    waiting = ((tasks.kind == WINDOWS) | (tasks.kind == UNKNOWN)) & ~facts.assigned
    kinds = [waiting, *(facts.assigned & (facts.plan.tier == tier) for tier in (1, 2, 3, 4))]
    kinds += [facts.assigned & ~facts.protected, facts.failover]
    columns = [np.bincount(place[kind & (place >= 0)], minlength=size) for kind in kinds]
    server = first[estate.servers["network_set"].to_numpy()]
    used = np.unique(facts.proxy[facts.assigned])
    for codes in (used, np.array([estate.backup_server])):
        at = server[codes]
        columns.append(np.bincount(at[at >= 0], minlength=size))
    return np.stack(columns, axis=1)


def _lines(estate: Estate, found: Whereabouts) -> tuple[list[Line], set[int]]:
    """Return the lines, and the places without which others do not reach each other."""
    if estate.links is None:
        return [], set()
    bridges, _ = single_points(estate.links)
    hang = {tuple(sorted(found.of_end[end] for end in pair)) for pair in bridges}
    ends = {end: str(number) for end, number in found.of_end.items()}
    links = estate.links.assign(
        **{side: estate.links[side].map(ends).astype(str) for side in ("from", "to")}
    )
    links = links[links["from"] != links["to"]]
    _, parting = single_points(links)
    between: dict[Pair, list[bool]] = defaultdict(list)
    for one, other, up in links[["from", "to", "up"]].itertuples(index=False, name=None):
        start, end = sorted((int(one), int(other)))
        between[start, end].append(bool(up))
    lines = [
        Line(start, end, len(up), (start, end) in hang, any(up))
        for (start, end), up in sorted(between.items())
    ]
    return lines, {int(name) for name in parting}
