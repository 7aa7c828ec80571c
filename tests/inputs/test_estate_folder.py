"""Tests of `optimizer.inputs.estate_folder`: every way to write an estate, what cells mean."""

from __future__ import annotations

import csv
import datetime
import gzip
import io
import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.aims import AIMS
from models.diagnostics import InputProblem
from models.errors import EstateError
from models.estate import Estate
from models.schema import TABLES
from models.settings import Settings
from optimizer.inputs.estate_folder.prefix_lookup import AMBIGUOUS, NEITHER, OUTSIDE, PrefixTable
from optimizer.inputs.estate_folder.reader import read_estate

Cells = list[list[str]]

SERVERS = "server,os,roles,networks\nvbr,Windows Server 2022,backup_server,hq\n"
NETWORKS = "network\nhq\n"
VMS = "vm,os,networks\nweb,Windows 11,hq\nsql,Windows 11,hq\n"
JOBS = "job,start,duration_minutes\nnightly,22:00,120\n"
JOB_VMS = "job,vm\nnightly,web\nnightly,sql\n"
LEAST = {
    "servers": SERVERS,
    "networks": NETWORKS,
    "vms": VMS,
    "jobs": JOBS,
    "job_vms": JOB_VMS,
}
FULL = {
    "servers": "server,os,roles,networks,max_tasks,running_tasks,managed,available,excluded,"
    "powershell_version\n"
    "vbr,Windows Server 2022,backup_server; repository,hq,50,2,true,true,false,5.1\n"
    "gip,Windows Server 2019,,hq;lab,,0,yes,1,no,\n",
    "networks": "network,cidr,site\nhq,10.0.1.0/24,Tokyo\nlab,2001:db8::/32,\n",
    "links": "from,to,both_ways,up,latency_ms\nhq,lab,no,TRUE,0.5\nlab,rtr,,,\n",
    "vms": "vm,os,networks,name,platform,host,host_version,available\n"
    'web,Windows 11,hq,"pay, ""roll""\nold",hyperv,gip,2019,true\n'
    "sql,Windows Server 2016,10.0.1.7;lab,,,,,false\n"
    "\u65e5\u672c,,,\u00e9,VMware,,,\n",
    "jobs": "job,start,duration_minutes,type,enabled,application_aware,indexing,log_processing,"
    "days,proxies\n"
    "nightly,22:00,120,,,true,,,mon;sun,gip;vbr\n"
    "copy,9:30,10080,Replication,no,0,1,yes,,\n",
    "job_vms": "job,vm\nnightly,web\ncopy,\u65e5\u672c\n",
    "current": "job,vm,proxy\nnightly,web,gip\nnightly,gone,old\n",
}


def written(folder: Path, tables: Mapping[str, str | bytes], **changed: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**tables, **changed}.items():
        content = text if isinstance(text, bytes) else text.encode()
        (folder / f"{name}.csv").write_bytes(content)
    return folder


def complaint(folder: Path) -> list[str]:
    """Return the problems, and see to it that reading has written nothing."""
    before = {path: path.read_bytes() for path in folder.rglob("*")}
    with pytest.raises(EstateError) as caught:
        read_estate(folder)
    assert {path: path.read_bytes() for path in folder.rglob("*")} == before
    return str(caught.value).splitlines()[:-1]


def same(one: Estate, other: Estate) -> None:
    """Assert that two estates differ in nothing but where they were read from."""
    for table in TABLES:
        left, right = getattr(one, table.name), getattr(other, table.name)
        assert (left is None) == (right is None)
        if left is not None:
            pd.testing.assert_frame_equal(left, right, check_like=True)
    assert one.network_sets == other.network_sets
    assert one.settings == other.settings


def parsed(text: str) -> Cells:
    return list(csv.reader(io.StringIO(text, newline="")))


def unparsed(rows: Cells, **options: Any) -> str:
    content = io.StringIO(newline="")
    csv.writer(content, lineterminator="\n", **options).writerows(rows)
    return content.getvalue()


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


def test_gzip_reads_as_the_file_in_it(tmp_path: Path) -> None:
    plain = read_estate(written(tmp_path / "plain", FULL))
    (tmp_path / "zipped").mkdir()
    for name, text in FULL.items():
        (tmp_path / "zipped" / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode()))
    same(plain, read_estate(tmp_path / "zipped"))


def typed(column: str, cells: list[str]) -> pa.Array:
    """Return a column as a tool with types would write it."""
    yes = {"true": True, "yes": True, "1": True, "": None}
    match column:
        case "max_tasks" | "latency_ms":
            return pa.array([float(cell) if cell else None for cell in cells])
        case "running_tasks" | "duration_minutes" | "host_version":
            return pa.array([int(cell) if cell else None for cell in cells], pa.int16())
        case "powershell_version":
            return pa.array([float(cell) if cell else float("nan") for cell in cells])
        case (
            "managed" | "available" | "excluded" | "both_ways" | "up" | "enabled" | "indexing"
            | "application_aware" | "log_processing"
        ):  # fmt: skip
            return pa.array([yes.get(cell.lower(), False) for cell in cells])
        case "networks" | "proxies" | "days" | "roles":
            lists = [cell.split(";") if cell else None for cell in cells]
            return pa.array(lists, pa.list_(pa.string()))
        case "start":
            times = [datetime.datetime.strptime(cell, "%H:%M").time() for cell in cells]
            return pa.array(times, pa.time32("s"))
        case "os" | "platform" | "site":
            return pa.array(cells).dictionary_encode()
    return pa.array([cell or None for cell in cells], pa.large_string())


def test_parquet_with_types_reads_as_csv(tmp_path: Path) -> None:
    plain = read_estate(written(tmp_path / "plain", FULL))
    (tmp_path / "typed").mkdir()
    for name, text in FULL.items():
        header, *rows = parsed(text)
        columns = [list(cells) for cells in zip(*rows, strict=True)]
        arrays = [typed(column, cells) for column, cells in zip(header, columns, strict=True)]
        pq.write_table(pa.table(arrays, names=header), tmp_path / "typed" / f"{name}.parquet")
    same(plain, read_estate(tmp_path / "typed"))


def test_parquet_columns_that_nothing_reads_are_a_finding(tmp_path: Path) -> None:
    written(tmp_path, LEAST)
    (tmp_path / "networks.csv").unlink()
    table = pa.table({"network": ["hq"], "tags": [{"colour": "red"}]})
    pq.write_table(table, tmp_path / "networks.parquet")
    assert [(f.code, f.subject) for f in read_estate(tmp_path).findings] == [
        ("unknown_column", "tags")
    ]


@pytest.mark.parametrize(
    ("column", "cells", "complaint_of"),
    [
        ("start", [datetime.time(22, 0, 30)], "start: '22:00:30.000000' is not a time of day"),
        ("duration_minutes", [2.5], "duration_minutes: '2.5' is not a whole number"),
        ("enabled", [2], "enabled: '2' is neither true nor false"),
    ],
)
def test_parquet_types_hide_nothing(
    tmp_path: Path, column: str, cells: list[Any], complaint_of: str
) -> None:
    written(tmp_path, LEAST)
    (tmp_path / "jobs.csv").unlink()
    good = {"job": ["nightly"], "start": ["22:00"], "duration_minutes": [120]}
    pq.write_table(pa.table(good | {column: cells}), tmp_path / "jobs.parquet")
    (line,) = complaint(tmp_path)
    assert line.startswith(f"jobs.parquet:1: {complaint_of}")


CIDRS = (
    ("wide", "10.0.0.0/8"), ("site", "10.1.0.0/16"), ("rack", "10.1.2.0/24"),
    ("six", "2001:db8::/32"), ("six-a", "2001:db8:a::/48"), ("twin-1", "192.168.0.0/24"),
    ("twin-2", "192.168.0.0/24"), ("10.9.9.9", "10.9.0.0/16"), ("last", "255.255.255.0/24"),
    ("none", None),
)  # fmt: skip
BOOK = PrefixTable.of(
    [name for name, _ in CIDRS],
    [None if cidr is None else ipaddress.ip_network(cidr) for _, cidr in CIDRS],
)
FOUND = {
    "10.200.0.1": 0,
    "10.0.0.0": 0,
    "10.1.3.255": 1,
    "10.1.2.0": 2,
    "10.1.2.255": 2,
    "10.1.1.255": 1,
    "2001:db8:b::1": 3,
    "2001:DB8:a::1": 4,
    "fe80::1": OUTSIDE,
    "2001:db8:a::1%eth0": 4,
    "192.168.0.77": AMBIGUOUS,
    "192.168.1.0": OUTSIDE,
    "0.0.0.0": OUTSIDE,  # noqa: S104 - an address in no network, not one to listen on
    "11.0.0.0": OUTSIDE,
    "255.255.255.255": 8,
    "10.9.9.9": 7,
    "rack": 2,
    "Rack": NEITHER,
    "none": 9,
    "10.1.2": NEITHER,
    "10.1.2.256": NEITHER,
    "10.1.2.3.": NEITHER,
    "10.1.2.03": NEITHER,
    "10.1.2.3\n": NEITHER,
    "::ffff:10.1.2.3": OUTSIDE,
    "10.1.2.3/24": NEITHER,
    "\u0661\u0660.1.2.3": NEITHER,
    "": NEITHER,
}


@pytest.mark.parametrize("item", FOUND)
def test_the_longest_prefix_wins(item: str) -> None:
    assert BOOK.find(item) == FOUND[item]


def test_all_at_once_finds_what_one_by_one_finds() -> None:
    assert BOOK.find_all(pa.array(FOUND)).tolist() == list(FOUND.values())
    assert BOOK.find_all(pa.array([], pa.string())).tolist() == []


@st.composite
def books(draw: st.DrawFn) -> tuple[PrefixTable, list[str]]:
    """Return nested networks, and addresses in and about them."""
    values = st.integers(0, 2**32 - 1)
    few = st.sampled_from([0, 10 << 24, 10 << 24 | 1 << 8, 2**32 - 1])
    prefixes = st.tuples(few | values, st.integers(0, 32))
    drawn = draw(st.lists(prefixes, max_size=8))
    cidrs = [ipaddress.ip_network((value, length), strict=False) for value, length in drawn]
    edges = [int(end) for c in cidrs for end in (c.network_address, c.broadcast_address)]
    near = [value + step for value in edges for step in (-1, 0, 1)]
    numbers = [value for value in near if 0 <= value < 2**32] + draw(st.lists(values, max_size=5))
    items = [str(ipaddress.IPv4Address(value)) for value in numbers]
    names = [f"n{number}" for number in range(len(cidrs))]
    if items and draw(st.sampled_from([True, False])):
        names = [items[0], *names[1:]]  # an address is the name of a network, too
    return PrefixTable.of(names, cidrs), items


@given(books())
def test_spans_agree_with_prefixes(drawn: tuple[PrefixTable, list[str]]) -> None:
    book, items = drawn
    found = book.find_all(pa.array(items, pa.string()))
    assert found.tolist() == [book.find(item) for item in items]


@given(st.lists(st.text("0123456789.:af% -", max_size=18)))
def test_odd_texts_are_found_alike(items: list[str]) -> None:
    assert BOOK.find_all(pa.array(items, pa.string())).tolist() == [BOOK.find(i) for i in items]


def test_addresses_that_mean_nothing_are_told_once(tmp_path: Path) -> None:
    networks = "network,cidr\nhq,10.0.0.0/24\none,10.0.1.0/24\ntwo,10.0.1.0/24\n"
    # The first one as it is called, wherever its row is.
    vms = "vm,os,networks\nweb,,10.9.0.1;hq\nsql,,10.0.1.5\ndc,,10.9.0.1;10.0.1.5\n"
    estate = read_estate(written(tmp_path, LEAST, networks=networks, vms=vms))
    sets = [estate.network_sets[code] for code in estate.vms["network_set"]]
    assert sets == [(0,), (), ()]
    assert [(f.code, f.subject, f.detail) for f in estate.findings] == [
        ("ambiguous_address", "10.0.1.5", "vms.csv: in two networks of the same prefix, "
         "so taken as unknown; first at vm dc"),
        ("unknown_address", "10.9.0.1", "vms.csv: in no network, so taken as unknown; "
         "first at vm dc"),
    ]  # fmt: skip


def test_overlapping_cidrs_at_two_sites_are_a_finding(tmp_path: Path) -> None:
    networks = (
        "network,cidr,site\nhq,10.0.0.0/16,a\ninner,10.0.1.0/24,a\nother,10.0.2.0/24,b\n"
        "apart,10.1.0.0/16,b\nnowhere,10.0.3.0/24,\n"
    )
    estate = read_estate(written(tmp_path, LEAST, networks=networks))
    (finding,) = estate.findings
    assert (finding.code, finding.subject) == ("overlapping_cidr", "other")
    assert "10.0.2.0/24 at b overlaps 10.0.0.0/16 of hq at a" in finding.detail


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
