"""Reads ``sites.csv``: where the sites of an estate are, for the map of a report."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from models.diagnostics import InputProblem
from models.errors import EstateError
from models.schema import SITES
from optimizer.files.replacement import recover
from optimizer.files.table_reader import ENDINGS, read_table
from optimizer.files.text_table import TextTable

MOST = {"latitude": 90.0, "longitude": 180.0}


def read_sites(folder: Path) -> dict[str, tuple[float, float]]:
    """Return latitude and longitude of sites, by name; none where there is no such file.

    Raises EstateError with every problem of the file.
    """
    recover(folder)
    paths = [path for end in ENDINGS if (path := folder / f"{SITES.name}{end}").exists()]
    if not paths:
        return {}
    rows = read_table(paths[0], [column.name for column in SITES.columns])
    problems = [*rows.problems, *_missing(rows)] or [*_unfit(rows)]
    if problems:
        raise EstateError(problems)
    names, latitude, longitude = (rows.columns[column.name].to_pylist() for column in SITES.columns)
    places = zip(map(float, latitude), map(float, longitude), strict=True)
    return dict(zip(names, places, strict=True))


def _missing(rows: TextTable) -> Iterator[InputProblem]:
    for column in SITES.columns:
        if column.name not in rows.columns:
            reason = f"has no column {column.name!r}"
            yield InputProblem(rows.file, 1, None, None, reason, f"add it: {column.meaning}")


def _unfit(rows: TextTable) -> Iterator[InputProblem]:
    seen: set[str] = set()
    for row, name in enumerate(rows.columns["site"].to_pylist()):
        if name in seen:
            reason, remedy = "is there already", "keep one row for each site"
            yield InputProblem(rows.file, rows.lines([row])[0], "site", name, reason, remedy)
        seen.add(name)
        for column, most in MOST.items():
            text = rows.text(column, row)
            if not _fits(text, most):
                reason = f"is not a number from {-most:g} to {most:g}"
                remedy = "write degrees as in 35.69"
                yield InputProblem(rows.file, rows.lines([row])[0], column, text, reason, remedy)


def _fits(text: str, most: float) -> bool:
    try:
        return abs(float(text)) <= most
    except ValueError:
        return False
