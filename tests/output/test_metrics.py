"""Tests of `gip metrics`: valid text, and the figures of plan.json, of assignments and of drift."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prometheus_client.parser import text_string_to_metric_families
from veeam_bodies import job, server

from models.errors import GipError
from optimizer.cli.main import gip

TINY = Path(__file__).parents[2] / "data" / "tiny"
Figures = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def run(*words: object) -> Result:
    return CliRunner().invoke(gip, ["metrics", *map(str, words)])


def figures(text: str) -> Figures:
    found: Figures = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        for sample in family.samples:
            key = sample.name, tuple(sorted(sample.labels.items()))
            assert key not in found
            found[key] = sample.value
    return found


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("metrics") / "plan"
    done = CliRunner().invoke(gip, ["plan", str(TINY), "--out", str(out), "-q"])
    assert done.exit_code == 0, done.exception
    return out


def test_the_figures_are_those_of_the_plan(plan: Path) -> None:
    found = figures(run(plan).stdout)
    week = json.loads((plan / "plan.json").read_bytes())["week"]
    with (plan / "assignments.csv").open(encoding="utf-8-sig", newline="") as file:
        tiers = [row["tier"] for row in csv.DictReader(file)]
    for tier in "1234":
        assert found["gip_plan_tasks", (("tier", tier),)] == tiers.count(tier)
    assert found["gip_plan_unassigned_tasks", ()] == 0
    nominal = {name: week[name]["nominal"] for name in ("today", "lists", "lists_and_splits")}
    for choices, of in {**nominal, "bound": week["bound"]}.items():
        label = ("choices", choices)
        for tier in "1234":
            assert found["gip_week_runs", (label, ("tier", tier))] == of[f"tier{tier}"]
        assert found["gip_week_failed_runs", (label,)] == of["failed"]
        for name, figure in (("overload_task_minutes", "overload_minutes"), ("peak_tasks", "peak")):
            assert found[f"gip_week_{name}", (label, ("week", "nominal"))] == of[figure]
    worst = (("choices", "today"), ("week", "worst"))
    assert found["gip_week_peak_tasks", worst] == week["today"]["worst"]["peak"]
    assert not [name for name, _ in found if "drift" in name]


def test_a_file_with_drift_replaces_the_one_before(plan: Path, tmp_path: Path) -> None:
    """None of the plan's jobs is there, and one is there that the plan does not have."""
    for name, item in (
        ("jobs", job("1.3-rev2", "new")),
        ("managedServers", server("1.3-rev2", "p")),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps({"data": [item]}), encoding="utf-8")
    out = tmp_path / "gip.prom"
    out.write_text("old")
    done = run(plan, "--saved", tmp_path, "--revision", "1.3-rev2", "--out", out)
    assert (done.exit_code, done.stdout) == (0, "")
    found = figures(out.read_text("utf-8"))
    with (plan / "job_proxies.csv").open(encoding="utf-8-sig", newline="") as file:
        changes = [row["change"] for row in csv.DictReader(file)]
    for severity, count in {
        "error": changes.count("set"), "warning": changes.count("keep"), "info": 1,
    }.items():  # fmt: skip
        assert found["gip_drift_jobs", (("severity", severity),)] == count
    assert found["gip_drift_as_planned_jobs", ()] == 0
    assert [path.name for path in tmp_path.glob("gip.prom*")] == ["gip.prom"]


def test_no_plan_no_metrics(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert isinstance(done.exception, GipError)
    assert "cannot be read as part of a plan" in str(done.exception)
