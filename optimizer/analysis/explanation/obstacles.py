"""Obstacles: the rules that keep each server from a VM, in the user's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from models.estate import Estate
from models.ruleset import (
    POWERSHELL_DIRECT_SINCE,
    POWERSHELL_NEEDED,
    RULESETS,
    guest_has_powershell_direct,
    is_linux,
    is_windows,
)
from optimizer.analysis.explanation.routes import Routes

SHOWN = 3
DIRECT_OFF = "estate.toml turns PowerShell Direct off"


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One fact of the estate that is an obstacle: the rule it comes from, and its words."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What keeps one server from one task; each fact of a field alone is enough for it.

    ``own`` keep it from the task altogether, ``network`` from connecting by network, ``direct``
    over PowerShell Direct. ``hyperv`` tells whether the VM may be thought of with the latter.
    """

    own: tuple[Fact, ...]
    network: tuple[Fact, ...]
    direct: tuple[Fact, ...]
    hyperv: bool

    @property
    def connects(self) -> bool:
        """Tell whether the server has a connection to the VM."""
        return not self.network or not self.direct

    @property
    def none(self) -> bool:
        """Tell whether nothing but load can keep the server from the task."""
        return not self.own and self.connects


class ObstacleFinder:
    """Finds the obstacles of the servers of ``estate`` for one VM of one job, given as codes."""

    def __init__(self, estate: Estate, paths: Routes, job: int, vm: int) -> None:
        self._estate, self._paths = estate, paths
        self._servers = estate.servers
        self._job = estate.jobs.iloc[job]
        self._vm = estate.vms.iloc[vm]
        self._vm_networks = estate.network_sets[self._vm["network_set"]]
        host = int(self._vm["host_code"])
        self._host_networks = (
            estate.network_sets[self._servers["network_set"].iloc[host]] if host >= 0 else ()
        )
        self._near = paths.origins(self._vm_networks)
        self._near_host = paths.origins(self._host_networks)
        self._of_vm = self._way_to(self._vm["vm"], "vms.csv", self._vm_networks, self._near)
        host_name = f"host {self._vm['host'] or 'of the VM'}"
        self._of_host = self._way_to(host_name, "servers.csv", self._host_networks, self._near_host)
        self._of_guest = self._direct()

    def obstacles(self, server: int) -> Obstacles:
        """Return what keeps ``server`` from the task."""
        row = self._servers.iloc[server]
        networks = self._estate.network_sets[row["network_set"]]
        nowhere = (
            ()
            if networks
            else (Fact("S10", f"no network of {row['server']} is known (networks in servers.csv)"),)
        )
        direct = list(self._of_guest)
        if is_linux(row["os"]):
            direct.append(Fact("S11", f"{row['server']} runs Linux, without PowerShell Direct"))
        elif row["powershell_version"] < POWERSHELL_NEEDED:
            state = "below 2.0" if row["powershell_version"] else "empty"
            direct.append(Fact("S11", no_powershell(row["server"], state)))
        if self._near_host.isdisjoint(networks):
            direct += [*nowhere, self._of_host]
        reached = not self._near.isdisjoint(networks)
        return Obstacles(
            own=tuple(self._own(server)),
            network=() if reached else (*nowhere, self._of_vm),
            direct=tuple(direct),
            hyperv=self._vm["platform"] == "hyperv",
        )

    def _own(self, server: int) -> list[Fact]:
        row, settings = self._servers.iloc[server], self._estate.settings
        name, facts = row["server"], []
        if not RULESETS[settings.ruleset].may_be_proxy(row["os"]):
            facts.append(
                Fact("S8", f"{name} runs {row['os']}, no proxy's system ({settings.ruleset})")
            )
        if not row["managed"]:
            facts.append(Fact("S9", f"{name} is no managed server"))
        if not row["available"]:
            facts.append(Fact("available", f"{name} is not online"))
        if row["excluded"]:
            facts.append(Fact("excluded", f"{name} is excluded as a proxy"))
        if not settings.proxies_licensed and server != self._estate.backup_server:
            facts.append(Fact("S3", "the licence lets the backup server alone serve"))
        facts += self._guest(server)
        named = self._job["bound_codes"]
        if named and server not in named:
            names = listed([self._servers["server"].iloc[code] for code in named])
            facts.append(Fact("S13", f"job {self._job['job']} names only {names}"))
        return facts

    def _guest(self, server: int) -> Iterator[Fact]:
        """Yield what the guest's platform and its gMSA have against a server."""
        row, vm = self._servers.iloc[server], self._vm
        name, domain = row["server"], vm["gmsa_domain"]
        open_to = RULESETS[self._estate.settings.ruleset].linux_platforms
        if is_linux(row["os"]) and open_to is not None and vm["platform"] not in open_to:
            yield Fact("platform", f"{name} runs Linux, which serves no guest of {vm['platform']}")
        if domain and not is_windows(row["os"]):
            yield Fact("gMSA", f"{name} runs {row['os']}; a gMSA needs a Windows server")
        elif domain and row["domain"] != domain:
            of = row["domain"] or "unknown"
            text = f"the domain of {name} is {of}; the gMSA of {vm['vm']} needs one of {domain}"
            yield Fact("gMSA", text)

    def _direct(self) -> list[Fact]:
        """Return what keeps every server from the guest over PowerShell Direct (S11)."""
        vm, name = self._vm, self._vm["vm"]
        if vm["platform"] != "hyperv":
            return [Fact("S11", f"{name} is no Hyper-V VM")]
        facts = []
        if vm["gmsa_domain"]:
            facts.append(f"{name} has a gMSA, which works by network only")
        if not self._estate.settings.powershell_direct:
            facts.append(DIRECT_OFF)
        if not guest_has_powershell_direct(vm["os"]):
            facts.append(f"{name} runs {vm['os']}, too old for PowerShell Direct")
        if vm["host_code"] < 0:
            facts.append(f"the host of {name} is not among the servers")
        if vm["host_version"] < POWERSHELL_DIRECT_SINCE:
            version = vm["host_version"] or "unknown"
            facts.append(f"the host of {name} is of version {version}, needed is 2016 or later")
        return [Fact("S11", text) for text in facts]

    def _way_to(self, name: str, file: str, networks: tuple[int, ...], near: set[object]) -> Fact:
        if not networks:
            return Fact("S10", f"no network of {name} is known (networks in {file})")
        names = listed([self._paths.name(code) for code in networks])
        others = sorted(
            self._paths.name(node) for node in near - set(networks) if isinstance(node, int)
        )
        whence = f"only {listed(others)} reach it" if others else "no other network reaches it"
        return Fact("S10", f"{name} is in {names}; {whence}")


def no_powershell(server: str, state: str) -> str:
    """Return that a server's PowerShell is too old, or not known."""
    return f"powershell_version of {server} is {state} in servers.csv; 2.0 or later is needed"


def listed(names: list[str]) -> str:
    """Return the first few of ``names`` as one text, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
