"""``gip tables``: what the columns of an estate mean."""

from __future__ import annotations

import click

from optimizer.cli.completion import complete_tables
from optimizer.cli.options import reporting


@click.command(short_help="What the tables of an estate hold.")
@click.argument("name", required=False, shell_complete=complete_tables)
@reporting
def tables(name: str | None, quiet: bool, as_json: bool) -> None:
    """Print all tables of an estate, or what each column of table NAME means.

    \b
    Example:
      gip tables
      gip tables servers
    """
    from models.diagnostics import did_you_mean
    from models.imported_tables import SIDE_TABLES
    from models.schema import SITES, TABLES
    from optimizer.output.console.plain import print_json
    from optimizer.output.console.schema import print_columns, print_tables, record

    known = {table.name: table for table in (*TABLES, SITES, *SIDE_TABLES)}
    wanted = None if name is None else name.lower().removesuffix(".csv")
    if wanted is not None and wanted not in known:
        hint = did_you_mean(wanted, known)
        message = f"no table is called {name!r}; they are {', '.join(known)}{hint}"
        raise click.BadParameter(message, param_hint="NAME")
    chosen = list(known.values()) if wanted is None else [known[wanted]]
    if as_json:
        print_json({"tables": [record(table) for table in chosen]})
    elif not quiet and wanted is None:
        print_tables(chosen)
    elif not quiet:
        print_columns(chosen[0])
