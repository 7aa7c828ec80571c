"""Tiny random estates in which the choice of a job hurts: for the weeks of docs/certainty.md.

Jobs overlap, round midnight and round the end of the week; room is tight, what runs anyway too
much; far servers do not connect; jobs are bound, some to servers that are not usable.
"""

from __future__ import annotations

import random
from typing import Any

from random_estates import COLUMNS

SERVERS = ("s0", "S1", "p", "\u00e4", "q")
JOBS = ("nightly", "Night", "\u00fcber Nacht")
VMS = ("v0", "v1", "V2", "v10", "v3", "w", "x")
NETWORKS = ("n0", "n1", "n2", "n3")
SITES = ("hq", "east", "west", "")
STARTS = ("22:00", "22:05", "23:55", "23:59", "00:00", "00:03", "00:08")
WINDOWS_SERVER = "Windows Server 2022"
NOWHERE = "192.0.2.1"  # an address in no network


def spec(seed: int, most_servers: int = 5, wishes: bool = True) -> dict[str, Any]:
    """Return the spec of an estate, the same for the same ``seed``."""
    chance = random.Random(seed)  # noqa: S311
    networks = NETWORKS[: chance.choice([1, 2, 3, 3, 4, 4])]
    servers = SERVERS[: min(chance.choice([2, 3, 3, 4, 4, 5]), most_servers)]
    made: dict[str, Any] = {
        "networks": [
            _row("networks", network=network, site=chance.choice(SITES)) for network in networks
        ],
        "servers": [_server(chance, name, networks) for name in servers],
        "vms": _vms(chance, networks, servers),
    }
    _backup_server(chance, chance.choice(made["servers"]))
    links = chance.choice(["absent", "absent", "some", "some", "some", "some", "empty"])
    if links != "absent":
        made["links"] = _links(chance, networks) if links == "some" else []
    jobs = JOBS[: chance.choice([1, 2, 3, 3])]
    made["jobs"] = [_job(chance, name, servers) for name in jobs]
    made["job_vms"] = [
        _row("job_vms", job=job, vm=row["vm"])
        for job in jobs
        for row in made["vms"]
        if chance.random() < 0.75
    ]
    chance.shuffle(made["job_vms"])
    made["settings"] = _settings(chance, jobs, wishes)
    return made


def _row(table: str, **cells: str) -> dict[str, str]:
    return dict.fromkeys(COLUMNS[table], "") | cells


def _some(chance: random.Random, names: tuple[str, ...], most: int) -> str:
    return ";".join(chance.sample(names, min(len(names), chance.randint(1, most))))


def _homes(networks: tuple[str, ...]) -> tuple[str, ...]:
    """Return the networks in which most servers are; in the others are mostly VMs."""
    return networks[: -(-len(networks) // 2)]


def _server(chance: random.Random, name: str, networks: tuple[str, ...]) -> dict[str, str]:
    home = chance.choice([networks, _homes(networks), _homes(networks), _homes(networks)])
    return _row(
        "servers",
        server=name,
        os=chance.choice([WINDOWS_SERVER] * 12 + ["Windows 11"] + ["Rocky Linux 9"] * 3),
        networks=chance.choice(
            [_some(chance, home, 1)] * 14 + [_some(chance, networks, 2), NOWHERE]
        ),
        max_tasks=chance.choice(["", "1", "1", "2", "2", "3"]),
        running_tasks=chance.choice(["", "", "", "1", "2"]),
        managed=chance.choice([""] * 20 + ["no"]),
        available=chance.choice([""] * 15 + ["no"]),
        excluded=chance.choice([""] * 20 + ["yes"]),
        powershell_version=chance.choice(["5.1", "5.1", "1.0", ""]),
        domain=chance.choice(["", "corp", "corp", "dmz"]),
    )


def _backup_server(chance: random.Random, row: dict[str, str]) -> None:
    """Make it the backup server: a candidate like others, or one that stands in only."""
    row["roles"] = "backup_server"
    if chance.random() < 0.3:
        row |= chance.choice(
            [{"excluded": "yes"}, {"os": "Windows 11"}, {"networks": NOWHERE}, {"available": "no"}]
        )


def _vms(
    chance: random.Random, networks: tuple[str, ...], servers: tuple[str, ...]
) -> list[dict[str, str]]:
    """Return VMs, several of them alike."""
    kinds = [_guest_cells(chance, networks, servers) for _ in range(chance.randint(1, 3))]
    rows = []
    for name in VMS[: chance.randint(3, len(VMS))]:
        row = _row("vms", vm=name, name=chance.choice(["", "payroll", f"{name} ltd"]))
        row |= chance.choice(kinds)
        if chance.random() < 0.12:
            row["os"] = chance.choice(["Ubuntu Linux (64-bit)", "Ubuntu Linux (64-bit)", ""])
        row["available"] = chance.choice([""] * 11 + ["no"])
        rows.append(row)
    return rows


def _guest_cells(
    chance: random.Random, networks: tuple[str, ...], servers: tuple[str, ...]
) -> dict[str, str]:
    where = chance.choice([_homes(networks), networks[-1:], networks[-2:]])
    cells = {"os": WINDOWS_SERVER, "networks": _some(chance, where, 1)}
    if chance.random() < 0.3:
        network = chance.choice(["", cells["networks"]])
        cells |= {"networks": network, "platform": "hyperv", "host": chance.choice(servers)}
        cells["host_version"] = chance.choice(["2016", "2019", "2012 R2"])
    elif chance.random() < 0.15:
        cells["networks"] = chance.choice(["", *[_some(chance, networks, 2)] * 3])
    if chance.random() < 0.2:
        cells |= chance.choice([{"gmsa_domain": "corp"}] * 3 + [{"platform": "proxmox"}])
    return cells


def _links(chance: random.Random, networks: tuple[str, ...]) -> list[dict[str, str]]:
    """Return links from where servers are to where VMs are, for some of them only, and others."""
    ends = [*networks, *networks, "r"]
    pairs = [(one, other) for one in _homes(networks) for other in networks[-2:] if one != other]
    pairs = [pair for pair in pairs if chance.random() < 0.5]
    pairs += [(chance.choice(ends), chance.choice(ends)) for _ in range(chance.choice([0, 1, 2]))]
    return [
        _row(
            "links",
            **{"from": one, "to": other},
            both_ways=chance.choice(["", "no"]),
            up=chance.choice([""] * 9 + ["no"]),
        )
        for one, other in pairs
    ]


def _job(chance: random.Random, name: str, servers: tuple[str, ...]) -> dict[str, str]:
    return _row(
        "jobs",
        job=name,
        start=chance.choice(STARTS),
        duration_minutes=chance.choice(["5", "12", "60", "120", "120", "480", "1500", "10080"]),
        enabled=chance.choice([""] * 12 + ["no"]),
        application_aware=chance.choice(["yes"] * 12 + ["no"]),
        days=chance.choice(["sun", "sun", "sun", "sat;sun", "sun;mon", "mon", "daily"]),
        proxies=_some(chance, servers, 3) if chance.random() < 0.5 else "",
    )


def _settings(chance: random.Random, jobs: tuple[str, ...], wishes: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"ruleset": chance.choice(["v12", "v13"])}
    if chance.random() < 0.06:
        made["license"] = {"type": "socket", "edition": "standard"}
    if chance.random() < 0.1:
        made["planning"] = {"balance": "utilisation"}
    lists: dict[str, Any] = {"first": chance.choice(["limits", "tiers"])}
    if wishes and chance.random() < 0.6:
        several = [job for job in jobs if chance.random() < 0.4]
        lists["free"] = chance.choice(["all", several, several])
        if chance.random() < 0.3:
            lists["keep"] = [chance.choice(jobs)]
        if chance.random() < 0.3:
            lists["most_changes"] = chance.randint(0, 2)
        if chance.random() < 0.3:
            lists["least_servers"] = chance.randint(1, 3)
        if chance.random() < 0.4:
            lists["cross_sites"] = chance.choice([True, False, False])
    made["lists"] = lists
    return made
