"""Fits tables to the width of a terminal: no word is broken and nothing is cut off.

Columns give way down to their longest word. Where that does not do, each row becomes a block: its
first cell, and under it a line for each other column. A title is as wide as the terminal, not as
narrow as its table.
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
    if table.title is None:
        return _body(console, table)
    title = Text(_text(console, table.title).plain, "italic")
    table.title = None
    return Group(title, _body(console, table))


def _body(console: Console, table: Table) -> RenderableType:
    wide = console.options.update(max_width=UNLIMITED)
    whole = Measurement.get(console, wide, table)
    if whole.maximum <= console.width:
        return table
    measures = [_measure(console, column) for column in table.columns]
    room = console.width - (whole.maximum - sum(each.maximum for each in measures))
    if sum(each.minimum for each in measures) > room:
        return Group(*_blocks(console, table))
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
    """Yield of each row its first cell and, indented, the others that hold any.

    A cell of as many lines as the first one stands beside them: each line goes with one name.
    """
    names = [_text(console, column.header) for column in table.columns]
    for row in zip(*(list(column.cells) for column in table.columns), strict=True):
        first, *others = (_text(console, cell) for cell in row)
        heads = first.plain.split("\n")
        if first.plain.isdecimal():  # a number alone says nothing
            heads = [f"{names[0].plain} {first.plain}"]
        beside = [
            each if len(heads) > 1 and each.plain.count("\n") == len(heads) - 1 else None
            for each in others
        ]
        for name, cell in zip(names[1:], beside, strict=True):
            if cell is not None:
                lines = cell.plain.split("\n")
                heads = [
                    f"{head} ({name.plain} {line})" for head, line in zip(heads, lines, strict=True)
                ]
        yield Text("\n".join(heads), "bold", overflow="fold")
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_column(no_wrap=True)
        block.add_column(overflow="fold")
        for name, cell, shown in zip(names[1:], others, beside, strict=True):
            if cell.plain and shown is None:
                block.add_row(name, cell)
        if block.row_count:
            yield Padding(block, (0, 0, 0, 2))


def _text(console: Console, cell: RenderableType) -> Text:
    return cell if isinstance(cell, Text) else console.render_str(str(cell))
