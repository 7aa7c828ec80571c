"""job_proxies.csv, and job_before.csv: a row per job that the plan serves, as jobs.csv has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_plan import Case, about, spoil

SPOILT = [
    ("job_proxies.csv", "weekend,p;q", "weekend,q;p",
     ["job 'weekend'", "'q;p', expected some of 'p;q', each once, sorted"]),
    ("job_proxies.csv", "weekend,p;q", "weekend,p;p", ["'p;p', expected some of 'p;q'"]),
    ("job_proxies.csv", "weekend,p;q", "weekend,b;q", ["'b;q', expected some of 'p;q'"]),
    ("job_proxies.csv", "weekend,p;q", "weekend,", ["has proxies '', expected some of 'p;q'"]),
    ("job_proxies.csv", "nightly,p\n", "", ["'nightly' has no row, expected some of 'p'"]),
    ("job_proxies.csv", "nightly,p\n", "nightly,p\nnix,p\n", ["'nix'", "'p', expected no row"]),
    ("job_proxies.csv", "nightly,p\n", "nightly,p\nnightly,p\n", ["'nightly' stands there twice"]),
    ("job_proxies.csv", "nightly,p\nweekend,p;q", "weekend,p;q\nnightly,p", ["not sorted by job"]),
    ("job_before.csv", "nightly,", "nightly,p",
     ["job_before.csv: job 'nightly' has proxies 'p', expected '' as in jobs.csv"]),
    ("job_before.csv", "nightly,\n", "", ["jobs are not those of job_proxies.csv, in the same"]),
    ("job_before.csv", "nightly,\nweekend,", "weekend,\nnightly,", ["csv: jobs are not"]),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "words"), SPOILT)
def test_each_spoilt_list_is_found(
    tmp_path: Path, file: str, old: str, new: str, words: list[str]
) -> None:
    case = Case(tmp_path)
    spoil(case.plan, file, old, new)
    assert about(case.judge(), *words)


def test_a_plan_of_before_job_before_was_written(tmp_path: Path) -> None:
    case = Case(tmp_path)
    (case.plan / "job_before.csv").unlink()
    assert case.judge().violations == ()


@pytest.mark.parametrize("listed", ["p", "q", "p;q"])
def test_a_list_may_leave_out_servers_that_the_plan_uses(tmp_path: Path, listed: str) -> None:
    case = Case(tmp_path)
    spoil(case.plan, "job_proxies.csv", "weekend,p;q", f"weekend,{listed}")
    assert case.judge().violations == ()


def test_job_that_names_its_proxy(tmp_path: Path) -> None:
    case = Case(tmp_path)
    spoil(case.estate, "jobs.csv", "true,true,\nweekend", "true,true,q; p\nweekend")
    spoil(case.plan, "job_before.csv", "nightly,", "nightly,q;p")
    assert case.judge().violations == ()


@pytest.mark.parametrize("said", ["", "p;q", "q"])
def test_what_a_job_named_before_is_what_jobs_csv_says(tmp_path: Path, said: str) -> None:
    case = Case(tmp_path)
    spoil(case.estate, "jobs.csv", "true,true,\nweekend", "true,true,q; p\nweekend")
    spoil(case.plan, "job_before.csv", "nightly,", f"nightly,{said}")
    [line] = case.judge().violations
    assert line.startswith(f"job_before.csv: job 'nightly' has proxies {said!r}, expected 'q;p'")
