"""When jobs run and what they used, as the backup server's interface says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from veeam_answers import (
    ID,
    Json,
    answers,
    findings_of,
    imported,
    job,
    read,
    rows,
    server,
    text,
    vm,
)

from optimizer.inputs.importers.veeam.reader import read_veeam
from optimizer.inputs.importers.veeam.schedule import schedule_of


def schedule(**kinds: Any) -> Json:
    return {"schedule": {"runAutomatically": True} | kinds}


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ({"daily": {"localTime": "4:00", "dailyKind": "WeekDays"}},
         ("04:00", "60", "mon;tue;wed;thu;fri")),
        ({"daily": {"localTime": "10:05 PM", "dailyKind": "selectedDays",
                    "days": ["sunday", "Tuesday"]}}, ("22:05", "60", "tue;sun")),
        ({"daily": {"localTime": "soon", "dailyKind": "Everyday"}}, ("", "60", "daily")),
        ({"monthly": {"localTime": "09:00", "dayNumberInMonth": "Fourth",
                      "dayOfWeek": "saturday"}}, ("09:00", "60", "sat")),
        ({"monthly": {"localTime": "09:00", "dayNumberInMonth": "OnDay", "dayOfWeek": "saturday",
                      "dayOfMonth": 1}}, ("09:00", "60", "daily")),
        ({"periodically": {"periodicallyKind": "Hours", "frequency": 4,
                           "backupWindow": {"days": [{"day": "monday", "hours": "0,0,1"},
                                                     {"day": "sunday", "hours": "0,0,0"}]}}},
         ("00:00", "1440", "mon")),
        ({"continuously": {}}, ("00:00", "1440", "daily")),
    ],
)  # fmt: skip
def test_a_schedule_becomes_a_start_and_days(kinds: Json, expected: tuple[str, str, str]) -> None:
    on = {kind: {"isEnabled": True} | settings for kind, settings in kinds.items()}
    found = read(jobs=[job("j", **schedule(**on))])
    assert rows(found, "jobs", "start", "duration_minutes", "days") == [expected]
    simplified = "daily" not in kinds
    assert bool(findings_of(found, "simplified_schedule")) == simplified


def test_a_job_that_only_people_start_is_not_enabled() -> None:
    found = read(
        jobs=[
            job("hand", schedule={"runAutomatically": False}),
            job("off", isDisabled=True),
            job("on"),
        ]
    )
    assert rows(found, "jobs", "job", "start", "enabled") == [
        ("hand", "00:00", "false"), ("off", "22:00", "false"), ("on", "22:00", "true"),
    ]  # fmt: skip
    assert [subject for subject, _ in findings_of(found, "job_by_hand")] == ["hand"]


def test_a_job_that_follows_another_starts_at_its_end() -> None:
    """22:00 on weekdays for 150 minutes ends at 00:30 of the next day, and so on in a row."""
    late = {"isEnabled": True, "localTime": "22:00", "dailyKind": "WeekDays"}
    chain = [
        job("c", **schedule(afterThisJob={"isEnabled": True, "jobName": "b"})),
        job("b", **schedule(afterThisJob={"isEnabled": True, "jobName": "a"})),
        job("a", id=ID.format(1), **schedule(daily=late)),
        job("lost", **schedule(afterThisJob={"isEnabled": True, "jobName": "nobody"})),
        job("ring", **schedule(afterThisJob={"isEnabled": True, "jobName": "ring"})),
    ]
    found = read(jobs=chain, sessions=[session(1, 1, "2026-01-05T22:00:00Z", 150)])
    assert rows(found, "jobs", "job", "start", "days") == [
        ("c", "01:30", "tue;wed;thu;fri;sat"),
        ("b", "00:30", "tue;wed;thu;fri;sat"),
        ("a", "22:00", "mon;tue;wed;thu;fri"),
        ("lost", "", "daily"),
        ("ring", "", "daily"),
    ]


@settings(max_examples=200)
@given(st.recursive(
    st.none() | st.booleans() | st.integers(0, 99) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["runAutomatically", "daily", "isEnabled", "days", "localTime", "hours",
                         "periodically", "backupWindow", "afterThisJob", "monthly"]),
        inner, max_size=4),
    max_leaves=12,
))  # fmt: skip
def test_any_schedule_is_a_time_of_the_week_or_unknown(value: Any) -> None:
    found = schedule_of({"schedule": value})
    assert found.start is None or 0 <= found.start < 1440
    assert set(found.days) <= set(range(7))


def session(number: int, of_job: int, start: str, minutes: int, **more: Any) -> Json:
    end = pd.Timestamp(start) + pd.Timedelta(minutes=minutes)
    base = {
        "id": ID.format(number),
        "jobId": ID.format(of_job),
        "creationTime": start,
        "endTime": end.isoformat(),
        "result": {"result": "Success"},
    }
    return base | more


def test_a_duration_is_that_of_the_longest_of_the_last_runs() -> None:
    runs = [session(n, 90, f"2026-01-{n:02}T22:00:00+09:00", 10 + n) for n in range(2, 12)]
    runs[0] |= {"endTime": "2026-01-03T02:00:00+09:00"}  # the first of ten counts no more
    unfinished = session(30, 90, "2026-01-20T22:00:00Z", 900, result={"result": "None"})
    running = session(31, 90, "2026-01-21T22:00:00Z", 900)
    del running["endTime"]
    found = read(jobs=[job("j")], sessions=[*runs, unfinished, running])
    assert rows(found, "jobs", "duration_minutes") == [("21",)]
    assert not findings_of(found, "assumed_duration")
    assert read(jobs=[job("j")]).tables["jobs"]["duration_minutes"].tolist() == ["60"]
    assert findings_of(read(jobs=[job("j")]), "assumed_duration")


@pytest.mark.parametrize(
    "title",
    [
        "Using guest interaction proxy gip-01.corp (Same subnet)",
        "Using guest interaction proxy gip-01.corp",
        "using guest interaction proxy gip-01.corp.",
    ],
)
def test_the_proxy_that_was_used_last_comes_from_the_log(tmp_path: Path, title: str) -> None:
    found = answers(
        managedServers=[server(1, "gip-01.corp", isBackupServer=True)],
        jobs=[job("j", vm("SQL", "vm-1"))],
        sessions=[
            session(1, 90, "2026-01-01T22:00:00Z", 9), session(2, 90, "2026-01-02T22:00:00Z", 9)
        ],
        taskSessions=[
            {"id": "T1", "sessionId": ID.format(1), "name": "sql",
             "creationTime": "2026-01-01T22:00:01Z"},
            {"id": "T2", "sessionId": ID.format(2), "name": "sql",
             "creationTime": "2026-01-02T22:00:01Z"},
            {"id": "T3", "sessionId": ID.format(2), "name": "gone",
             "creationTime": "2026-01-02T22:00:01Z"},
        ],
    )  # fmt: skip
    for task, said in (("T1", "Using guest interaction proxy old"), ("T2", title), ("T3", title)):
        log = {"records": [{"title": "Inventorying guest system"}, {"title": said}]}
        found.add("logs", f"{task}.json", json.dumps(log).encode(), task)
    merged = imported(tmp_path, read_veeam(found, 60))
    assert text(tmp_path / "current.csv") == "job,vm,proxy\nj,vc/vm-1,gip-01.corp\n"
    assert [f.detail for f in merged.findings if f.code == "unknown_runs"] == [
        "1 runs of VMs or servers that are not known, the first 'gone' of 'j' by 'gip-01.corp'"
    ]


def test_the_last_of_several_proxies_in_a_log_did_the_work() -> None:
    log = {
        "records": [
            {"title": "Using guest interaction proxy b", "startTime": "2026-01-01T22:00:09Z"},
            {"title": "Using guest interaction proxy a", "startTime": "2026-01-01T22:00:01Z"},
        ]
    }
    found = answers(
        jobs=[job("j")],
        sessions=[session(1, 90, "2026-01-01T22:00:00Z", 9)],
        taskSessions=[{"id": "t", "sessionId": ID.format(1), "name": "v"}],
    )
    found.add("logs", "t.json", json.dumps(log).encode(), "t")
    used = read_veeam(found, 60).used
    assert used is not None
    assert used.to_dict("records") == [{"job": "j", "name": "v", "proxy": "b"}]
