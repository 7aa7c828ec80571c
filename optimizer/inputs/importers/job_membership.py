"""Finds the VMs of each job: those that it names, and those in the containers it names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from models.diagnostics import Finding
from optimizer.inputs.importers.completeness import Gap
from optimizer.inputs.importers.vm_identity import place_keys

NAMED = {"datacenter": "datacenter", "cluster": "cluster", "host": "host"}
PATHS = {"folder": "folder", "resourcepool": "resource_pool"}
MANAGER = "vcenterserver"
IMPORT = "import an inventory that knows (RVTools), or list its VMs in job_vms.csv"


class VmContainers:
    """The places of all VMs that inventories told of."""

    def __init__(self, places: pd.DataFrame) -> None:
        self._places = places
        self._manager = places["vcenter"].str.lower()

    def vms(self, kind: str, manager: str, name: str) -> tuple[list[str], str]:
        """Return the VMs in a container, and "", or none, and why they are not known."""
        kind = kind.lower()
        there = self._at(manager)
        if there.empty:
            return [], f"no inventory tells of the VMs of {manager!r}; {IMPORT}"
        if kind == MANAGER:
            return there["vm"].tolist(), ""
        if kind in NAMED:
            found = there[there[NAMED[kind]].str.lower() == name.lower()]
        elif kind in PATHS:
            paths = there[PATHS[kind]].str.lower()
            within = paths.map({path: _up_to(path, name.lower()) for path in paths.unique()})
            found = there[within != ""]
            if within[within != ""].nunique() > 1:
                return [], "several have this name; list the VMs of the right one in job_vms.csv"
        else:
            return [], "no inventory tells which VMs are in it; list them in job_vms.csv"
        return found["vm"].tolist(), "" if len(found) else f"no VM is known to be in it; {IMPORT}"

    def _at(self, manager: str) -> pd.DataFrame:
        """Return the VMs of a manager: by its name, else the only one of that short name."""
        exact = self._places[self._manager == manager.lower()]
        if len(exact):
            return exact
        short = self._manager.str.split(".").str[0] == manager.lower().partition(".")[0]
        alike = self._manager[short & (self._manager != "")].unique()
        return self._places[self._manager.isin(alike)] if len(alike) == 1 else exact


def _up_to(path: str, name: str) -> str:
    """Return ``path`` as far as the part that is called ``name``, "" where none is.

    >>> _up_to("/dc1/vm/sql/old", "sql")
    '/dc1/vm/sql'
    """
    parts = path.split("/")
    return "/".join(parts[: parts.index(name) + 1]) if name in parts else ""


VM = "virtualmachine"
FACTS = ("vss", "gmsa_domain")
INCLUDE = "include"


@dataclass(frozen=True, slots=True)
class JobMembers:
    """Rows that follow from what jobs take in, and a gap for each object that stays unknown.

    ``excluded`` are the pairs of job and VM that a job leaves out.
    """

    tables: Mapping[str, pd.DataFrame]
    gaps: tuple[Gap, ...]
    excluded: frozenset[tuple[str, str]]


@dataclass
class _Finder:
    tables: Mapping[str, pd.DataFrame]
    vms: list[tuple[str, ...]] = field(default_factory=list)
    places: list[tuple[str, ...]] = field(default_factory=list)
    doubts: dict[tuple[str, str], dict[str, list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places = self.tables["vm_places"]
        ids, names = (self.tables["vms"][column].tolist() for column in ("vm", "name"))
        placed, objects = (places[column].tolist() for column in ("vm", "object"))
        self.by_place = dict(zip(place_keys(places).tolist(), placed, strict=True))
        self.by_id = {vm.lower(): vm for vm in ids}
        self.object = dict(zip(placed, objects, strict=True))
        self.manager = dict(zip(placed, places["vcenter"].tolist(), strict=True))
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
            if len(alike) == 1:
                known = alike[0]
            else:
                namesakes = alike or self.by_name.get(found["name"].lower(), [])
                if namesakes:
                    self._doubt(found, namesakes)
                known = self._new(found)
        if number:
            self.by_place[place] = known
        self._tell(known, found)
        return known

    def _doubt(self, found: Mapping[str, str], namesakes: list[str]) -> None:
        """Note a VM that nobody told of, though others have its name."""
        others = {self.manager.get(vm, "") for vm in namesakes} - {"", found["manager"]}
        other = others.pop() if len(others) == 1 and len(namesakes) == 1 else ""
        key = found["manager"], other
        self.doubts.setdefault(key, {}).setdefault(found["name"], namesakes)

    def given_up(self) -> Iterator[Finding]:
        """Yield what was taken for another VM though the name is the same, and how to settle it."""
        for (manager, other), found in self.doubts.items():
            name, namesakes = next(iter(found.items()))
            more = f" and {len(found) - 1} more" if len(found) > 1 else ""
            detail = f"{name!r}{more} of jobs"
            if other:
                detail += (
                    f" count as other VMs than those of the same name at {other!r}; "
                    f"if both are one server, give --same {manager}={other}"
                )
            else:
                some = ", ".join(namesakes[:3]) + (", ..." if len(namesakes) > 3 else "")
                detail += (
                    f" count as VMs of their own: the name is that of {some}, which may be another;"
                    " write the right id into job_vms.csv"
                )
            yield Finding("warning", "given_up_match", manager or "job_objects", detail)

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


def resolve_members(tables: Mapping[str, pd.DataFrame], findings: list[Finding]) -> JobMembers:
    """Return the VMs of the jobs in ``tables["job_objects"]``: rows of job_vms, vms, vm_places.

    VMs of a job that have the name of a known one, and were not taken for it, are told.
    """
    objects = tables["job_objects"]
    if objects.empty:
        return JobMembers({}, (), frozenset())
    finder = _Finder(tables)
    containers = VmContainers(tables["vm_places"])
    chosen: dict[str, dict[str, dict[str, None]]] = defaultdict(lambda: defaultdict(dict))
    told = _GuestFacts()
    gaps: list[Gap] = []
    for found in objects.to_dict("records"):
        row = {str(name): str(cell) for name, cell in found.items()}
        if row["type"].lower() == VM:
            vms = [finder.find(row)]
        else:
            vms, why = containers.vms(row["type"], row["manager"], row["name"])
            gaps += _gap(row, why)
        told.add(row, vms)
        chosen[row["job"]][row["use"]] |= dict.fromkeys(vms)
    findings += finder.given_up()
    pairs = [
        (job, vm)
        for job, uses in chosen.items()
        for vm in uses[INCLUDE]
        if vm not in uses["exclude"]
    ]
    return JobMembers(
        {
            "job_vms": _table(pairs, "job", "vm"),
            "vms": told.beside(
                _table(finder.vms, "vm", "name", "os", "platform", "host").drop_duplicates("vm"),
                pairs,
            ),
            "vm_places": _table(finder.places, "vm", "vcenter", "object").drop_duplicates("vm"),
        },
        tuple(gaps),
        frozenset((job, vm) for job, uses in chosen.items() for vm in uses["exclude"]),
    )


@dataclass
class _GuestFacts:
    """What jobs say of guests, `FACTS` by job and VM: of a VM itself, else of its container."""

    own: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    shared: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def add(self, row: Mapping[str, str], vms: Sequence[str]) -> None:
        """Note what a row of `JOB_OBJECTS` says of ``vms``; what it excludes plays no part."""
        facts = tuple(row.get(name, "") for name in FACTS)
        if row["use"] != "exclude":
            kept = self.own if row["type"].lower() == VM else self.shared
            for vm in vms:
                kept.setdefault((row["job"], vm), facts)

    def beside(self, vms: pd.DataFrame, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
        """Return ``vms`` with the facts of those in ``pairs`` of job and VM.

        Where jobs differ success is required, and the first gMSA counts.
        """
        found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for pair in pairs:
            facts = self.own.get(pair) or self.shared.get(pair)
            if facts and any(facts):
                found[pair[1]].append(facts)
        rows = [
            (vm, max(vss for vss, _ in facts), next((of for _, of in facts if of), ""))
            for vm, facts in found.items()
        ]
        told = _table(rows, "vm", *FACTS)
        others = told[~told["vm"].isin(vms["vm"])]
        return pd.concat([vms.merge(told, how="left", on="vm"), others]).fillna("")


def _gap(row: Mapping[str, str], why: str) -> Iterator[Gap]:
    if why:
        takes = "takes in" if row["use"] == INCLUDE else "leaves out"
        yield "job_vms.csv", row["job"], "vm", f"{takes} the {row['type']} {row['name']!r}: {why}"


def _table(rows: Sequence[tuple[str, ...]], *columns: str) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns), dtype="str")
