"""Changes of one cell, or one new row, of an estate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from models.estate import Estate


@dataclass(frozen=True, slots=True)
class Edit:
    """``column`` of ``row`` of a table becomes ``value``; without a row it is a link of its own.

    The table "settings" has no rows.
    """

    table: str
    row: int | None
    column: str
    value: Any


def edited(estate: Estate, edit: Edit) -> Estate:
    """Return the estate after ``edit``."""
    if edit.table == "settings":
        cell: dict[str, Any] = {edit.column: edit.value}
        return replace(estate, settings=replace(estate.settings, **cell))
    table: pd.DataFrame = getattr(estate, edit.table)
    if edit.row is None:
        new = dict(zip(("from", "to"), edit.value, strict=True)) | {"both_ways": False, "up": True}
        table = pd.concat([table, pd.DataFrame([new])], ignore_index=True)
    else:
        cells = table[edit.column].to_numpy(copy=True)
        if cells.dtype == np.object_:
            cells[edit.row : edit.row + 1] = [edit.value]
        else:
            cells[edit.row] = edit.value
        table = table.assign(**{edit.column: cells})
    tables: dict[str, Any] = {edit.table: table}
    return replace(estate, **tables)
