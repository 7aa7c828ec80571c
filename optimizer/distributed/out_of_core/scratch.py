"""The scratch folder of a run: what workers hand to one another, kept in memory once read."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from models.schema import Table


@dataclass(frozen=True, slots=True)
class ScratchFolder:
    """The folder of one run, and the names in it."""

    folder: Path

    @property
    def head(self) -> Path:
        """Return where the head lies."""
        return self.folder / "head"

    @property
    def key(self) -> Path:
        """Return where the key of the join lies."""
        return self.folder / "key"

    @property
    def frame(self) -> Path:
        """Return where the frame of all pieces lies."""
        return self.folder / "frame"

    @property
    def loads(self) -> Path:
        """Return where the loads of the whole plan lie."""
        return self.folder / "loads"

    def read(self, table: Table, number: int) -> Path:
        """Return where a chunk's rows lie once read."""
        return self.folder / f"{table.name}-{number}.parquet"

    def joined_rows(self, number: int) -> Path:
        """Return where the rows of some VMs lie."""
        return self.folder / f"joined-{number}.parquet"

    def partition(self, number: int) -> Path:
        """Return where the rows of a piece lie."""
        return self.folder / f"piece-{number}.parquet"

    def part(self, number: int) -> Path:
        """Return the folder of a piece's part of the plan."""
        return self.folder / f"part-{number}"


def dump(value: Any, path: Path) -> Path:
    """Write a value down in the run's own folder; return ``path``."""
    path.write_bytes(pickle.dumps(value))
    return path


def load(path: Path) -> Any:
    """Return the value at ``path``, which only this program's own run can have written."""
    return pickle.loads(path.read_bytes())  # noqa: S301


@lru_cache(maxsize=2)
def load_cached(path: Path) -> Any:
    """Return the same, and keep it for the next call."""
    return load(path)
