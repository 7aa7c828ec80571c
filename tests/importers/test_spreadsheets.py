"""Exports become sheets of text, whatever program wrote them; hostile ones an error."""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import EstateError
from optimizer.inputs.importers import csv_dialects, xlsx_guard
from optimizer.inputs.importers.spreadsheets import Sheet, read_sheets

DATA = Path(__file__).parents[3] / "shared" / "data" / "rvtools"
few = settings(max_examples=max(50, settings().max_examples // 10))
SHEET = "xl/worksheets/sheet1.xml"

cells = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5) | st.sampled_from(
    ['a"b', "a,b;c\td", "x\ny", "=cmd|' /C calc'!A0", "../..", "<b>$(x)</b>", "日本"]
)
rows = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=5)


def one(path: Path, encoding: str | None = None) -> Sheet:
    (sheet,) = read_sheets(path, encoding)
    return sheet


def write(path: Path, content: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(content.encode(encoding))
    return path


def workbook(path: Path, *table: Sequence[object]) -> Path:
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("vInfo")
    for number, row in enumerate(table):
        sheet.write_row(number, 0, row)
    book.close()
    return path


def altered(path: Path, change: Callable[[str], str], part: str = SHEET) -> Path:
    """Replace a part of the workbook by what ``change`` makes of it."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts[part] = change(parts[part].decode()).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def refusal(path: Path, encoding: str | None = None) -> str:
    with pytest.raises(EstateError) as caught:
        read_sheets(path, encoding)
    return str(caught.value)


@few
@given(rows, st.sampled_from(",;\t"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_a_table_comes_back_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], sign: str, encoding: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=sign).writerows([["VM", "Host", "IP"], *table])
    path = write(tmp_path_factory.getbasetemp() / "t.csv", text.getvalue(), encoding)
    read = one(path)
    assert read.cells.to_numpy().tolist() == [[cell.strip() for cell in row] for row in table]
    assert list(read.cells.columns) == ["VM", "Host", "IP"]


def test_a_csv_is_named_by_its_file_and_counts_rows_as_a_spreadsheet_does(tmp_path: Path) -> None:
    plain = one(write(tmp_path / "RVTools_tabvInfo.csv", "VM,Tag,Tag\r\n a ,1,2\r\n"))
    assert (plain.file, plain.name, plain.line(0)) == (
        "RVTools_tabvInfo.csv", "RVTools_tabvInfo", 2,
    )  # fmt: skip
    assert plain.cells.to_dict("list") == {"VM": ["a"], "Tag": ["1"], "Tag (2)": ["2"]}
    excel = one(write(tmp_path / "e.csv", "sep=;\nVM;Host\na,b;c\n"))
    assert (excel.cells.to_dict("list"), excel.line(0)) == ({"VM": ["a,b"], "Host": ["c"]}, 3)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoted", [False, True])
def test_a_row_has_the_line_that_an_editor_shows(tmp_path: Path, end: str, quoted: bool) -> None:
    """Blank lines count, and so do those inside of a cell."""
    long = f'"b{end}b"' if quoted else "b"
    lines = ["sep=,", "VM,Host", "", f"a,{long}", "", "", "c,d", "e,f", ""]
    sheet = one(write(tmp_path / "t.csv", end.join(lines)))
    more = 1 if quoted else 0
    assert [sheet.line(row) for row in (-1, 0, 1, 2)] == [2, 4, 7 + more, 8 + more]
    assert sheet.place(2) == f"t.csv:{8 + more}"


def test_an_encoding_that_utf8_is_not_has_to_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "j.csv", "VM;OS\n基幹;Windows\n", "cp932")
    assert one(path, "cp932").cells["VM"].tolist() == ["基幹"]
    # 基 is 8A EE in cp932, and 8A begins no character of UTF-8
    assert refusal(path).startswith("j.csv: is not utf-8: byte 0x8a in line 2; name it: --encoding")
    assert "--encoding cp932" in refusal(path)
    assert "no encoding is called 'cp9999'" in refusal(path, "cp9999")
    assert "is not ascii" in refusal(path, "ascii")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "t.csv: has no header row"),
        ("VM,Host\na,b\nc\n", "t.csv:3: has 1 cell, the header has 2"),
        ('VM,Host\na,"b\n', "t.csv:2: cannot be read: unexpected end of data"),
        (
            f"VM,Host\na,{'x' * 2_000_000}\n",
            "t.csv:2: cannot be read: field larger than field limit (1048576); close",
        ),
        ("PK\x03\x04 and no more", "t.csv: is a damaged or encrypted xlsx"),
    ],
)
def test_what_is_no_table_is_told_with_its_place(tmp_path: Path, content: str, said: str) -> None:
    assert refusal(write(tmp_path / "t.csv", content)).startswith(said)


def test_files_that_are_not_there_or_not_what_they_are_called(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "gone.csv")
    assert "is a folder; name a file" in refusal(tmp_path)
    assert "is not an xlsx" in refusal(write(tmp_path / "a.xlsx", "VM,Host\n"))
    (tmp_path / "b.xlsx").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    assert "protected by a password" in refusal(tmp_path / "b.xlsx")


def test_a_workbook_reads_as_a_csv_would(tmp_path: Path) -> None:
    path = workbook(tmp_path / "t.xlsx", [], ["VM", "CPUs", "On"], ["a", 4.0, True], [" b ", 0.5])
    read = one(path)
    assert (read.name, read.line(0)) == ("vInfo", 3)
    assert read.cells.to_dict("list") == {
        "VM": ["a", "b"], "CPUs": ["4", "0.5"], "On": ["True", ""],
    }  # fmt: skip
    assert read_sheets(path, None, wanted=re.compile("vHost")) == []


def test_a_file_that_inflates_too_well_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_guard, "LARGEST_INFLATED", 3_000_000)
    path = altered(
        workbook(tmp_path / "bomb.xlsx", ["VM"]),
        lambda text: text.replace("</sheetData>", "<row/>" * 600_000 + "</sheetData>"),
    )
    assert "unpacks to more than 2 MiB" in refusal(path)
    # the same with a directory that tells 100 bytes; the size stands 24 bytes into an entry
    content = bytearray(path.read_bytes())
    entry = content.rindex(b"PK\x01\x02", 0, content.rindex(SHEET.encode()))
    content[entry + 24 : entry + 28] = struct.pack("<I", 100)
    path.write_bytes(content)
    assert "unpacks to more than 2 MiB" in refusal(path)


def test_a_sheet_may_not_reach_into_the_last_corner(tmp_path: Path) -> None:
    book = workbook(tmp_path / "far.xlsx", ["VM"])
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    altered(book, lambda text: text.replace("</sheetData>", far))
    assert "'xl/worksheets/sheet1.xml' reaches to row 1048576, column 16384" in refusal(book)
    altered(book, lambda text: text.replace(' r="XFD1048576"', ""))
    assert "cells that do not say where they stand" in refusal(book)


def test_one_long_text_may_not_be_named_too_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = [f"{'x' * 30_000}"]
    path = workbook(tmp_path / "many.xlsx", *[long] * 100)  # the text is there once
    assert len(one(path).cells) == 99
    monkeypatch.setattr(xlsx_guard, "LARGEST_TEXT", 2_000_000)
    assert "has cells with more than 1 MiB of text" in refusal(path)


def test_entities_and_huge_cells_are_refused(tmp_path: Path) -> None:
    evil = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet'
    path = altered(
        workbook(tmp_path / "x.xlsx", ["VM"]), lambda text: text.replace("<worksheet", evil)
    )
    assert "declares a document type or XML entities" in refusal(path)
    path = workbook(tmp_path / "y.xlsx", ["VM"])
    altered(path, lambda text: text.replace("VM", "x" * 3_000_000), "xl/sharedStrings.xml")
    assert "has a cell of more than 1048576 characters" in refusal(path)


def test_the_quick_way_and_the_careful_one_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "t.csv", 'VM,Note\n\n a,"x ""y"", z"\n"b\nc",\n')
    quick = one(path).cells
    assert quick["Note"].tolist() == ['x "y", z', ""]
    monkeypatch.setattr(csv_dialects, "_quickly", lambda *_: None)
    assert one(path).cells.equals(quick)


def test_samples_in_every_form_tell_the_same() -> None:
    if not DATA.exists():
        pytest.skip("the samples are not here")
    of = {
        form: one(DATA / form / "RVTools_tabvInfo.csv", "cp932").cells
        for form in ("csv_comma", "csv_semicolon_cp932")
    }
    assert of["csv_comma"].equals(of["csv_semicolon_cp932"])
    (info,) = read_sheets(DATA / "rvtools_constructed.xlsx", None, wanted=re.compile("vInfo"))
    differs = info.cells.columns[(info.cells != of["csv_comma"]).any()]
    assert list(differs) == ["Annotation"]  # its formula is a text there, with a quote before it
