"""What a measurement says, and its form as a row of CSV."""

from __future__ import annotations

import csv
import platform
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from importlib.metadata import version
from os import cpu_count
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T", "Stamp", "Run", "Measure")
CPU_INFO = Path("/proc/cpuinfo")
AIM = "aim "


@dataclass(frozen=True, slots=True)
class Stamp:
    """When, of what and on what something was measured."""

    date: str
    commit: str
    cpu: str
    cores: int
    python: str
    ortools: str
    pandas: str
    pyarrow: str


@dataclass(frozen=True, slots=True)
class Run:
    """What was measured: ``engine`` is ``gip``, ``baseline`` or a peer's name."""

    case: str
    vms: int
    seed: int
    repeat: int
    engine: str


@dataclass(frozen=True, slots=True)
class Measure:
    """One phase: seconds, MB and counts; an aim's phase is its name after `AIM`.

    ``groups``, ``columns`` and ``rows`` are the model's, ``assigned`` the rows written. None is
    for what a phase does not have.
    """

    phase: str
    wall_s: float | None = None
    cpu_s: float | None = None
    peak_mb: float | None = None
    groups: int | None = None
    columns: int | None = None
    rows: int | None = None
    assigned: int | None = None
    value: int | None = None
    bound: int | None = None
    proven: bool | None = None
    gap: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a results file."""

    stamp: Stamp
    run: Run
    measure: Measure


def gap(value: int | None, bound: int | None) -> float | None:
    """Return how far ``value`` is from ``bound``, as a share of the bound."""
    return None if value is None or bound is None else abs(value - bound) / max(1, abs(bound))


def stamp() -> Stamp:
    """Return today's stamp; ``+`` after the commit tells that files differ from it."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = "+" if _git("status", "--porcelain", "--", "models", "optimizer") else ""
    return Stamp(
        date=date.today().isoformat(),
        commit=commit + changed,
        cpu=_cpu(),
        cores=cpu_count() or 1,
        python=platform.python_version(),
        ortools=version("ortools"),
        pandas=version("pandas"),
        pyarrow=version("pyarrow"),
    )


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(Path(__file__).parent.parent), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip()


def _cpu() -> str:
    lines = CPU_INFO.read_text().splitlines() if CPU_INFO.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


KINDS: tuple[type[Any], ...] = (Stamp, Run, Measure)
HEADER = [field.name for kind in KINDS for field in fields(kind)]
CELL: dict[str, Callable[[str], Any]] = {
    "str": str,
    "int": int,
    "int | None": lambda cell: int(cell) if cell else None,
    "float | None": lambda cell: float(cell) if cell else None,
    "bool | None": lambda cell: cell == "True" if cell else None,
}


def write_rows(path: Path, rows: Iterable[Row]) -> Iterator[Row]:
    """Append each row to ``path`` as it comes, and pass it on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = not path.exists()
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEADER, lineterminator="\n")
        if fresh:
            writer.writeheader()
        for row in rows:
            writer.writerow(asdict(row.stamp) | asdict(row.run) | asdict(row.measure))
            file.flush()
            yield row


def read_rows(paths: Sequence[Path]) -> list[Row]:
    """Return the rows of results files, in their order."""
    rows: list[Row] = []
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            rows += [_row(cells) for cells in csv.DictReader(file)]
    return rows


def _row(cells: dict[str, str]) -> Row:
    return Row(_part(Stamp, cells), _part(Run, cells), _part(Measure, cells))


def _part(kind: type[T], cells: dict[str, str]) -> T:
    return kind(**{field.name: CELL[str(field.type)](cells[field.name]) for field in fields(kind)})
