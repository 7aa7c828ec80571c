"""Reads what jobs take in and leave out: VMs, and folders, clusters and the like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from models.diagnostics import Finding, counted
from models.imported_tables import JOB_OBJECTS
from models.ruleset import OTHER_PLATFORMS
from optimizer.inputs.importers.veeam.guest_settings import UNKNOWN_DOMAIN, GuestSettings, key_of
from optimizer.inputs.importers.veeam.jobs import aware_of
from optimizer.veeam.responses import Item, at, objects, text, truth

PLATFORMS = {"vsphere": "vmware", "vmware": "vmware", "clouddirector": "vmware", "hyperv": "hyperv"}
BY_JOB = {"hypervbackup": "hyperv"}  # where objects do not say, vSphere's
VM = "VirtualMachine"
INCLUDE, EXCLUDE, SETTING = "include", "exclude", "setting"
COLUMNS = [column.name for column in JOB_OBJECTS.columns]


def objects_table(
    jobs: Mapping[str, Item], findings: list[Finding], domains: Mapping[str, str]
) -> pd.DataFrame:
    """Return the objects of ``jobs``, a row each.

    A VM for which a job's settings turn all guest work off counts as excluded: no proxy is
    needed for it. ``domains`` are those of the gMSAs, by id.
    """
    rows: list[tuple[str, ...]] = []
    for name, job in jobs.items():
        guests = GuestSettings(job, domains)
        rows += [
            _row(name, use, found, job, guests)
            for use, all_of_it in (
                (INCLUDE, _listed(job, "includes")),
                (EXCLUDE, _listed(job, "excludes")),
                (SETTING, _not_included(job, guests.vms)),
            )
            for found in all_of_it
        ]
        if UNKNOWN_DOMAIN in {row[-1] for row in rows if row[0] == name}:
            detail = (
                "has a gMSA whose account tells no domain: no proxy, until gmsa_domain in vms has "
                "the domain"
            )
            findings.append(Finding("warning", "gmsa_domain_unknown", name, detail))
        idle = [_row(name, EXCLUDE, found, job, guests) for found in _without_work(job)]
        if idle:
            detail = (
                f"its settings turn guest processing off for {counted(len(idle), 'VM')}: no tasks"
            )
            findings.append(Finding("info", "vms_without_guest_work", name, detail))
        rows += idle
    findings += _unknown_platforms(jobs)
    called = [row for row in rows if any(row[COLUMNS.index(key)] for key in ("object", "name"))]
    if len(called) < len(rows):
        detail = f"{len(rows) - len(called)} without a name and an objectId left out"
        findings.append(Finding("warning", "row_without_name", "job_objects", detail))
    table = pd.DataFrame(called, columns=COLUMNS, dtype="str")
    return table.drop_duplicates(list(JOB_OBJECTS.key), ignore_index=True)


def _listed(job: Item, use: str) -> list[Item]:
    path = ("virtualMachines", use) if use == "includes" else ("virtualMachines", use, "vms")
    found = objects(job, *path)
    return [at(one, "inventoryObject") or one for one in found]  # wrapped up to 1.2


def _not_included(job: Item, vms: Sequence[Item]) -> list[Item]:
    included = set(map(key_of, _listed(job, "includes")))
    return [found for found in vms if key_of(found) not in included]


def _row(job: str, use: str, found: Item, of: Item, guests: GuestSettings) -> tuple[str, ...]:
    told = text(found, "platform").lower()
    platform = PLATFORMS.get(told, told) if told else BY_JOB.get(text(of, "type").lower(), "vmware")
    return (
        job,
        use,
        text(found, "type") or VM,
        text(found, "hostName"),
        text(found, "objectId"),
        text(found, "name"),
        platform,
        _os(found),
        guests.vss(found),
        guests.gmsa_domain(found),
    )


def _unknown_platforms(jobs: Mapping[str, Item]) -> list[Finding]:
    """Count the objects of platforms that nobody here knows, by platform."""
    counts: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name, job in jobs.items():
        for found in _listed(job, "includes"):
            platform = text(found, "platform")
            if platform and platform.lower() not in (*PLATFORMS, *OTHER_PLATFORMS):
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
        key_of(at(one, "vmObject"))
        for one in objects(index, "indexingSettings")
        if all(
            text(one, system, "guestFSIndexingMode").lower() in ("disable", "")
            for system in ("WindowsIndexing", "LinuxIndexing")
        )
    }
    for one in objects(aware, "appSettings"):
        found = at(one, "vmObject")
        alone = text(found, "type").lower() == VM.lower() and not aware_of(one)
        if alone and (not indexed or key_of(found) in unindexed):
            yield found
