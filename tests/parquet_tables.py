"""Estates whose large tables are Parquet."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

LARGE = ("vms", "job_vms", "current")


def parquet(folder: Path, rows: int, into: Path | None = None) -> Path:
    """Make the large tables Parquet, in groups of so many rows; return the folder."""
    into = into or folder
    into.mkdir(exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.stem not in LARGE:
            (into / path.name).write_bytes(path.read_bytes())
            continue
        names = pacsv.open_csv(path).schema.names
        options = pacsv.ConvertOptions(
            strings_can_be_null=False, column_types=dict.fromkeys(names, pa.string())
        )
        table = pacsv.read_csv(path, convert_options=options)
        pq.write_table(table, into / f"{path.stem}.parquet", row_group_size=rows)
        if into == folder:
            path.unlink()
    return into
