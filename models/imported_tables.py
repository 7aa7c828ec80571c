"""What an inventory tells of an estate: rows of its tables, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from models.diagnostics import Finding
from models.schema import Column, Table

VM_PLACES = Table(
    "vm_places",
    "where inventories say that a VM is; the plan does not read it, jobs may name these places",
    (
        Column("vm", "name", "a VM of vms", "vm-0001", True, None),
        Column("vcenter", "text", "the server that manages it", "vcenter.example.com"),
        Column("object", "text", "its id there", "vm-1004"),
        Column("datacenter", "text", "name", "Tokyo"),
        Column("cluster", "text", "name", "prod-01"),
        Column("host", "text", "name", "esx-07.example.com"),
        Column("folder", "text", "path", "Tokyo/vm/SQL"),
        Column("resource_pool", "text", "path", "Tokyo/prod-01/Resources/SQL"),
    ),
    ("vm",),
    required=False,
)

JOB_OBJECTS = Table(
    "job_objects",
    "what a job takes in or leaves out, by its own settings; the plan reads job_vms",
    (
        Column("job", "name", "a job of jobs", "nightly", True, None),
        Column("use", "choice", "include, exclude, or setting: what it says of a VM that it takes "
               "in by a container", "include", True, None,
               choices=("include", "exclude", "setting")),
        Column("type", "text", "VirtualMachine, Folder, Cluster and others", "Folder", True, None),
        Column("manager", "text", "the server that manages it", "vcenter.example.com"),
        Column("object", "text", "its id there", "group-v12"),
        Column("name", "text", "what people call it", "SQL"),
        Column("platform", "word", "vmware, hyperv, or what the vendor calls another", "vmware"),
        Column("os", "text", "of a VM, where it is known", ""),
        Column("vss", "choice", "as in vms", "", choices=("require_success", "ignore_failures")),
        Column("gmsa_domain", "word", "as in vms", ""),
    ),
    ("job", "use", "type", "manager", "object", "name"),
    required=False,
)  # fmt: skip

SIDE_TABLES = (VM_PLACES, JOB_OBJECTS)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file, or a page of an interface, that an inventory was read from."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one source knows.

    ``tables`` gives tables of the estate and `SIDE_TABLES`, by name, columns of text: those of the
    table's columns that the source speaks of, the key among them; a cell is "" where the source
    does not know. Rows are unique by the table's key. ``settings`` gives keys of estate.toml,
    dotted. ``used`` has a row for each run whose proxy is known, columns job, name (of a VM) and
    proxy, the latest first. ``findings`` say what was assumed or left out. In the columns
    ``emptied``, pairs of table and column, a cell is "" where the source knows that it is empty.
    """

    tables: Mapping[str, pd.DataFrame]
    files: tuple[SourceFile, ...]
    findings: tuple[Finding, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    used: pd.DataFrame | None = None
    emptied: frozenset[tuple[str, str]] = frozenset()
