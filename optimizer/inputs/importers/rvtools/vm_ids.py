"""Gives every VM of an export an id, and finds the VM of every row of vNetwork.

The id is the VM UUID: other inventories know it too, and a VM keeps it when it moves to another
vCenter. Names are not unique; nor is `VM ID`, which counts anew in each vCenter.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from models.diagnostics import Finding, counted
from optimizer.inputs.importers.rvtools.tabs import Tabs


def identify_vms(tabs: Tabs, findings: list[Finding]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the VMs, and the rows of vNetwork that are one's, each with its id as ``vm``."""
    info = tabs.info if len(tabs.info) else tabs.network
    findings += _nameless(info[info["name"] == ""])
    info = distinct_vms(info[info["name"] != ""].reset_index(drop=True), findings)
    network = tabs.network.assign(place=_places(tabs.network))
    network["vm"] = _owners(network, info)
    lost = network["vm"] == ""
    if lost.any():
        detail = (
            f"left out {counted(int(lost.sum()), 'row')} of vNetwork: of VMs that are not in vInfo"
        )
        findings.append(Finding("warning", "unknown_vms", "vms", detail))
    return info, network[~lost]


def distinct_vms(info: pd.DataFrame, findings: list[Finding]) -> pd.DataFrame:
    """Return the rows of VMs with their ids as ``vm``, and vCenter and number as ``place``.

    ``info`` has columns name, uuid, vcenter and number. Without a UUID, or where two VMs share
    one, the id is vCenter and number; without these it is the name, of namesakes name and number.
    Rows of a VM that is there already are left out.
    """
    info = info.assign(place=_places(info))
    info["vm"] = _ids(info, findings)
    again = info["vm"].duplicated()
    bare = again & (info["vm"] == info["name"])
    for name in info.loc[bare, "name"].drop_duplicates():
        detail = "a VM of this name is there, and no UUID or VM ID tells them apart: left out"
        findings.append(Finding("warning", "vm_without_id", name, detail))
    findings += _perhaps_copies(info, info[again & ~bare])
    if (again & ~bare).any():
        detail = (
            f"{counted(int((again & ~bare).sum()), 'row')} of VMs that were there before: left out"
        )
        findings.append(Finding("info", "repeated_vms", "vms", detail))
    return info[~again].reset_index(drop=True)


def _perhaps_copies(info: pd.DataFrame, again: pd.DataFrame) -> Iterator[Finding]:
    """Yield the rows ``again`` of a VM that has another name there, and not the same place."""
    rows = info.drop_duplicates("vm")[["vm", "name", "place"]].itertuples(index=False, name=None)
    first = {vm: (name, place) for vm, name, place in rows}
    for vm, name, place in again[["vm", "name", "place"]].itertuples(index=False, name=None):
        known, where = first[vm]
        if name.casefold() != known.casefold() and (place != where or not place):
            detail = (
                f"the UUID of {known} and {name}: {name} left out; if they are two, export both "
                "with vCenter and VM ID, which tell them apart"
            )
            yield Finding("warning", "shared_uuid", vm, detail)


def _nameless(rows: pd.DataFrame) -> list[Finding]:
    """Say which rows tell of no VM by name, and what else is known of the first ones."""
    if rows.empty:
        return []
    known = (rows["uuid"].where(rows["uuid"] != "", rows["number"])).tolist()
    first = ", ".join(
        f"{where} (VM UUID {what})" if what else where
        for where, what in zip(rows["where"].tolist()[:3], known, strict=False)
    )
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    count = "1 row" if len(rows) == 1 else f"{len(rows)} rows"
    detail = f"{count} without a name left out: {first}{more}"
    return [Finding("warning", "row_without_name", "vms", detail)]


def _places(rows: pd.DataFrame) -> pd.Series[str]:
    """Return vCenter and VM ID of each row, "" where one of them is not known."""
    known = (rows["vcenter"] != "") & (rows["number"] != "")
    return (rows["vcenter"] + "/" + rows["number"]).where(known, "")


def _ids(info: pd.DataFrame, findings: list[Finding]) -> pd.Series[str]:
    uuid = info["uuid"]
    placed = info[(uuid != "") & (info["place"] != "")]
    homes = placed["place"].groupby(uuid).nunique()
    shared = homes.index[homes > 1]
    for text in shared:
        detail = "the UUID of more than one VM: their ids are vCenter and VM ID"
        findings.append(Finding("warning", "shared_uuid", text, detail))
    unplaced = info[(uuid != "") & (info["place"] == "")]
    called = (unplaced["name"] + "/" + unplaced["number"]).str.strip("/").groupby(uuid).unique()
    copies = called[called.map(len) > 1]
    for text, names in copies.items():
        detail = f"the UUID of {', '.join(names[:3])}, perhaps copies: their ids are their names"
        findings.append(Finding("warning", "shared_uuid", str(text), detail))
    ids = uuid.where(~uuid.isin(shared) | (info["place"] == ""), "")
    ids = ids.where(~uuid.isin(copies.index) | (info["place"] != ""), "")
    ids = ids.where(ids != "", info["place"])
    numbered = info["name"] + "/" + info["number"]
    alike = (ids == "") & (info["number"] != "") & info["name"].duplicated(keep=False)
    ids = ids.where(~alike, numbered)
    return ids.where(ids != "", info["name"])


def _owners(network: pd.DataFrame, info: pd.DataFrame) -> pd.Series[str]:
    """Return the id of the VM of each row of vNetwork, "" where there is none.

    A name counts only where it is one VM's, and one of the two has nothing better.
    """
    bare = info["vm"] == info["name"]
    owner = _found(network["place"], info["place"], info["vm"])
    owner = owner.where(owner != "", _found(network["uuid"], info["uuid"], info["vm"]))
    by_bare = _found(network["name"], info["name"][bare], info["vm"][bare])
    owner = owner.where(owner != "", by_bare)
    unnamed = (network["place"] == "") & (network["uuid"] == "")
    by_name = _found(network["name"], info["name"], info["vm"])
    return owner.where((owner != "") | ~unnamed, by_name)


def _found(asked: pd.Series[str], keys: pd.Series[str], ids: pd.Series[str]) -> pd.Series[str]:
    once = ~keys.duplicated(keep=False) & (keys != "")
    index = pd.Index(keys[once].tolist())
    place = index.get_indexer(pd.Index(asked.tolist())) if len(index) else np.full(len(asked), -1)
    found = np.append(ids[once].to_numpy(dtype=object), "")[place]
    return pd.Series(found, asked.index, dtype="str")
