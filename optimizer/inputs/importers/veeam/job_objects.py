"""Reads what jobs take in and leave out: VMs, and folders, clusters and the like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pandas as pd

from models.diagnostics import Finding
from models.imported_tables import JOB_OBJECTS
from optimizer.inputs.importers.veeam.jobs import aware_of
from optimizer.veeam.responses import Item, at, objects, text, truth

PLATFORMS = {"vsphere": "vmware", "vmware": "vmware", "clouddirector": "vmware", "hyperv": "hyperv"}
BY_JOB = {"hypervbackup": "hyperv"}  # where objects do not say, vSphere's
VM = "VirtualMachine"
INCLUDE, EXCLUDE = "include", "exclude"
COLUMNS = [column.name for column in JOB_OBJECTS.columns]


def objects_table(jobs: Mapping[str, Item], findings: list[Finding]) -> pd.DataFrame:
    """Return the objects of ``jobs``, a row each.

    A VM for which a job's settings turn all guest work off counts as excluded: no proxy is
    needed for it.
    """
    rows: list[tuple[str, ...]] = []
    for name, job in jobs.items():
        rows += [
            _row(name, use, found, job)
            for use, path in ((INCLUDE, "includes"), (EXCLUDE, "excludes"))
            for found in _listed(job, path)
        ]
        idle = [_row(name, EXCLUDE, found, job) for found in _without_work(job)]
        if idle:
            detail = f"its settings turn guest processing off for {len(idle)} VMs: no tasks"
            findings.append(Finding("info", "vms_without_guest_work", name, detail))
        rows += idle
    findings += _unknown_platforms(jobs)
    table = pd.DataFrame(rows, columns=COLUMNS, dtype="str")
    return table.drop_duplicates(list(JOB_OBJECTS.key), ignore_index=True)


def _listed(job: Item, use: str) -> list[Item]:
    path = ("virtualMachines", use) if use == "includes" else ("virtualMachines", use, "vms")
    found = objects(job, *path)
    return [at(one, "inventoryObject") or one for one in found]  # wrapped up to 1.2


def _row(job: str, use: str, found: Item, of: Item) -> tuple[str, ...]:
    told = text(found, "platform").lower()
    platform = PLATFORMS.get(told, "") if told else BY_JOB.get(text(of, "type").lower(), "vmware")
    return (
        job,
        use,
        text(found, "type") or VM,
        text(found, "hostName"),
        text(found, "objectId"),
        text(found, "name"),
        platform,
        _os(found),
    )


def _unknown_platforms(jobs: Mapping[str, Item]) -> list[Finding]:
    """Count the objects of platforms that are neither vSphere's nor Hyper-V's, by platform."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name, job in jobs.items():
        for found in _listed(job, "includes"):
            platform = text(found, "platform")
            if platform and platform.lower() not in PLATFORMS:
                counts[platform] += 1
                first.setdefault(platform, f"{text(found, 'name')!r} of {name!r}")
    return [
        Finding(
            "warning", "unknown_platform", platform,
            f"{count} objects of this platform, the first {first[platform]}: taken as neither "
            "vmware nor hyperv",
        )
        for platform, count in counts.items()
    ]  # fmt: skip


def _os(found: Item) -> str:
    """Return the guest's system; only the newest revisions tell."""
    told = {text(one, "field").lower(): text(one, "data") for one in objects(found, "metadata")}
    return told.get("guestos", "")


def _without_work(job: Item) -> Iterator[Item]:
    """Yield the VMs for which both application-aware processing and indexing are off."""
    guest = at(job, "guestProcessing")
    aware = at(guest, "appAwareProcessing") or at(guest, "applicationAwareProcessing")
    index = at(guest, "guestFSIndexing") or at(guest, "guestFileSystemIndexing")
    indexed = truth(index, "isEnabled") is True
    unindexed = {
        _key(at(one, "vmObject"))
        for one in objects(index, "indexingSettings")
        if all(
            text(one, system, "guestFSIndexingMode").lower() in ("disable", "")
            for system in ("WindowsIndexing", "LinuxIndexing")
        )
    }
    for one in objects(aware, "appSettings"):
        found = at(one, "vmObject")
        alone = text(found, "type").lower() == VM.lower() and not aware_of(one)
        if alone and (not indexed or _key(found) in unindexed):
            yield found


def _key(found: object) -> tuple[str, str]:
    return text(found, "hostName").lower(), text(found, "objectId") or text(found, "name")
