"""An estate and a right plan of it in a folder, to be spoilt and judged by the checker.

The estate has a backup server `b` and a proxy `q` at the head office, a proxy `p` at the branch.
Job `nightly` runs on Monday from 22:00 for two hours, `weekend` on Sunday from 23:00 for two
hours, so until Monday 01:00.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import list_files
import slow_judge
import slow_weeks
from slow_weeks import Lists, Row

from optimizer.checker import judge
from optimizer.checker.violations import Judgement
from optimizer.inputs.estate_folder.reader import read_estate

Edit = tuple[str, str, str]  # file, what is there once, what takes its place
Record = dict[str, Any]

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
    "job_proxies.csv": """\
job,choice,proxies,change,runs,failed,tier1,tier2,tier3,tier4,failed_over,overload_minutes,certainty,note
nightly,automatic,,keep,2,0,2,0,0,0,0,0,guaranteed,
weekend,automatic,,keep,2,0,2,0,0,0,0,0,guaranteed,
""",
    "job_splits.csv": "job,rank,part,name,choice,proxies,vm,vm_name\n",
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
# By itself the product does what is planned: each VM has a proxy of its own network.
WEEK = dict.fromkeys(slow_weeks.FIGURES, 0) | {
    "tier1": 4, "protected": 4, "same_site": 4, "peak": 3,
}  # fmt: skip
ENFORCE = '[failover]\ncapacity = "enforce"\n'


class Case:
    """The estate and the plan, written to the folders ``estate`` and ``plan`` below ``folder``.

    All jobs keep what they have; `follow` makes the rest of the week as the estate now is.
    """

    def __init__(self, folder: Path) -> None:
        self.first, self.planned, self.kept, self.best = "limits", WEEK, WEEK, WEEK
        self.estate, self.plan = folder / "estate", folder / "plan"
        for path, files in ((self.estate, ESTATE), (self.plan, PLAN)):
            path.mkdir(parents=True)
            for name, text in files.items():
                write(path, name, text)

    def judge(
        self,
        aims: dict[str, int] = AIMS,
        amend: Callable[[Record], object] = lambda record: None,
    ) -> Judgement:
        """Write plan.json with ``aims``, let ``amend`` change it, and judge the plan."""
        read = read_estate(self.estate)
        record: Record = {
            "format": 1,
            "inputs": dict(read.inputs),
            "aims": [
                dict.fromkeys(("value", "best", "bound"), value)
                | {"aim": aim, "proven": True, "proof": "duals"}
                for aim, value in aims.items()
            ],
            "week": self.week(),
        }
        amend(record)
        (self.plan / "plan.json").write_text(json.dumps(record), encoding="utf-8")
        return judge(read, self.plan)

    def follow(self) -> None:
        """Write what follows in the week from the estate, the jobs and the assignments there are.

        The slow weeks say it.
        """
        lists = Lists(slow_weeks.read_folder(self.estate))
        rows: dict[str, Row] = {job: ("keep", lists.today[job]) for job in lists.jobs}
        cells = list_files.proxies(lists, rows)
        list_files.table(self.plan / "job_proxies.csv", slow_judge.PROXIES, cells)
        with (self.plan / "assignments.csv").open(encoding="utf-8-sig", newline="") as file:
            self.planned = lists.as_planned(csv.DictReader(file))
        self.first, self.best = lists.wishes.first, lists.ideal()
        self.kept = lists.weeks({})[0]
        for figure in ("protected", "same_site", "overload_minutes", "peak"):
            self.best[figure] = self.kept[figure]

    def week(self) -> Record:
        """Return what plan.json says of the week; only the nominal one is judged here."""
        kept = {"nominal": self.kept}
        return {
            "first": self.first,
            "plan": self.planned,
            "lists": kept,
            "bound": self.best,
            "aims": [
                {"aim": aim, "value": 0, "bound": 0, "proven": True, "proof": "search"}
                for aim in slow_weeks.ORDERS[self.first]
            ],
        }

    def judge_again(self) -> Judgement:
        """Judge the plan with the plan.json that is there."""
        return judge(read_estate(self.estate), self.plan)


def write(folder: Path, file: str, text: str) -> None:
    """Write a file, one of a plan with BOM and CRLF."""
    of_plan = folder.name == "plan"
    content = text.replace("\n", "\r\n").encode("utf-8-sig") if of_plan else text.encode()
    (folder / file).write_bytes(content)


def read(folder: Path, file: str) -> str:
    """Return the text of a file, lines ended by LF alone."""
    return (folder / file).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")


def spoil(folder: Path, file: str, old: str, new: str) -> None:
    """Put ``new`` in the place of ``old``, which must be in the file once."""
    text = read(folder, file)
    assert text.count(old) == 1, f"{file}: {old!r}"
    write(folder, file, text.replace(old, new))


def spoil_all(folder: Path, edits: Iterable[Edit]) -> None:
    """Spoil each of several places, one after another."""
    for file, old, new in edits:
        spoil(folder, file, old, new)


def leave_out(case: Case, reason: str) -> None:
    """Leave `nightly`'s `v2` unassigned in the plan, for ``reason``."""
    spoil(case.plan, "assignments.csv", "nightly,v2,p,1,network,true,b,old\n", "")
    spoil(case.plan, "unassigned.csv", "nightly,x1", f"nightly,v2,{reason},\nnightly,x1")


def about(judgement: Judgement, *words: str) -> list[str]:
    """Return the violations that hold all of ``words``."""
    return [line for line in judgement.violations if all(word in line for word in words)]
