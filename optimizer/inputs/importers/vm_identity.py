"""Knows a VM again that another inventory told of: by its id at the server that manages it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from models.imported_tables import Inventory


def place_keys(places: pd.DataFrame) -> pd.Series[str]:
    """Return manager and id of each row of `VM_PLACES`, "" where one of them is not known."""
    manager, number = places["vcenter"].str.lower(), places["object"].str.lower()
    return (manager + "/" + number).where((manager != "") & (number != ""), "")


def recognise_vms(inventory: Inventory, tables: Mapping[str, pd.DataFrame]) -> Inventory:
    """Return ``inventory`` with the ids that the estate's ``tables`` have for the same VMs."""
    new = inventory.tables.get("vm_places")
    known = tables["vm_places"]
    if new is None or new.empty or known.empty:
        return inventory
    ids = dict(zip(place_keys(known).tolist(), known["vm"].tolist(), strict=True))
    ids.pop("", None)
    names = {
        vm: ids[key]
        for vm, key in zip(new["vm"].tolist(), place_keys(new).tolist(), strict=True)
        if key in ids and ids[key] != vm
    }
    renamed = {
        name: table.assign(vm=table["vm"].map(lambda vm: names.get(vm, vm)).astype("str"))
        if names and "vm" in table
        else table
        for name, table in inventory.tables.items()
    }
    return replace(inventory, tables=renamed)
