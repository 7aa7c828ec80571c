"""Runs cases: makes each estate once, then has every engine work on it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import Case
from benchmarks.records import Measure, Row, Run, Stamp
from benchmarks.worker import Task, WorkError, run_in_process

DATA = Path(__file__).parents[2] / "shared" / "data"
PEER_LIMIT = 60.0
COMMANDS = ("first", "command")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to run: ``sizes`` in VMs, empty for each case's own; ``limit`` in seconds.

    ``whole`` runs the command as a user does, too, for the first time and later.
    """

    cases: Sequence[Case]
    sizes: Sequence[int] = ()
    seeds: Sequence[int] = (0,)
    repeats: int = 1
    peers: Sequence[str] = ()
    limit: float | None = None
    data: Path = DATA
    whole: bool = False


def run(
    wanted: Wanted,
    stamp: Stamp,
    say: Callable[[str], None],
    work: Callable[[Task], list[Measure]] = run_in_process,
) -> Iterator[Row]:
    """Yield what was measured; what fails is a row with its reason as note."""
    for case in wanted.cases:
        files = {option: wanted.data.resolve() / path for option, path in case.data}
        missing = [path.name for path in files.values() if not path.exists()]
        if missing:
            say(f"{case.name}: left out, {wanted.data} has no {', '.join(missing)}")
            continue
        for vms in wanted.sizes or case.sizes:
            for seed in wanted.seeds:
                options = case.options(vms) | {"vms": vms, "seed": seed}
                options |= {option: str(path) for option, path in files.items()}
                with tempfile.TemporaryDirectory() as scratch:
                    folder = str(Path(scratch, "estate"))
                    made = {"engine": "generate", "options": options, "alter": case.alter}
                    work(made | {"folder": folder})
                    for row in _engines(wanted, case.name, vms, seed, folder, work):
                        yield Row(stamp, *row)


def _engines(
    wanted: Wanted,
    case: str,
    vms: int,
    seed: int,
    folder: str,
    work: Callable[[Task], list[Measure]],
) -> Iterator[tuple[Run, Measure]]:
    for repeat in range(wanted.repeats):
        assigned = 0
        for engine in ("gip", "baseline", *(COMMANDS if wanted.whole else ()), *wanted.peers):
            task = {
                "engine": engine,
                "folder": folder,
                "out": f"{folder}-{engine}-{repeat}",
                "limit": wanted.limit or (PEER_LIMIT if engine in wanted.peers else None),
                "assigned": assigned,
            }
            try:
                measures = work(task)
            except WorkError as error:
                measures = [Measure("total", note=f"failed: {error}")]
            for measure in measures:
                assigned = measure.assigned or assigned
                yield Run(case, vms, seed, repeat, engine), measure
