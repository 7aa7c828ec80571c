"""Finds the codes of names: whose they are, and which table asks for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from models.errors import Problem
from models.estate import Codes
from optimizer.sources.cells import complain
from optimizer.sources.raw_table import RawTable

# whose names: which columns hold them
NAMED_BY = {
    ("servers", "server"): (("vms", "host"), ("current", "proxy")),
    ("networks", "network"): (),
    ("vms", "vm"): (("job_vms", "vm"), ("current", "vm")),
    ("jobs", "job"): (("job_vms", "job"), ("current", "job")),
}


def look_up_names(
    raw: Mapping[str, RawTable], frames: dict[str, pd.DataFrame], problems: list[Problem]
) -> None:
    """Add to each column that holds names, ``vm``, their codes, ``vm_code``."""
    for (owner, key), asking in NAMED_BY.items():
        if owner not in raw or key not in raw[owner].columns:
            continue
        names = raw[owner].columns[key]
        there = [(table, column) for table, column in asking if table in raw]
        cells = [raw[table].cells(column) for table, column in there]
        again, codes = look_up(names, cells)
        again = [row for row in again if raw[owner].text(key, row)]
        reason, remedy = "was there before", "names are unique, keep one row"
        complain(problems, raw[owner], key, again, reason, remedy)
        for (table, column), found in zip(there, codes, strict=True):
            frames[table][f"{column}_code"] = found


def look_up(names: pa.Array, asked: Sequence[pa.Array]) -> tuple[list[int], list[Codes]]:
    """Return the rows of ``names`` that were there before, and the first row of each name asked
    for, -1 where it is not there."""
    names = names.cast(pa.string())
    if len(names) < 2 or pc.all(pc.less(names[:-1], names[1:])).as_py():  # each name once
        return [], _places(names, asked)
    *found, own = _places(names, [*asked, names])
    return np.flatnonzero(own != np.arange(len(names))).tolist(), found


def _places(names: pa.Array, asked: Sequence[pa.Array]) -> list[Codes]:
    """Return the first place in ``names`` of each name asked for, -1 where it has none.

    All are asked for at once: it is the hashing of a million names that takes long.
    """
    texts = [cells.dictionary if pa.types.is_dictionary(cells.type) else cells for cells in asked]
    places = pc.fill_null(pc.index_in(pa.chunked_array(texts, pa.string()), names), -1).to_numpy()
    ends = np.cumsum([0, *map(len, texts)]).tolist()
    found = [places[begin:end] for begin, end in pairwise(ends)]
    return [
        part[cells.indices.to_numpy()] if pa.types.is_dictionary(cells.type) else part
        for part, cells in zip(found, asked, strict=True)
    ]
