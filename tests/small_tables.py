"""Tables of small estates: the least they need, and all that they can have."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from models.errors import EstateError
from models.estate import Estate
from models.schema import TABLES
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
