"""The checker finds every broken rule at its edge, and nothing in a right plan.

The estate below has a backup server `b` and a proxy `q` at the head office, a proxy `p` at the
branch. Job `nightly` runs on Monday from 22:00 for two hours, `weekend` on Sunday from 23:00 for
two hours, so until Monday 01:00.
"""

from __future__ import annotations

import ast
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import optimizer.checker
from models.errors import PlanError
from optimizer.checker import judge, plan_files
from optimizer.checker.paths import compute_paths
from optimizer.checker.protection import pairs_on_one_link
from optimizer.checker.violations import Judgement, Violations
from optimizer.inputs.estate_folder.reader import read_estate

Files = Mapping[str, str]

ESTATE = {
    "servers.csv": """\
server,os,roles,networks,max_tasks,running_tasks,managed,excluded,powershell_version
b,Windows Server 2019,backup_server,hq,4,1,true,false,5.1
p,Windows Server 2022,,branch,3,1,true,false,5.1
q,Windows Server 2022,,hq,,0,true,false,5.1
""",
    "networks.csv": "network,site\nhq,HQ\nbranch,BR\n",
    "links.csv": "from,to,both_ways,up\nhq,branch,true,true\n",
    "vms.csv": """\
vm,os,networks,platform,host,host_version,available
l1,Ubuntu Linux 22.04,hq,,,,true
v1,Windows Server 2019,branch,,,,true
v2,Windows Server 2019,branch,,,,true
v3,Windows Server 2019,hq,,,,true
x1,,branch,,,,true
""",
    "jobs.csv": """\
job,start,duration_minutes,days,enabled,indexing,proxies
nightly,22:00,120,mon,true,true,
weekend,23:00,120,sun,true,true,
""",
    "job_vms.csv": """\
job,vm
weekend,v3
weekend,v1
nightly,v1
nightly,v2
nightly,l1
nightly,x1
""",
    "current.csv": "job,vm,proxy\nnightly,v1,p\nnightly,v2,old\nweekend,v3,b\n",
}
PLAN = {
    "assignments.csv": """\
job,vm,proxy,tier,connection,protected,failover_proxy,previous_proxy
nightly,l1,b,,network,false,,
nightly,v1,p,1,network,true,b,p
nightly,v2,p,1,network,true,b,old
weekend,v1,p,1,network,true,b,
weekend,v3,q,1,network,true,b,b
""",
    "unassigned.csv": "job,vm,reason,detail\nnightly,x1,unknown_os,its os is empty\n",
    "job_proxies.csv": "job,proxies\nnightly,p\nweekend,p;q\n",
    "job_before.csv": "job,proxies\nnightly,\nweekend,\n",
    "proxy_load.csv": """\
server,from,to,running_tasks,planned_tasks,max_tasks
b,mon 00:00,mon 22:00,1,0,4
b,mon 22:00,tue 00:00,2,0,4
b,tue 00:00,mon 00:00,1,0,4
p,mon 00:00,mon 01:00,1,1,3
p,mon 01:00,mon 22:00,1,0,3
p,mon 22:00,tue 00:00,1,2,3
p,tue 00:00,sun 23:00,1,0,3
p,sun 23:00,mon 00:00,1,1,3
q,mon 00:00,mon 01:00,0,1,
q,mon 01:00,sun 23:00,0,0,
q,sun 23:00,mon 00:00,0,1,
""",
    "findings.csv": "severity,code,subject,detail\nwarning,unknown_host,h1,not in servers\n",
}
# Busiest moments: b its own task and l1 = 2, p its own task and two planned = 3, q = 1.
# Moves: v2's server is gone, v3 goes from b to q; v1 stays.
AIMS = {
    "coverage": 4, "tier1": 4, "tier2": 0, "tier3": 0, "protected": 4, "same_site": 4,
    "peak": 3, "balance": 4 + 9 + 1, "moves": 2,
}  # fmt: skip


def change(files: Files, edits: Files) -> dict[str, str]:
    """Return ``files`` with every edit ``"file: old": "new"`` made; the old text must be there."""
    changed = dict(files)
    for where, new in edits.items():
        file, _, old = where.partition(": ")
        assert changed[file].count(old) == 1, where
        changed[file] = changed[file].replace(old, new)
    return changed


def check(
    tmp_path: Path,
    estate: Files = ESTATE,
    plan: Files = PLAN,
    aims: Mapping[str, int] = AIMS,
    spoil: Callable[[dict[str, Any]], object] = lambda record: None,
) -> Judgement:
    """Write estate and plan, and judge; ``spoil`` may change the record before."""
    source, folder = tmp_path / "estate", tmp_path / "plan"
    for path, files in ((source, estate), (folder, plan)):
        path.mkdir()
        for name, text in files.items():
            content = text.replace("\n", "\r\n").encode("utf-8-sig")
            (path / name).write_bytes(content if path == folder else text.encode())
    read = read_estate(source)
    record: dict[str, Any] = {
        "format": 1,
        "inputs": dict(read.inputs),
        "aims": [
            {"aim": aim, "value": value, "best": value, "bound": value, "proven": True}
            for aim, value in aims.items()
        ],
    }
    spoil(record)
    (folder / "plan.json").write_text(json.dumps(record), encoding="utf-8")
    return judge(read, folder)


def about(judgement: Judgement, *words: str) -> list[str]:
    """Return the violations that hold all of ``words``."""
    return [line for line in judgement.violations if all(word in line for word in words)]


def test_right_plan(tmp_path: Path) -> None:
    judgement = check(tmp_path)
    assert judgement.violations == ()
    assert judgement.values == AIMS
    assert list(judgement.values) == list(AIMS)
    counts = (judgement.tasks, judgement.windows, judgement.own_work)
    assert counts == (6, 4, 1)
    assert (judgement.assigned, judgement.unassigned) == (4, 1)


def test_without_current_there_are_no_moves(tmp_path: Path) -> None:
    estate = {name: text for name, text in ESTATE.items() if name != "current.csv"}
    plan = change(
        PLAN,
        {
            "assignments.csv: true,b,p\n": "true,b,\n",
            "assignments.csv: true,b,old\n": "true,b,\n",
            "assignments.csv: true,b,b\n": "true,b,\n",
        },
    )
    aims = {aim: value for aim, value in AIMS.items() if aim != "moves"}
    judgement = check(tmp_path, estate, plan, aims)
    assert judgement.violations == ()
    assert judgement.values == aims


# One cell or row of the right plan spoilt: the first words are the edit, then what must be said.
SPOILT = [
    ("assignments.csv: v2,p,1", "v2,p,2", ["'nightly', vm 'v2'", "tier is '2', expected '1'"]),
    ("assignments.csv: l1,b,,network", "l1,b,1,network", ["vm 'l1'", "tier is '1', expected ''"]),
    ("assignments.csv: l1,b,,network", "l1,b,,", ["vm 'l1'", "connection is '', expected 'netw"]),
    ("assignments.csv: l1,b,,network", "l1,q,,network", ["vm 'l1'", "proxy is 'q', expected 'b'"]),
    ("assignments.csv: l1,b,,network,false,,", "l1,b,,network,false,b,", ["'b', expected ''"]),
    ("assignments.csv: l1,b,,network,false", "l1,b,,network,true", ["protected is 'true', exp"]),
    ("assignments.csv: v2,p,1,network", "v2,p,1,powershell_direct", ["expected 'network'"]),
    ("assignments.csv: v2,p,1,network,true", "v2,p,1,network,false", ["protected is 'false', ex"]),
    ("assignments.csv: true,b,old", "true,,old", ["failover_proxy is '', expected 'b'"]),
    ("assignments.csv: true,b,old", "true,q,old", ["failover_proxy is 'q', expected 'b'"]),
    ("assignments.csv: true,b,old", "true,b,", ["previous_proxy is '', expected 'old'"]),
    ("assignments.csv: weekend,v1,p,1,network,true,b,\n", "weekend,v1,p,1,network,true,b,p\n",
     ["previous_proxy is 'p', expected ''"]),
    ("assignments.csv: weekend,v1,p", "weekend,v1,z", ["proxy 'z' is not in servers"]),
    ("assignments.csv: weekend,v1,p,1,network,true,b,\n", "",
     ["'weekend', vm 'v1': a task, expected in"]),
    ("assignments.csv: weekend,v1,p", "weekend,v2,p", ["'weekend', vm 'v2' is not a task"]),
    ("assignments.csv: weekend,v1,p", "weekend,nix,p", ["vm 'nix' is not a task"]),
    ("assignments.csv: weekend,v1,p", "nix,v1,p", ["job 'nix', vm 'v1' is not a task"]),
    ("unassigned.csv: nightly,x1", "nightly,v1,capacity,\nnightly,x1",
     ["'nightly', vm 'v1': stands in 2 rows, expected one"]),
    ("unassigned.csv: nightly,x1,unknown_os", "nightly,x1,capacity",
     ["'nightly', vm 'x1': reason is 'capacity', expected 'unknown_os'"]),
    ("job_proxies.csv: weekend,p;q", "weekend,q;p",
     ["job 'weekend'", "'q;p', expected some of 'p;q', each once, sorted"]),
    ("job_proxies.csv: weekend,p;q", "weekend,p;p", ["'p;p', expected some of 'p;q'"]),
    ("job_proxies.csv: weekend,p;q", "weekend,b;q", ["'b;q', expected some of 'p;q'"]),
    ("job_proxies.csv: weekend,p;q", "weekend,", ["has proxies '', expected some of 'p;q'"]),
    ("job_proxies.csv: nightly,p\n", "", ["'nightly' has no row, expected some of 'p'"]),
    ("job_proxies.csv: nightly,p\n", "nightly,p\nnix,p\n", ["'nix'", "'p', expected no row"]),
    ("job_proxies.csv: nightly,p\n", "nightly,p\nnightly,p\n", ["'nightly' stands there twice"]),
    ("job_proxies.csv: nightly,p\nweekend,p;q", "weekend,p;q\nnightly,p", ["not sorted by job"]),
    ("job_before.csv: nightly,", "nightly,p",
     ["job_before.csv: job 'nightly' has proxies 'p', expected '' as in jobs.csv"]),
    ("job_before.csv: nightly,\n", "", ["jobs are not those of job_proxies.csv, in the same"]),
    ("job_before.csv: nightly,\nweekend,", "weekend,\nnightly,", ["csv: jobs are not"]),
    ("proxy_load.csv: p,mon 22:00,tue 00:00,1,2", "p,mon 22:00,tue 00:00,1,3",
     ["server 'p' at mon 22:00: planned_tasks is 3, expected 2"]),
    ("proxy_load.csv: b,mon 22:00,tue 00:00,2", "b,mon 22:00,tue 00:00,1",
     ["server 'b' at mon 22:00: running_tasks is 1, expected 2"]),
    ("proxy_load.csv: q,mon 00:00,mon 01:00,0,1,", "q,mon 00:00,mon 01:00,0,1,1",
     ["server 'q' at mon 00:00: max_tasks is 1, expected empty"]),
    ("proxy_load.csv: q,mon 00:00,mon 01:00", "q,mon 00:00,mon 1:00",
     ["server 'q' at mon 00:00: to is unreadable, expected mon 01:00"]),
    ("proxy_load.csv: b,mon 22:00,tue 00:00,2,0,4\n", "",
     ["server 'b' at mon 22:00: no row, expected to tue 00:00, running_tasks 2, planned_tasks 0"]),
    ("proxy_load.csv: b,tue 00:00,mon 00:00,1,0,4\n",
     "b,tue 00:00,wed 00:00,1,0,4\nb,wed 00:00,mon 00:00,1,0,4\n",
     ["server 'b' at wed 00:00: a row, expected none"]),
    ("proxy_load.csv: q,mon 00:00,mon 01:00,0,1,\nq,mon 01:00,sun 23:00,0,0,\n",
     "q,mon 01:00,sun 23:00,0,0,\nq,mon 00:00,mon 01:00,0,1,\n", ["not sorted by server"]),
    ("assignments.csv: job,vm,proxy", "vm,job,proxy", ["columns are vm, job", "expected job, vm"]),
]  # fmt: skip


@pytest.mark.parametrize(("where", "new", "words"), SPOILT)
def test_each_spoilt_cell_is_found(tmp_path: Path, where: str, new: str, words: list[str]) -> None:
    assert about(check(tmp_path, plan=change(PLAN, {where: new})), *words)


def test_a_plan_of_before_job_before_was_written(tmp_path: Path) -> None:
    plan = {name: text for name, text in PLAN.items() if name != "job_before.csv"}
    assert check(tmp_path, plan=plan).violations == ()


def test_rows_out_of_order(tmp_path: Path) -> None:
    head, first, second, *rest = PLAN["assignments.csv"].splitlines(keepends=True)
    plan = PLAN | {"assignments.csv": "".join((head, second, first, *rest))}
    [line] = check(tmp_path, plan=plan).violations
    assert "assignments.csv: rows are not sorted" in line
    assert "job 'nightly', vm 'l1'" in line


def test_jobs_out_of_order(tmp_path: Path) -> None:
    head, *nightly, first, second = PLAN["assignments.csv"].splitlines(keepends=True)
    rows = head, first, second, *nightly
    [line] = check(tmp_path, plan=PLAN | {"assignments.csv": "".join(rows)}).violations
    assert "job 'nightly', vm 'l1' stands too late" in line


def test_byte_order_of_jobs(tmp_path: Path) -> None:
    """`Weekend` stands before `nightly`."""
    estate = {name: text.replace("weekend", "Weekend") for name, text in ESTATE.items()}
    head, *nightly, first, second = PLAN["assignments.csv"].splitlines(keepends=True)
    rows = "".join((head, first, second, *nightly)).replace("weekend", "Weekend")
    lists = "job,proxies\nWeekend,p;q\nnightly,p\n"
    before = "job,proxies\nWeekend,\nnightly,\n"
    files = {"assignments.csv": rows, "job_proxies.csv": lists, "job_before.csv": before}
    plan = PLAN | files
    assert check(tmp_path, estate, plan).violations == ()


@pytest.mark.parametrize("listed", ["p", "q", "p;q"])
def test_a_list_may_leave_out_servers_that_the_plan_uses(tmp_path: Path, listed: str) -> None:
    plan = change(PLAN, {"job_proxies.csv: weekend,p;q": f"weekend,{listed}"})
    assert check(tmp_path, plan=plan).violations == ()


def test_byte_order_puts_capitals_first(tmp_path: Path) -> None:
    """`V2` stands before `l1`, which a dictionary's order would turn round."""
    estate = change(
        ESTATE,
        {
            "vms.csv: v2,Windows": "V2,Windows",
            "job_vms.csv: nightly,v2": "nightly,V2",
            "current.csv: nightly,v2": "nightly,V2",
        },
    )
    head, l1, v1, v2, *rest = PLAN["assignments.csv"].splitlines(keepends=True)
    rows = head, v2.replace("v2", "V2"), l1, v1, *rest
    plan = PLAN | {"assignments.csv": "".join(rows)}
    assert check(tmp_path, estate, plan).violations == ()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text.removeprefix(b"\xef\xbb\xbf"), "does not begin with a UTF-8 BOM"),
        (lambda text: text.replace(b"\r\n", b"\n"), "do not all end with CRLF"),
        (lambda text: text.removesuffix(b"\r\n"), "do not all end with CRLF"),
    ],
)
@pytest.mark.parametrize("file", PLAN)
def test_form_of_files(
    tmp_path: Path, file: str, spoil: Callable[[bytes], bytes], words: str
) -> None:
    check(tmp_path)
    path = tmp_path / "plan" / file
    path.write_bytes(spoil(path.read_bytes()))
    [line] = judge(read_estate(tmp_path / "estate"), tmp_path / "plan").violations
    assert line.startswith(file)
    assert words in line


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\r\n"])
@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
def test_every_line_end_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes, at_once: int
) -> None:
    monkeypatch.setattr(plan_files, "AT_ONCE", at_once)
    check(tmp_path)
    estate, path = read_estate(tmp_path / "estate"), tmp_path / "plan" / "findings.csv"
    lines = [b"\xef\xbb\xbf" + b",".join([b"severity", b"code", b"subject", b"detail"])]
    lines += [b"info,a,b,c"] * 9
    for place in range(len(lines)):
        ends = [end if place == number else b"\r\n" for number in range(len(lines))]
        path.write_bytes(b"".join(line + end for line, end in zip(lines, ends, strict=True)))
        [line] = judge(estate, tmp_path / "plan").violations
        assert line == "findings.csv: lines do not all end with CRLF"
    path.write_bytes(b"".join(line + b"\r\n" for line in lines))
    assert judge(estate, tmp_path / "plan").violations == ()


def test_line_ends_inside_quotes_are_text(tmp_path: Path) -> None:
    check(tmp_path)
    path = tmp_path / "plan" / "unassigned.csv"
    path.write_bytes(path.read_bytes().replace(b"its os is empty", b'"its os\nis ""empty"""'))
    assert judge(read_estate(tmp_path / "estate"), tmp_path / "plan").violations == ()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        (file, content)
        for file in (*PLAN, "plan.json")
        for content in (None, b"", b"\xff\xfe nonsense\r\n1,2,3\r\n")
        if content is not None or file not in plan_files.ADDED_LATER
    ],
)
def test_unreadable_plan(tmp_path: Path, file: str, content: bytes | None) -> None:
    check(tmp_path)
    path = tmp_path / "plan" / file
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(PlanError, match=rf"{file}.*run `gip plan` again"):
        judge(read_estate(tmp_path / "estate"), tmp_path / "plan")


# --- rule 1 ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edits", "words"),
    [
        ({"servers.csv: branch,3,1,true": "branch,3,1,false"}, "no candidate: not managed"),
        ({"servers.csv: 3,1,true,false": "3,1,true,true"}, "no candidate: excluded"),
        (
            {"servers.csv: managed": "available", "servers.csv: branch,3,1,true": "branch,3,1,no"},
            "no candidate: not available",
        ),
        ({"servers.csv: p,Windows Server 2022": "p,Windows 11"}, "os 'Windows 11' is not allowed"),
        ({"servers.csv: p,Windows Server 2022": "p,Rocky Linux 9"}, "not allowed by ruleset v12"),
        ({"jobs.csv: true,true,\nweekend": "true,true,b;q\nweekend"}, "expected one of 'b', 'q'"),
    ],
)
def test_proxy_that_may_not_serve(tmp_path: Path, edits: Files, words: str) -> None:
    lines = about(check(tmp_path, change(ESTATE, edits)), words)
    assert any("job 'nightly', vm 'v2': proxy 'p'" in line for line in lines)


def test_job_that_names_its_proxy(tmp_path: Path) -> None:
    estate = change(ESTATE, {"jobs.csv: true,true,\nweekend": "true,true,q; p\nweekend"})
    plan = change(PLAN, {"job_before.csv: nightly,": "nightly,q;p"})
    assert check(tmp_path, estate, plan).violations == ()


@pytest.mark.parametrize("said", ["", "p;q", "q"])
def test_what_a_job_named_before_is_what_jobs_csv_says(tmp_path: Path, said: str) -> None:
    estate = change(ESTATE, {"jobs.csv: true,true,\nweekend": "true,true,q; p\nweekend"})
    plan = change(PLAN, {"job_before.csv: nightly,": f"nightly,{said}"})
    [line] = check(tmp_path, estate, plan).violations
    assert line.startswith(f"job_before.csv: job 'nightly' has proxies {said!r}, expected 'q;p'")


def test_ruleset_v13_takes_rocky_linux(tmp_path: Path) -> None:
    estate = change(ESTATE, {"servers.csv: p,Windows Server 2022": "p,Rocky Linux 9"})
    assert check(tmp_path, estate | {"estate.toml": 'ruleset = "v13"'}).violations == ()


@pytest.mark.parametrize(("edition", "found"), [("standard", 4), ("enterprise", 0)])
def test_licence(tmp_path: Path, edition: str, found: int) -> None:
    toml = f'[license]\ntype = "socket"\nedition = "{edition}"'
    judgement = check(tmp_path, ESTATE | {"estate.toml": toml})
    assert len(about(judgement, "is not licensed (S3), expected 'b'")) == found
    # The licence makes no server less of a candidate: peak and balance stay as they are.
    assert judgement.values == AIMS


@pytest.mark.parametrize(
    "link", ["hq,branch,true,false", "branch,hq,false,true", "hq,router,true,true"]
)
def test_proxy_that_does_not_connect(tmp_path: Path, link: str) -> None:
    """`q` at `hq` serves `v2` at `branch`: down, one way home, and to a router that ends there."""
    estate = change(ESTATE, {"links.csv: hq,branch,true,true": link})
    plan = change(PLAN, {"assignments.csv: v2,p,1": "v2,q,3"})
    judgement = check(tmp_path, estate, plan)
    assert about(judgement, "vm 'v2': proxy 'q' has no connection to the VM")
    assert about(judgement, "vm 'v1': failover_proxy is 'b', expected ''")
    # What the backup server does not reach is not protected, though p is on the VM's network.
    assert about(judgement, "vm 'v1': protected is 'true', expected 'false'")


@pytest.mark.parametrize(
    "links",
    [
        "hq,branch,true,true",
        "hq,branch,false,true",
        "branch,hq,true,true",
        "hq,router,true,true\nrouter,other,false,true\nother,branch,false,true",
        None,
    ],
)
def test_proxy_that_connects(tmp_path: Path, links: str | None) -> None:
    estate = dict(ESTATE)
    if links is None:
        del estate["links.csv"]
    else:
        estate["links.csv"] = f"from,to,both_ways,up\n{links}\n"
    plan = change(PLAN, {"assignments.csv: v2,p,1": "v2,q,3"})
    judgement = check(tmp_path, estate, plan)
    assert not about(judgement, "has no connection")
    assert not about(judgement, "tier is")
    # One link to the branch for both: not protected. Without a table nothing is a link.
    assert bool(about(judgement, "v2", "protected is 'true', expected 'false'")) == bool(links)


def test_server_without_a_network_connects_to_nothing(tmp_path: Path) -> None:
    """Not even where every network reaches every other."""
    estate = change(ESTATE, {"servers.csv: ,,branch,3": ",,192.0.2.1,3"})
    del estate["links.csv"]
    assert len(about(check(tmp_path, estate), "proxy 'p' has no connection")) == 3


def test_empty_links_table_joins_nothing(tmp_path: Path) -> None:
    estate = ESTATE | {"links.csv": "from,to\n"}
    judgement = check(tmp_path, estate)
    assert len(about(judgement, "failover_proxy is 'b', expected ''")) == 3
    assert not about(judgement, "has no connection")


# --- PowerShell Direct (S11) ----------------------------------------------------------------

GOOD = {
    "guest": "Windows Server 2016", "platform": "hyperv", "host": "p", "host_version": "2016",
    "proxy_os": "Windows Server 2022", "powershell": "2.0", "allowed": "true",
}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "connects"),
    [
        ({}, True),
        ({"guest": "Microsoft Windows 10 (64-bit)"}, True),
        ({"guest": "Microsoft Windows 11 Pro"}, True),
        ({"guest": "Microsoft Windows Server (version 2025)"}, True),
        ({"guest": "Microsoft Windows Server 2012 R2"}, False),
        ({"guest": "Windows 8.1"}, False),
        ({"guest": "Windows Server"}, False),
        ({"platform": "vmware"}, False),
        ({"platform": ""}, False),
        ({"host": ""}, False),
        ({"host": "gone"}, False),
        ({"host": "far"}, False),
        ({"host_version": "2019"}, True),
        ({"host_version": "2012"}, False),
        ({"host_version": ""}, False),
        ({"powershell": "1.0"}, False),
        ({"powershell": ""}, False),
        ({"proxy_os": "Red Hat Enterprise Linux 9"}, False),
        ({"allowed": "false"}, False),
    ],
)
def test_powershell_direct(tmp_path: Path, facts: dict[str, str], connects: bool) -> None:
    """The VM's network is unknown, its host is at the branch; `far` stands apart."""
    fact = GOOD | facts
    estate = change(
        ESTATE,
        {
            "servers.csv: p,Windows Server 2022": f"p,{fact['proxy_os']}",
            "servers.csv: 3,1,true,false,5.1": f"3,1,true,false,{fact['powershell']}",
            "servers.csv: q,Win": "far,Windows Server 2022,,apart,,0,true,false,5.1\nq,Win",
            "networks.csv: branch,BR\n": "branch,BR\napart,\n",
            "vms.csv: v2,Windows Server 2019,branch,,,,": f"v2,{fact['guest']},,"
            f"{fact['platform']},{fact['host']},{fact['host_version']},",
        },
    )
    toml = f'ruleset = "v13"\n[connections]\npowershell_direct = {fact["allowed"]}'
    plan = change(
        PLAN,
        {"assignments.csv: v2,p,1,network,true,b": "v2,p,3,powershell_direct,false,b"},
    )
    judgement = check(tmp_path, estate | {"estate.toml": toml}, plan)
    assert bool(about(judgement, "vm 'v2'", "no connection")) == (not connects)
    # Tier 3 though p is on the host's own network, never protected, and b may take over alike.
    assert not connects or not about(judgement, "vm 'v2'")


def test_powershell_direct_is_not_protected(tmp_path: Path) -> None:
    """`p` is cut off but for v2's host; the backup server has two links to v2's network."""
    estate = change(
        ESTATE,
        {
            "links.csv: hq,branch,true,true": "hq,vms,true,true\nhq,vms,true,true",
            "networks.csv: branch,BR\n": "branch,BR\nvms,BR\n",
            "vms.csv: v2,Windows Server 2019,branch,,,": "v2,Windows Server 2019,vms,hyperv,p,2019",
        },
    )
    plan = change(PLAN, {"assignments.csv: v2,p,1,network": "v2,p,3,powershell_direct"})
    lines = about(check(tmp_path, estate, plan), "vm 'v2'")
    assert lines == ["job 'nightly', vm 'v2': protected is 'true', expected 'false'"]


# --- protected, by enumerating all paths ----------------------------------------------------


def link_sets(
    arcs: list[tuple[int, int, int]], home: tuple[int, ...], goal: tuple[int, ...]
) -> list[frozenset[int]]:
    """Return the links of every path without a node twice, from any of home to any of goal."""
    found = []

    def walk(node: int, seen: frozenset[int], used: frozenset[int]) -> None:
        if node in goal:
            found.append(used)
        for tail, head, link in arcs:
            if tail == node and head not in seen:
                walk(head, seen | {head}, used | {link})

    for node in home:
        walk(node, frozenset({node}), frozenset())
    return found


def random_network(folder: Path, rng: random.Random) -> list[tuple[int, int, int]]:
    """Write an estate of 6 networks with servers and VMs in one or two; return its arcs."""
    size = 6
    links = [(*rng.sample(range(size), 2), rng.random() < 0.5) for _ in range(rng.randint(4, 10))]
    places = [f"n{node}" for node in range(size)]
    places += [";".join(rng.sample(places, 2)) for _ in range(3)]
    rng.shuffle(places)
    files = ESTATE | {
        "networks.csv": "network\n" + "".join(f"n{node}\n" for node in range(size)),
        "links.csv": "from,to,both_ways\n"
        + "".join(f"n{tail},n{head},{both}\n" for tail, head, both in links),
        "servers.csv": "server,os,roles,networks\n"
        + "".join(
            f"s{number},Windows Server 2019,{'' if number else 'backup_server'},{place}\n"
            for number, place in enumerate(places)
        ),
        "vms.csv": "vm,os,networks\n"
        + "".join(f"v{number},Windows,{place}\n" for number, place in enumerate(places)),
        "job_vms.csv": "job,vm\n",
        "current.csv": "job,vm,proxy\n",
    }
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    arcs = [(tail, head, link) for link, (tail, head, _) in enumerate(links)]
    return arcs + [(head, tail, link) for link, (tail, head, both) in enumerate(links) if both]


def test_protected_means_two_link_disjoint_paths(tmp_path: Path) -> None:
    rng = random.Random(7)  # noqa: S311
    seen: Counter[bool] = Counter()
    for trial in range(40):
        folder = tmp_path / str(trial)
        arcs = random_network(folder, rng)
        estate = read_estate(folder)
        sets = estate.network_sets
        home = sets[estate.servers["network_set"].iloc[0]]
        pairs = [
            (proxy, vm)
            for proxy in range(1, len(sets))
            for vm in range(1, len(sets))
            if link_sets(arcs, home, sets[vm]) and link_sets(arcs, sets[proxy], sets[vm])
        ]
        disjoint = [
            any(
                not mine & other
                for mine in link_sets(arcs, sets[proxy], sets[vm])
                for other in link_sets(arcs, home, sets[vm])
            )
            for proxy, vm in pairs
        ]
        alone = pairs_on_one_link(estate, compute_paths(estate), *zip(*pairs, strict=True))
        np.testing.assert_array_equal(~alone, disjoint)
        seen.update(disjoint)
    assert min(seen[True], seen[False]) > 100


@pytest.mark.parametrize(("second", "protected"), [("", False), ("hq,branch,true,true\n", True)])
def test_a_repeated_row_is_a_second_link(tmp_path: Path, second: str, protected: bool) -> None:
    estate = change(ESTATE, {"links.csv: hq,branch": f"{second}hq,branch"})
    plan = change(PLAN, {"assignments.csv: v2,p,1": "v2,q,3"})
    wrong = about(check(tmp_path, estate, plan), "v2", "protected is 'true', expected 'false'")
    assert bool(wrong) == (not protected)


def test_backup_server_as_proxy(tmp_path: Path) -> None:
    """Tier 2 at home, tier 4 elsewhere; never protected, no failover."""
    plan = change(
        PLAN,
        {
            "assignments.csv: v2,p,1,network,true,b": "v2,b,4,network,false,",
            "assignments.csv: v3,q,1,network,true,b": "v3,b,2,network,false,",
        },
    )
    judgement = check(tmp_path, plan=plan)
    assert not about(judgement, "assignments.csv")
    assert not about(judgement, "vm 'v")
    # v1 twice in tier 1, v3 in tier 2, v2 in tier 4. b's busiest: 1 + l1 + v2 = 3; p 2; q 0.
    # same_site loses v2. Moves: only v2, whose server is gone; v3 is back on b.
    assert judgement.values == {
        "coverage": 4, "tier1": 2, "tier2": 1, "tier3": 0, "protected": 2, "same_site": 3,
        "peak": 3, "balance": 9 + 4 + 0, "moves": 1,
    }  # fmt: skip


# --- rules 2 and 3 --------------------------------------------------------------------------


@pytest.mark.parametrize(("most", "found"), [(3, []), (2, [1]), (1, [0])])
def test_capacity(tmp_path: Path, most: int, found: list[int]) -> None:
    """`p` runs 1 task anyway and 2 planned ones on Monday at 22:00."""
    estate = change(ESTATE, {"servers.csv: branch,3,1": f"branch,{most},1"})
    lines = about(check(tmp_path, estate), "planned tasks, expected", "at most (max_tasks")
    assert lines == [
        f"server 'p' at mon 22:00: 2 planned tasks, expected {limit} at most "
        "(max_tasks less what it runs anyway)"
        for limit in found
    ]


@pytest.mark.parametrize(("most", "fits"), [(3, True), (2, False)])
def test_own_work_takes_room_on_the_backup_server(tmp_path: Path, most: int, fits: bool) -> None:
    """At 22:00 `b` runs 1 task anyway, `l1`, and the planned `v2`: three."""
    estate = change(ESTATE, {"servers.csv: hq,4,1": f"hq,{most},1"})
    plan = change(PLAN, {"assignments.csv: v2,p,1": "v2,b,4"})
    lines = about(check(tmp_path, estate, plan), "server 'b' at mon 22:00", "expected 0 at most")
    assert bool(lines) == (not fits)


@pytest.mark.parametrize(("tasks", "fits"), [(4, True), (3, False), (None, True)])
def test_failover_of_a_server(tmp_path: Path, tasks: int | None, fits: bool) -> None:
    """`p` has two tasks at 22:00, when `b` runs two anyway: it needs 4, its max_tasks."""
    toml = '[failover]\ncapacity = "enforce"\n' + (f"tasks = {tasks}" if tasks else "")
    lines = about(check(tmp_path, ESTATE | {"estate.toml": toml}), "lost at")
    assert lines == (
        []
        if fits
        else [
            "server 'p' lost at mon 22:00: 2 planned tasks on the backup server 'b', "
            "expected 1 at most (failover.tasks less what it runs anyway)"
        ]
    )


def test_failover_only_where_enforced_and_limited(tmp_path: Path) -> None:
    estate = change(ESTATE, {"servers.csv: hq,4,1": "hq,,1"})
    toml = '[failover]\ncapacity = "enforce"'
    assert not about(check(tmp_path, estate | {"estate.toml": toml}), "lost at")


def test_failover_is_reported_only(tmp_path: Path) -> None:
    toml = "[failover]\ntasks = 1"
    assert check(tmp_path, ESTATE | {"estate.toml": toml}).violations == ()


def test_what_the_backup_server_cannot_reach_is_not_taken_over(tmp_path: Path) -> None:
    estate = change(ESTATE, {"links.csv: hq,branch,true,true": "hq,branch,true,false"})
    toml = '[failover]\ncapacity = "enforce"\ntasks = 2'
    lines = about(check(tmp_path, estate | {"estate.toml": toml}), "lost at")
    assert lines == []  # v1, v2 stay behind; v3 of q fits: 1 planned, 2 - 1 allowed on Sunday


@pytest.mark.parametrize(
    ("survive", "tasks", "lost"),
    [("server", 2, []), ("site", 2, ["site 'BR'"]), ("site", 3, [])],
)
def test_failover_of_a_site(tmp_path: Path, survive: str, tasks: int, lost: list[str]) -> None:
    """`p` and `q` at the branch have one task each on Sunday at 23:00, `b` runs one anyway.

    Nightly does not run, so that Sunday is the week's worst moment.
    """
    estate = change(
        ESTATE,
        {"servers.csv: ,,hq,,0": ",,branch,,0", "jobs.csv: mon,true": "mon,false"},
    )
    toml = f'[failover]\ncapacity = "enforce"\nsurvive = "{survive}"\ntasks = {tasks}'
    lines = about(check(tmp_path, estate | {"estate.toml": toml}), "lost at")
    assert [line.partition(" lost at mon 00:00: 2 planned")[0] for line in lines] == lost


def test_servers_at_home_and_without_a_site_are_lost_one_by_one(tmp_path: Path) -> None:
    """No loss is too much for 2 tasks at a time: `q` is at the backup server's site."""
    estate = change(ESTATE, {"networks.csv: branch,BR": "branch,"})
    toml = '[failover]\ncapacity = "enforce"\nsurvive = "site"\ntasks = 3'
    [line] = about(check(tmp_path, estate | {"estate.toml": toml}), "lost at")
    assert line.startswith("server 'p' lost at mon 22:00: 2 planned tasks")


@pytest.mark.parametrize(("tasks", "lost"), [(2, []), (1, ["server 'p'", "server 'q'"])])
def test_the_backup_servers_own_site_is_no_loss(
    tmp_path: Path, tasks: int, lost: list[str]
) -> None:
    """`p` and `q` at its site run one task each on Sunday, and are lost one by one."""
    estate = change(
        ESTATE,
        {"servers.csv: ,,branch,3": ",,hq,3", "jobs.csv: mon,true": "mon,false"},
    )
    toml = f'[failover]\ncapacity = "enforce"\nsurvive = "site"\ntasks = {tasks}'
    lines = about(check(tmp_path, estate | {"estate.toml": toml}), "lost at")
    assert [line.partition(" lost at mon 00:00: 1 planned")[0] for line in lines] == lost


# --- unassigned -----------------------------------------------------------------------------


def unassigned(reason: str) -> dict[str, str]:
    """Return the plan with `nightly`'s `v2` left out for ``reason``."""
    row = "nightly,v2,p,1,network,true,b,old\n"
    return change(
        PLAN,
        {
            f"assignments.csv: {row}": "",
            "unassigned.csv: nightly,x1": f"nightly,v2,{reason},\nnightly,x1",
        },
    )


FULL = {"servers.csv: hq,4,1": "hq,1,1", "servers.csv: branch,3,1": "branch,2,1",
        "servers.csv: q,Windows Server 2022": "q,Windows 11"}  # fmt: skip
ALONE = {"links.csv: hq,branch,true,true": "hq,branch,true,false",
         "servers.csv: p,Windows Server 2022": "p,Windows 11"}  # fmt: skip


@pytest.mark.parametrize(
    ("edits", "toml", "reason"),
    [
        (FULL, "", "capacity"),
        (ALONE, "", "not_reachable"),
        ({"vms.csv: v2,Windows Server 2019,branch": "v2,Windows Server 2019,"}, "",
         "unknown_network"),
        ({"jobs.csv: true,true,\nweekend": "true,true,q\nweekend",
          "links.csv: hq,branch,true,true": "hq,branch,true,false"}, "", "job_proxies"),
        ({"servers.csv: hq,4,1,true": "hq,4,1,false"},
         '[license]\ntype = "socket"\nedition = "standard"', "no_candidate"),
        ({name: new.replace(",2,1", ",9,1") for name, new in FULL.items()},
         '[failover]\ncapacity = "enforce"\ntasks = 3', "failover_capacity"),
        ({"vms.csv: v2,Windows Server 2019": "v2,"}, "", "unknown_os"),
    ],
)  # fmt: skip
def test_reasons(tmp_path: Path, edits: Files, toml: str, reason: str) -> None:
    """In each estate one reason is right, and every other one is found to be wrong.

    In the failover case `b` is full and `p` could take v2, but `b` runs two tasks of its three
    anyway and could take over only one of `p`'s.
    """
    estate = change(ESTATE, edits) | {"estate.toml": toml}
    assert not about(check(tmp_path, estate, unassigned(reason)), "vm 'v2'")
    others = ["unknown_os", "no_candidate", "unknown_network", "not_reachable", "job_proxies"]
    others += ["capacity"] if not reason.endswith("capacity") else []
    others += ["failover_capacity"] if not toml.startswith("[failover]") else []
    for other in {*others} - {reason}:
        folder = tmp_path / other
        folder.mkdir()
        words = f"vm 'v2': reason is '{other}', expected '{reason.removeprefix('failover_')}'"
        assert about(check(folder, estate, unassigned(other)), words)


@pytest.mark.parametrize(("room", "proven"), [(2, True), (3, True), (3, False)])
def test_task_that_would_fit(tmp_path: Path, room: int, proven: bool) -> None:
    """`p` has v1 at 22:00 and one task anyway: v2 is the third."""
    estate = change(ESTATE, FULL | {"servers.csv: branch,3,1": f"branch,{room},1"})

    def spoil(record: dict[str, Any]) -> None:
        record["aims"][0]["proven"] = proven

    lines = about(check(tmp_path, estate, unassigned("capacity"), spoil=spoil), "fits on server")
    assert lines == (
        [
            "job 'nightly', vm 'v2': unassigned, but fits on server 'p', "
            "though plan.json calls coverage proven"
        ]
        if room == 3 and proven
        else []
    )


def test_task_given_up_within_the_tolerance(tmp_path: Path) -> None:
    """Coverage was 4, proven; floor(0.25 * 4) = 1 task may go again for a later aim."""
    toml = "[planning.tolerance]\ncoverage = 0.25\n"

    def spoil(record: dict[str, Any]) -> None:
        record["aims"][0].update(value=3, best=4, bound=4)

    estate = change(ESTATE, FULL | {"servers.csv: branch,3,1": "branch,3,1"})
    judgement = check(tmp_path, estate | {"estate.toml": toml}, unassigned("capacity"), spoil=spoil)
    assert not about(judgement, "vm 'v2'")
    assert not about(judgement, "'coverage'")


def test_task_that_would_fit_but_for_failover(tmp_path: Path) -> None:
    """With 4 tasks `b` can stand in for v1 and v2 of `p`, with 3 only for v1."""
    for tasks, found in ((3, 0), (4, 1)):
        folder = tmp_path / str(tasks)
        folder.mkdir()
        toml = f'[failover]\ncapacity = "enforce"\ntasks = {tasks}'
        edits = FULL | {"servers.csv: branch,3,1": "branch,9,1"}
        estate = change(ESTATE, edits) | {"estate.toml": toml}
        judgement = check(folder, estate, unassigned("failover_capacity"))
        assert len(about(judgement, "fits on server 'p'")) == found


@pytest.mark.parametrize(("tasks", "found"), [(3, 0), (4, 1)])
def test_task_on_the_backup_server_weighs_in_every_loss(
    tmp_path: Path, tasks: int, found: int
) -> None:
    """`p` is full with v1; with v2 on `b` and two tasks anyway, its loss makes 4 there."""
    edits = FULL | {"servers.csv: hq,4,1": "hq,9,1"}
    toml = f'[failover]\ncapacity = "enforce"\ntasks = {tasks}'
    estate = change(ESTATE, edits) | {"estate.toml": toml}
    judgement = check(tmp_path, estate, unassigned("failover_capacity"))
    assert len(about(judgement, "fits on server 'b'")) == found


def test_task_out_of_the_backup_servers_reach_needs_no_failover(tmp_path: Path) -> None:
    """Rule 3 leaves `b` no room, but it could not take v2 over from `p` anyway."""
    edits = {
        "links.csv: hq,branch,true,true": "hq,branch,true,false",
        "servers.csv: branch,3,1": "branch,9,1",
    }
    estate = change(ESTATE, edits) | {"estate.toml": '[failover]\ncapacity = "enforce"\ntasks = 2'}
    judgement = check(tmp_path, estate, unassigned("failover_capacity"))
    assert about(judgement, "fits on server 'p'")


def test_own_work_is_not_unassigned(tmp_path: Path) -> None:
    plan = change(
        PLAN,
        {
            "assignments.csv: nightly,l1,b,,network,false,,\n": "",
            "unassigned.csv: nightly,x1": "nightly,l1,capacity,\nnightly,x1",
        },
    )
    [line] = check(tmp_path, plan=plan).violations
    assert "vm 'l1': stands in unassigned.csv" in line


def test_unknown_os_has_no_proxy(tmp_path: Path) -> None:
    plan = change(
        PLAN,
        {
            "assignments.csv: weekend,v1": "nightly,x1,p,1,network,true,b,\nweekend,v1",
            "unassigned.csv: nightly,x1,unknown_os,its os is empty\n": "",
        },
    )
    [line] = check(tmp_path, plan=plan).violations
    assert "vm 'x1': has a proxy, expected reason 'unknown_os'" in line


def test_what_is_no_task(tmp_path: Path) -> None:
    """Jobs that do nothing in guests, jobs switched off, and VMs that are away have no tasks."""
    for number, edits in enumerate(
        (
            {"jobs.csv: sun,true,true": "sun,true,false"},
            {"jobs.csv: sun,true,true": "sun,false,true"},
            {"vms.csv: v3,Windows Server 2019,hq,,,,true": "v3,Windows Server 2019,hq,,,,no"},
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        judgement = check(folder, change(ESTATE, edits))
        assert about(judgement, "'weekend', vm 'v3' is not a task of the estate")


def test_who_has_rows_in_proxy_load(tmp_path: Path) -> None:
    """The backup server `b` has them though no candidate; `q`, no candidate any more, has none."""
    edits = {
        "servers.csv: hq,4,1,true,false": "hq,4,1,true,true",
        "servers.csv: q,Windows Server 2022": "q,Windows 11",
    }
    lines = about(check(tmp_path, change(ESTATE, edits)), "proxy_load.csv")
    assert lines == [
        f"proxy_load.csv: server 'q' at mon {time}: a row, expected none "
        "(no candidate, or nothing changes then)"
        for time in ("00:00", "01:00")
    ] + [
        "proxy_load.csv: server 'q' at sun 23:00: a row, expected none "
        "(no candidate, or nothing changes then)"
    ]


# --- values ---------------------------------------------------------------------------------


def test_who_counts_in_peak_and_balance(tmp_path: Path) -> None:
    """A server that is no candidate does not count, however loaded: q with 9 tasks."""
    edits = {"servers.csv: q,Windows Server 2022": "q,Windows 11", "servers.csv: ,,0,": ",,9,"}
    values = check(tmp_path, change(ESTATE, edits)).values
    assert (values["peak"], values["balance"]) == (3, 4 + 9)


def test_who_counts_in_moves(tmp_path: Path) -> None:
    """Neither own work nor an unknown os moves; a task that is left out does, if gone or not."""
    current = ESTATE["current.csv"] + "nightly,l1,p\nnightly,x1,p\nweekend,v2,p\n"
    estate = ESTATE | {"current.csv": current}
    plan = change(PLAN, {"assignments.csv: l1,b,,network,false,,\n": "l1,b,,network,false,,p\n"})
    judgement = check(tmp_path, estate, plan)
    assert judgement.violations == ()
    assert judgement.values["moves"] == 2
    # v2, whose server is gone, and now without a proxy: still v2 and v3.
    folder = tmp_path / "left out"
    folder.mkdir()
    assert check(folder, plan=unassigned("capacity")).values["moves"] == 2


def test_utilisation(tmp_path: Path) -> None:
    """b: 2 of 4 = 500 per mille; p: 3 of 3 = 1000; q has no max_tasks and does not count."""
    toml = '[planning]\nbalance = "utilisation"'
    aims = AIMS | {"peak": 1000, "balance": 500**2 + 1000**2}
    assert check(tmp_path, ESTATE | {"estate.toml": toml}, aims=aims).violations == ()


def test_utilisation_is_rounded_up(tmp_path: Path) -> None:
    """p: 3 of 7 = 428.57 per mille; b stays at 500."""
    estate = change(ESTATE, {"servers.csv: branch,3,1": "branch,7,1"})
    judgement = check(tmp_path, estate | {"estate.toml": '[planning]\nbalance = "utilisation"'})
    assert judgement.values["balance"] == 500**2 + 429**2


def test_one_job_counts_once_at_a_moment(tmp_path: Path) -> None:
    """A run of more than a day overlaps the next day's: v1 is still one task."""
    estate = change(ESTATE, {"jobs.csv: 120,mon,": "2000,mon;tue,"})
    assert check(tmp_path, estate).values["peak"] == 3


def test_objectives_are_judged_in_their_order(tmp_path: Path) -> None:
    names = ["coverage", "tier1", "tier2", "tier3", "moves", "balance"]
    toml = f"[planning]\nobjectives = {json.dumps(names)}"
    aims = {name: AIMS[name] for name in names}
    judgement = check(tmp_path, ESTATE | {"estate.toml": toml}, aims=aims)
    assert judgement.violations == ()
    assert list(judgement.values) == names


# --- plan.json ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("aim", "figures", "words"),
    [
        ("peak", {"value": 4}, "'peak' has value 4, expected 3"),
        ("coverage", {"best": 5, "bound": 5}, "has value 4, expected 5 or better (best 5)"),
        ("balance", {"best": 13, "bound": 13}, "has value 14, expected 13 or better (best 13)"),
        ("coverage", {"bound": 5}, "has proven True, expected False (best 4, bound 5)"),
        ("coverage", {"bound": 5, "proven": False}, ""),
        ("coverage", {"proven": False}, "has proven False, expected True"),
        ("coverage", {"bound": 3, "proven": False}, "has best 4 beyond its bound 3"),
        ("peak", {"bound": 4, "proven": False}, "has best 3 beyond its bound 4"),
        ("peak", {"best": 4, "bound": 4}, "has value 3 beyond its bound 4"),
        ("peak", {"bound": 2, "proven": False}, ""),
        ("peak", {"best": "3"}, "lacks a whole number"),
        # Tolerances: peak may lose floor(0.5 * 2) = 1, coverage floor(0.2 * 5) = 1 and not 2.
        ("peak", {"best": 2, "bound": 2}, ""),
        ("peak", {"best": 1, "bound": 1}, "has value 3, expected 1 or better"),
        ("tier1", {"best": 5, "bound": 5}, ""),
        ("tier1", {"best": 6, "bound": 6}, "has value 4, expected 5 or better"),
    ],
)
def test_aims_of_the_record(
    tmp_path: Path, aim: str, figures: dict[str, object], words: str
) -> None:
    def spoil(record: dict[str, Any]) -> None:
        next(row for row in record["aims"] if row["aim"] == aim).update(figures)

    toml = "[planning.tolerance]\npeak = 0.5\ntier1 = 0.2"
    judgement = check(tmp_path, ESTATE | {"estate.toml": toml}, spoil=spoil)
    if words:
        assert about(judgement, words)
    else:
        assert judgement.violations == ()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda record: record.update(format=2), "format is 2, expected 1"),
        (lambda record: record["inputs"].update({"vms.csv": "0"}), "vms.csv has SHA-256 0"),
        (lambda record: record["inputs"].pop("links.csv"), "links.csv has SHA-256 None"),
        (lambda record: record["inputs"].update({"x.csv": "0"}), "x.csv has SHA-256 0, expected N"),
        (lambda record: record["aims"].reverse(), "aims are ['moves'"),
        (lambda record: record["aims"].pop(), "expected ['coverage'"),
        (lambda record: record.pop("aims"), "aims are [], expected"),
    ],
)
def test_record(tmp_path: Path, spoil: Callable[[dict[str, Any]], object], words: str) -> None:
    [line] = check(tmp_path, spoil=spoil).violations
    assert line.startswith("plan.json: ")
    assert words in line


# --- the checker itself ---------------------------------------------------------------------


def test_twenty_of_a_kind_are_spelt_out() -> None:
    complaints = Violations()
    complaints.each("odd tasks", np.arange(22), "task {}".format)
    complaints.add("odd tasks", "one more")
    assert complaints.sentences() == (*(f"task {n}" for n in range(20)), "3 more odd tasks")


@pytest.mark.parametrize("empty", [["job_vms.csv"], ["job_vms.csv", "vms.csv", "jobs.csv"]])
def test_no_tasks_at_all(tmp_path: Path, empty: list[str]) -> None:
    estate = ESTATE | {file: ESTATE[file].splitlines(keepends=True)[0] for file in empty}
    head = {name: text.splitlines(keepends=True)[0] for name, text in PLAN.items()}
    loads = """\
b,mon 00:00,mon 00:00,1,0,4
p,mon 00:00,mon 00:00,1,0,3
q,mon 00:00,mon 00:00,0,0,
"""
    plan = head | {"proxy_load.csv": head["proxy_load.csv"] + loads}
    aims = dict.fromkeys(AIMS, 0) | {"peak": 1, "balance": 2}
    assert check(tmp_path, estate, plan, aims).violations == ()


def test_checker_shares_nothing_with_the_planner() -> None:
    """It may know nouns, and itself; from the rules as data not even the nouns."""
    allowed = {"errors", "estate", "plan", "settings", "tables", "week"}
    for path in Path(optimizer.checker.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                package, _, rest = name.partition(".")
                assert package not in {"networkx", "ortools"}, path
                assert package != "models" or rest in allowed, path
                assert package != "optimizer" or rest.startswith("check."), path
