"""The reference of tables, settings, exit codes and a plan's files, from where they are defined."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import click

from docs.plan_files import PLAN_FILES
from models.errors import GipError
from models.imported_tables import SIDE_TABLES
from models.schema import TABLES, Column, Table
from models.settings import Settings
from optimizer.cli import diff, main, plan
from optimizer.inputs.estate_folder.settings_reader import KEYS
from optimizer.inputs.templates import SETTINGS

KINDS = {
    "name": "a name",
    "listed": "a name without `;`",
    "text": "any text",
    "word": "any text, in capitals or not",
    "list": "a list, `;` between its items",
    "boolean": "true or false, also yes, no, 1, 0",
    "time": "HH:MM",
    "days": "daily, or a list of mon to sun",
    "version": "numbers with dots",
    "year": "a year",
    "decimal": "a number",
}
EXIT_CODES = {
    0: "done",
    GipError.exit_code: "the data is wrong, or the work failed",
    click.UsageError.exit_code: "the command line is wrong",
    plan.UNASSIGNED: "a plan was written, but some tasks are unassigned; with 5 also true, it is 3",
    diff.DIFFERENT: "`diff --exit-code` found differences, or `drift` jobs that are not as planned",
    plan.UNPROVEN: "not proven: time ran out, or two searches of the solver contradict each other",
    main.INTERRUPTED: "interrupted with Ctrl-C",
}


def pages() -> dict[str, str]:
    """Return each page by its file name."""
    return {
        "tables.md": _tables(),
        "settings.md": _settings(),
        "plan-folder.md": _plan_folder(),
        "exit-codes.md": _exit_codes(),
    }


def _tables() -> str:
    text = (
        "# The tables of an estate\n\nUTF-8, with or without BOM, a header row, commas, columns in "
        "any order; as `NAME.csv`, `NAME.csv.gz` or `NAME.parquet`. `gip init` writes a template "
        "of each.\n"
    )
    return text + "".join(_table(table) for table in (*TABLES, *SIDE_TABLES))


def _table(table: Table) -> str:
    needed = "" if table.required else " The file may be missing."
    key = f" Unique by {', '.join(map(_code, table.key))}." if table.key else ""
    meaning = f"{table.meaning[0].upper()}{table.meaning[1:]}."
    rows = (
        (
            _code(column.name),
            "yes" if column.required else "no",
            _empty(column),
            _values(column),
            column.meaning,
            _code(column.example),
        )
        for column in table.columns
    )
    head = ("column", "required", "empty", "what it takes", "meaning", "example")
    return f"\n## {table.name}.csv\n\n{meaning}{key}{needed}\n\n{_markdown(head, rows)}"


def _empty(column: Column) -> str:
    return "not allowed" if column.default is None else _code(column.default) or "allowed"


def _values(column: Column) -> str:
    if column.kind == "integer":
        return f"{column.low} to {column.high}"
    if column.choices:
        listed = ", ".join(map(_code, column.choices))
        return f"a list of {listed}" if column.kind == "choices" else listed
    return KINDS[column.kind]


def _settings() -> str:
    rows = []
    for key, (field, check) in KEYS.items():
        rows.append((_code(key), _code(_toml(_default(field))), check(object())))
    return (
        "# The settings of an estate\n\n`estate.toml` may be missing, and so may each of its "
        "settings.\n\n" + _markdown(("setting", "default", "what it takes"), rows) + "\n"
        "As `gip init` writes it:\n\n```toml\n" + SETTINGS + "```\n"
    )


def _default(field: str) -> Any:
    """Return the default of a field of the settings, or of what is wished of the lists."""
    defaults = Settings()
    name, _, wish = field.partition(".")
    if name == "lists":
        return getattr(defaults.lists, wish)
    return 0 if wish else getattr(defaults, name) if name else 1


def _toml(value: Any) -> str:
    if isinstance(value, frozenset):
        return json.dumps(sorted(value))
    return "" if value is None else json.dumps(value)


def _plan_folder() -> str:
    text = (
        "# The files of a plan\n\nUTF-8 with BOM, commas, CRLF, rows in byte order: the same bytes "
        "for the same input, seed and versions. A quote stands before a cell that a spreadsheet "
        "would take for a formula. They appear together or not at all.\n"
    )
    for name, (meaning, columns) in PLAN_FILES.items():
        rows = [(_code(column), said) for column, said in columns.items()]
        head = ("member" if name.endswith(".json") else "column", "meaning")
        text += f"\n## {name}\n\n{meaning}\n\n{_markdown(head, rows)}"
    return text


def _exit_codes() -> str:
    rows = [(str(code), meaning) for code, meaning in sorted(EXIT_CODES.items())]
    return f"# Exit codes\n\n{_markdown(('code', 'meaning'), rows)}"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str | None]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    cells = ([(cell or "").replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)
