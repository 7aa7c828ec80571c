"""Names for the shell's completion: VMs, jobs, tables of an estate, and what may fail in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from models.errors import GipError

COLUMNS = {
    "vm": (("vms", "name"), ("vms", "vm")),
    "job": (("jobs", "job"),),
    "server": (("servers", "server"),),
    "network": (("networks", "network"),),
    "site": (("networks", "site"),),
}


def complete_vms(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the names and ids of VMs that begin as typed."""
    return _matching(_names(ctx, "vm"), incomplete)


def complete_jobs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of jobs that begin as typed."""
    return _matching(_names(ctx, "job"), incomplete)


def complete_losses(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Return the servers, networks and sites that begin as typed, each with its kind."""
    kinds = ("server", "network", "site")
    return _matching((f"{kind}:{name}" for kind in kinds for name in _names(ctx, kind)), incomplete)


def complete_tables(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the tables of an estate that begin as typed."""
    from models.imported_tables import SIDE_TABLES
    from models.schema import SITES, TABLES

    return _matching((table.name for table in (*TABLES, SITES, *SIDE_TABLES)), incomplete)


def complete_documents(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Return the documents with a schema that begin as typed."""
    from optimizer.output.schemas import DOCUMENTS

    return _matching(iter(DOCUMENTS), incomplete)


def _matching(names: Iterator[str], incomplete: str) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})


def _names(ctx: click.Context, kind: str) -> Iterator[str]:
    """Yield names of a ``kind``; none where the estate or its table cannot be read."""
    from optimizer.files.table_reader import ENDINGS, read_table

    arguments = ctx.args[:1]  # parsed before an option whose value is being typed
    estate: Path | str | None = ctx.params.get("estate") or next(iter(arguments), None)
    if estate is None:
        return
    for table, column in COLUMNS[kind]:
        for path in (Path(estate) / f"{table}{ending}" for ending in ENDINGS):
            if path.is_file():
                try:
                    names = read_table(path, (column,)).cells(column).to_pylist()
                except GipError:
                    continue
                yield from filter(None, names)
