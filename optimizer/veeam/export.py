"""From a plan's folder to what the product is changed with: data, a table and scripts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from optimizer.files.atomic_folder import write_atomically
from optimizer.files.csv_writer import BOM, write_csv
from optimizer.veeam.live_job_state import LiveJobState, add_state
from optimizer.veeam.planned_lists import JobChange, read_planned_lists

FORMAT = 1
CHANGE, AS_PLANNED = "change", "as planned"
STALE, UNKNOWN, NOT_COVERED = "stale", "unknown", "not covered"


def changes_entry(wish: JobChange) -> dict[str, Any]:
    """Return what is to be done with a job, as far as the plan knows.

    ``before`` is what the plan saw; no servers mean automatic selection. The product keeps a set
    of them, so their order means nothing. ``guestInteractionProxies`` are in the form of the
    automation import, which has names.
    """
    return {
        "job": wish.job,
        "action": AS_PLANNED if set(wish.seen) == set(wish.wanted) else CHANGE,
        "reason": "",
        "before": list(wish.seen),
        "after": list(wish.wanted),
        "guestInteractionProxies": {"before": _named(wish.seen), "after": _named(wish.wanted)},
    }


def _named(servers: Sequence[str]) -> dict[str, Any]:
    return {"automaticSelection": not servers, "proxies": list(servers)}


def changes_text(head: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> str:
    """Return the file: one line for each job, in ASCII, whatever its name is made of.

    So no program takes it for another encoding, no character turns a line round, and some
    thousand jobs stay below the 2 MB that Windows PowerShell may be able to read.
    """
    begin = json.dumps({"format": FORMAT, **head})[:-1]
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    return f'{begin},\n"changes": [\n{lines}\n]}}\n'


CHANGES, TABLE = "changes.json", "changes.csv"
SCRIPTS = ("Set-GuestInteractionProxies.ps1", "Undo-GuestInteractionProxies.ps1")
AUTOMATIC = "(automatic)"


def export_plan(
    plan: Path, out: Path, interface: LiveJobState | None = None
) -> list[dict[str, Any]]:
    """Write all files for the product into ``out``, or none; return each job's `changes_entry`.

    An ``interface`` adds to them what it knows. Raises PlanError where ``plan`` is not the folder
    of a plan, GipError where a job's body is none, and OutputError.
    """
    plan_files = read_planned_lists(plan)
    head: dict[str, Any] = {"plan": plan_files.sha256}
    entries = [changes_entry(wish) for wish in plan_files.wishes]
    if interface is not None:
        head["revision"] = interface.revision.name
        entries = [
            known | add_state(wish, interface)
            for known, wish in zip(entries, plan_files.wishes, strict=True)
        ]
    with write_atomically(out, last=CHANGES) as folder:
        (folder / CHANGES).write_bytes(changes_text(head, entries).encode())
        _table(entries, folder / TABLE)
        for script in SCRIPTS:
            (folder / script).write_bytes(_script(script))
    return entries


def _script(name: str) -> bytes:
    """Return a script as Windows PowerShell wants it: without a BOM it is taken for ANSI."""
    lines = (resources.files(__package__) / "scripts" / name).read_text("utf-8").splitlines()
    return BOM + "".join(f"{line}\r\n" for line in lines).encode()


def _table(entries: Sequence[dict[str, Any]], path: Path) -> None:
    columns = {
        "job": [row["job"] for row in entries],
        "before": [named(row["before"]) for row in entries],
        "after": [named(row["after"]) for row in entries],
        "action": [row["action"] for row in entries],
    }
    write_csv(path, columns)


def named(servers: Sequence[str]) -> str:
    """Return how a table names servers, or the lack of them."""
    return ";".join(servers) or AUTOMATIC
