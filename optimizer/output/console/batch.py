"""A batch as a table: in a file, on the terminal, and as a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models.aims import AIMS
from models.batch_result import STATUSES, WEEK_COLUMNS, EstateResult
from optimizer.files.csv_writer import write_csv
from optimizer.files.reading import text_of_name
from optimizer.output.console.export import printable_name
from optimizer.output.console.terminal import Terminal

SHOWN = 20
FIGURES = ("tasks", "unassigned", "findings")
COLUMNS = (
    "estate", "status", *FIGURES, *WEEK_COLUMNS,
    *(f"{aim}_{part}" for aim in AIMS for part in ("value", "bound", "proven", "proof")),
    "seconds", "peak_memory", "error",
)  # fmt: skip


def write_table(rows: Sequence[EstateResult], path: Path) -> None:
    """Write a line per estate; a cell that says nothing of it is empty."""
    lines = [cells(row) for row in rows]
    write_csv(path, {name: [line[name] for line in lines] for name in COLUMNS})


def cells(row: EstateResult) -> dict[str, str]:
    """Return the text of each of COLUMNS; ``peak_memory`` in bytes."""
    found = dict.fromkeys(COLUMNS, "")
    found |= {
        "estate": text_of_name(row.estate),
        "status": row.status,
        "error": text_of_name(row.error),
    }
    for name in (*FIGURES, "peak_memory"):
        value = getattr(row, name)
        found[name] = "" if value is None else str(value)
    found |= {name: str(value) for name, value in row.week.items()}
    found["seconds"] = "" if row.seconds is None else f"{row.seconds:.3f}"
    for aim in row.aims:
        found[f"{aim.aim}_value"] = str(aim.value)
        found[f"{aim.aim}_bound"] = str(aim.bound)
        found[f"{aim.aim}_proven"] = str(aim.proven).lower()
        found[f"{aim.aim}_proof"] = aim.proof
    return found


def record(rows: Sequence[EstateResult], out: str) -> dict[str, Any]:
    """Return the same as a document."""
    named = [
        asdict(row) | {"estate": text_of_name(row.estate), "error": text_of_name(row.error)}
        for row in rows
    ]
    return {"out": out, "counts": counts(rows), "estates": named}


def counts(rows: Sequence[EstateResult]) -> dict[str, int]:
    """Return how many estates there are of each status that occurs."""
    found = Counter(row.status for row in rows)
    return {status: found[status] for status in STATUSES if found[status]}


def print_batch(rows: Sequence[EstateResult], out: str) -> None:
    """Print why estates failed, how many there are of each status, and where the summary is."""
    console = Terminal()
    for line in _lines(rows, out):
        console.tell(line)


def _lines(rows: Sequence[EstateResult], out: str) -> Iterator[str]:
    lost = [row for row in rows if row.status == "failed"]
    for row in lost[:SHOWN]:
        yield f"{printable_name(row.estate)}: {printable_name(row.error.splitlines()[0])}"
    if len(lost) > SHOWN:
        yield f"... {len(lost) - SHOWN} more failed"
    told = ", ".join(f"{count} {status}" for status, count in counts(rows).items())
    yield f"{len(rows)} estates: {told}; summary.csv and summary.html written to {out}"
