"""Merges what an inventory tells into a table: known cells stay, new rows go to the end."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

BETWEEN = "\0"


@dataclass(frozen=True, slots=True)
class MergeCounts:
    """Rows of an inventory by what became of them.

    ``changed`` rows had a cell filled or replaced. ``kept`` ones had none; ``differing`` counts
    the cells that say something else than the inventory and were left as they are.
    """

    added: int = 0
    changed: int = 0
    kept: int = 0
    differing: int = 0

    def __add__(self, other: MergeCounts) -> MergeCounts:
        return MergeCounts(
            self.added + other.added,
            self.changed + other.changed,
            self.kept + other.kept,
            self.differing + other.differing,
        )


def merge_table(
    table: pd.DataFrame,
    new: pd.DataFrame,
    key: Sequence[str],
    replace: bool,
    emptied: Collection[str] = (),
) -> tuple[pd.DataFrame, MergeCounts]:
    """Return ``table`` with what ``new`` adds, and how many rows it was.

    A row whose ``key`` is there gets its empty cells filled; with ``replace`` every cell that
    ``new`` knows becomes its, in the columns ``emptied`` the empty ones as well. Other rows follow
    at the end. Rows, columns and cells of ``table`` stay in place.
    """
    columns = [*table.columns, *(name for name in new.columns if name not in table.columns)]
    merged = table.reindex(columns=columns, fill_value="")
    place = _places(_keys(merged, key), _keys(new, key))
    there = place >= 0
    target = place[there]
    changed = np.zeros(len(target), dtype=np.bool_)
    differing = 0
    for name in new.columns:
        told = new[name].to_numpy(dtype=object)[there]
        cells = merged[name].to_numpy(dtype=object, copy=True)
        other = (told != cells[target]) & ((told != "") | (name in emptied))
        taken = other if replace else other & (cells[target] == "")
        differing += int((other & ~taken).sum())
        changed |= taken
        if taken.any():
            cells[target[taken]] = told[taken]
            merged[name] = pd.Series(cells, index=merged.index, dtype="str")
    added = new[~there].reindex(columns=columns, fill_value="")
    counts = MergeCounts(len(added), int(changed.sum()), int((~changed).sum()), differing)
    return pd.concat([merged, added], ignore_index=True), counts


def _keys(table: pd.DataFrame, key: Sequence[str]) -> pd.Index[str]:
    first, *others = key
    texts: pd.Series[str] = table[first]
    for name in others:
        texts = texts + BETWEEN + table[name]
    return pd.Index(texts.tolist())


def _places(keys: pd.Index[str], asked: pd.Index[str]) -> NDArray[np.int64]:
    """Return the first place of each key asked for, -1 where it is not there."""
    first = np.flatnonzero(~keys.duplicated())
    found = keys[first].get_indexer(asked)
    return np.append(first, -1)[found]
