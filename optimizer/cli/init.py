"""``gip init``: a template of an estate."""

from __future__ import annotations

from pathlib import Path

import click

from optimizer.cli.options import reporting


@click.command(short_help="Write templates of an estate.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--links", type=click.Choice(["hub"]),
    help="Write only links.csv, from the sites in FOLDER/networks.csv: each network to its "
    "site's router, each router to one hub.",
)  # fmt: skip
@reporting
def init(folder: Path, links: str | None, quiet: bool, as_json: bool) -> None:
    """Write templates of every table and a commented estate.toml into FOLDER.

    With --links hub, FOLDER is an estate that has its networks, and a links.csv to start from is
    written. Links say from where to where traffic is routed and let through; remove or reverse
    those that your firewalls do not allow.

    \b
    Example:
      gip init my-estate
      gip init my-estate --links hub
    """
    from optimizer.output.console.plain import print_json, say

    if links is not None:
        from optimizer.inputs.starter_links import write_hub_links

        path, networks, sites = write_hub_links(folder)
        written = [str(path)]
        note = f"{networks} networks at {sites} sites: take out the links that are not there"
    else:
        from optimizer.inputs.templates import init as write

        written, note = [str(path) for path in write(folder)], ""
    if as_json:
        print_json({"written": written})
    elif not quiet:
        say("\n".join([*written, *([note] if note else [])]))
