"""The least that any program has to do: read the tables, write the assignments."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

Tables = dict[str, pd.DataFrame]


def read_tables(folder: Path) -> Tables:
    """Return every table of the estate as pandas has it from pyarrow."""
    paths = sorted(chain(folder.glob("*.csv"), folder.glob("*.parquet")))
    return {path.stem: _read(path).to_pandas() for path in paths}


def _read(path: Path) -> pa.Table:
    return pq.read_table(path) if path.suffix == ".parquet" else pacsv.read_csv(path)


def write_assignments(tables: Tables, out: Path, count: int) -> None:
    """Write ``count`` assignments, servers by turns: as many bytes as a plan has, and no sense."""
    out.mkdir(parents=True, exist_ok=True)
    rows = tables["job_vms"].head(count)
    servers = tables["servers"]["server"]
    proxy = servers.take(np.arange(len(rows)) % len(servers)).to_numpy()
    frame = rows[["job", "vm"]].assign(
        proxy=proxy,
        tier="1",
        connection="network",
        protected="true",
        failover_proxy=servers.iloc[0],
        previous_proxy=proxy,
    )
    pacsv.write_csv(pa.Table.from_pandas(frame, preserve_index=False), out / "assignments.csv")
