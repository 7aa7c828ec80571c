"""Writes columns as CSV: UTF-8 with BOM, comma, CRLF; a million rows without a loop.

No spreadsheet takes a cell for a formula (`optimizer.files.formulas`).

Neighbouring columns whose texts repeat are joined once for each combination that occurs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from optimizer.files.formulas import guard

BOM = b"\xef\xbb\xbf"
SPECIAL = (b'"', b",", b"\r", b"\n")
ROWS_AT_ONCE = 1 << 17
COMBINATIONS = 1 << 62


def write_csv(path: Path, columns: Mapping[str, pa.Array | Sequence[str]]) -> None:
    """Write ``columns``, name to equally long cells of text, to ``path``."""
    *rest, last = (_quoted(column) for column in columns.values())
    ended = pc.binary_join_element_wise(last.dictionary, "\r\n", "")
    cells = list(_combine_columns([*rest, pa.DictionaryArray.from_arrays(last.indices, ended)]))
    # A thread of its own: the system copies one piece while the next is made.
    with path.open("wb") as file, ThreadPoolExecutor(1) as writer:
        written = writer.submit(file.write, BOM + ",".join(columns).encode() + b"\r\n")
        for start in range(0, len(last), ROWS_AT_ONCE):
            piece = [column.slice(start, ROWS_AT_ONCE).dictionary_decode() for column in cells]
            text = _text(pc.binary_join_element_wise(*piece, ","))
            written.result()
            written = writer.submit(file.write, text)
        written.result()


def _combine_columns(cells: Sequence[pa.DictionaryArray]) -> Iterator[pa.DictionaryArray]:
    """Yield the columns, one for each run of neighbours with fewer texts than rows."""
    for repeat, run in groupby(cells, lambda column: len(column.dictionary) < len(column)):
        columns = list(run)
        sizes = tuple(len(column.dictionary) for column in columns)
        if len(columns) == 1 or not repeat or prod(sizes) > COMBINATIONS:
            yield from columns
            continue
        indices = [column.indices.to_numpy() for column in columns]
        codes, met = pd.factorize(np.ravel_multi_index(indices, sizes))
        parts = [
            column.dictionary.take(pa.array(index))
            for column, index in zip(columns, np.unravel_index(met, sizes), strict=True)
        ]
        texts = pc.binary_join_element_wise(*parts, ",")
        yield pa.DictionaryArray.from_arrays(codes.astype(np.int32), texts)


def _text(lines: pa.Array) -> memoryview:
    """Return the lines one after another: an Arrow string array already holds them so."""
    _, offsets, content = lines.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)
    first, last = ends[lines.offset], ends[lines.offset + len(lines)]
    return memoryview(content)[first:last]


def _quoted(column: pa.Array | Sequence[str]) -> pa.DictionaryArray:
    cells = pa.array(column) if isinstance(column, pa.Array) else pa.array(column, pa.string())
    cells = cells.dictionary_encode()
    texts = guard(cells.dictionary)
    content = bytes(_text(texts)) if len(texts) else b""
    if not any(character in content for character in SPECIAL):
        return pa.DictionaryArray.from_arrays(cells.indices, texts)
    special = pc.match_substring_regex(texts, b"[" + b"".join(SPECIAL) + b"]")
    doubled = pc.replace_substring(texts, '"', '""')
    texts = pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), texts)
    return pa.DictionaryArray.from_arrays(cells.indices, texts)


def named(names: Any, codes: NDArray[np.signedinteger[Any]]) -> pa.DictionaryArray:
    """Return the name of each code, "" for a negative one."""
    texts = pa.concat_arrays([pa.array(names, pa.string()), pa.array([""])])
    return pa.DictionaryArray.from_arrays(np.where(codes < 0, len(texts) - 1, codes), texts)
