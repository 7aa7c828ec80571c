"""Turns names of VMs into ids wherever a table asks for an id: people know names.

A name counts where it is one VM's; case matters only where two differ in nothing else. Names of
several VMs are told and stay as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import pandas as pd

from models.diagnostics import Finding, counted
from models.imported_tables import Inventory

REFERRING = ("job_vms", "current")  # tables whose column vm names a VM of vms
SHOWN = 3


class VmNames:
    """The ids of VMs, and whose each name is; rows are (id, name)."""

    def __init__(self, rows: Iterable[tuple[str, str]]) -> None:
        self.ids: set[str] = set()
        self._exact: dict[str, set[str]] = defaultdict(set)
        self._folded: dict[str, set[str]] = defaultdict(set)
        for vm, name in rows:
            self.ids.add(vm)
            if name:
                self._exact[name].add(vm)
                self._folded[name.casefold()].add(vm)

    def owners(self, text: str) -> set[str]:
        """Return the ids that ``text`` may mean: itself, or those of VMs of this name."""
        if text in self.ids:
            return {text}
        return self._exact.get(text) or self._folded.get(text.casefold(), set())

    def namesakes(self, text: str) -> set[str]:
        """Return the other VMs that have the id ``text`` for a name, none where it is no id."""
        return self._exact.get(text, set()) - {text} if text in self.ids else set()


def with_ids(
    inventory: Inventory, tables: Mapping[str, pd.DataFrame], findings: list[Finding]
) -> Inventory:
    """Return ``inventory`` with ids in place of names, for VMs of ``tables`` or its own.

    ``tables`` are the estate's. A VM that the inventory knows by name only is the estate's VM of
    this name, and one that the estate knows by name only is the inventory's.
    """
    new = dict(inventory.tables)
    if "vms" in new:
        ids = _same_vms(new["vms"], tables["vms"])
        if ids:
            detail = f"{counted(len(ids), 'VM')} found again by name"
            findings.append(Finding("info", "vms_by_name", "vms", detail))
            new = {name: _renamed(table, ids) for name, table in new.items()}
    rows = [_pairs(table) for table in (tables["vms"], new.get("vms")) if table is not None]
    names = VmNames(pair for pairs in rows for pair in pairs)
    for name in REFERRING:
        if name in new:
            new[name] = resolved(new[name], names)
    return replace(inventory, tables=new)


def resolved(table: pd.DataFrame, names: VmNames) -> pd.DataFrame:
    """Return a table whose ``vm`` holds ids where a name is one VM's."""
    ids: dict[str, str] = {}
    for text in map(str, table["vm"].unique()):
        owners = names.owners(text)
        if len(owners) == 1:
            ids[text] = next(iter(owners))
    if all(old == new for old, new in ids.items()):
        return table
    return _renamed(table, ids).drop_duplicates(["job", "vm"], ignore_index=True)


def ambiguous_names(
    table: pd.DataFrame, names: VmNames, file: str, places: pd.DataFrame
) -> Iterator[Finding]:
    """Yield the names in ``table`` that are several VMs', with their ids and ``places``."""
    known = places.reindex(columns=["vm", "datacenter", "vcenter"], fill_value="")
    where = {
        str(vm): " (" + ", ".join(filter(None, told)) + ")" if any(told) else ""
        for vm, *told in known.itertuples(index=False)
    }
    for text in map(str, table["vm"].unique()):
        owners = sorted(names.owners(text))
        if len(owners) > 1:
            some = ", ".join(vm + where.get(vm, "") for vm in owners[:SHOWN])
            more = ", ..." if len(owners) > SHOWN else ""
            detail = f"the name of {len(owners)} VMs: write one's id in {file}: {some}{more}"
            yield Finding("warning", "ambiguous_name", text, detail)
        elif others := sorted(names.namesakes(text)):
            detail = (
                f"in {file} taken for the id of a VM, though {', '.join(others[:SHOWN])} has it "
                "for a name: write that id, if it is meant"
            )
            yield Finding("warning", "ambiguous_name", text, detail)


def _same_vms(new: pd.DataFrame, old: pd.DataFrame) -> dict[str, str]:
    """Return the estate's id of each new VM that is there by another id, but by its name.

    One of the two has to be known by name only, and the name has to be one VM's on both sides.
    """
    if new.empty or old.empty:
        return {}
    known, told = VmNames(_pairs(old)), VmNames(_pairs(new))
    bare = VmNames((vm, vm) for vm, name in _pairs(old) if name in ("", vm))
    spellings = Counter((name or vm).casefold() for vm, name in _pairs(new))
    ids = {}
    for vm, name in _pairs(new):
        called = name or vm
        if vm in known.ids or len(told.owners(called) or {vm}) > 1:
            continue
        found = known.owners(vm) if name in ("", vm) else set()
        if len(found) != 1 and (called in bare.ids or spellings[called.casefold()] == 1):
            found = bare.owners(called)
        if len(found) == 1:
            ids[vm] = next(iter(found))
    return ids


def _pairs(vms: pd.DataFrame) -> list[tuple[str, str]]:
    full = vms.reindex(columns=["vm", "name"], fill_value="")
    return list(zip(full["vm"].tolist(), full["name"].tolist(), strict=True))


def _renamed(table: pd.DataFrame, ids: Mapping[str, str]) -> pd.DataFrame:
    if "vm" not in table:
        return table
    return table.assign(vm=table["vm"].map(lambda vm: ids.get(vm, vm)).astype("str"))
