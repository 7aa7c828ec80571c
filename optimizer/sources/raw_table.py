"""A table as it stands in its file: every cell trimmed text, nothing understood yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from models.errors import EstateError, Problem


@dataclass(frozen=True)
class RawTable:
    """A table as text: every known column a pyarrow string array, and where its rows stand.

    ``lines`` maps row numbers to line numbers of the file; it may read the file again.
    ``unknown`` names the columns that are not read. ``problems`` are the rows that could not be
    read; they are missing from the columns.
    """

    file: str
    columns: dict[str, pa.Array]
    unknown: tuple[str, ...]
    lines: Callable[[Sequence[int]], list[int]]
    sha256: str = ""
    problems: tuple[Problem, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def cells(self, column: str) -> pa.Array:
        """Return the cells of a column, all empty where the file does not have it."""
        return self.columns[column] if column in self.columns else pa.repeat("", len(self))


def refused(file: str, reason: str, remedy: str, line: int | None = None) -> EstateError:
    """Return the error of a file that cannot be read at all."""
    return EstateError([Problem(file, line, None, None, reason, remedy)])


def trimmed_names(file: str, header: Sequence[str], line: int) -> list[str]:
    """Return the names of the columns; EstateError where two are the same."""
    names = [name.strip() for name in header]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise refused(file, f"has column {twice[0]!r} twice", "keep one of them", line)
    return names


def trimmed(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return the cells without white space around them, in one piece."""
    whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    return pc.utf8_trim_whitespace(whole)
