"""``gip check``: whether an estate is sound, and whether a plan keeps every rule."""

from __future__ import annotations

from pathlib import Path

import click

from models.errors import PlanError
from optimizer.cli.options import estate_argument, reporting


@click.command(short_help="Check an estate, or a plan of it.")
@estate_argument
@click.argument("plan", required=False, type=click.Path(path_type=Path))
@reporting
def check(estate: Path, plan: Path | None, quiet: bool, as_json: bool) -> None:
    """Check ESTATE, or with PLAN, an output folder, that plan of it.

    A plan is checked from its files alone: every rule, every label and every aim's value is worked
    out again from the tables, and the week of its job lists is replayed in five variants, by code
    that gip plan does not use. What cannot be worked out again is named. Exit code 1: something is
    wrong.

    \b
    Example:
      gip check data/branch-offices
      gip check data/branch-offices out
    """
    from optimizer.analysis.readiness import readiness
    from optimizer.checker import judge
    from optimizer.files.replacement import recover
    from optimizer.inputs.estate_folder.reader import read_estate
    from optimizer.output.console.plain import print_json
    from optimizer.output.console.plan import estate_record, print_estate, print_judgement
    from optimizer.output.console.readiness import grouped, next_lines
    from optimizer.output.console.terminal import Terminal

    read = read_estate(estate)
    if plan is None:
        ready = readiness(read)
        if as_json:
            print_json(estate_record(read) | {"readiness": ready.record()})
        elif not quiet:
            print_estate(read)
            for line in (*grouped(tuple(read.findings)), *next_lines(ready, estate)):
                Terminal().tell(line)
            Terminal().print(f"Next: gip plan {estate} --out PLAN", soft_wrap=True)
        return
    recover(plan)
    judgement = judge(read, plan, weeks=5)
    if as_json:
        print_json({"violations": judgement.violations, "values": judgement.values})
    elif not quiet:
        print_judgement(judgement)
    if judgement.violations:
        listed = "\n".join(judgement.violations)
        raise PlanError(f"{plan} is not as it should be:\n{listed}")
