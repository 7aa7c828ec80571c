"""A process for one piece of work, so that its peak memory is its own.

The parent imports nothing heavy: a process starts with what its parent has had as its peak.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.records import Measure

Task = Mapping[str, Any]
OWN_ENGINES = ("gip", "baseline", "command", "first")
ROOT = Path(__file__).parents[1]


class WorkError(Exception):
    """A process ended badly; the text is the last it said."""


def run_in_process(task: Task) -> list[Measure]:
    """Perform ``task`` in a fresh process; raise WorkError where it fails."""
    with tempfile.TemporaryDirectory() as scratch:
        answer = Path(scratch, "answer.json")
        command = [sys.executable, "-m", "benchmarks.worker", json.dumps(task), str(answer)]
        done = subprocess.run(  # noqa: S603
            command, cwd=ROOT, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            raise WorkError(" / ".join(said[-2:]))
        return [Measure(**measure) for measure in json.loads(answer.read_text())]


def perform(task: Task) -> list[Measure]:
    """Do what ``task`` says: make an estate, or have an engine work on one."""
    folder, engine = Path(task["folder"]), task["engine"]
    if engine == "generate":
        return make(folder, task["options"], task["alter"])
    from benchmarks import engines

    if engine in OWN_ENGINES:
        work = getattr(engines, engine)
        return list(work(folder, Path(task["out"]), task["limit"], task["assigned"]))
    return engines.peer(engine, folder, task["limit"])


def make(folder: Path, options: dict[str, Any], alter: str) -> list[Measure]:
    """Write an estate into ``folder`` and alter it."""
    from benchmarks import alterations
    from optimizer.inputs.synthetic import generate
    from optimizer.inputs.synthetic.options import Options

    paths: dict[str, Any] = {
        name: Path(options[name]) for name in ("topology", "batches") if name in options
    }
    generate(folder, Options(**(options | paths)))
    getattr(alterations, alter)(folder)
    return []


if __name__ == "__main__":
    measures = [asdict(measure) for measure in perform(json.loads(sys.argv[1]))]
    Path(sys.argv[2]).write_text(json.dumps(measures))
