"""The schema of an estate's tables, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table as Grid

from models.schema import Column, Table
from optimizer.output.console.terminal import Terminal

KINDS = {
    "name": "text", "listed": "text without ;", "text": "text", "word": "text, in any case",
    "list": "list, ; between its items", "integer": "whole number",
    "decimal": "number", "boolean": "true or false", "time": "HH:MM",
    "version": "version, as in 5.1", "year": "year, as in 2019",
    "days": "daily, or any of mon to sun, ; between them",
}  # fmt: skip


def print_tables(tables: Sequence[Table]) -> None:
    """Print what each table is for."""
    console = Terminal()
    grid = Grid(title="The tables of an estate", title_justify="left")
    grid.add_column("table", no_wrap=True)
    grid.add_column("needed")
    grid.add_column("holds", overflow="fold")
    for table in tables:
        grid.add_row(table.name, "yes" if table.required else "no", table.meaning)
    console.print(grid)
    console.tell("gip tables NAME explains the columns of one.")


def print_columns(table: Table) -> None:
    """Print what each column of ``table`` means, and an example."""
    console = Terminal()
    grid = Grid(title=f"{table.name}.csv: {table.meaning}", title_justify="left")
    grid.add_column("column", no_wrap=True)
    grid.add_column("meaning", overflow="fold")
    grid.add_column("holds", overflow="fold")
    grid.add_column("if empty", overflow="fold")
    for column in table.columns:
        grid.add_row(column.name, column.meaning, _holds(column), _empty(column))
    console.print(grid)
    if table.key:
        console.tell(f"Unique: {' and '.join(table.key)}")
    row = ",".join(column.example for column in table.columns)
    console.print(f"Example: {row}", soft_wrap=True)


def record(table: Table) -> dict[str, Any]:
    """Return the same as a document."""
    return {
        "table": table.name,
        "meaning": table.meaning,
        "required": table.required,
        "key": list(table.key),
        "columns": [
            {
                "column": column.name,
                "meaning": column.meaning,
                "kind": column.kind,
                "choices": list(column.choices),
                "required": column.required,
                "default": column.default,
                "example": column.example,
            }
            for column in table.columns
        ],
    }


def _holds(column: Column) -> str:
    if column.kind == "choice":
        return f"one of {', '.join(column.choices)}"
    if column.kind == "choices":
        return f"any of {', '.join(column.choices)}, ; between them"
    return KINDS[column.kind]


def _empty(column: Column) -> str:
    if column.default is None:
        return "an error"
    if column.default:
        return column.default
    return "none" if column.required else "none, or no such column"
