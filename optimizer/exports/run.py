"""From a plan's folder to what the product is changed with."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from optimizer.apply.wishes import read_wishes
from optimizer.exports.document import entry, text
from optimizer.exports.interface import Interface, added
from optimizer.outputs.csv_file import BOM, write_csv
from optimizer.outputs.staging import staged

CHANGES, TABLE = "changes.json", "changes.csv"
SCRIPTS = ("Set-GuestInteractionProxies.ps1", "Undo-GuestInteractionProxies.ps1")
AUTOMATIC = "(automatic)"
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(plan: Path, out: Path, interface: Interface | None = None) -> list[dict[str, Any]]:
    """Write all files for the product into ``out``, or none; return the `entry` of each job.

    An ``interface`` adds to them what it knows. Raises PlanError where ``plan`` is not the folder
    of a plan, GipError where a job's body is none, and OutputError.
    """
    plan_files = read_wishes(plan)
    head: dict[str, Any] = {"plan": plan_files.sha256}
    entries = [entry(wish) for wish in plan_files.wishes]
    if interface is not None:
        head["revision"] = interface.revision.name
        entries = [
            known | added(wish, interface)
            for known, wish in zip(entries, plan_files.wishes, strict=True)
        ]
    with staged(out, last=CHANGES) as folder:
        (folder / CHANGES).write_bytes(text(head, entries).encode())
        _table(entries, folder / TABLE)
        for script in SCRIPTS:
            (folder / script).write_bytes(_script(script))
    return entries


def _script(name: str) -> bytes:
    """Return a script as Windows PowerShell wants it: without a BOM it is taken for ANSI."""
    lines = (resources.files(__package__) / name).read_text("utf-8").splitlines()
    return BOM + "".join(f"{line}\r\n" for line in lines).encode()


def _table(entries: Sequence[dict[str, Any]], path: Path) -> None:
    columns = {
        "job": [row["job"] for row in entries],
        "before": [named(row["before"]) for row in entries],
        "after": [named(row["after"]) for row in entries],
        "action": [row["action"] for row in entries],
    }
    write_csv(path, {name: [harmless(cell) for cell in cells] for name, cells in columns.items()})


def named(servers: Sequence[str]) -> str:
    """Return how a table names servers, or the lack of them."""
    return ";".join(servers) or AUTOMATIC


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula.

    The table is for people, who open it with a spreadsheet; no program reads it back. So a quote
    in front is right here, and would be wrong in every file whose names have to match.

    >>> harmless("=1+1")
    "'=1+1"
    """
    return f"'{cell}" if cell.startswith(FORMULA) else cell
