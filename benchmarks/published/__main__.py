"""``python -m benchmarks.published``: problems whose best values others have published."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from benchmarks.published import generalised_assignment, semi_matching
from benchmarks.published.semi_matching_instances import FAMILIES
from benchmarks.records import Measure, Row, Run, stamp, write_rows
from optimizer.solver.lexicographic import THOROUGH

out_file = click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="FILE.csv",
    help="Results are appended.",
)  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def published() -> None:
    """Solve problems whose best values are known, by what `gip plan` solves with."""


@published.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("instances", nargs=-1, required=True)
@click.option("--time-limit", type=click.FloatRange(min=0), metavar="S",
              help="Seconds for each instance; default: none.")  # fmt: skip
@click.option("--effort", type=click.FloatRange(min=0), default=THOROUGH, show_default=True,
              help="Of the search that closes the gap; the default is a plan's.")  # fmt: skip
@out_file
def assignment(
    folder: Path, instances: tuple[str, ...], time_limit: float | None, effort: float, out: Path
) -> None:
    """Solve INSTANCES of generalised assignment from FOLDER.

    FOLDER has files in OR-Library's format and the table of best known values, data.csv, as the
    public repository fontanf/generalizedassignmentsolver has them.
    """
    _write(out, generalised_assignment.measure(folder, instances, time_limit, effort))


@published.command("semi-matching")
@click.option("--family", "families", multiple=True, type=click.Choice(list(FAMILIES)),
              help="Default: all.")  # fmt: skip
@click.option("--tasks", "sizes", multiple=True, type=click.IntRange(min=1), default=(10_000,),
              show_default=True)  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@out_file
def semi_matching_(families: tuple[str, ...], sizes: tuple[int, ...], seed: int, out: Path) -> None:
    """Plan random semi-matchings, beside an algorithm that is made for them."""
    for tasks in sizes:
        for family in families or FAMILIES:
            _write(out, semi_matching.measure(family, tasks, seed))


def _write(out: Path, measured: Iterable[tuple[Run, Measure]]) -> None:
    today = stamp()
    for row in write_rows(out, (Row(today, run, found) for run, found in measured)):
        click.echo(_line(row.run, row.measure))


def _line(run: Run, found: Measure) -> str:
    """Return a measure as a line: the name, then what there is."""
    figures: dict[str, tuple[Any, Callable[[Any], str]]] = {
        "value": (found.value, "{:,}".format),
        "bound": (found.bound, "{:,}".format),
        "s": (found.wall_s, "{:.2f}".format),
        "CPU s": (found.cpu_s, "{:.2f}".format),
    }
    told = [f"{name} {show(figure)}" for name, (figure, show) in figures.items()
            if figure is not None]  # fmt: skip
    return f"{run.case} {run.engine} {found.phase}: {', '.join(told)} {found.note}".rstrip()


if __name__ == "__main__":
    published(prog_name="python -m benchmarks.published")
