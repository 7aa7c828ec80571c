"""Reads networks, and where they are given VMs, from NetBox.

Revision 4.1 gives a prefix its ``site``; from 4.2 on it has a ``scope``, which may be a site.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from models.diagnostics import Finding, InputProblem
from models.errors import EstateError
from models.imported_tables import Inventory
from optimizer.files.json_shapes import DEPTH, TEXT, Expected, Shape, absent_keys, misfits
from optimizer.inputs.importers.ip_plan import (
    Prefix,
    name_networks,
    networks_table,
    parse_prefix,
    why_none,
)
from optimizer.inputs.importers.netbox.sources import SAVE, Item, Listing, listing_text
from optimizer.inputs.importers.netbox.vms import vms_table

KINDS = ("prefix", "primary_ip4", "address")  # the field that only this kind has
CALLED = {"prefix": "prefixes", "primary_ip4": "virtual machines", "address": "IP addresses"}
_NAMED: Shape = {"id": TEXT, "name": TEXT}
SHAPES: Mapping[str, Shape] = {
    "prefix": {
        "prefix": TEXT, "status": {"value": TEXT}, "site": _NAMED, "scope_type": TEXT,
        "scope": _NAMED, "vrf": _NAMED, "tenant": _NAMED,
    },
    "primary_ip4": {
        "id": TEXT, "name": TEXT, "platform": _NAMED, "status": {"value": TEXT},
        "primary_ip4": {"address": TEXT}, "primary_ip6": {"address": TEXT},
    },
    "address": {
        "address": TEXT, "vrf": _NAMED, "assigned_object": {"virtual_machine": {"id": TEXT}},
    },
}  # fmt: skip
_VALUE: Expected = {"value": {}}
_NAME: Expected = {"name": {}}
EXPECTED: dict[str, Expected] = {  # what decides, and answers have, if only as null
    "prefix": {"status": _VALUE, "vrf": {"id": {}, "name": {}}, "tenant": _NAME,
               "scope|site": _NAME},
    "primary_ip4": {"name": {}, "status": _VALUE, "platform": _NAME,
                    "primary_ip4": {"address": {}}, "primary_ip6": {"address": {}}},
    "address": {"vrf": {"id": {}}, "assigned_object": {}},
}  # fmt: skip
STATES = {  # of each kind, NetBox's own
    "prefix": ("", "active", "container", "reserved", "deprecated"),
    "primary_ip4": (
        "", "active", "offline", "planned", "staged", "failed", "decommissioning", "paused",
    ),
}  # fmt: skip
SITE = "dcim.site"


def read_netbox(listings: Sequence[Listing]) -> Inventory:
    """Return the networks of ``listings`` of prefixes, and the VMs of listings of VMs.

    Listings of IP addresses tell all addresses of a VM and the VRF that each is in; without them
    a VM has its primary ones. Raises EstateError for prefixes that are none, and for listings of
    anything else.
    """
    problems: list[InputProblem] = []
    items = {kind: _items(kind, listings) for kind in KINDS}
    for listing in listings:
        for place, item in enumerate(listing.items, 1):
            if not any(kind in item for kind in KINDS):
                reason = "is neither prefix, virtual machine nor IP address"
                problems.append(InputProblem(_at(listing, place), None, None, None, reason, SAVE))
                continue
            kind = next(kind for kind in KINDS if kind in item)
            where = _at(listing, place)
            value = listing_text(item, "prefix")
            if kind == "prefix" and parse_prefix(value) is None:
                reason, remedy = why_none(value, "a prefix")
                remedy = remedy if "length" in reason else "write address/length, as in 10.0.1.0/24"
                problems.append(InputProblem(where, None, None, value, reason, remedy))
                continue
            wrong = misfits(item, SHAPES[kind])
            problems += [InputProblem(where, None, None, None, misfit, DEPTH) for misfit in wrong]
    if problems:
        raise EstateError(problems)
    findings = [finding for listing in listings for finding in listing.findings]
    findings += [*_incomplete(listings), *_without_site(items["prefix"]), *_unknown_states(items)]
    for kind, keys in EXPECTED.items():
        findings += absent_keys(CALLED[kind], items[kind], keys)
    prefixes = [_prefix(item) for item in items["prefix"]]
    networks = name_networks(filter(None, prefixes), findings)
    tables = {"networks": networks_table(networks)} if prefixes else {}
    if items["primary_ip4"]:
        vms = vms_table(items["primary_ip4"], items["address"], networks, findings)
        tables["vms"] = vms
    sources = tuple(listing.source for listing in listings)
    return Inventory(tables, sources, tuple(findings))


def _items(kind: str, listings: Sequence[Listing]) -> list[Item]:
    return [item for listing in listings for item in listing.items if kind in item]


def _at(listing: Listing, place: int) -> str:
    return f"{listing.source.file}, item {place}"


def _prefix(item: Item) -> Prefix | None:
    cidr = parse_prefix(listing_text(item, "prefix"))
    if cidr is None:
        return None
    site = "scope" if listing_text(item, "scope_type") == SITE else "site"
    return Prefix(
        cidr,
        site=listing_text(item, site, "name"),
        vrf=listing_text(item, "vrf", "name"),
        space=listing_text(item, "vrf", "id"),
        tenant=listing_text(item, "tenant", "name"),
        status=listing_text(item, "status", "value") or "active",
    )


def _incomplete(listings: Sequence[Listing]) -> list[Finding]:
    """Say of which kind the last page is missing."""
    findings = []
    for kind in KINDS:
        pages = [page for page in listings if page.items and kind in page.items[0]]
        if pages and all(page.rest for page in pages):
            detail = f"it is not the last page: more follow at {pages[-1].rest[:200]}"
            findings.append(Finding("warning", "incomplete", pages[-1].source.file, detail))
            continue
        items = [item for page in pages for item in page.items]
        there = {listing_text(item, "id") or id(item) for item in items}  # a page may come twice
        lacking = max((page.count for page in pages), default=0) - len(there)
        if lacking > 0:
            detail = f"{lacking} more are announced than the files hold: save the other pages, too"
            findings.append(Finding("warning", "incomplete", pages[-1].source.file, detail))
    return findings


def _unknown_states(items: Mapping[str, Sequence[Item]]) -> list[Finding]:
    """Count the states that are none of NetBox's own, and say what they are taken for."""
    findings = []
    for kind, known in STATES.items():
        counts = Counter(listing_text(item, "status", "value") for item in items[kind])
        what = "prefixes, taken as in use" if kind == "prefix" else "VMs, taken as not available"
        findings += [
            Finding("warning", "unknown_value", f"status {state}", f"of {count} {what}")
            for state, count in sorted(counts.items())
            if state.lower() not in known
        ]
    return findings


def _without_site(items: Sequence[Item]) -> list[Finding]:
    """Say how many prefixes belong to a region, a location or a site group."""
    scopes = Counter(listing_text(item, "scope_type") for item in items)
    return [
        Finding(
            "info", "scope_without_site", scope,
            f"{count} prefixes have this scope and no site; write their sites into networks.csv",
        )
        for scope, count in sorted(scopes.items())
        if scope not in ("", SITE)
    ]  # fmt: skip
