"""A table as it stands in its file: every cell trimmed text, nothing understood yet.

A column is an Arrow dictionary, its distinct texts in the order in which they are met, and an
index per row: a million VMs have few operating systems. `PLAIN` ones are mere strings.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.diagnostics import InputProblem
from models.errors import EstateError
from optimizer.files.formulas import unguard

PLAIN = frozenset({"vm", "name"})  # hardly a text of theirs comes twice
MOST_COLUMNS = 16_384  # as in a spreadsheet
STRING = pa.string()
DICTIONARY = pa.dictionary(pa.int32(), STRING)


@dataclass(frozen=True)
class TextTable:
    """A table as text: every known column, and where its rows stand.

    ``lines`` maps row numbers to line numbers of the file; it may read the file again.
    ``unknown`` names the columns that are not read. ``problems`` are the rows that could not be
    read; they are missing from the columns.
    """

    file: str
    columns: dict[str, pa.Array]
    unknown: tuple[str, ...]
    lines: Callable[[Sequence[int]], list[int]]
    sha256: str = ""
    problems: tuple[InputProblem, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def cells(self, column: str) -> pa.Array:
        """Return the cells of a column, all empty where the file does not have it."""
        if column in self.columns:
            return self.columns[column]
        return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), len(self)), [""])

    def sorted_by(self, *names: str) -> TextTable:
        """Return the table with its rows in byte order of these columns, where they are there.

        Names decide ties in a plan, so the order of rows may play no part.
        """
        keys = [(name, "ascending") for name in names if name in self.columns]
        texts = pa.table({name: self.columns[name].cast(STRING) for name, _ in keys})
        order = pc.sort_indices(texts, keys) if keys else pa.array(range(len(self)), pa.uint64())
        columns = {name: column.take(order) for name, column in self.columns.items()}
        place = order.to_numpy()
        return replace(
            self, columns=columns, lines=lambda rows: self.lines(place[list(rows)].tolist())
        )

    def text(self, column: str, row: int) -> str:
        """Return one cell of a column that the file has."""
        return str(self.columns[column][row].as_py())


def refuse_table(file: str, reason: str, remedy: str, line: int | None = None) -> EstateError:
    """Return the error of a file that cannot be read at all."""
    return EstateError([InputProblem(file, line, None, None, reason, remedy)])


def trimmed_names(file: str, header: Sequence[str], line: int) -> list[str]:
    """Return the names of the columns; EstateError where two are the same."""
    if len(header) > MOST_COLUMNS:
        reason = f"has {len(header)} columns, more than {MOST_COLUMNS}"
        raise refuse_table(file, reason, "keep the columns of the table", line)
    names = [name.strip() for name in header]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise refuse_table(file, f"has column {twice[0]!r} twice", "keep one of them", line)
    return names


def type_of(name: str) -> pa.DataType:
    """Return the Arrow type of a column."""
    return STRING if name in PLAIN else DICTIONARY


def trimmed(name: str, column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a column's cells as meant, without white space, in one piece and of its type."""
    if isinstance(column, pa.ChunkedArray):
        column = column.unify_dictionaries().combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    if name in PLAIN:
        return unguard(column if _nothing_to_trim(column) else pc.utf8_trim_whitespace(column))
    cells = column.dictionary_encode()
    texts = unguard(pc.utf8_trim_whitespace(cells.dictionary))
    if texts.equals(cells.dictionary):
        return cells
    cells = pa.DictionaryArray.from_arrays(cells.indices, texts)
    return cells.dictionary_decode().dictionary_encode()  # two texts may have become one


def _nothing_to_trim(texts: pa.Array) -> bool:
    """Tell whether all cells are of printable ASCII but the blank: a quick look at all of them."""
    content = np.frombuffer(texts.buffers()[2] or b"", dtype=np.uint8)
    return bool(content.min(initial=ord("~")) > ord(" ") and content.max(initial=0) <= ord("~"))


def items(text: str) -> tuple[str, ...]:
    """Return the items of a list cell, trimmed, without the empty ones.

    >>> items("a; b;;a")
    ('a', 'b', 'a')
    """
    return tuple(item for part in text.split(";") if (item := part.strip()))
