"""Writes an estate to start from: every table with one example row, and commented settings."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from models.errors import OutputError
from models.schema import TABLES, Table
from optimizer.files.atomic_folder import write_atomically

SETTINGS_FILE = "estate.toml"
SETTINGS = """\
# One estate is one backup server and everything it manages.
# Every setting is optional; those in comments show what they would look like.

format = 1
name = "example"
# ruleset = "v12"              # which version's rules: v12 | v13

[license]
# type = "vul"                 # vul | socket
# edition = "enterprise"       # socket only: standard | enterprise | enterprise_plus

[connections]
# powershell_direct = true     # may Hyper-V VMs be reached through their host?

[failover]
# capacity = "report"          # report | enforce: must the backup server be able to stand in?
# survive = "server"           # server | site: for which single loss
# tasks = 400                  # tasks it may run while it stands in; default: its max_tasks

[planning]
# balance = "tasks"            # tasks | utilisation
# objectives = [               # the first four come first; re-order or leave out the others
#   "coverage", "tier1", "tier2", "tier3",
#   "protected", "same_site", "peak", "balance", "moves",
# ]

[lists]                        # what is wished of the servers that a plan selects in jobs
# first = "limits"             # limits | tiers: which aims of the week come first
# free = []                    # jobs that need not keep the servers that they name, or "all"
# keep = []                    # jobs never to touch
# most_changes = 5             # change at most so many jobs, the best first; default: any number
# least_servers = 1            # a list that is set has at least so many servers
# cross_sites = true           # false: no server outside the sites of the job's VMs

[planning.tolerance]           # share of an earlier aim that later ones may give back; default 0
# peak = 0.05
"""


def init(folder: Path) -> list[Path]:
    """Write the templates to ``folder``, all or none, and return their paths.

    Raises OutputError where one of the files is there already, before any is written.
    """
    files = {f"{table.name}.csv": _template(table) for table in TABLES} | {SETTINGS_FILE: SETTINGS}
    with write_atomically(folder, last=SETTINGS_FILE) as fresh:
        for name, text in files.items():
            if (folder / name).exists():
                raise OutputError(
                    f"{folder / name} is there already; choose another folder or move it away"
                )
            (fresh / name).write_text(text, encoding="utf-8", newline="")
    return [folder / name for name in files]


def _template(table: Table) -> str:
    """Return the table's header and its example row as CSV."""
    content = io.StringIO()
    writer = csv.writer(content, lineterminator="\n")
    writer.writerow(column.name for column in table.columns)
    writer.writerow(column.example for column in table.columns)
    return content.getvalue()
