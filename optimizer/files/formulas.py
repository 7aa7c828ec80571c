"""Keep spreadsheets from taking a cell for a formula, reversibly.

A cell that begins with one of `SIGNS` is written with a quote in front, as a spreadsheet would
have it typed; so is one that begins with quotes and then such a sign, so that reading can tell
them apart. Plain numbers are no formulas. All tables are written so, and read back as they were.

>>> guard(pa.array(["=1+1", "'=1+1", "'a'", "a=b", "-18.5"])).to_pylist()
["'=1+1", "''=1+1", "'a'", 'a=b', '-18.5']
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

SIGNS = "=+-@\t\r"
_SIGN = f"'*[{re.escape(SIGNS)}]"
_NUMBER = r"^[+-][0-9]+(\.[0-9]+)?$"


def guard(texts: pa.Array) -> pa.Array:
    """Return texts as they are written."""
    if not _begins_with(texts, f"{SIGNS}'"):
        return texts
    quoted = pc.replace_substring_regex(texts, f"^({_SIGN})", r"'\1")
    return pc.if_else(pc.match_substring_regex(texts, _NUMBER), texts, quoted)


def unguard(texts: pa.Array) -> pa.Array:
    """Return texts that were read as they were meant."""
    if not _begins_with(texts, "'"):
        return texts
    return pc.replace_substring_regex(texts, f"^'({_SIGN})", r"\1")


def unguard_frame(cells: pd.DataFrame) -> pd.DataFrame:
    """Return a table of texts as it was meant."""
    quoted = [str(name) for name, column in cells.items() if column.str.startswith("'").any()]
    return cells.assign(
        **{name: cells[name].str.replace(f"^'({_SIGN})", r"\1", regex=True) for name in quoted}
    )


def _begins_with(texts: pa.Array, signs: str) -> bool:
    """Tell whether some text begins with one of ``signs``: a quick look at the first bytes."""
    _, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return False
    ends = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1]
    first = np.frombuffer(content, dtype=np.uint8)[ends[:-1][ends[1:] > ends[:-1]]]
    return bool(np.isin(first, np.frombuffer(signs.encode(), dtype=np.uint8)).any())
