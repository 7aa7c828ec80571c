"""``gip init``: a template of an estate."""

from __future__ import annotations

from pathlib import Path

import click

from optimizer.cli.options import reporting


@click.command(short_help="Write templates of an estate.")
@click.argument("folder", type=click.Path(path_type=Path))
@reporting
def init(folder: Path, quiet: bool, as_json: bool) -> None:
    """Write templates of every table and a commented estate.toml into FOLDER.

    \b
    Example:
      gip init my-estate
    """
    from optimizer.inputs.templates import init as write
    from optimizer.output.console.plain import print_json, say

    written = [str(path) for path in write(folder)]
    if as_json:
        print_json({"written": written})
    elif not quiet:
        say("\n".join(written))
