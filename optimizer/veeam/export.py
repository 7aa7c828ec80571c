"""From a plan's folder to what the product is changed with: data, and a table for the hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from optimizer.files.atomic_folder import write_atomically
from optimizer.files.csv_writer import write_csv
from optimizer.veeam.changes import NOT_AS_SEEN, changes_entry, changes_text
from optimizer.veeam.live_job_state import LiveJobState, add_state, kept_entry
from optimizer.veeam.planned_lists import read_planned_lists

CHANGES, TABLE = "changes.json", "changes.csv"
AUTOMATIC = "(automatic)"


def export_plan(
    plan: Path, out: Path, interface: LiveJobState | None = None
) -> list[dict[str, Any]]:
    """Write all files for the product into ``out``, or none; return each job's `changes_entry`.

    Jobs that keep what they have are not among them. An ``interface`` adds what it knows, and the
    kept jobs that are no longer as the plan saw them: told, but not in the file of changes.

    Raises PlanError where ``plan`` is not the folder
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
        entries += [entry for job in plan_files.kept if (entry := kept_entry(job, interface))]
    with write_atomically(out, last=CHANGES) as folder:
        to_set = [entry for entry in entries if entry["action"] != NOT_AS_SEEN]
        (folder / CHANGES).write_bytes(changes_text(head, to_set).encode())
        _table(entries, folder / TABLE)
    return entries


def _table(entries: Sequence[dict[str, Any]], path: Path) -> None:
    """Write a row for each job: what to select, and which servers that adds and takes out."""
    columns = {
        "job": [row["job"] for row in entries],
        "before": [named(row["before"]) for row in entries],
        "after": [named(row["after"]) for row in entries],
        "add": [_only_in(row["after"], row["before"]) for row in entries],
        "remove": [_only_in(row["before"], row["after"]) for row in entries],
        "action": [row["action"] for row in entries],
        "reason": [row["reason"] for row in entries],
    }
    write_csv(path, columns)


def _only_in(servers: Sequence[str], others: Sequence[str]) -> str:
    return ";".join(name for name in servers if name not in others)


def named(servers: Sequence[str]) -> str:
    """Return how a table names servers, or the lack of them."""
    return ";".join(servers) or AUTOMATIC
