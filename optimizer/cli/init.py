"""``gip init``: a template of an estate."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Write templates of an estate.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def init(folder: Path, quiet: bool) -> None:
    """Write templates of every table and a commented estate.toml into FOLDER.

    \b
    Example:
      gip init my-estate
    """
    from optimizer.init import init as write

    for path in write(folder):
        if not quiet:
            click.echo(path)
