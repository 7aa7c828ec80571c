"""``gip anonymise``: an estate that can be shown to others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from optimizer.cli.options import estate_argument, reporting

if TYPE_CHECKING:
    from optimizer.inputs.anonymiser import Anonymised


@click.command(short_help="Write an estate under other names, to show it to others.")
@estate_argument
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Output folder.")
@click.option(
    "--key", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv",
    help="Write here which name stands for which; without it nobody can tell.",
)  # fmt: skip
@reporting
def anonymise(estate: Path, out: Path, key: Path | None, quiet: bool, as_json: bool) -> None:
    """Write ESTATE under other names and addresses into a folder; its plan stays the same.

    Servers, networks, sites, VMs and jobs get new names in the order of the old ones, which
    decides ties. Addresses are renumbered so that every prefix still holds what it held; the first
    octet of IPv4 and private blocks stay. What the plan does not read is left out. Times, numbers
    and operating systems stay as they are: check whether they give anything away. Parts of split
    jobs get new names, too, and their late starts depend on the name, so what splits gain may
    differ.

    \b
    Example:
      gip anonymise data/branch-offices --out anonymous
      gip anonymise data/branch-offices --out anonymous --key names.csv
    """
    from optimizer.cli.progress import progress
    from optimizer.inputs.anonymiser import anonymise as write
    from optimizer.output.console.plain import print_json, say

    if key is not None and out.resolve() in key.resolve().parents:
        raise click.BadParameter(
            "would be passed on with the estate; name a file outside --out", param_hint="--key"
        )
    with progress(not quiet) as step:
        made = write(estate, out, key, step)
    if as_json:
        print_json(
            {
                "files": [str(path) for path in made.files],
                "replaced": dict(made.replaced),
                "left_out": {
                    "columns": made.columns, "settings": made.settings, "files": made.others,
                },
            }
        )  # fmt: skip
    elif not quiet:
        for line in _lines(made):
            say(line)


def _lines(made: Anonymised) -> list[str]:
    """Say what was replaced, what was left out, and what stays."""
    from models.diagnostics import counted

    words = {"vm": "VM"}
    replaced = ", ".join(
        counted(count, words.get(kind, kind), "addresses" if kind == "address" else "")
        for kind, count in made.replaced.items()
    )
    lines = [f"replaced: {replaced}"]
    for what, names in (
        ("columns", made.columns), ("settings", made.settings), ("files", made.others),
    ):  # fmt: skip
        if names:
            lines.append(f"left out: {what} {', '.join(names)}")
    lines.append("unchanged: operating systems, times, numbers, limits")
    folder = made.files[0].parent
    inside = [path for path in made.files if path.parent == folder]
    lines.append(f"wrote {counted(len(inside), 'file')} to {folder}")
    lines += [f"wrote {path}: keep it to yourself" for path in made.files if path not in inside]
    return lines
