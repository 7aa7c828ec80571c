"""What is measured: the planner, the least that any program has to do, and the peers."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.observe import PLACES, Stopwatch, watching
from benchmarks.records import AIM, Measure, gap

MB = 1 << 20
COMMAND = "import sys; from optimizer.cli.main import main; sys.exit(main())"
PLANNED = (0, 3, 5)  # exit codes of `gip plan`: all well, tasks unassigned, aims unproven
ROOT = Path(__file__).parents[1]
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024


def gip(folder: Path, out: Path, limit: float | None, assigned: int) -> list[Measure]:
    """Do all that ``gip plan`` does, phase by phase; ``solve`` and ``plan`` hold other phases."""
    watch, groups, columns, rows = Stopwatch(), [0], [0], [0]

    def seen(name: str, result: Any) -> None:
        if name == "group_tasks":
            groups.append(len(result[0].count))
        elif name == "build_program":
            columns.append(len(result[0].lower))
            rows.append(len(result[0].rows))

    with watch.timing("import"):
        from optimizer.pipeline import run_plan
    with watching(watch, seen, PLACES), watch.timing("total"):
        plan = run_plan(folder, out, limit, 1, 0, lambda step: None).plan
    aims = [
        Measure(
            AIM + aim.aim,
            aim.seconds,
            value=aim.value,
            bound=aim.bound,
            proven=aim.proven,
            gap=gap(aim.best, aim.bound),
        )
        for aim in plan.aims
    ]
    *phases, total = _phases(watch)
    total = replace(
        total,
        peak_mb=_peak_mb(),
        groups=max(groups),
        columns=max(columns),
        rows=max(rows),
        assigned=int((plan.proxy >= 0).sum()),
    )
    return [*phases, *aims, total]


def command(folder: Path, out: Path, limit: float | None, assigned: int) -> list[Measure]:
    """Run ``gip plan`` as a user does, from its start to its exit, with all that it writes.

    What it compiles is there, as the engine `gip` has run before.
    """
    return [_run_command(folder, out, limit, os.environ)]


def first(folder: Path, out: Path, limit: float | None, assigned: int) -> list[Measure]:
    """Run ``gip plan`` for the first time after an installation: what it compiles is not there."""
    with tempfile.TemporaryDirectory() as cache:
        return [_run_command(folder, out, limit, os.environ | {"NUMBA_CACHE_DIR": cache})]


def _run_command(
    folder: Path, out: Path, limit: float | None, environment: Mapping[str, str]
) -> Measure:
    words = [sys.executable, "-c", COMMAND, "plan", str(folder), "--out", str(out)]
    words += [] if limit is None else ["--time-limit", str(limit)]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    done = subprocess.run(  # noqa: S603
        words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    wall, after = perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in PLANNED:
        raise RuntimeError(f"gip plan: {done.stderr.strip() or f'exit code {done.returncode}'}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Measure("total", wall, cpu, after.ru_maxrss * MAXRSS_UNIT / MB)


def baseline(folder: Path, out: Path, limit: float | None, assigned: int) -> list[Measure]:
    """Merely read the tables into pandas and write an assignments file of ``assigned`` rows."""
    watch = Stopwatch()
    with watch.timing("import"):
        from benchmarks.baseline import read_tables, write_assignments
    with watch.timing("total"):
        with watch.timing("read"):
            tables = read_tables(folder)
        with watch.timing("write"):
            write_assignments(tables, out, assigned)
    *phases, total = _phases(watch)
    return [*phases, replace(total, assigned=assigned, peak_mb=_peak_mb())]


def peer(name: str, folder: Path, limit: float) -> list[Measure]:
    """Give the estate to a peer for ``limit`` seconds; its total is building and solving."""
    from benchmarks.peers import PEERS
    from optimizer.inputs.estate_folder.reader import read_estate

    outcome = PEERS[name](read_estate(folder), limit)
    aims = [
        Measure(
            AIM + aim,
            value=value,
            bound=outcome.bounds[aim],
            proven=outcome.proven[aim],
            gap=gap(value, outcome.bounds[aim]),
        )
        for aim, value in outcome.values.items()
    ]
    return [*aims, Measure("total", outcome.seconds, peak_mb=_peak_mb(), note=outcome.note)]


def _phases(watch: Stopwatch) -> list[Measure]:
    """Return the phases in the order in which they ended, the total last."""
    return [Measure(phase, wall, watch.cpu[phase]) for phase, wall in watch.wall.items()]


def _peak_mb() -> float:
    """Return the most memory that this process, or one that it waited for, has had."""
    most = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return most * MAXRSS_UNIT / MB
