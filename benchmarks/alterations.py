"""What `gip generate` does not make: an estate's folder changed after it was written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from models.week import DAY


def untouched(folder: Path) -> None:
    """Leave the estate as it is."""


def without_links(folder: Path) -> None:
    """Drop the links: every network reaches every other."""
    (folder / "links.csv").unlink()


def only_the_backup_server(folder: Path) -> None:
    """Drop every server but the backup server, and what refers to the others."""
    servers = _read(folder, "servers")
    _write(folder, "servers", servers.filter(pc.equal(servers["roles"], "backup_server")))
    _write(folder, "jobs", _emptied(_read(folder, "jobs"), "proxies"))
    _write(folder, "vms", _emptied(_read(folder, "vms"), "host"))


def as_parquet(folder: Path) -> None:
    """Keep every table as Parquet instead of CSV."""
    for path in sorted(folder.glob("*.csv")):
        pq.write_table(_read(folder, path.stem), path.with_suffix(".parquet"))
        path.unlink()


def wrapped_around(folder: Path) -> None:
    """Let every third job start on Sunday evening and run on into Monday, round the week's end."""
    jobs = _read(folder, "jobs")
    third = pa.array(np.arange(len(jobs)) % 3 == 0)
    changes = {"days": "sun", "start": "21:30", "duration_minutes": "420"}
    _write(folder, "jobs", _changed(jobs, third, changes))


def a_job_each(folder: Path) -> None:
    """Give every VM of every job a job and times of its own, so that no two tasks are alike."""
    jobs, members = _read(folder, "jobs"), _read(folder, "job_vms")
    number = np.arange(len(members))
    apart = jobs.take(pc.index_in(members["job"], jobs["job"]))
    start = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in (number % DAY).tolist()]
    names = pc.binary_join_element_wise(members["job"], _text(number), "-")
    changes = {
        "job": names,
        "start": pa.array(start),
        "duration_minutes": _text(60 + number // DAY),
    }
    everywhere = pa.array(np.ones(len(members), dtype=np.bool_))
    _write(folder, "jobs", _changed(apart, everywhere, changes))
    _write(folder, "job_vms", _changed(members, everywhere, {"job": names}))
    current = _read(folder, "current")
    keys = [pc.binary_join_element_wise(t["job"], t["vm"], "\n") for t in (members, current)]
    renamed = names.take(pc.index_in(keys[1], keys[0]))
    _write(folder, "current", current.set_column(0, "job", renamed))


def _text(numbers: NDArray[np.int64]) -> pa.Array:
    return pc.cast(pa.array(numbers), pa.string())


def _emptied(table: pa.Table, column: str) -> pa.Table:
    return _changed(table, pa.array(np.ones(len(table), dtype=np.bool_)), {column: ""})


def _changed(table: pa.Table, where: pa.Array, cells: Mapping[str, Any]) -> pa.Table:
    for name, cell in cells.items():
        column = pc.if_else(where, cell, table[name])
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _read(folder: Path, name: str) -> pa.Table:
    path = folder / f"{name}.csv"
    header = path.open(encoding="utf-8-sig").readline().strip().split(",")
    text = pacsv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()))
    return pacsv.read_csv(path, convert_options=text)


def _write(folder: Path, name: str, table: pa.Table) -> None:
    pacsv.write_csv(table, folder / f"{name}.csv")
