"""The schema of every input table: the one place that knows the columns of an estate.

Reading, templates (``gip init``) and documentation are derived from `TABLES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "name", "text", "list", "integer", "decimal", "boolean", "choice", "choices", "time", "days",
    "version", "word", "year", "listed",
]  # fmt: skip

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROLES = ("backup_server", "backup_proxy", "repository", "wan_accelerator", "hyperv_host")
LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its cells read, whether it must be there, what an empty cell means.

    ``default`` is what an empty cell stands for; None means that it may not be empty.
    """

    name: str
    kind: Kind
    meaning: str
    example: str
    required: bool = False
    default: str | None = ""
    low: int = 0
    high: int = LARGEST
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, and the columns whose values together are unique."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = True

    def column(self, name: str) -> Column:
        """Return the column called ``name``; KeyError where there is none."""
        return next((c for c in self.columns if c.name == name), None) or _missing(self.name, name)


def _missing(table: str, column: str) -> Column:
    raise KeyError(f"{table} has no column {column}")


SERVERS = Table(
    "servers",
    "managed servers, each a possible guest interaction proxy",
    (
        Column("server", "listed", "unique name", "vbr-01", True, None),
        Column("os", "text", "operating system, as inventories write it",
               "Microsoft Windows Server 2022 (64-bit)", True, None),
        Column("roles", "choices", "roles it has; exactly one server is the backup_server",
               "backup_server", True, choices=ROLES),
        Column("networks", "list", "network names, or IP addresses that fall in one",
               "hq-servers", True, None),
        Column("max_tasks", "integer", "tasks it may run at once; empty = no limit", "50", low=1),
        Column("running_tasks", "integer", "tasks of other roles that it runs all the time", "0",
               default="0"),
        Column("managed", "boolean", "added to the backup console", "true", default="true"),
        Column("available", "boolean", "online now", "true", default="true"),
        Column("excluded", "boolean", "not wanted as a proxy", "false", default="false"),
        Column("powershell_version", "version", "empty = none or unknown", "5.1"),
        Column("domain", "word", "the Active Directory domain that it is joined to; a VM with a "
               "gMSA asks for it", ""),
    ),
    ("server",),
)  # fmt: skip

NETWORKS = Table(
    "networks",
    "the networks that servers and VMs are in",
    (
        Column("network", "listed", "unique name", "hq-servers", True, None),
        Column("cidr", "text", "its address range, IPv4 or IPv6", "10.0.1.0/24"),
        Column("site", "text", "the site it is at", "hq"),
    ),
    ("network",),
)

LINKS = Table(
    "links",
    "which network or router passes guest-processing traffic on to which; "
    "without this table every network reaches every other",
    (
        Column("from", "name", "network or router", "hq-servers", True, None),
        Column("to", "name", "network or router", "rtr-hq", True, None),
        Column("both_ways", "boolean", "traffic may start at either end", "true", default="true"),
        Column("up", "boolean", "in service", "true", default="true"),
        Column("latency_ms", "decimal", "for people; the plan does not read it", "0.2"),
    ),
    (),
    required=False,
)

VMS = Table(
    "vms",
    "the virtual machines",
    (
        Column("vm", "name", "unique id", "vm-0001", True, None),
        Column("os", "text", "operating system; empty = unknown",
               "Microsoft Windows Server 2019 (64-bit)", True),
        Column("networks", "list", "network names or IP addresses; empty = unknown",
               "hq-servers", True),
        Column("name", "text", "for people", "payroll"),
        Column("platform", "word", "vmware, hyperv, or what the vendor calls another, such as "
               "nutanix or proxmox; empty = unknown", "vmware"),
        Column("host", "text", "server name of its Hyper-V host", ""),
        Column("host_version", "year", "Windows version of that host", ""),
        Column("available", "boolean", "can be processed", "true", default="true"),
        Column("gmsa_domain", "word", "the domain of the gMSA by which its guest is processed; "
               "empty = no gMSA", ""),
        Column("vss", "choice", "require_success: the backup of the VM fails if its guest cannot "
               "be processed; ignore_failures: it is crash-consistent then; empty = unknown", "",
               choices=("require_success", "ignore_failures")),
    ),
    ("vm",),
)  # fmt: skip

JOBS = Table(
    "jobs",
    "the jobs, when they run and what they do inside the guests",
    (
        Column("job", "name", "unique name", "nightly", True, None),
        Column("start", "time", "HH:MM", "22:00", True, None),
        Column("duration_minutes", "integer", "how long it runs", "120", True, None, 1, 10080),
        Column("type", "choice", "backup or replication", "backup", default="backup",
               choices=("backup", "replication")),
        Column("enabled", "boolean", "runs at all", "true", default="true"),
        Column("application_aware", "boolean", "application-aware processing", "true",
               default="false"),
        Column("indexing", "boolean", "guest file system indexing", "false", default="false"),
        Column("log_processing", "boolean", "transaction log processing", "false",
               default="false"),
        Column("days", "days", "daily, or any of mon to sun", "daily", default="daily"),
        Column("proxies", "list", "servers selected by hand; empty = automatic", ""),
    ),
    ("job",),
)  # fmt: skip

JOB_VMS = Table(
    "job_vms",
    "which VMs a job processes",
    (
        Column("job", "name", "a job of jobs", "nightly", True, None),
        Column("vm", "name", "a VM of vms", "vm-0001", True, None),
    ),
    ("job", "vm"),
)

CURRENT = Table(
    "current",
    "which server does the task today",
    (
        Column("job", "name", "a job of jobs", "nightly", True, None),
        Column("vm", "name", "a VM of vms", "vm-0001", True, None),
        Column("proxy", "name", "the server", "vbr-01", True, None),
    ),
    ("job", "vm"),
    required=False,
)

SITES = Table(
    "sites",
    "where sites are, for the map of a report; the plan does not read it",
    (
        Column("site", "name", "a site of networks", "hq", True, None),
        Column("latitude", "decimal", "degrees north, below 0 south", "35.69", True, None),
        Column("longitude", "decimal", "degrees east, below 0 west", "139.69", True, None),
    ),
    ("site",),
    required=False,
)

TABLES = (SERVERS, NETWORKS, LINKS, VMS, JOBS, JOB_VMS, CURRENT)
