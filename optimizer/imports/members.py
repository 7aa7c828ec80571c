"""Finds the VMs of each job: those that it names, and those in the folders and clusters it names.

Who is in a folder only an inventory of the virtual machines knows; until one is imported the job
stays without these VMs, and `missing.csv` says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from optimizer.imports.containers import Containers
from optimizer.imports.identity import place_keys
from optimizer.imports.missing import Gap

VM = "virtualmachine"
INCLUDE = "include"


@dataclass(frozen=True, slots=True)
class Members:
    """Rows that follow from what jobs take in, and a gap for each object that stays unknown."""

    tables: Mapping[str, pd.DataFrame]
    gaps: tuple[Gap, ...]


@dataclass
class _Finder:
    tables: Mapping[str, pd.DataFrame]
    vms: list[tuple[str, ...]] = field(default_factory=list)
    places: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        places = self.tables["vm_places"]
        ids, names = (self.tables["vms"][column].tolist() for column in ("vm", "name"))
        placed, objects = (places[column].tolist() for column in ("vm", "object"))
        self.by_place = dict(zip(place_keys(places).tolist(), placed, strict=True))
        self.by_id = {vm.lower(): vm for vm in ids}
        self.object = dict(zip(placed, objects, strict=True))
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for vm, name in zip(ids, names, strict=True):
            self.by_name[(name or vm).lower()].append(vm)
        self.servers = frozenset(self.tables["servers"]["server"])

    def find(self, found: Mapping[str, str]) -> str:
        """Return the id of the VM that a job names; a VM that nobody told of is a new one.

        A name counts where it is one VM's, and that VM is not known under another id.
        """
        number, place = found["object"], f"{found['manager']}/{found['object']}".lower()
        known = self.by_place.get(place) or self.by_id.get(place) or self.by_id.get(number.lower())
        if not known:
            alike = [
                vm for vm in self.by_name.get(found["name"].lower(), [])
                if self.object.get(vm, "").lower() in ("", number.lower())
            ]  # fmt: skip
            known = alike[0] if len(alike) == 1 else self._new(found)
        if number:
            self.by_place[place] = known
        self._tell(known, found)
        return known

    def _new(self, found: Mapping[str, str]) -> str:
        number, manager = found["object"], found["manager"]
        vm = f"{manager}/{number}" if manager and number else number or found["name"]
        if found["platform"] == "hyperv" and number:
            vm = number.lower()
        self.by_id[vm.lower()] = vm
        return vm

    def _tell(self, vm: str, found: Mapping[str, str]) -> None:
        host = found["manager"] if found["manager"] in self.servers else ""
        host = host if found["platform"] == "hyperv" else ""
        self.vms.append((vm, found["name"], found["os"], found["platform"], host))
        self.places.append((vm, found["manager"], found["object"]))


def members(tables: Mapping[str, pd.DataFrame]) -> Members:
    """Return the VMs of the jobs in ``tables["job_objects"]``: rows of job_vms, vms, vm_places."""
    objects = tables["job_objects"]
    if objects.empty:
        return Members({}, ())
    finder = _Finder(tables)
    containers = Containers(tables["vm_places"])
    chosen: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    gaps: list[Gap] = []
    for found in objects.to_dict("records"):
        row = {str(name): str(cell) for name, cell in found.items()}
        if row["type"].lower() == VM:
            vms = [finder.find(row)]
        else:
            vms, why = containers.vms(row["type"], row["manager"], row["name"])
            gaps += _gap(row, why)
        chosen[row["job"]][row["use"]] |= dict.fromkeys(vms)
    pairs = [
        (job, vm)
        for job, uses in chosen.items()
        for vm in uses[INCLUDE]
        if vm not in uses["exclude"]
    ]
    return Members(
        {
            "job_vms": _table(pairs, "job", "vm"),
            "vms": _table(finder.vms, "vm", "name", "os", "platform", "host").drop_duplicates("vm"),
            "vm_places": _table(finder.places, "vm", "vcenter", "object").drop_duplicates("vm"),
        },
        tuple(gaps),
    )


def _gap(row: Mapping[str, str], why: str) -> Iterator[Gap]:
    if why:
        takes = "takes in" if row["use"] == INCLUDE else "leaves out"
        yield "job_vms.csv", row["job"], "vm", f"{takes} the {row['type']} {row['name']!r}: {why}"


def _table(rows: Sequence[tuple[str, ...]], *columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns), dtype="str")
