"""Reads the files of a plan folder, and judges their form."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from models.errors import PlanError
from optimizer.checker.violations import Violations

COLUMNS = {
    "assignments.csv": (
        "job", "vm", "proxy", "tier", "connection", "protected", "failover_proxy",
        "previous_proxy", "vm_name",
    ),
    "unassigned.csv": ("job", "vm", "reason", "detail", "vm_name"),
    "job_proxies.csv": (
        "job", "choice", "proxies", "change", "runs", "failed", "tier1", "tier2", "tier3", "tier4",
        "failed_over", "overload_minutes", "certainty", "note",
    ),
    "job_splits.csv": ("job", "rank", "part", "name", "choice", "proxies", "vm", "vm_name"),
    "job_before.csv": ("job", "proxies"),
    "proxy_load.csv": ("server", "from", "to", "running_tasks", "planned_tasks", "max_tasks"),
    "findings.csv": ("severity", "code", "subject", "detail"),
}  # fmt: skip
RECORD = "plan.json"
ADDED_LATER = frozenset({"job_before.csv"})  # plans made before have none
COLUMNS_ADDED_LATER = ("vm_name",)
MOSTLY_DISTINCT = frozenset({"vm", "detail", "vm_name"})
BOM = b"\xef\xbb\xbf"
CR, LF = b"\r\n"
AT_ONCE = 1 << 18
UNKNOWN_TEXT = -9

GUARDED = r"^'('*[=+\-@\t\r])"
_QUOTED = re.compile(rb'"[^"]*"')


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """One file as read: dictionary arrays, but plain strings for `MOSTLY_DISTINCT` columns."""

    file: str
    columns: dict[str, Any]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def text(self, column: str, row: int) -> str:
        """Return one cell as it stands in the file."""
        return str(self.columns[column][row].as_py())

    def codes(self, column: str, meaning: Callable[[str], int | None]) -> NDArray[np.int64]:
        """Return what each cell means, shape (rows,); `UNKNOWN_TEXT` where ``meaning`` is None."""
        array = self.columns[column]
        found = [meaning(text) for text in array.dictionary.to_pylist()]
        table = np.array([UNKNOWN_TEXT if code is None else code for code in found], dtype=np.int64)
        return np.asarray(table[array.indices.to_numpy()])


def read_plan_files(folder: Path, file: str, complaints: Violations) -> PlanFiles:
    """Return one CSV file of the plan; PlanError where it is missing or cannot be read."""
    content = _bytes(folder, file)
    _form(file, content, complaints)
    wanted = COLUMNS[file]
    if "vm_name" in wanted and not _names_vms(content):
        wanted = tuple(name for name in wanted if name not in COLUMNS_ADDED_LATER)
    types = {
        name: pa.string() if name in MOSTLY_DISTINCT else pa.dictionary(pa.int32(), pa.string())
        for name in wanted
    }
    # A header alone is only read where its line ends.
    ended = content if content.endswith(b"\n") or not content else content + b"\r\n"
    try:
        table = pacsv.read_csv(
            pa.BufferReader(ended),
            parse_options=pacsv.ParseOptions(newlines_in_values=b'"' in content),
            convert_options=pacsv.ConvertOptions(column_types=types, strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        raise _unreadable(folder, file, str(error)) from error
    header = tuple(table.column_names)
    missing = [name for name in wanted if name not in header]
    if missing:
        raise _unreadable(folder, file, f"it has no column {missing[0]!r}")
    if header != wanted:
        complaints.add(
            "headers", f"{file}: columns are {', '.join(header)}, expected {', '.join(wanted)}"
        )
    cells = {
        name: _meant(table.column(header.index(name)).unify_dictionaries().combine_chunks())
        for name in wanted
    }
    return PlanFiles(file, cells)


def _names_vms(content: bytes) -> bool:
    header = content.partition(b"\n")[0].removeprefix(BOM).strip().decode(errors="replace")
    return header.split(",")[-1] in COLUMNS_ADDED_LATER


def _meant(cells: Any) -> Any:
    """Return cells without the quote that keeps spreadsheets from taking them for formulas."""
    if isinstance(cells, pa.ChunkedArray):
        cells = pa.concat_arrays(cells.chunks)
    if pa.types.is_dictionary(cells.type):
        return pa.DictionaryArray.from_arrays(cells.indices, _meant(cells.dictionary))
    if not pc.any(pc.starts_with(cells, "'")).as_py():
        return cells
    return pc.replace_substring_regex(cells, GUARDED, r"\1")


def read_record(folder: Path) -> dict[str, Any]:
    """Return ``plan.json``; PlanError where it is missing or no JSON object."""
    try:
        record = json.loads(_bytes(folder, RECORD).removeprefix(BOM))
    except (ValueError, RecursionError) as error:
        raise _unreadable(folder, RECORD, str(error)) from error
    if not isinstance(record, dict):
        raise _unreadable(folder, RECORD, "it is not a JSON object")
    return record


def judge_order(written: PlanFiles, complaints: Violations) -> None:
    """Complain where rows are not sorted by job and VM in byte order."""
    texts = written.columns["job"].dictionary.to_pylist()
    rank = {text: place for place, text in enumerate(sorted(texts))}
    job, vm = written.codes("job", rank.get), written.columns["vm"]
    in_order = pc.less_equal(vm[:-1], vm[1:]).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero((job[:-1] > job[1:]) | ((job[:-1] == job[1:]) & ~in_order))
    if len(wrong):
        job_name, vm_name = (written.text(column, int(wrong[0]) + 1) for column in ("job", "vm"))
        complaints.add(
            "unsorted files",
            f"{written.file}: rows are not sorted by job and vm (byte order): "
            f"job {job_name!r}, vm {vm_name!r} stands too late",
        )


def _bytes(folder: Path, file: str) -> bytes:
    if (folder / file).exists() and not (folder / file).is_file():
        raise _unreadable(folder, file, "it is no file, but a folder, a device or a pipe")
    try:
        return (folder / file).read_bytes()
    except OSError as error:
        raise _unreadable(folder, file, error.strerror or str(error)) from error


def _unreadable(folder: Path, file: str, why: str) -> PlanError:
    return PlanError(f"{folder / file}: cannot be read as part of a plan: {why}; "
                     "run `gip plan` again")  # fmt: skip


def _form(file: str, content: bytes, complaints: Violations) -> None:
    """Complain where a file does not begin with a BOM or its lines do not end with CRLF."""
    if not content.startswith(BOM):
        complaints.add("files without a BOM", f"{file}: does not begin with a UTF-8 BOM")
    if not _ends_lines(content) and not _ends_lines(_QUOTED.sub(b"", content)):
        complaints.add("files with other line ends", f"{file}: lines do not all end with CRLF")


def _ends_lines(content: bytes) -> bool:
    """Tell whether the last line ends with CRLF, and neither CR nor LF stands alone anywhere."""
    characters = np.frombuffer(content, dtype=np.uint8)
    for start in range(0, len(content), AT_ONCE):  # what a processor keeps at hand
        some = characters[start : start + AT_ONCE + 1]
        if ((some[:-1] == CR) != (some[1:] == LF)).any():
            return False
    return content.endswith(b"\r\n") and not content.startswith(b"\n")
