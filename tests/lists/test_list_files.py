"""Tests of the lists' files, and of a plan beside what the product would do by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from estates import estate

from optimizer.cli.main import gip
from optimizer.output.console.comparison import comparison
from optimizer.pipeline import PlanRun, run_plan
from optimizer.simulation.week_figures import Figures

BRANCHES = Path(__file__).parents[2] / "data" / "branch-offices"
BOM = "\ufeff"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an estate where p, beside a and b, has room for one; c is out of everyone's reach."""
    estate(
        tmp_path / "in",
        ["bs hq", "p east max_tasks=1", "q lab"],
        ["a east", "b east", "c far"],
        links=["hq - lab", "lab - east"],
        settings={"planning": {"objectives": ["coverage", "tier1", "tier2", "tier3"]}},
    )
    return tmp_path


def planned(folder: Path, compare: bool) -> PlanRun:
    return run_plan(folder / "in", folder / "out", None, 1, 0, lambda step: None, compare)


def test_the_week_three_times(folder: Path) -> None:
    # As planned one of a, b is on p and the other on q. By itself the product gives p both: one
    # too many for an hour on seven days. In the list of q nobody is overloaded; both are tier 3.
    made = planned(folder, True)
    assert made.by_itself is not None
    assert comparison(made.plan, made.lists, made.by_itself) == {
        "plan": Figures((7, 0, 7, 0), failed=7, failed_over=0, peak=1, overload=0),
        "by_itself": Figures((14, 0, 0, 0), failed=7, failed_over=0, peak=2, overload=420),
        "in_job_lists": Figures((0, 0, 14, 0), failed=7, failed_over=0, peak=2, overload=0),
    }


def test_the_files_of_the_lists(folder: Path) -> None:
    made = planned(folder, False)
    assert made.by_itself is None
    (alone,) = (vm for vm, proxy in zip("abc", made.plan.proxy, strict=True) if proxy == 1)
    files = {
        path.name: path.read_bytes().decode().removeprefix(BOM).split("\r\n")
        for path in (folder / "out").glob("job_*.csv")
    }
    rows = sorted([f"j,1,q,{'b' if alone == 'a' else 'a'}", f"j,2,p,{alone}"])
    if alone == "a":
        rows = ["j,1,p,a", "j,2,q,b"]
    assert files == {
        "job_proxies.csv": ["job,proxies", "j,q", ""],
        "job_before.csv": ["job,proxies", "j,", ""],
        "job_agreement.csv": [
            "job,planned_runs,on_planned_server,in_planned_tier,parts", "j,14,7,7,2", "",
        ],
        "job_splits.csv": ["job,part,proxies,vm", *rows, ""],
    }  # fmt: skip


def call(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    gip.main(list(words), standalone_mode=False)
    return json.loads(capsys.readouterr().out)


def test_the_lists_do_what_the_plan_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, weeks = str(tmp_path / "out"), [str(tmp_path / name) for name in ("alone", "inside")]
    told = call(capsys, "plan", str(BRANCHES), "--out", out, "--compare", "--json")
    alone = call(capsys, "simulate", str(BRANCHES), "--out", weeks[0], "--json")
    inside = call(capsys, "simulate", str(BRANCHES), "--plan", out, "--out", weeks[1], "--json")
    assert inside["plan"].items() <= told["totals"].items()
    for name, week in (("by_itself", alone), ("in_job_lists", inside)):
        assert told["comparison"][name] == {
            "tiers": list(week["runs_per_tier"].values()),
            "failed": week["failed"],
            "failed_over": week["failed_over"],
            "peak": week["peak"],
            "overload": sum(week["overload_task_minutes"].values()),
        }
    peak = next(aim["value"] for aim in told["aims"] if aim["aim"] == "peak")
    assert (told["comparison"]["plan"]["peak"], told["comparison"]["plan"]["overload"]) == (peak, 0)


def test_the_comparison_is_printed_only_when_asked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plan", str(folder / "in"), "--out", str(folder / "out")]
    gip.main(words, standalone_mode=False)
    assert "By itself" not in capsys.readouterr().out
    gip.main([*words, "--compare"], standalone_mode=False)
    out = capsys.readouterr().out
    assert "By itself the product would serve 14 of 21 runs (66.7%) in tier 1, let 7" in out
    assert "tier 3                       │    7 │         0 │               14 │" in out
    assert max(map(len, out.split("written to")[1].splitlines()[1:])) <= 80
