"""Inventories fill an estate's gaps and leave what is there, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.diagnostics import Finding
from models.errors import EstateError, GipError
from models.imported_tables import Inventory, SourceFile
from optimizer.inputs.importers import import_pipeline as run_module
from optimizer.inputs.importers.import_pipeline import ImportResult, run_import
from optimizer.inputs.importers.table_merge import MergeCounts, merge_table

few = settings(max_examples=max(50, settings().max_examples // 10))
FINDING = Finding("info", "templates", "vInfo", "left out: 2")


def table(rows: list[dict[str, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, dtype="str").fillna("")


def inventory(file: str = "x.xlsx", **tables: list[dict[str, str]]) -> Inventory:
    read = {name: table(rows) for name, rows in tables.items()}
    return Inventory(read, (SourceFile(file, "00ff"),), (FINDING,))


def imported(out: Path, *inventories: Inventory, replace: bool = False) -> ImportResult:
    return run_import(out, inventories, replace, lambda step: None)


def text(path: Path) -> str:
    return path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")


ids = st.sampled_from("abcd")
cells = st.sampled_from(["", "1", "2"])
keyed = st.dictionaries(ids, st.tuples(cells, cells), max_size=4).map(
    lambda rows: pd.DataFrame(
        [(key, *others) for key, others in rows.items()], columns=["vm", "os", "name"], dtype="str"
    )
)


@few
@given(keyed, keyed, st.booleans())
def test_merging_twice_changes_nothing_more(
    old: pd.DataFrame, new: pd.DataFrame, replace: bool
) -> None:
    once, _ = merge_table(old, new, ["vm"], replace)
    twice, counts = merge_table(once, new, ["vm"], replace)
    assert twice.equals(once)
    assert (counts.added, counts.changed, counts.kept) == (0, 0, len(new))


@few
@given(keyed, keyed)
def test_no_known_cell_changes_and_every_gap_that_can_be_is_filled(
    old: pd.DataFrame, new: pd.DataFrame
) -> None:
    merged, _ = merge_table(old, new, ["vm"], False)
    told = {row[0]: row for row in new.itertuples(index=False)}
    assert merged["vm"].tolist() == [*old["vm"], *(v for v in new["vm"] if v not in set(old["vm"]))]
    for before, after in zip(old.to_numpy(), merged.to_numpy(), strict=False):
        other = told.get(before[0], ("", "", ""))
        assert after.tolist() == [a or b for a, b in zip(before, other, strict=True)]


@few
@given(keyed, keyed)
def test_what_the_inventory_knows_wins_where_it_may_replace(
    old: pd.DataFrame, new: pd.DataFrame
) -> None:
    merged, counts = merge_table(old, new, ["vm"], True)
    had = {row[0]: row for row in old.itertuples(index=False)}
    rows = {row[0]: row for row in merged.itertuples(index=False)}
    for row in new.itertuples(index=False):
        before = had.get(row[0], ("", "", ""))
        assert tuple(rows[row[0]]) == tuple(a or b for a, b in zip(row, before, strict=True))
    assert counts.differing == 0


def test_a_pair_is_one_key() -> None:
    old = table([{"job": "a", "vm": "bc"}])
    merged, counts = merge_table(
        old, table([{"job": "ab", "vm": "c"}, {"job": "a", "vm": "bc"}]), ["job", "vm"], False
    )
    assert len(merged) == 2
    assert counts == MergeCounts(added=1, kept=1)


def test_a_folder_gets_what_is_new_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "vms.csv").write_text("vm,rack,os,networks\nv2,r7,,10.0.0.2\nv1,r8,Windows,\n")
    (tmp_path / "links.csv").write_text("from,to\na,b\n")
    (tmp_path / "notes.txt").write_text("mine")
    merged = imported(
        tmp_path,
        inventory(
            vms=[
                {"vm": "v1", "os": "Linux", "networks": "10.0.0.1", "name": "=cmd|' /C calc'!A0"},
                {"vm": "v3", "os": "<b>", "networks": "", "name": "../../x"},
            ]
        ),
    )
    assert text(tmp_path / "vms.csv") == (
        "vm,rack,os,networks,name\n"
        "v2,r7,,10.0.0.2,\n"
        "v1,r8,Windows,10.0.0.1,'=cmd|' /C calc'!A0\n"  # no formula to a spreadsheet
        "v3,,<b>,,../../x\n"
    )
    assert merged.counts == {"vms": MergeCounts(added=1, changed=1, differing=1)}
    assert FINDING in merged.findings
    assert [f.detail for f in merged.findings if f.code == "kept_cells"] == [
        "1 cell that differs from x.xlsx: kept; --replace takes the new"
    ]
    assert text(tmp_path / "links.csv") == "from,to\na,b\n"
    assert text(tmp_path / "notes.txt") == "mine"
    # tables that a plan needs begin as headers
    assert text(tmp_path / "job_vms.csv") == "job,vm\n"
    assert not (tmp_path / "current.csv").exists()


def test_sources_grow_by_a_line_per_table_and_file_and_tables_keep_their_bytes(
    tmp_path: Path,
) -> None:
    told = inventory("a.csv", vms=[{"vm": "v1", "os": "Windows"}], jobs=[{"job": "j"}])
    imported(tmp_path, told)
    before = (tmp_path / "vms.csv").read_bytes()
    imported(tmp_path, told, inventory("b.csv", vms=[{"vm": "v1", "os": "Linux"}]))
    assert (tmp_path / "vms.csv").read_bytes() == before
    lines = [line.rsplit(",", 1) for line in text(tmp_path / "sources.csv").splitlines()]
    assert [line for line, _ in lines] == [
        "table,rows,file,sha256",
        *["vms,1,a.csv,00ff", "jobs,1,a.csv,00ff"] * 2,
        "vms,1,b.csv,00ff",
    ]
    assert pd.to_datetime([when for _, when in lines[1:]]).notna().all()


def test_what_a_plan_lacks_is_listed_with_the_file_to_fill_in(tmp_path: Path) -> None:
    merged = imported(
        tmp_path,
        inventory(
            servers=[
                {"server": "p1", "os": "Windows Server 2022"},
                {"server": "p2", "os": "Rocky Linux 9"},
                {"server": "p3", "os": "Windows", "networks": "10.0.0.9", "excluded": "yes"},
            ],
            networks=[{"network": "lan", "cidr": "10.0.0.0/24"}],
            vms=[
                {"vm": "v1", "os": "Windows", "networks": "10.0.0.1;dmz"},
                {"vm": "v2", "networks": "10.9.0.1"},
                {"vm": "v3", "os": "Windows"},
            ],
            jobs=[{"job": "j"}, {"job": "k", "start": "22:00", "indexing": "false"}],
            job_vms=[{"job": "j", "vm": "v9"}],
        ),
    )
    lacking = [(row[0], row[1], row[2]) for row in merged.missing.itertuples(index=False)]
    assert lacking == [
        ("servers.csv", "", "roles"),
        ("servers.csv", "p1", "networks"),
        ("servers.csv", "p2", "networks"),
        ("networks.csv", "dmz", "network"),
        ("networks.csv", "10.9.0.0/24", "cidr"),
        ("vms.csv", "v2", "os"),
        ("vms.csv", "v3", "networks"),
        ("jobs.csv", "j", "start"),
        ("jobs.csv", "j", "duration_minutes"),
        ("jobs.csv", "k", "duration_minutes"),
        ("jobs.csv", "j", "application_aware"),
        ("vms.csv", "v9", "vm"),
    ]
    assert text(tmp_path / "missing.csv").startswith(
        "file,row,column,why\nservers.csv,,roles,no server is the backup_server\n"
    )


def test_missing_is_made_anew(tmp_path: Path) -> None:
    imported(tmp_path, inventory(vms=[{"vm": "v1", "os": "Windows"}]))
    assert "vms.csv,v1,networks" in text(tmp_path / "missing.csv")
    imported(tmp_path, inventory(vms=[{"vm": "v1", "networks": "10.0.0.1"}]))
    assert "\nvms.csv" not in text(tmp_path / "missing.csv")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("vms.parquet", b"PAR1", "vms.parquet: can be read, but not be merged into"),
        ("vms.csv.gz", b"\x1f\x8b", "write it as vms.csv and move this file away"),
        ("jobs.csv", b"name,start\n", "jobs.csv:1: has no column 'job'"),
        ("jobs.csv", b"job,start\na\n", "jobs.csv:2: has 1 cell,"),
        ("jobs.csv", b"job\n\xff\n", "jobs.csv: is not utf-8"),
    ],
)
def test_a_table_that_cannot_be_merged_into_is_told(
    tmp_path: Path, file: str, content: bytes, said: str
) -> None:
    (tmp_path / file).write_bytes(content)
    with pytest.raises(EstateError) as caught:
        imported(tmp_path, inventory(vms=[{"vm": "v1"}]))
    assert said in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_a_folder_is_changed_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(tmp_path, inventory(vms=[{"vm": "v1"}], jobs=[{"job": "j"}]))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write = run_module._write

    def full(path: Path, rows: pd.DataFrame) -> None:
        if path.name == "missing.csv":
            raise OSError(28, "No space left on device")
        write(path, rows)

    monkeypatch.setattr(run_module, "_write", full)
    with pytest.raises(GipError, match="No space left"):
        imported(tmp_path, inventory(vms=[{"vm": "v2"}], jobs=[{"job": "k"}]))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
