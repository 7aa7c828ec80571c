"""Small random estates in which lists matter: several jobs at once, little room, far servers."""

from __future__ import annotations

from typing import Any

import random_estates
from hypothesis import strategies as st


@st.composite
def estates(draw: st.DrawFn) -> dict[str, Any]:
    """Return the spec of an estate with two to four jobs whose windows overlap."""
    networks = [f"n{number}" for number in range(draw(st.sampled_from([2, 3, 3, 4])))]
    servers = [f"s{number}" for number in range(draw(st.sampled_from([3, 4, 4, 5])))]
    vms = [f"v{number}" for number in range(draw(st.integers(3, 8)))]
    jobs = [f"j{number}" for number in range(draw(st.sampled_from([1, 2, 2, 3, 3, 4])))]
    one = st.sampled_from(networks)
    some = st.one_of(one, one, one, st.lists(one, min_size=2, max_size=2).map("; ".join))
    limit = st.sampled_from(["", "1", "1", "2", "2", "3"])
    server = st.fixed_dictionaries(
        {
            "os": st.sampled_from(["Windows Server 2022"] * 8 + ["Windows 11"]),
            "networks": some,
            "max_tasks": limit,
            "running_tasks": st.sampled_from(["0", "0", "0", "1"]),
            "roles": st.just(""),
        }
    )
    job = st.fixed_dictionaries(
        {
            "start": st.sampled_from(["22:00", "22:00", "22:04", "22:30", "23:00", "23:55"]),
            "duration_minutes": st.sampled_from(["30", "60", "60", "120", "240", "1500"]),
            "days": st.sampled_from(["", "", "", "mon", "sat;sun"]),
            "application_aware": st.just("true"),
            "proxies": st.one_of(
                *[st.just("")] * 4,
                st.lists(st.sampled_from(servers), min_size=1, max_size=3).map("; ".join),
            ),
        }
    )
    vm = st.fixed_dictionaries(
        {"os": st.sampled_from(["Windows Server 2019"] * 9 + ["Ubuntu"]), "networks": some}
    )
    pairs = [(j, v) for j in jobs for v in vms]
    rows = draw(st.lists(st.sampled_from(pairs), min_size=2, max_size=14, unique=True))
    spec: dict[str, Any] = {
        "servers": [{"server": name, **draw(server)} for name in servers],
        "networks": [
            {"network": name, "cidr": "", "site": draw(st.sampled_from(["hq", "east", "west"]))}
            for name in networks
        ],
        "vms": [{"vm": name, **draw(vm)} for name in vms],
        "jobs": [{"job": name, **draw(job)} for name in jobs],
        "job_vms": [{"job": j, "vm": v} for j, v in rows],
        "settings": {},
    }
    spec["servers"][draw(st.integers(0, len(servers) - 1))]["roles"] = "backup_server"
    if draw(st.sampled_from([True, True, False])):
        end = st.sampled_from([*networks, "r"])
        link = st.fixed_dictionaries({"from": end, "to": end})
        spec["links"] = draw(st.lists(link, min_size=1, max_size=6))
    return spec


EITHER = st.one_of(random_estates.estates(), estates())
