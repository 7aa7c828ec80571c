"""What the backup server must be able to stand in for (S16), from the settings."""

from __future__ import annotations

from collections import defaultdict

from models.estate import Estate
from models.tables import LARGEST


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


def losses(estate: Estate) -> tuple[tuple[int, ...], ...]:
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
