"""``gip schema``: JSON Schema of what the other commands print and write."""

from __future__ import annotations

import click

from optimizer.cli.completion import complete_documents
from optimizer.cli.options import reporting


@click.command(short_help="JSON Schema of what commands print and write.")
@click.argument("name", required=False, shell_complete=complete_documents)
@reporting
def schema(name: str | None, quiet: bool, as_json: bool) -> None:
    """Print the JSON Schema of what a command prints with --json, or of plan.json, by NAME.

    Without NAME it lists the names, with --json all schemas in one document. Within a version,
    members are only added: ignore those that you do not know.

    \b
    Example:
      gip schema
      gip schema plan.json
      gip schema explain
    """
    from models.diagnostics import did_you_mean
    from optimizer.output.console.plain import print_json, say
    from optimizer.output.schemas import DOCUMENTS, VERSION, schema_of

    if name is not None and name not in DOCUMENTS:
        hint = did_you_mean(name, DOCUMENTS)
        message = f"nothing is called {name!r}; there are {', '.join(DOCUMENTS)}{hint}"
        raise click.BadParameter(message, param_hint="NAME")
    if quiet and not as_json:
        return
    if name is not None:
        print_json(schema_of(name))
    elif as_json:
        print_json({"version": VERSION, "schemas": {each: schema_of(each) for each in DOCUMENTS}})
    else:
        say("\n".join([*DOCUMENTS, f"version {VERSION}"]))
