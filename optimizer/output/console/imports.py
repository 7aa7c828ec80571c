"""What an import did, for people and for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from optimizer.analysis.readiness import Readiness
from optimizer.inputs.importers.completeness import blocks
from optimizer.inputs.importers.import_pipeline import MISSING, ImportResult
from optimizer.output.console.plan import count_words
from optimizer.output.console.readiness import grouped, next_lines
from optimizer.output.console.terminal import Terminal

NEXT = {  # what to do where a table lacks what a plan needs
    "servers.csv": "gip import veeam --url https://VBR:9419 --out {out}, or gip import table "
    "SERVERS.csv --into servers ...; gip tables servers tells what it needs",
    "networks.csv": "gip import netbox --url https://NETBOX --out {out}, or gip import table "
    "SUBNETS.csv --into networks ...; gip tables networks tells what it needs",
    "jobs.csv": "gip import veeam --url https://VBR:9419 --out {out}, or gip import table "
    "JOBS.csv --into jobs ...; gip tables jobs tells what it needs",
    "job_vms.csv": "gip import table MEMBERS.csv --into job_vms --map Job=job --map VM=vm "
    "--out {out}; names of VMs will do",
    "vms.csv": "gip import rvtools EXPORT.xlsx --out {out}, or correct the names in job_vms.csv",
}
NAMES = {  # and where a table names what is not there, or not once
    "servers.csv": "correct the names in jobs.csv; a word for automatic selection goes with "
    "--value WORD= --replace",
    "job_vms.csv": "write the id in place of the name in job_vms.csv",
}


def print_import(merged: ImportResult, ready: Readiness, out: Path) -> None:
    """Print rows per table, what should be known, what blocks a plan, costs, the next command."""
    console = Terminal()
    title = f"Rows read into {out.resolve().name}"
    table = Table("table", title=title, title_justify="left")
    for name in ("new", "changed", "unchanged"):
        table.add_column(name, justify="right")
    for name, counts in merged.counts.items():
        table.add_row(name, str(counts.added), str(counts.changed), str(counts.kept))
    console.print(table)
    for line in grouped(merged.findings):
        console.tell(line)
    blocking = blocks(merged.missing)
    if blocking.any():
        console.print(_gaps("Still missing for a plan", merged.missing[blocking]))
    if not blocking.all():
        console.print(_gaps("Gaps that a plan can do with", merged.missing[~blocking]))
    for line in next_lines(ready, out) if not blocking.any() else ():
        console.tell(line)
    if len(merged.missing):
        console.tell(f"{count_words(len(merged.missing), 'gap')}, each listed in {out / MISSING}")
    if blocking.any():
        first = merged.missing[blocking].iloc[0]
        named = first["row"] and first["column"] in ("server", "vm")
        advice = (named and NAMES.get(first["file"])) or NEXT[first["file"]].format(out=out)
        console.tell(f"Next: {advice}")
    elif ready.blocking:
        console.tell(f"Next: correct this, then gip check {out}")
    elif len(merged.missing):
        console.print(f"Next: gip plan {out} --out PLAN", soft_wrap=True)
    else:
        console.print(f"Nothing is missing: gip plan {out} --out PLAN", soft_wrap=True)


def _gaps(title: str, missing: pd.DataFrame) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("file", no_wrap=True)
    table.add_column("column", no_wrap=True)
    table.add_column("gaps", justify="right", no_wrap=True)
    table.add_column("the first", overflow="fold")
    for place, gaps in missing.groupby(["file", "column"], sort=False):
        first = gaps.iloc[0]
        why = f"{first['row']}: {first['why']}" if first["row"] else first["why"]
        table.add_row(*map(str, place), str(len(gaps)), why)
    return table


def record(merged: ImportResult, ready: Readiness) -> dict[str, Any]:
    """Return the same as a document."""
    return {
        "readiness": ready.record(),
        "tables": {
            name: {"added": each.added, "changed": each.changed, "kept": each.kept}
            for name, each in merged.counts.items()
        },
        "findings": [
            {"severity": f.severity, "code": f.code, "subject": f.subject, "detail": f.detail}
            for f in merged.findings
        ],
        "missing": merged.missing.to_dict("records"),
    }
