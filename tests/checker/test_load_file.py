"""proxy_load.csv: a row for each server and span of the week, and every figure of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_plan import Case, about, spoil, spoil_all

SPOILT = [
    ("p,mon 22:00,tue 00:00,1,2", "p,mon 22:00,tue 00:00,1,3",
     "server 'p' at mon 22:00: planned_tasks is 3, expected 2"),
    ("b,mon 22:00,tue 00:00,2", "b,mon 22:00,tue 00:00,1",
     "server 'b' at mon 22:00: running_tasks is 1, expected 2"),
    ("q,mon 00:00,mon 01:00,0,1,", "q,mon 00:00,mon 01:00,0,1,1",
     "server 'q' at mon 00:00: max_tasks is 1, expected empty"),
    ("q,mon 00:00,mon 01:00", "q,mon 00:00,mon 1:00",
     "server 'q' at mon 00:00: to is unreadable, expected mon 01:00"),
    ("b,mon 22:00,tue 00:00,2,0,4\n", "",
     "server 'b' at mon 22:00: no row, expected to tue 00:00, running_tasks 2, planned_tasks 0"),
    ("b,tue 00:00,mon 00:00,1,0,4\n", "b,tue 00:00,wed 00:00,1,0,4\nb,wed 00:00,mon 00:00,1,0,4\n",
     "server 'b' at wed 00:00: a row, expected none"),
    ("q,mon 00:00,mon 01:00,0,1,\nq,mon 01:00,sun 23:00,0,0,\n",
     "q,mon 01:00,sun 23:00,0,0,\nq,mon 00:00,mon 01:00,0,1,\n", "not sorted by server"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), SPOILT)
def test_each_spoilt_span_is_found(tmp_path: Path, old: str, new: str, words: str) -> None:
    case = Case(tmp_path)
    spoil(case.plan, "proxy_load.csv", old, new)
    assert about(case.judge(), words)


def test_who_has_rows_in_proxy_load(tmp_path: Path) -> None:
    """The backup server `b` has them though no candidate; `q`, no candidate any more, has none."""
    case = Case(tmp_path)
    spoil_all(
        case.estate,
        [
            ("servers.csv", "hq,4,1,true,false", "hq,4,1,true,true"),
            ("servers.csv", "q,Windows Server 2022", "q,Windows 11"),
        ],
    )
    lines = about(case.judge(), "proxy_load.csv")
    assert lines == [
        f"proxy_load.csv: server 'q' at {time}: a row, expected none "
        "(no candidate, or nothing changes then)"
        for time in ("mon 00:00", "mon 01:00", "sun 23:00")
    ]
