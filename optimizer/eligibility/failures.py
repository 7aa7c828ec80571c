"""Failures: the losses to survive (S16), failures by name, the estate without what is lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

import numpy as np
import pandas as pd

from models.diagnostics import UnknownNameError, did_you_mean
from models.estate import Estate
from models.schema import LARGEST


def failover_limit(estate: Estate) -> int | None:
    """Return how many tasks the backup server may run while it stands in.

    None where that is not enforced, or where neither ``failover.tasks`` nor the backup server's
    ``max_tasks`` limits it.
    """
    settings = estate.settings
    if settings.failover_capacity != "enforce":
        return None
    if settings.failover_tasks is not None:
        return settings.failover_tasks
    limit = int(estate.servers["max_tasks"][estate.backup_server])
    return limit if 0 <= limit <= LARGEST else None


def losses_to_survive(estate: Estate) -> tuple[tuple[int, ...], ...]:
    """Return the sets of servers any one of which may be lost.

    By server: each but the backup server. By site: each site that does not hold the backup
    server, with all servers that have a network there; and one by one, servers without a site
    and servers in a site of the backup server.
    """
    own = estate.backup_server
    others = [code for code in range(len(estate.servers)) if code != own]
    if estate.settings.failover_survive == "server":
        return tuple((code,) for code in others)
    site_of = estate.networks["site"].tolist()
    sets = [
        {site_of[n] for n in estate.network_sets[code] if site_of[n]}
        for code in estate.servers["network_set"].tolist()
    ]
    at: dict[str, list[int]] = defaultdict(list)
    for code in others:
        for site in sets[code]:
            at[site].append(code)
    sites = tuple(tuple(at[site]) for site in sorted(set(site_of) - {""} - sets[own]))
    return sites + tuple((code,) for code in others if not sets[code] or sets[code] & sets[own])


KINDS = ("server", "link", "network", "site")
FORMS = "server:NAME, link:FROM~TO, network:NAME or site:NAME"
LISTED = {
    "server": "column server of servers.csv has the names",
    "link": "write FROM~TO as columns from and to of links.csv have them",
    "network": "column network of networks.csv has the names",
    "site": "column site of networks.csv has the names",
}


@dataclass(frozen=True, slots=True)
class Losses:
    """What is lost at once, as codes; ``links`` are rows of the table."""

    servers: frozenset[int] = frozenset()
    links: frozenset[int] = frozenset()
    networks: frozenset[int] = frozenset()

    def __or__(self, other: Losses) -> Losses:
        return Losses(
            self.servers | other.servers, self.links | other.links, self.networks | other.networks
        )


def list_failures(estate: Estate) -> dict[str, Losses]:
    """Return every single failure: servers, links, networks and sites, by name within a kind."""
    found = (_servers(estate), _links(estate), _networks(estate), _sites(estate))
    return {
        f"{kind}:{name}": losses[name]
        for kind, losses in zip(KINDS, found, strict=True)
        for name in sorted(losses)
    }


def parse_failure(known: Mapping[str, Losses], text: str) -> Losses:
    """Return what ``text``, KIND:NAME, means among ``known`` failures.

    The ends of a link may stand in either order. UnknownNameError where it means nothing.
    """
    kind, _, name = text.partition(":")
    if kind not in KINDS:
        raise UnknownNameError(f"{text!r} is not {FORMS}{did_you_mean(kind, KINDS)}")
    turned = "~".join(reversed(name.split("~")))
    for form in (text, f"link:{turned}" if kind == "link" else text):
        if form in known:
            return known[form]
    names = [other.removeprefix(f"{kind}:") for other in known if other.startswith(f"{kind}:")]
    where = f"in {kind}s" if kind != "site" else "a site of networks"
    remedy = did_you_mean(name, names) or f"; {LISTED[kind]}"
    raise UnknownNameError(f"{kind} {name!r} is not {where}{remedy}")


def combine_losses(known: Mapping[str, Losses], names: Iterable[str]) -> Losses:
    """Return what is lost when all of ``names`` fail at once."""
    return reduce(or_, (parse_failure(known, name) for name in names), Losses())


def estate_after(estate: Estate, losses: Losses) -> Estate:
    """Return ``estate`` without what is lost; network sets keep their numbers.

    Lost servers are not available and in no network, so that nothing is reached through them. A
    VM all of whose networks are lost is not available.
    """
    sets = [
        tuple(network for network in members if network not in losses.networks)
        for members in estate.network_sets
    ]
    emptied = [
        bool(members) and not left for members, left in zip(estate.network_sets, sets, strict=True)
    ]
    lost = np.zeros(len(estate.servers), dtype=np.bool_)
    lost[list(losses.servers)] = True
    servers, vms = estate.servers, estate.vms
    gone = np.array(emptied, dtype=np.bool_)[vms["network_set"].to_numpy()]
    return replace(
        estate,
        servers=servers.assign(
            available=servers["available"] & ~lost,
            network_set=np.where(lost, 0, servers["network_set"]),
        ),
        vms=vms.assign(available=vms["available"] & ~gone) if gone.any() else vms,
        links=_links_left(estate, losses),
        network_sets=sets,
    )


def _links_left(estate: Estate, losses: Losses) -> pd.DataFrame | None:
    if estate.links is None:
        return None
    names = estate.networks["network"].iloc[list(losses.networks)]
    down = (estate.links["from"].isin(names) | estate.links["to"].isin(names)).to_numpy(copy=True)
    down[list(losses.links)] = True
    return estate.links[~down].reset_index(drop=True)


def _servers(estate: Estate) -> dict[str, Losses]:
    names = estate.servers["server"].tolist()
    return {name: Losses(servers=frozenset({code})) for code, name in enumerate(names)}


def _links(estate: Estate) -> dict[str, Losses]:
    """Return the links, all between the same two ends as one, named as the first of them is."""
    if estate.links is None:
        return {}
    rows: dict[frozenset[str], list[int]] = defaultdict(list)
    ends = list(estate.links[["from", "to"]].itertuples(index=False, name=None))
    for row, pair in enumerate(ends):
        rows[frozenset(pair)].append(row)
    return {"~".join(ends[same[0]]): Losses(links=frozenset(same)) for same in rows.values()}


def _networks(estate: Estate) -> dict[str, Losses]:
    names = estate.networks["network"].tolist()
    return {name: Losses(networks=frozenset({code})) for code, name in enumerate(names)}


def _sites(estate: Estate) -> dict[str, Losses]:
    """Return the sites: their networks, and the servers all of whose networks are theirs."""
    networks: dict[str, set[int]] = defaultdict(set)
    for code, site in enumerate(estate.networks["site"].tolist()):
        networks[site].add(code)
    members = [set(estate.network_sets[number]) for number in estate.servers["network_set"]]
    return {
        site: Losses(
            servers=frozenset(code for code, own in enumerate(members) if own and own <= there),
            networks=frozenset(there),
        )
        for site, there in networks.items()
        if site
    }
