"""What `gip explain` prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pytest
from estates import estate, write

from optimizer.cli.main import gip
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan

BRANCHES = Path(__file__).parents[2] / "data" / "branch-offices"
Call = Callable[..., str]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*words: object) -> str:
        gip.main(list(map(str, words)), standalone_mode=False)
        return capsys.readouterr().out

    return run


def test_on_the_terminal(call: Call, branch_plan: Path) -> None:
    out = call("explain", BRANCHES, branch_plan, "takamatsu-plant-05")
    name = "Operator desk (takamatsu-plant-05)"
    assert out.startswith(f"{name} in job takamatsu-plant: served by nobody\n")
    table = [line for line in out.splitlines() if line[:1] in "┏┃┡│└"]
    assert max(map(len, table)) <= 80
    assert "set max_tasks of gip-takamatsu-01 to 5 in servers.csv; then gip-takamatsu-01" in out
    assert "These 2 facts together forbid it, while the 167 tasks that the plan serves" in out


def test_tasks_of_the_sample_are_explained(call: Call, branch_plan: Path) -> None:
    read = read_estate(BRANCHES)
    for vm in read.vms["vm"].iloc[np.unique(find_tasks(read).vm)[::5]]:
        told = json.loads(call("explain", BRANCHES, branch_plan, vm, "--json"))
        for task in told["tasks"]:
            chosen = [row["server"] for row in task["servers"] if row["chosen"]]
            assert chosen == ([task["proxy"]] if task["tier"] else [])
            assert all(row["chosen"] or row["reasons"] for row in task["servers"])
            assert bool(task["forbidden_by"]) == (task["proxy"] is None)


def test_own_work_and_unknown_systems(call: Call, branch_plan: Path) -> None:
    assert call("explain", BRANCHES, branch_plan, "tokyo-appliance-01").splitlines()[1:] == [
        "This fact forbids it:",
        "  S5: no operating system of tokyo-appliance-01 is known (os in vms.csv)",
    ]
    rows = (branch_plan / "assignments.csv").read_text("utf-8-sig").splitlines()
    linux = next(row.split(",")[1] for row in rows[1:] if row.split(",")[3] == "")
    assert "not a Windows VM, so it is vbr-01's own work (S5)\n" in call(
        "explain", BRANCHES, branch_plan, linux
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tokyo-appliance-1"], "no VM is called 'tokyo-appliance-1'; did you mean 'tokyo-appl"),
        (["?"], "no VM is called '?'; columns vm and name of vms.csv have them"),
        (["takamatsu-plant-05", "--job", "takamatsu-plan"], "did you mean 'takamatsu-plant'"),
        (["takamatsu-plant-05", "--job", "?"], "; it has one in takamatsu-plant"),
    ],
)
def test_names_that_are_not_there(
    call: Call, branch_plan: Path, words: list[str], said: str
) -> None:
    with pytest.raises(click.BadParameter) as caught:
        call("explain", BRANCHES, branch_plan, *words)
    assert said in str(caught.value)


def test_names_for_people(call: Call, tmp_path: Path) -> None:
    servers = ["bs hq"]
    vms = ["a hq name=web", "b hq name=web", "c hq name=db", "d hq available=no"]
    read = estate(tmp_path / "in", servers, vms, jobs=["i 22:00 60", "j 23:00 60"])
    (tmp_path / "out").mkdir()
    write(plan(read), tmp_path / "out")
    told = call("explain", tmp_path / "in", tmp_path / "out", "db")
    assert [line for line in told.splitlines() if line.startswith("db")] == [
        "db (c) in job i: served by bs in tier 2",
        "db (c) in job j: served by bs in tier 2",
    ]
    only = call("explain", tmp_path / "in", tmp_path / "out", "db", "--job", "j")
    assert "job i" not in only
    for name, said in (("web", "2 VMs are called 'web'; write one's id: a, b"), ("d", "not avail")):
        with pytest.raises(click.BadParameter) as caught:
            call("explain", tmp_path / "in", tmp_path / "out", name)
        assert said in str(caught.value)
