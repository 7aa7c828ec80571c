"""Knows a VM again that another inventory told of: by its id at the server that manages it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pandas as pd

from models.diagnostics import Finding
from models.imported_tables import Inventory


def place_keys(places: pd.DataFrame) -> pd.Series[str]:
    """Return manager and id of each row of `VM_PLACES`, "" where one of them is not known."""
    manager, number = places["vcenter"].str.lower(), places["object"].str.lower()
    return (manager + "/" + number).where((manager != "") & (number != ""), "")


def recognise_vms(
    inventory: Inventory, tables: Mapping[str, pd.DataFrame], findings: list[Finding]
) -> Inventory:
    """Return ``inventory`` with the ids that the estate's ``tables`` have for the same VMs.

    A VM that has the id of another one, as copies have its UUID, gets an id of its own.
    """
    new = inventory.tables.get("vm_places")
    if new is None or "vms" not in inventory.tables:
        return inventory
    known = tables["vm_places"]
    ids = dict(zip(place_keys(known).tolist(), known["vm"].tolist(), strict=True))
    ids.pop("", None)
    names = {
        vm: ids[key]
        for vm, key in zip(new["vm"].tolist(), place_keys(new).tolist(), strict=True)
        if key in ids
    }
    names |= _copies(inventory.tables, tables, names, findings)
    if all(vm == other for vm, other in names.items()):
        return inventory
    renamed = {
        name: table.assign(vm=table["vm"].map(lambda vm: names.get(vm, vm)).astype("str"))
        if "vm" in table
        else table
        for name, table in inventory.tables.items()
    }
    return replace(inventory, tables=renamed)


def _copies(
    new: Mapping[str, pd.DataFrame],
    known: Mapping[str, pd.DataFrame],
    found: Collection[str],
    findings: list[Finding],
) -> dict[str, str]:
    """Return other ids for VMs that have one of the estate's, but for those ``found`` by place.

    Another name and another id at the manager make another VM; where the latter is not known it
    is taken as renamed. Both are told.
    """
    called = _names(known["vms"])
    there, here = _places(known["vm_places"]), _places(new["vm_places"])
    ids = {}
    for vm, name in _names(new["vms"]).items():
        other = called.get(vm, "")
        if vm in found or not name or not other or name.casefold() == other.casefold():
            continue
        (_, before), (manager, number) = there.get(vm, ("", "")), here.get(vm, ("", ""))
        if manager and number and before and before.lower() != number.lower():
            ids[vm] = f"{manager}/{number}"
            detail = (
                f"has the id {vm} of {other}, but is {ids[vm]}: taken as a copy with that id; if "
                f"it is {other}, moved and renamed, delete the row of {vm} in vms.csv"
            )
        else:
            detail = (
                f"has the id {vm} of {other}: taken as that, renamed; if it is a copy, import "
                "both with vCenter and VM ID, which tell them apart"
            )
        findings.append(Finding("warning", "shared_uuid", name, detail))
    return ids


def _names(vms: pd.DataFrame) -> dict[str, str]:
    rows = vms.reindex(columns=["vm", "name"], fill_value="")
    return dict(rows.itertuples(index=False, name=None))


def _places(places: pd.DataFrame) -> dict[str, tuple[str, str]]:
    """Return manager and id there of each VM."""
    rows = places[["vm", "vcenter", "object"]].itertuples(index=False, name=None)
    return {vm: (manager, number) for vm, manager, number in rows}
