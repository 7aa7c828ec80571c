"""The scratch folder of a run: what workers leave there for one another, cached once read."""

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
    def small_tables(self) -> Path:
        """Return the path of the small tables."""
        return self.folder / "small-tables"

    def join_context(self, named: bool) -> Path:
        """Return the path of the context of the first join, or of the one after names became ids.

        Two paths, since workers keep what they have loaded.
        """
        return self.folder / f"join-context-{int(named)}"

    @property
    def shared_inputs(self) -> Path:
        """Return the path of what all partitions share."""
        return self.folder / "shared-inputs"

    @property
    def loads(self) -> Path:
        """Return the path of the loads of the whole plan."""
        return self.folder / "loads"

    @property
    def splits(self) -> Path:
        """Return the path of the jobs to split."""
        return self.folder / "splits"

    def read(self, table: Table, number: int) -> Path:
        """Return the path of a chunk's rows once read."""
        return self.folder / f"{table.name}-{number}.parquet"

    def named_rows(self, table: Table, number: int) -> Path:
        """Return the path of some rows in which ids stand in place of names."""
        return self.folder / f"{table.name}-named-{number}.parquet"

    def joined_rows(self, number: int) -> Path:
        """Return the path of the joined rows of some VMs."""
        return self.folder / f"joined-{number}.parquet"

    def partition(self, number: int) -> Path:
        """Return the path of a partition's rows."""
        return self.folder / f"partition-{number}.parquet"

    def part(self, number: int) -> Path:
        """Return the folder of a partition's part of the plan."""
        return self.folder / f"part-{number}"


def dump(value: Any, path: Path) -> Path:
    """Pickle a value to ``path`` in the run's own folder; return ``path``."""
    path.write_bytes(pickle.dumps(value))
    return path


def load(path: Path) -> Any:
    """Unpickle the value at ``path``, which only this program's own run can have written."""
    return pickle.loads(path.read_bytes())  # noqa: S301


@lru_cache(maxsize=2)
def load_cached(path: Path) -> Any:
    """Unpickle the value at ``path``, and keep it for the next call."""
    return load(path)
