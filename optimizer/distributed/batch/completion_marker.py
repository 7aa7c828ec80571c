"""The completion marker of an estate, batch.json: what its plan was made with, what it took.

It is written after everything else and names the very plan.json, and the size of each table, so
that a plan which was cut short, made anew or tampered with is not taken for the finished one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from optimizer.distributed.batch.storage import INPUTS, read, sizes, write
from optimizer.files.reading import parse_json
from optimizer.output.plan_writer import tools

MARK, PLAN = "batch.json", "plan.json"
FORMAT = 1


def write_marker(
    place: str, options: dict[str, Any], seconds: float, peak_memory: int
) -> dict[str, Any]:
    """Mark the plan in ``place`` as finished; return its plan.json."""
    content = read(place, PLAN)
    record = {
        "format": FORMAT,
        "options": options,
        "plan": hashlib.sha256(content).hexdigest(),
        "tables": _tables(place),
        "seconds": round(seconds, 3),
        "peak_memory": peak_memory,
    }
    write(place, MARK, (json.dumps(record, indent=2) + "\n").encode())
    return dict(parse_json(content))


def find_finished(
    place: str, estate: Path, options: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return plan.json and marker of ``place`` where planning would repeat that plan, else None."""
    try:
        found: Any = parse_json(read(place, MARK))
        content = read(place, PLAN)
        plan: Any = parse_json(content)
        same = (
            found["format"] == FORMAT
            and found["options"] == options
            and found["plan"] == hashlib.sha256(content).hexdigest()
            and found["tables"] == _tables(place)
            and plan["tool"] == tools()
            and plan["inputs"] == _inputs(estate)
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return (plan, found) if same else None


def _tables(place: str) -> dict[str, int]:
    return {name: size for name, size in sizes(place).items() if name.endswith(".csv")}


def _inputs(estate: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((estate / name).read_bytes()).hexdigest()
        for name in INPUTS
        if (estate / name).is_file()
    }
