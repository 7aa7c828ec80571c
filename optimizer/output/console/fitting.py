"""Fits tables to the width of a terminal: no word is broken and nothing is cut off.

Columns give way down to their longest word. Where that does not do, each row becomes a block: its
first cell, and under it a line for each other column.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

UNLIMITED = 100_000


def fitted(console: Console, table: Table) -> RenderableType:
    """Return ``table`` with columns that fit ``console``, or its rows as blocks."""
    wide = console.options.update(max_width=UNLIMITED)
    whole = Measurement.get(console, wide, table)
    if whole.maximum <= console.width:
        return table
    if whole.minimum > console.width:
        return Group(*_blocks(console, table))
    measures = [_measure(console, column) for column in table.columns]
    room = console.width - (whole.minimum - sum(each.minimum for each in measures))
    level = max(each.maximum for each in measures)
    while sum(_within(level, each) for each in measures) > room:
        level -= 1
    for column, each in zip(table.columns, measures, strict=True):
        column.width = _within(level, each)
    return table


def _measure(console: Console, column: Column) -> Measurement:
    wide = console.options.update(max_width=UNLIMITED)
    texts = [_text(console, cell) for cell in (column.header, *column.cells)]
    each = [Measurement.get(console, wide, text) for text in texts]
    most = max(one.maximum for one in each)
    return Measurement(most if column.no_wrap else max(one.minimum for one in each), most)


def _within(level: int, column: Measurement) -> int:
    return min(max(level, column.minimum), column.maximum)


def _blocks(console: Console, table: Table) -> Iterable[RenderableType]:
    """Yield the title, and of each row its first cell and, indented, the others that hold any."""
    if table.title is not None:
        yield Text.assemble((_text(console, table.title).plain, "italic"))
    names = [_text(console, column.header) for column in table.columns]
    for row in zip(*(list(column.cells) for column in table.columns), strict=True):
        first, *others = (_text(console, cell) for cell in row)
        yield Text(first.plain, "bold", overflow="fold")
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_column(no_wrap=True)
        block.add_column(overflow="fold")
        for name, cell in zip(names[1:], others, strict=True):
            if cell.plain:
                block.add_row(name, cell)
        if block.row_count:
            yield Padding(block, (0, 0, 0, 2))


def _text(console: Console, cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else console.render_str(str(cell))
