"""Reads NetBox's virtual machines as rows of ``vms.csv``."""

from __future__ import annotations

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from models.diagnostics import Finding
from optimizer.inputs.estate_folder.prefix_lookup import PrefixTable
from optimizer.inputs.importers.ip_plan import Prefix, listable
from optimizer.inputs.importers.netbox.sources import Item, listing_text

PRIMARY = ("primary_ip4", "primary_ip6")
Books = dict[str, tuple[list[str], PrefixTable]]
COLUMNS = ["vm", "name", "os", "networks", "available"]


def vms_table(
    vms: Sequence[Item],
    addresses: Iterable[Item],
    networks: Mapping[str, Prefix],
    findings: list[Finding],
) -> pd.DataFrame:
    """Return a row per VM; its id is its name, and NetBox's number behind a name that repeats.

    An address whose VRF is known becomes the name of the network there; the others stay
    addresses, and one in a VRF that has no prefix for it is told in ``findings``.
    """
    books = _books(networks)
    assigned: dict[str, list[str]] = defaultdict(list)
    for address in addresses:
        owner = listing_text(address, "assigned_object", "virtual_machine", "id")
        if owner:
            assigned[owner] += _place(address, books, findings)
    distinct = {(listing_text(vm, "id"), listing_text(vm, "name")) for vm in vms}
    names = Counter(name for _, name in distinct)
    rows = []
    for vm in vms:
        number, name = listing_text(vm, "id"), listing_text(vm, "name")
        if not name:
            findings.append(Finding("warning", "vm_without_name", f"#{number}", "left out"))
            continue
        known = assigned.get(number) or _primary(vm)
        available = listing_text(vm, "status", "value") in ("", "active")
        rows.append((
            name if names[name] == 1 else f"{name} (#{number})",
            name,
            listing_text(vm, "platform", "name"),
            ";".join(dict.fromkeys(known)),
            "true" if available else "false",
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str").drop_duplicates("vm")


def _books(networks: Mapping[str, Prefix]) -> Books:
    """Return for each VRF the names of its networks, and the book of their prefixes."""
    spaces: dict[str, list[str]] = defaultdict(list)
    for name, prefix in networks.items():
        spaces[prefix.space].append(name)
    return {
        space: (names, PrefixTable.of(names, [networks[name].cidr for name in names]))
        for space, names in spaces.items()
    }


def _place(address: Item, books: Books, findings: list[Finding]) -> Sequence[str]:
    """Return the network that an address is in, or else the address itself."""
    host, space = _host(listing_text(address, "address")), listing_text(address, "vrf", "id")
    if host and space in books:
        names, book = books[space]
        code = book.find(host)
        if code >= 0:
            return [names[code]]
    if host and space:
        vrf = listable(listing_text(address, "vrf", "name"))
        detail = f"no single prefix of the VRF {vrf} holds it; its VM lacks this network"
        findings.append(Finding("warning", "address_without_prefix", f"{vrf}/{host}", detail))
        return []
    return [host] if host else []


def _primary(vm: Item) -> list[str]:
    hosts = (_host(listing_text(vm, key, "address")) for key in PRIMARY)
    return [host for host in hosts if host]


def _host(address: str) -> str:
    """Return an address without its prefix length, "" where it is none."""
    try:
        return str(ipaddress.ip_interface(address).ip)
    except ValueError:
        return ""
