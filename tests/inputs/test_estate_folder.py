"""Tests of `optimizer.inputs.estate_folder`: every way to write an estate, what cells mean."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from small_tables import FULL, LEAST, complaint, parsed, same, unparsed, written

from models.aims import AIMS
from models.diagnostics import InputProblem
from models.errors import EstateError
from models.settings import Settings
from optimizer.inputs.estate_folder.reader import read_estate


def row(frame: pd.DataFrame, number: int) -> dict[str, Any]:
    return dict(frame.iloc[number])


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    estate = read_estate(written(tmp_path, LEAST))
    server, vm, job = (row(frame, 0) for frame in (estate.servers, estate.vms, estate.jobs))
    assert server["max_tasks"] == -1
    assert server["running_tasks"] == 0
    assert server["managed"]
    assert server["available"]
    assert not server["excluded"]
    assert server["powershell_version"] == 0
    assert server["backup_server"]
    assert (vm["name"], vm["platform"], vm["host"]) == ("", "", "")
    assert (vm["host_code"], vm["host_version"]) == (-1, 0)
    assert vm["available"]
    assert (job["type"], job["days"], job["proxy_codes"]) == ("backup", tuple(range(7)), ())
    assert job["enabled"]
    assert not any(job[name] for name in ("application_aware", "indexing", "log_processing"))
    assert row(estate.networks, 0)["site"] == ""
    assert estate.links is None
    assert estate.current is None
    assert estate.settings == Settings()
    assert estate.settings.objectives == tuple(AIMS)
    assert estate.findings == ()


def test_every_column_reads_as_the_contract_says(tmp_path: Path) -> None:
    """Small tables are in order of name."""
    estate = read_estate(written(tmp_path, FULL))
    assert estate.links is not None
    assert estate.current is not None
    servers, vms, jobs = estate.servers, estate.vms, estate.jobs
    assert servers["roles"].tolist() == [(), ("backup_server", "repository")]
    assert servers["max_tasks"].tolist() == [-1, 50]
    assert servers["running_tasks"].tolist() == [0, 2]
    assert servers["powershell_version"].tolist() == [0, 5]
    assert estate.networks["site"].tolist() == ["Tokyo", ""]
    assert estate.links["both_ways"].tolist() == [False, True]
    assert estate.links["up"].tolist() == [True, True]
    assert vms["name"].tolist() == ['pay, "roll"\nold', "", "\u00e9"]
    assert vms["platform"].tolist() == ["hyperv", "", "vmware"]
    assert vms["host_code"].tolist() == [0, -1, -1]
    assert vms["host_version"].tolist() == [2019, 0, 0]
    assert vms["available"].tolist() == [True, False, True]
    assert [estate.network_sets[code] for code in vms["network_set"]] == [(0,), (0, 1), ()]
    assert jobs["start"].tolist() == [9 * 60 + 30, 22 * 60]
    assert jobs["type"].tolist() == ["replication", "backup"]
    assert jobs["days"].tolist() == [tuple(range(7)), (0, 6)]
    assert jobs["proxy_codes"].tolist() == [(), (0, 1)]
    assert jobs["enabled"].tolist() == [False, True]
    assert jobs["log_processing"].tolist() == [True, False]
    assert estate.job_vms.to_numpy().tolist() == [[1, 0], [0, 2]]
    assert estate.current["vm_code"].tolist() == [0, -1]
    assert estate.current["proxy_code"].tolist() == [0, -1]
    assert estate.current["proxy"].tolist() == ["gip", "old"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [(cell, True) for cell in ("true", "TRUE", "True", "yes", "Yes", "1", " true ", "")]
    + [(cell, False) for cell in ("false", "FALSE", "no", "NO", "0", "\tfalse")],
)
def test_booleans_in_all_spellings(tmp_path: Path, cell: str, value: bool) -> None:
    vms = f"vm,os,networks,available\nweb,Windows 11,hq,{cell}\nsql,Windows 11,hq,true\n"
    assert bool(read_estate(written(tmp_path, LEAST, vms=vms)).vms["available"][0]) is value


@pytest.mark.parametrize(
    ("cell", "members"),
    [
        ("hq;lab", (0, 1)),
        ("lab; hq", (0, 1)),
        (" ; hq ;;hq;", (0,)),
        (";", ()),
        ("", ()),
        ("10.0.0.9;10.0.0.8", (0,)),
        ("10.0.0.9; lab", (0, 1)),
    ],
)
def test_list_cells_are_sets(tmp_path: Path, cell: str, members: tuple[int, ...]) -> None:
    networks = "network,cidr\nhq,10.0.0.0/24\nlab,\n"
    vms = f"vm,os,networks\nweb,Windows 11,{cell}\nsql,Windows 11,hq\n"
    estate = read_estate(written(tmp_path, LEAST, networks=networks, vms=vms))
    assert estate.network_sets[estate.vms["network_set"][0]] == members
    assert estate.findings == ()


BOM = b"\xef\xbb\xbf"
DIALECTS: dict[str, Callable[[str], bytes]] = {
    "bom": lambda text: BOM + text.encode(),
    "crlf": lambda text: b"\r\n".join(unparsed([cells]).removesuffix("\n").encode()
                                     for cells in parsed(text)) + b"\r\n",
    "quotes": lambda text: unparsed(parsed(text), quoting=csv.QUOTE_ALL).encode(),
    "spaces": lambda text: unparsed([[f"\u00a0{cell} " for cell in cells]
                                     for cells in parsed(text)]).encode(),
    "blank-lines": lambda text: b"\n\n" + b"\r\n\n".join(
        unparsed([cells]).encode() for cells in parsed(text)),
    "columns-reversed": lambda text: unparsed([cells[::-1] for cells in parsed(text)]).encode(),
    "no-last-newline": lambda text: text.removesuffix("\n").encode(),
    "another-column": lambda text: unparsed([[*cells, "more"] for cells in parsed(text)]).encode(),
}  # fmt: skip


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_table_in_another_dialect(tmp_path: Path, dialect: str) -> None:
    plain = read_estate(written(tmp_path / "plain", FULL))
    tables = {name: DIALECTS[dialect](text) for name, text in FULL.items()}
    other = read_estate(written(tmp_path / "other", tables))
    same(plain, other)
    more = {finding.subject for finding in other.findings} - {f.subject for f in plain.findings}
    assert more == ({"more"} if dialect == "another-column" else set())


def test_lines_are_right_after_quoted_newlines_and_blank_lines(tmp_path: Path) -> None:
    vms = (
        '\n"vm",os,networks,name,available\n'  # lines 1 and 2
        'web,"Windows\r\n11",hq,"a\n\nb",true\n'  # 3 to 6
        "\n"  # 7
        "sql,,hq,,maybe\n"  # 8
        '"x\ny",,nowhere,,true\r\n'  # 9 and 10
        "sql,,hq,,true"  # 11
    )
    lines = complaint(written(tmp_path, LEAST, vms=vms))
    assert [line.split(" ")[0] + line.split(": ")[1] for line in lines] == [
        "vms.csv:8:available",
        "vms.csv:11:vm",
        "vms.csv:9:networks",
    ]


def test_texts_that_differ_in_white_space_are_one(tmp_path: Path) -> None:
    vms = (
        "vm,os,networks,platform,host\nweb, Windows 11,hq,vmware ,h\n"
        "sql,Windows 11\u3000,\thq,VMware,\u00a0h\nz,Windows 11,hq ,vmware,h \n"
    )
    table = read_estate(written(tmp_path, LEAST, vms=vms)).vms
    for column, text in (("os", "Windows 11"), ("platform", "vmware"), ("host", "h")):
        assert table[column].tolist() == [text] * 3
        assert table[column].nunique() == 1
    assert table["network_set"].nunique() == 1


def test_names_are_trimmed_but_otherwise_exact(tmp_path: Path) -> None:
    vms = "vm,os,networks\n web ,,hq\nWEB,,hq\nwe  b,,hq\nwe b,,hq\nw\u00e9b,,hq\nwe\u0301b,,hq\n"
    job_vms = "job,vm\nnightly,web\nnightly\u2003, WEB\nnightly,we\u0301b\n"
    estate = read_estate(written(tmp_path, LEAST, vms=vms, job_vms=job_vms))
    assert estate.vms["vm"].tolist() == ["web", "WEB", "we  b", "we b", "w\u00e9b", "we\u0301b"]
    assert estate.job_vms["vm_code"].tolist() == [0, 1, 5]
    lines = complaint(written(tmp_path, LEAST, job_vms="job,vm\nNightly,web\n"))
    assert [line.partition("; ")[0] for line in lines] == [
        "job_vms.csv:2: job: 'Nightly' is not in jobs"
    ]


def test_a_thousand_wrong_names_are_told_in_short(tmp_path: Path) -> None:
    rows = "".join(f"nightly,vm-{number}\n" for number in range(1000))
    lines = complaint(written(tmp_path, LEAST, job_vms="job,vm\n" + rows))
    assert len(lines) == 21
    assert lines[-1] == "job_vms.csv: vm: 980 more that is not in vms"


def test_a_network_set_for_every_odd_vm(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    names = [f"n{number}" for number in range(9)]
    chosen = [rng.choice(9, rng.integers(0, 6)).tolist() for _ in range(300)]
    rows = [f"v{place},,{';'.join(names[n] for n in some)}" for place, some in enumerate(chosen)]
    estate = read_estate(
        written(
            tmp_path, LEAST, networks="\n".join(["network", "hq", *names]),
            vms="\n".join(["vm,os,networks", "web,,hq", "sql,,hq", *rows]),
        )
    )  # fmt: skip
    sets = [estate.network_sets[code] for code in estate.vms["network_set"][2:]]
    assert sets == [tuple(sorted({number + 1 for number in some})) for some in chosen]
    assert len(set(estate.network_sets)) == len(estate.network_sets)
    met = list(dict.fromkeys(estate.vms["network_set"].tolist()))
    assert [number for number in met if number] == sorted(set(met) - {0})


JUNK = st.one_of(
    st.text(max_size=8).map(str.encode),
    st.binary(max_size=8),
    st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"\xff", b";", b"=", b"10.0.0.1", BOM]),
)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return a table's name and its content with some bytes replaced."""
    name = draw(st.sampled_from(sorted(FULL)))
    content = FULL[name].encode()
    for _ in range(draw(st.integers(1, 3))):
        begin = draw(st.integers(0, len(content)))
        end = draw(st.integers(begin, min(len(content), begin + 12)))
        content = content[:begin] + draw(JUNK) + content[end:]
    return name, content


def problems_of(folder: Path) -> tuple[InputProblem, ...]:
    try:
        read_estate(folder)
    except EstateError as error:
        return error.problems
    return ()


@settings(
    max_examples=settings().max_examples // 4,
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
)
@example(("job_vms", b'"b,vm\nnightl"\x97\xa5\xe6\x9c\xac\n'), "csv")
@given(mutations(), st.sampled_from(["csv", "csv.gz", "parquet"]))
def test_whatever_stands_there_is_an_estate_or_an_estate_error(
    mutation: tuple[str, bytes], ending: str
) -> None:
    name, content = mutation
    with TemporaryDirectory() as folder:
        written(Path(folder), FULL)
        (Path(folder) / f"{name}.csv").unlink()
        stored = gzip.compress(content) if ending == "csv.gz" else content
        (Path(folder) / f"{name}.{ending}").write_bytes(stored)
        problems = problems_of(Path(folder))
    assert all(problem.file and problem.reason and problem.remedy for problem in problems)
