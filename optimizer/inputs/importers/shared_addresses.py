"""Tells addresses that say nothing of where a machine is: of bridges, or of several machines.

Container bridges, NAT, heartbeat, storage and migration networks and restored copies have the
same addresses in many places. Such an address is no reason to take two machines to be in one
network: none is guessed for it, and where a listed network holds it, it is left out of machines
that have another address.
"""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from models.diagnostics import Finding, InputProblem
from models.errors import EstateError
from models.imported_tables import Inventory
from optimizer.files.text_table import items
from optimizer.inputs.importers.guest_networks import codes_of, is_address
from optimizer.inputs.importers.ip_plan import Network, parse_prefix, why_none

OPTION = "--leave-out"
SHOWN = 3
BRIDGES = tuple(map(ipaddress.ip_network, ("172.17.0.0/16", "192.168.122.0/24")))
# Real networks have these ranges, too: there only a bridge's own address counts, the first one.
BRIDGE_ENDS = tuple(
    map(
        ipaddress.ip_network,
        ("172.16.0.0/12", "10.88.0.0/16", "10.0.3.0/24", "10.42.0.0/16", "10.244.0.0/16",
         "192.168.56.0/24", "192.168.65.0/24"),
    )
)  # fmt: skip
Machine = tuple[str, str]  # table and key


def read_prefixes(texts: Sequence[str]) -> tuple[Network, ...]:
    """Return the networks of ``--leave-out``; EstateError lists what is none."""
    problems = [
        InputProblem(OPTION, None, None, text, *why_none(text))
        for text in texts
        if parse_prefix(text) is None
    ]
    if problems:
        raise EstateError(problems)
    return tuple(found for text in texts if (found := parse_prefix(text)) is not None)


def is_in(item: str, prefixes: Iterable[Network]) -> bool:
    """Tell whether an address is in one of ``prefixes``."""
    address = ipaddress.ip_address(item)
    return any(address in prefix for prefix in prefixes if prefix.version == address.version)


def is_bridge(item: str) -> bool:
    """Tell whether an address is one that bridges inside machines have by default.

    >>> is_bridge("172.17.0.9"), is_bridge("10.0.3.1"), is_bridge("10.0.3.7")
    (True, True, False)
    """
    if item.startswith(("172.17.", "192.168.122.")) and is_in(item, BRIDGES):
        return True
    first = item.endswith(".0.1") or (item.startswith(("10.", "192.")) and item.endswith(".1"))
    return first and is_in(item, BRIDGE_ENDS)


class Addresses:
    """Whose the addresses of machines are, and which of them prove where a machine is.

    A VM and a server that share one are taken for one machine: many servers are VMs.
    """

    def __init__(self, held: Mapping[Machine, Sequence[str]]) -> None:
        self._held = {
            machine: [item for item in found if is_address(item)] for machine, found in held.items()
        }
        self.owners: dict[str, list[Machine]] = defaultdict(list)
        for machine, found in self._held.items():
            for item in dict.fromkeys(found):
                self.owners[item].append(machine)
        self._shared = {item for item, found in self.owners.items() if _is_shared(found)}
        self._doubtful = self._shared | set(filter(is_bridge, self.owners))
        proving = {
            machine: {item for item in found if item not in self._doubtful}
            for machine, found in self._held.items()
        }
        self._idle = {
            item for item in self._doubtful if all(proving[owner] for owner in self.owners[item])
        }
        self._proving = proving

    def shared(self) -> dict[str, list[Machine]]:
        """Return each address that several machines have, with them."""
        return {item: found for item, found in self.owners.items() if item in self._shared}

    def is_doubtful(self, item: str) -> bool:
        """Tell whether an address proves nothing of where a machine is."""
        return item in self._doubtful

    def only(self, item: str) -> list[Machine]:
        """Return the machines with ``item`` that have no address which proves anything."""
        return [owner for owner in self.owners[item] if not self._proving[owner]]

    def is_idle(self, item: str) -> bool:
        """Tell whether an address proves nothing, and all who have it have one that does."""
        return item in self._idle

    def is_spare(self, machine: Machine, item: str) -> bool:
        """Tell whether an address proves nothing, and ``machine`` has one that does."""
        return item in self._doubtful and bool(self._proving[machine])


def _is_shared(owners: Sequence[Machine]) -> bool:
    if len(owners) < 2:
        return False
    servers = sum(table == "servers" for table, _ in owners)
    return max(servers, len(owners) - servers) > 1


def addresses_in(tables: Mapping[str, pd.DataFrame]) -> Addresses:
    """Return the addresses that the tables vms and servers have in ``networks``."""
    return Addresses({
        (name, str(key)): items(str(cell))
        for name, column in (("vms", "vm"), ("servers", "server"))
        if name in tables and "networks" in tables[name]
        for key, cell in zip(tables[name][column], tables[name]["networks"], strict=True)
    })  # fmt: skip


def without_idle(
    inventory: Inventory,
    tables: Mapping[str, pd.DataFrame],
    left_out: Sequence[Network],
    findings: list[Finding],
) -> Inventory:
    """Return ``inventory`` without addresses that prove nothing.

    Those go that a listed network holds, and all that are in the prefixes ``left_out``. ``tables``
    are the estate's. Shared addresses of its and the inventory's machines are told.
    """
    new = {name: table for name, table in inventory.tables.items() if name in ("vms", "servers")}
    if not any("networks" in table for table in new.values()):
        return inventory
    both = {
        name: pd.concat([tables[name], new.get(name, tables[name].head(0))])
        .drop_duplicates(tables[name].columns[0], keep="last")
        .fillna("")
        for name in ("vms", "servers")
    }
    known = addresses_in(both)
    findings += _shared_findings(known, both["vms"], addresses_in(tables).shared())
    networks = pd.concat(
        [tables["networks"], inventory.tables.get("networks", tables["networks"].head(0))]
    ).fillna("")
    inside = {item for item, code in codes_of(known.owners, networks).items() if code >= 0}
    dropped: dict[str, int] = defaultdict(int)

    def kept(item: str, machine: Machine) -> bool:
        if not is_address(item):
            return True
        idle = item in inside and known.is_spare(machine, item)
        if idle or is_in(item, left_out):
            dropped[item] += 1
            return False
        return True

    changed = dict(inventory.tables)
    for name, table in new.items():
        if "networks" in table:
            keys = map(str, table[table.columns[0]])
            cells = [
                "; ".join(item for item in items(cell) if kept(item, (name, key)))
                if ";" in cell or left_out
                else cell
                for key, cell in zip(keys, map(str, table["networks"]), strict=True)
            ]
            if cells != table["networks"].tolist() and dropped:
                changed[name] = table.assign(networks=pd.Series(cells, table.index, dtype="str"))
    if dropped:
        some = ", ".join(sorted(dropped)[:SHOWN]) + (", ..." if len(dropped) > SHOWN else "")
        count = "1 address is" if len(dropped) == 1 else f"{len(dropped)} addresses are"
        detail = f"{count} not taken in, since it does not say where a machine is: {some}"
        findings.append(Finding("info", "addresses_left_out", "networks", detail))
    return replace(inventory, tables=changed)


def _shared_findings(
    known: Addresses, vms: pd.DataFrame, before: Mapping[str, Sequence[Machine]]
) -> list[Finding]:
    """Return a finding for each address of several machines, with the first of them.

    Addresses that the same machines shared ``before`` were told then.
    """
    names = dict(zip(vms["vm"], vms.get("name", vms["vm"]), strict=True))
    findings = []
    for item, found in known.shared().items():
        if set(before.get(item, ())) == set(found):
            continue
        called = {str(names.get(key) or key).lower() for table, key in found if table == "vms"}
        owners = [
            (table, key)
            for table, key in found
            if table == "vms" or not {key.lower(), key.lower().partition(".")[0]} & called
        ]
        machines = [str(names.get(key) or key) for _, key in owners[:SHOWN]]
        more = ", ..." if len(owners) > SHOWN else ""
        detail = (
            f"is an address of {len(owners)} machines ({', '.join(machines)}{more}), perhaps of "
            "containers, NAT or a cluster: no common network of those that have other addresses"
        )
        findings.append(Finding("warning", "shared_address", item, detail))
    return findings
