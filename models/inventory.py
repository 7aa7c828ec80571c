"""What an inventory tells of an estate: rows of its tables, as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from models.finding import Finding


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file, or a page of an interface, that an inventory was read from."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one source knows.

    ``tables`` gives tables of the estate, by name, columns of text: those of the table's columns
    that the source speaks of, the key among them; a cell is "" where the source does not know.
    Rows are unique by the table's key. ``findings`` say what was assumed or left out.
    """

    tables: Mapping[str, pd.DataFrame]
    files: tuple[SourceFile, ...]
    findings: tuple[Finding, ...]
