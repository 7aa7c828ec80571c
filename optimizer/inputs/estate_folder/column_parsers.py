"""Turns a column of text into a typed column, and each cell that does not fit into a problem.

Only distinct texts are parsed: a million VMs have few operating systems.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.diagnostics import InputProblem
from models.schema import DAYS, Column
from optimizer.files.text_table import PLAIN, TextTable, items

TRUE = frozenset({"true", "yes", "1"})
FALSE = frozenset({"false", "no", "0"})
DTYPES: dict[str, Any] = {
    "integer": np.int64,
    "boolean": np.bool_,
    "time": np.int64,
    "version": np.int64,
    "year": np.int64,
}
NO_LIMIT = -1


class UnfitError(Exception):
    """A cell's text does not fit its column: the reason and the remedy."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason, remedy)
        self.reason, self.remedy = reason, remedy


def _integer(text: str, column: Column) -> int:
    if not text:
        return NO_LIMIT
    # three zeros behind a point may be thousands, as many countries write them
    fits = re.fullmatch(r"([+-]?)0*(\d{1,18})(\.0{1,2})?", text, re.ASCII)
    number = int(fits[1] + fits[2]) if fits else None
    if number is None or not column.low <= number <= column.high:
        raise UnfitError(
            f"is not a whole number from {column.low} to {column.high}", "write one in digits"
        )
    return number


def _decimal(text: str, column: Column) -> str:
    if text and not re.fullmatch(r"\d{1,18}(\.\d{1,99})?", text, re.ASCII):
        raise UnfitError("is not a number of 0 or more", "write it as in 1.5")
    return text


def _boolean(text: str, column: Column) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise UnfitError("is neither true nor false", "write true or false")
    return text.lower() in TRUE


def _choice(text: str, column: Column) -> str:
    if text and text.lower() not in column.choices:
        raise UnfitError("is not known here", f"write one of {', '.join(column.choices)}")
    return text.lower()


def _word(text: str, column: Column) -> str:
    return text.lower()


def _choices(text: str, column: Column) -> tuple[str, ...]:
    return tuple(_choice(item, column) for item in items(text))


def _time(text: str, column: Column) -> int:
    fits = re.fullmatch(r"(\d{1,2}):(\d{2})", text, re.ASCII)
    if not fits or int(fits[1]) > 23 or int(fits[2]) > 59:
        raise UnfitError("is not a time of day", "write HH:MM from 00:00 to 23:59")
    return int(fits[1]) * 60 + int(fits[2])


def _listed(text: str, column: Column) -> str:
    if ";" in text:
        raise UnfitError("has a ;, as between the names of a list", "name it otherwise everywhere")
    return text


def _days(text: str, column: Column) -> tuple[int, ...]:
    names = [item.lower() for item in items(text)]
    if names != ["daily"] and (not names or not set(names) <= set(DAYS)):
        raise UnfitError(
            "is not a list of days", "write daily, or any of mon;tue;wed;thu;fri;sat;sun"
        )
    return tuple(range(7)) if "daily" in names else tuple(sorted({DAYS.index(n) for n in names}))


def _version(text: str, column: Column) -> int:
    if text and not re.fullmatch(r"\d{1,9}(\.\d{1,9}){0,9}", text, re.ASCII):
        raise UnfitError("is not a version", "write it as in 5.1, or leave it empty")
    return int(text.split(".")[0]) if text else 0


def _year(text: str, column: Column) -> int:
    fits = re.fullmatch(r"(\d{4})(\s*R2)?(\.0)?", text, re.ASCII | re.IGNORECASE)
    if text and not fits:
        raise UnfitError("is not a version of Windows Server", "write its year, as in 2019")
    return int(fits[1]) if fits else 0


_PARSERS: dict[str, Callable[[str, Column], Any]] = {
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "time": _time,
    "days": _days,
    "listed": _listed,
    "version": _version,
    "word": _word,
    "year": _year,
}


def check_cell(text: str, column: Column) -> None:
    """Raise UnfitError where ``text`` does not fit ``column``; an empty cell fits."""
    parse = _PARSERS.get(column.kind)
    if parse is not None and text:
        parse(text, column)


def complain_of_empty(raw: TextTable, column: Column, problems: list[InputProblem]) -> None:
    """Add a problem for each empty cell of a column that may have none."""
    if column.default is None:
        rows = rows_with(raw.cells(column.name), "").tolist()
        complain(problems, raw, column.name, rows, "is empty", "every row needs a value")


def rows_with(cells: pa.Array, text: str) -> NDArray[np.int64]:
    """Return the rows whose cell is ``text``."""
    if not pa.types.is_dictionary(cells.type):
        return np.flatnonzero(pc.equal(cells, text))
    code = pc.index(cells.dictionary, text).as_py()
    return np.flatnonzero(cells.indices.to_numpy() == code if code >= 0 else ())


def read_column(raw: TextTable, column: Column, problems: list[InputProblem]) -> pd.Series[Any]:
    """Return the typed cells of ``column``; what does not fit is added to ``problems``.

    Names and lists become strings, texts, choices and words categories unless they hardly repeat;
    integers, times and years int64 (`NO_LIMIT` where empty), days tuples shared between equal
    cells. An unfit cell reads as some harmless value, so that the rest can still be checked.
    """
    complain_of_empty(raw, column, problems)
    cells = raw.cells(column.name)
    parse = _PARSERS.get(column.kind)
    if column.name in PLAIN or column.kind in ("name", "list"):
        return pd.Series(cells.cast(pa.string()), dtype="str")
    texts = cells.dictionary.to_pylist()
    codes = cells.indices.to_numpy()
    if parse is None:
        return pd.Series(pd.Categorical(texts).take(codes))
    values: list[Any] = [None] * len(texts)
    unfit: dict[int, UnfitError] = {}
    for code, text in enumerate(texts):
        try:
            values[code] = parse(text or column.default or "", column)
        except UnfitError as error:
            if text or column.default is not None:
                unfit[code] = error
    for row in np.flatnonzero(np.isin(codes, list(unfit))).tolist() if unfit else ():
        why = unfit[codes[row]]
        complain(problems, raw, column.name, [row], why.reason, why.remedy)
    if column.kind == "listed":
        return pd.Series(cells.cast(pa.string()), dtype="str")
    if column.kind in ("choice", "word"):
        return pd.Series(pd.Categorical([value or "" for value in values]).take(codes))
    dtype = DTYPES.get(column.kind, object)
    harmless: Any = () if dtype is object else 0
    table = np.empty(len(values), dtype=dtype)
    table[:] = [harmless if value is None else value for value in values]
    return pd.Series(table[codes])


def complain(
    problems: list[InputProblem],
    raw: TextTable,
    column: str,
    rows: Sequence[int],
    reason: str,
    remedy: str,
    value: str | None = None,
) -> None:
    """Add one problem for each of ``rows``, with its line and ``value`` or else its cell."""
    for row, line in zip(rows, raw.lines(rows) if rows else (), strict=True):
        text = value or raw.text(column, row) or None
        problems.append(InputProblem(raw.file, line, column, text, reason, remedy))
