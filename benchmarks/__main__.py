"""``python -m benchmarks``: run, compare, report."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from benchmarks.cases import CASES, SMALLEST
from benchmarks.markdown import changes
from benchmarks.records import AIM, Row, read_rows, stamp, write_rows
from benchmarks.report import report as draw
from benchmarks.runner import DATA, Wanted
from benchmarks.runner import run as measure

RESULTS = Path(__file__).parent / "results"
results_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def benchmarks() -> None:
    """Measure the planner, and show what was measured."""


@benchmarks.command()
@click.option(
    "--case", "cases", multiple=True, type=click.Choice(list(CASES)), help="Default: all."
)
@click.option("--size", "sizes", multiple=True, type=click.IntRange(min=1), metavar="VMS",
              help=f"Default: each case's own; {SMALLEST} is enough for a look.")  # fmt: skip
@click.option("--seed", "seeds", multiple=True, type=click.IntRange(min=0), default=(0,))
@click.option("--repeat", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--whole", is_flag=True, help="Also run gip plan as a user does, from start to exit.")
@click.option("--peer", "peers", multiple=True, metavar="NAME", help="Also run this peer.")
@click.option("--time-limit", type=click.FloatRange(min=0), metavar="S",
              help="Seconds for solving; default: none, 60 for peers.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), default=DATA, help="Real inputs.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE.csv",
              help="Results are appended; default: results/DATE.csv.")  # fmt: skip
def run(
    cases: tuple[str, ...],
    sizes: tuple[int, ...],
    seeds: tuple[int, ...],
    repeat: int,
    whole: bool,
    peers: tuple[str, ...],
    time_limit: float | None,
    data: Path,
    out: Path | None,
) -> None:
    """Measure cases, each run in a process of its own."""
    chosen = [CASES[name] for name in cases or CASES]
    wanted = Wanted(chosen, sizes, seeds, repeat, peers, time_limit, data, whole)
    path = out or RESULTS / f"{date.today().isoformat()}.csv"
    failed = False
    for row in write_rows(path, measure(wanted, stamp(), click.echo)):
        failed |= _say(row)
    click.get_current_context().exit(int(failed))


def _say(row: Row) -> bool:
    """Print a run's total and its unproven aims; return whether it failed."""
    run, found = row.run, row.measure
    name = f"{run.case} {run.vms:,} {run.engine}"
    if found.proven is False and run.engine == "gip":
        click.echo(f"{name}: {found.phase.removeprefix(AIM)} unproven, gap {found.gap}")
    if found.phase != "total":
        return False
    if found.wall_s is None:
        click.echo(f"{name}: {found.note}")
        return True
    click.echo(f"{name}: {found.wall_s:.2f} s, {found.peak_mb or 0:.0f} MB {found.note}".rstrip())
    return False


@benchmarks.command()
@click.argument("a", type=results_file)
@click.argument("b", type=results_file)
def compare(a: Path, b: Path) -> None:
    """Print what both A.csv and B.csv measured, side by side."""
    click.echo(changes(read_rows([a]), read_rows([b])), nl=False)


@benchmarks.command()
@click.argument("results", nargs=-1, required=True, type=results_file)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR")
def report(results: tuple[Path, ...], out: Path) -> None:
    """Draw RESULTS.csv as a page and a Markdown table."""
    for path in draw(read_rows(results), out):
        click.echo(path)


if __name__ == "__main__":
    benchmarks(prog_name="python -m benchmarks")
