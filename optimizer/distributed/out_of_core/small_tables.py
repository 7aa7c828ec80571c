"""Reads the small tables of an estate: all but those with a row per VM."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from models.diagnostics import Diagnostics, InputProblem
from models.errors import EstateError
from models.estate import Codes, Estate
from models.schema import CURRENT, JOB_VMS, TABLES, VMS, Table
from optimizer.eligibility.tasks import byte_rank
from optimizer.files.parquet_reader import unreadable
from optimizer.files.reading import check_regular
from optimizer.files.text_table import trimmed_names
from optimizer.inputs.estate_folder.prefix_lookup import PrefixTable
from optimizer.inputs.estate_folder.reader import read_tables, table_path, unknown_columns
from optimizer.inputs.estate_folder.references import (
    complete_tables,
    look_up_names,
    resolve_infrastructure,
)

LARGE = (VMS, JOB_VMS, CURRENT)
NO_CURRENT = pd.DataFrame(
    {"job_code": [], "vm_code": [], "proxy_code": [], "proxy": []}, dtype="int32"
)
NO_VMS = pd.DataFrame({"vm": pd.Series(dtype="str"), "os": pd.Categorical([])})


@dataclass(frozen=True)
class SmallTables:
    """An estate of which the `LARGE` tables are not read: ``files`` has those that are there.

    ``rank`` is each job's place in order of name; ``book`` knows the networks.
    """

    estate: Estate
    book: PrefixTable
    rank: Codes
    files: dict[str, Path]


def read_small_tables(folder: Path) -> tuple[SmallTables, list[InputProblem]]:
    """Read the small tables of the estate in ``folder``; return what is wrong with them, too.

    Raises EstateError where so much is wrong that the large tables cannot be read.
    """
    read = read_tables(folder, [table for table in TABLES if table not in LARGE])
    diagnostics = read.diagnostics
    look_up_names(read.raw, read.frames, diagnostics.problems)
    sets = resolve_infrastructure(read.raw, read.frames, read.settings.lists, diagnostics)
    found = {table.name: _file(folder, table, diagnostics) for table in LARGE}
    files = {name: path for name, path in found.items() if path is not None}
    wanted = {table.name for table in TABLES if table.required}
    if sets is None or not wanted <= complete_tables(read.raw) | files.keys():
        raise EstateError(diagnostics.problems)
    estate = Estate(
        folder=folder,
        settings=read.settings,
        servers=read.frames["servers"],
        networks=read.frames["networks"],
        links=read.frames.get("links"),
        vms=NO_VMS,
        jobs=read.frames["jobs"],
        job_vms=pd.DataFrame({"job_code": [], "vm_code": []}, dtype="int32"),
        current=NO_CURRENT if CURRENT.name in files else None,
        network_sets=sets.members,
        inputs=read.inputs,
        findings=tuple(diagnostics.findings),
    )
    rank = byte_rank(estate.jobs["job"]).astype("int32")
    return SmallTables(estate, sets.book, rank, files), diagnostics.problems


def with_digests(small: SmallTables) -> Estate:
    """Return the estate with the SHA-256 of the large files among its inputs."""
    inputs = dict(small.estate.inputs)
    for path in small.files.values():
        with path.open("rb") as file:
            inputs[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return replace(small.estate, inputs=dict(sorted(inputs.items())))


def _file(folder: Path, table: Table, diagnostics: Diagnostics) -> Path | None:
    """Return the Parquet file of a large table, if it is there and has the columns it needs."""
    problems = diagnostics.problems
    path = table_path(folder, table, problems)
    if path is None:
        return None
    if path.suffix != ".parquet":
        reason = "is not Parquet, which is what --out-of-core can read"
        remedy = "write the same columns as Parquet, or plan without --out-of-core"
        problems.append(InputProblem(path.name, None, None, None, reason, remedy))
        return None
    try:
        check_regular(path)
        names = trimmed_names(path.name, pq.read_schema(path).names, 1)
        diagnostics.findings += unknown_columns(table, path.name, names)
    except EstateError as error:
        problems += error.problems
        return None
    except (pa.ArrowException, OSError) as error:
        problems += unreadable(path.name, error).problems
        return None
    missing = [column for column in table.columns if column.required and column.name not in names]
    for column in missing:
        remedy = f"add it: {column.meaning}"
        problems.append(
            InputProblem(path.name, 1, None, None, f"has no column {column.name!r}", remedy)
        )
    return None if missing else path
