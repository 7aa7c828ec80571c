"""job_proxies.csv, and job_before.csv: a row per job with Windows tasks, as jobs.csv has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from judged_plan import Case, about, spoil

ROW = "nightly,automatic,,keep,2,0,2,0,0,0,0,0,guaranteed,\n"
OTHER = "weekend,automatic,,keep,2,0,2,0,0,0,0,0,guaranteed,\n"
SPOILT = [
    ("job_proxies.csv", "weekend,automatic,,keep", "weekend,list,q;p,set",
     ["job 'weekend'", "'q;p'"]),
    ("job_proxies.csv", "weekend,automatic,,keep", "weekend,list,p;p,set", ["'p;p'"]),
    ("job_proxies.csv", "weekend,automatic,,keep", "weekend,list,z,set", ["weekend", "'z'"]),
    ("job_proxies.csv", "weekend,automatic,,keep", "weekend,list,,set", ["weekend", "'list'"]),
    ("job_proxies.csv", ROW, "", ["'nightly' has no row, expected one"]),
    ("job_proxies.csv", ROW, ROW + ROW.replace("nightly", "nix"), ["'nix'", "expected none"]),
    ("job_proxies.csv", ROW, ROW + ROW, ["'nightly' stands there twice"]),
    ("job_proxies.csv", ROW + OTHER, OTHER + ROW, ["not sorted by job"]),
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
    judgement = case.judge()
    assert judgement.violations == ()
    assert judgement.not_derived[-1].endswith("no job_before.csv")


def test_job_that_names_its_proxy(tmp_path: Path) -> None:
    case = Case(tmp_path)
    spoil(case.estate, "jobs.csv", "true,true,\nweekend", "true,true,q; p\nweekend")
    spoil(case.plan, "job_before.csv", "nightly,", "nightly,q;p")
    case.follow()
    assert case.judge().violations == ()


@pytest.mark.parametrize("said", ["", "p;q", "q"])
def test_what_a_job_named_before_is_what_jobs_csv_says(tmp_path: Path, said: str) -> None:
    case = Case(tmp_path)
    spoil(case.estate, "jobs.csv", "true,true,\nweekend", "true,true,q; p\nweekend")
    spoil(case.plan, "job_before.csv", "nightly,", f"nightly,{said}")
    case.follow()
    [line] = case.judge().violations
    assert line.startswith(f"job_before.csv: job 'nightly' has proxies {said!r}, expected 'q;p'")
