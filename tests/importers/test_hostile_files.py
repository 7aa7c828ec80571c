"""Files that mean harm, or are broken, end in a clear error or in harmless data, and soon."""

from __future__ import annotations

import csv
import io
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import xlsxwriter
from click.testing import CliRunner
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from models.errors import EstateError, GipError
from models.imported_tables import Inventory, SourceFile
from models.schema import NETWORKS, SERVERS, TABLES
from optimizer.cli.main import gip
from optimizer.cli.progress import progress
from optimizer.files.formulas import unguard
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.importers.generic_table import read_generic_table
from optimizer.inputs.importers.guest_networks import UNKNOWN
from optimizer.inputs.importers.import_pipeline import run_import
from optimizer.inputs.importers.rvtools.reader import read_rvtools
from optimizer.inputs.importers.spreadsheets import read_sheets

HEADER = "VM,NICs,Primary IP Address,OS according to the configuration file\n"
SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
EVIL = (
    "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|'x'!A0", "+1", "-1", "../../etc/passwd", r"..\..\x",
    "<script>alert(1)</script>", "$(rm -rf ~); `x` | & \"'", "%TEMP%{{7*7}}${x}",
    "\x1b[2J\x1b]0;x\x07", 'a""b,"c"', "[/red]", "line\nbreak", "-rf", "NUL", "\u202etxt.exe",
)  # fmt: skip
few = settings(
    max_examples=max(20, settings().max_examples // 40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(path: Path, *rows: list[object]) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("vInfo")
    for number, row in enumerate(rows):
        sheet.write_row(number, 0, row)
    book.close()
    return path


def good(path: Path) -> Path:
    return workbook(
        path, ["VM", "NICs", "Primary IP Address"], ["a", 1, "10.0.0.1"], ["b", 2.5, True]
    )


def altered(source: Path, path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Write ``source`` anew with what ``change`` makes of one of its parts."""
    with zipfile.ZipFile(source) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, change(content) if name == part else content)
    return path


def refusal(path: Path, encoding: str | None = None) -> str:
    with pytest.raises(EstateError) as caught:
        read_rvtools([path], encoding=encoding)
    return str(caught.value)


# --- names


@pytest.mark.parametrize("name", EVIL)
def test_an_evil_name_is_data_and_nothing_else(tmp_path: Path, name: str) -> None:
    text = io.StringIO(newline="")
    rows = [[name, 1, "10.0.0.1", name]] * 2  # the second is told, with its name
    csv.writer(text).writerows([HEADER.strip().split(","), *rows])
    path, out = write(tmp_path / "v.csv", text.getvalue()), tmp_path / "out" / "estate"
    done = CliRunner().invoke(
        gip, ["import", "rvtools", str(path), "--guess-prefix", "24", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert all(sign.isprintable() for sign in done.output.replace("\n", ""))
    with (out / "vms.csv").open(encoding="utf-8-sig", newline="") as file:
        (written,) = csv.DictReader(file)
    meant = unguard(pa.array([written["vm"], written["name"], written["os"]])).to_pylist()
    assert meant == [name, name, name]
    assert {file.parent for file in tmp_path.rglob("*") if file.is_file()} == {tmp_path, out}


def test_a_step_is_text_and_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress(True) as step:
        step("reading [/red]")


named = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6
).filter(lambda name: name.strip().lower() not in UNKNOWN)
names = st.lists(named | st.sampled_from(EVIL), min_size=1, max_size=5)


def trimmed(name: str) -> str:
    """Return a name as the contract compares it."""
    return pd.Series([name], dtype="str").str.strip().iloc[0]


@few
@given(names, names, names, names)
def test_the_estate_reads_back_the_names_that_were_imported(
    tmp_path: Path, vms: list[str], jobs: list[str], servers: list[str], networks: list[str]
) -> None:
    """A network or server whose name a list cannot hold is refused."""
    folder = tmp_path / os.urandom(8).hex()
    folder.mkdir()
    lists = {"v": vms, "j": jobs, "s": servers, "n": networks}
    of = {key: sorted({trimmed(name) for name in found} - {""}) for key, found in lists.items()}
    assume(all(of.values()))
    fixed: dict[str, tuple[tuple[str, ...], Sequence[tuple[str, ...]]]] = {
        "vms": (("vm", "os", "networks"), [(name, "Windows", of["n"][0]) for name in of["v"]]),
        "jobs": (
            ("job", "start", "duration_minutes", "indexing", "proxies"),
            [(name, "22:00", "60", "true", of["s"][0]) for name in of["j"]],
        ),
        "servers": (
            ("server", "os", "roles", "networks"),
            [(name, "Windows", "" if place else "backup_server", of["n"][0])
             for place, name in enumerate(of["s"])],
        ),
        "networks": (("network", "site"), [(name, name) for name in of["n"]]),
        "job_vms": (("job", "vm"), [(job, vm) for job in of["j"] for vm in of["v"]]),
    }  # fmt: skip
    read: list[Inventory] = []
    for table in TABLES:
        if table.name in fixed:
            header, rows = fixed[table.name]
            text = io.StringIO(newline="")
            csv.writer(text).writerows([header, *rows])
            file = write(folder / f"{table.name}.txt", text.getvalue())
            maps = [f"{name}={name}" for name in header]
            if table in (SERVERS, NETWORKS) and any(";" in row[0] for row in rows):
                with pytest.raises(EstateError, match="has a ;, as between the names of a list"):
                    read_generic_table(file, table, maps, "", None)
                return
            read.append(read_generic_table(file, table, maps, "", None))
    run_import(folder / "estate", read, False, lambda step: None)
    estate = read_estate(folder / "estate")
    assert estate.servers["server"].tolist() == of["s"]
    assert estate.vms["vm"].tolist() == of["v"]
    assert estate.jobs["job"].tolist() == of["j"]
    assert len(estate.job_vms) == len(of["j"]) * len(of["v"])


# --- sizes


def long_cell(folder: Path) -> Path:
    return write(folder / "long.csv", HEADER + "a,1,10.0.0.1," + "x" * 8_000_000 + "\n")


def long_quote(folder: Path) -> Path:
    return write(folder / "quote.csv", HEADER + 'a,1,10.0.0.1,"' + "x\n" * 4_000_000 + '"\n')


def long_header(folder: Path) -> Path:
    return write(folder / "header.csv", "VM," + "x" * 8_000_000 + "\na,b\n")


def wide(folder: Path) -> Path:
    return write(folder / "wide.csv", ",".join(map(str, range(1_000_000))) + "\n")


def deep_quotes(folder: Path) -> Path:
    return write(folder / "quotes.csv", HEADER + '"' * 8_000_001)


def long_text(folder: Path) -> Path:
    book = workbook(folder / "text.xlsx", ["VM"])
    return altered(
        book, folder / "text2.xlsx", TEXTS, lambda text: text.replace(b"VM", b"x" * 8_000_000)
    )


def bomb(folder: Path) -> Path:
    """Return an xlsx of which a part inflates to 48 MB and says that it has 100 bytes."""
    blank = zipfile.ZipFile(folder / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED)
    with blank as archive, archive.open(SHEET, "w", force_zip64=True) as part:
        part.write(b"<row/>" * 8_000_000)
    content = bytearray((folder / "bomb.xlsx").read_bytes())
    entry = content.rindex(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 100)
    return write(folder / "bomb.xlsx", bytes(content))


def laughs(folder: Path) -> Path:
    ladder = b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 100) for n in range(6))
    declared = b'<!DOCTYPE sst [<!ENTITY a "ha">' + ladder + b"]><sst"
    return altered(
        good(folder / "a.xlsx"), folder / "laughs.xlsx", TEXTS,
        lambda text: text.replace(b"<sst", declared, 1).replace(b"VM", b"&g;"),
    )  # fmt: skip


SIZES = {
    long_cell: "field larger than field limit",
    long_quote: "field larger than field limit",
    long_header: "has a header of more than",
    wide: "has a header of more than 16384 columns",
    deep_quotes: "cannot be read",
    long_text: "has a cell of more than 1048576 characters",
    bomb: "cannot be read as an xlsx",  # not before all of it was looked at
    laughs: "declares a document type or XML entities",
}


def test_what_is_too_large_is_refused_within_little_memory(tmp_path: Path) -> None:
    files = {str(make(tmp_path)): said for make, said in SIZES.items()}
    code = f"""
import resource, sys
from pathlib import Path
from models.errors import EstateError
from optimizer.inputs.importers.rvtools.reader import read_rvtools
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name, said in {files!r}.items():
    try:
        read_rvtools([Path(name)])
    except EstateError as error:
        assert said in str(error), (name, str(error)[:500])
        assert len(str(error)) < 2000
    else:
        assert not said, name
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""
    pytest.importorskip("resource", reason="this system does not tell how much memory was used")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 150  # MiB


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    path = workbook(tmp_path / "w.xlsx", ["VM", *[""] * 3, "NICs"], ["a"])
    far = b'<c r="XFD2"><v>1</v></c></row></sheetData>'
    altered(path, path, SHEET, lambda text: text.replace(b"</row></sheetData>", far))
    (sheet,) = read_sheets(path, None)
    assert sheet.cells.shape == (1, 2)


# --- no tables at all


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bytes(range(256)) * 100, "is not utf-8"),
        (b"PK\x03\x04" + bytes(range(256)) * 100, "damaged or encrypted"),
        (b"\0" * 1000, "looks like UTF-16"),
        (b'VM,"NICs\na,b\n', "has a header that cannot be read"),
        (b"VM,NICs," + b"x" * 200_000 + b"\n", ""),
        (b"VM,NICs\n", ""),
    ],
)
def test_garbage_is_refused_or_nothing(tmp_path: Path, content: bytes, said: str) -> None:
    path = write(tmp_path / "g.csv", content)
    if said:
        assert said in refusal(path)
    else:
        assert len(read_rvtools([path]).tables["vms"]) == 0


@pytest.mark.parametrize("encoding", ["undefined", "idna", "zlib", "no such", "rot13", "\0"])
def test_an_encoding_that_is_none_is_told(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "RVTools_tabvInfo.csv", b"VM,NICs\n\xff..,1\n")
    assert "encoding" in refusal(path, encoding)


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    assert refusal(tmp_path).endswith(
        "is a folder; name a file\n1 problem found; nothing was written"
    )
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes in folders")
    os.mkfifo(tmp_path / "pipe.csv")
    assert "a device or a pipe" in refusal(tmp_path / "pipe.csv")
    assert "a device or a pipe" in refusal(Path("/dev/zero"))
    secret = write(tmp_path / "secret.csv", HEADER)
    secret.chmod(0)
    if not os.access(secret, os.R_OK):
        assert "Permission denied" in refusal(secret)


# --- whatever was done to a file

pieces = st.sampled_from(
    [b"", b"<",
     b">", b"\0", b'"', b"<c", b"</row>", b'<c r="A1"/>', b'<c r="XFD1048576"/>', b"&amp;",
     b"&#0;", b't="s"', b't="e"', b"<v>99999999999</v>", b"<v>-1</v>", b"<is><t>x</t></is>", b"]]>",
     b"<!--", b"\xff\xfe", b"1e999", b"nan", b't="d"', b' s="9999"', b"\r\n", b",", b";"]
)  # fmt: skip
edits = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 30), pieces | st.binary(max_size=4)), max_size=6
)


def edited(content: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for place, length, piece in changes:
        at = int(place * len(content))
        content = content[:at] + piece + content[at + length :]
    return content


def table_or_error(path: Path) -> Any:
    try:
        return read_rvtools([path], None, 24)
    except GipError as error:
        return error


PARTS = (SHEET, TEXTS, "xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels",
         "[Content_Types].xml")  # fmt: skip


@few
@given(st.sampled_from(PARTS), edits)
def test_a_damaged_part_of_a_workbook_is_a_table_or_an_error(
    tmp_path: Path, part: str, changes: list[tuple[float, int, bytes]]
) -> None:
    source = tmp_path / "good.xlsx"
    if not source.exists():
        good(source)
    assert table_or_error(
        altered(source, tmp_path / "bad.xlsx", part, lambda content: edited(content, changes))
    )


@few
@given(edits)
def test_a_damaged_workbook_is_a_table_or_an_error(
    tmp_path: Path, changes: list[tuple[float, int, bytes]]
) -> None:
    source = tmp_path / "good.xlsx"
    if not source.exists():
        good(source)
    assert table_or_error(write(tmp_path / "bad.xlsx", edited(source.read_bytes(), changes)))


@few
@given(edits, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp932"]))
def test_a_damaged_csv_is_a_table_or_an_error(
    tmp_path: Path, changes: list[tuple[float, int, bytes]], encoding: str
) -> None:
    text = HEADER + '基幹,1,"10.0.0.1, 10.0.0.2","Windows ""2022"""\nb,1,,\n'
    assert table_or_error(write(tmp_path / "bad.csv", edited(text.encode(encoding), changes)))


def test_hand_made_inventories_keep_their_signs(tmp_path: Path) -> None:
    rows = pd.DataFrame({"vm": list(EVIL)}, dtype="str")
    run_import(
        tmp_path, [Inventory({"vms": rows}, (SourceFile("x", "0"),), ())], False, lambda step: None
    )
    again = run_import(tmp_path, [Inventory({"vms": rows}, (), ())], False, lambda step: None)
    assert again.counts["vms"].kept == len(EVIL)
