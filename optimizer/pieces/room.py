"""Where a run keeps what its workers hand to one another: a folder that all of them see."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.tables import Table


@dataclass(frozen=True, slots=True)
class Room:
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

    def joined(self, number: int) -> Path:
        """Return where the rows of some VMs lie."""
        return self.folder / f"joined-{number}.parquet"

    def piece(self, number: int) -> Path:
        """Return where the rows of a piece lie."""
        return self.folder / f"piece-{number}.parquet"

    def part(self, number: int) -> Path:
        """Return the folder of a piece's part of the plan."""
        return self.folder / f"part-{number}"
