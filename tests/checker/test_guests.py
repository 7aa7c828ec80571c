"""What the checker says of servers that a guest keeps away: its gMSA, its platform."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import random_estates
import slow_judge
import tiny_weeks
from estates import estate, planned, write
from judged_plan import about

from optimizer.checker import judge
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.planner import plan

V13 = {"ruleset": "v13"}
LINUX = "os=Rocky Linux 9"


@pytest.mark.parametrize(
    ("server", "guest", "is_kept_away"),
    [
        (f"{LINUX} domain=corp", "gmsa_domain=corp", True),
        ("domain=dmz", "gmsa_domain=corp", True),
        ("domain=CORP", "gmsa_domain=corp", False),
        (LINUX, "platform=Proxmox", True),
        (LINUX, "platform=vmware", False),
    ],
)
def test_a_plan_that_does_not_know_what_the_guest_asks(
    tmp_path: Path, server: str, guest: str, is_kept_away: bool
) -> None:
    servers = ["bs hq", f"p east {server}"]
    out = tmp_path / "out"
    out.mkdir()
    write(planned(tmp_path / "in", servers, ["v east"], settings=V13), out)
    read = estate(tmp_path / "in", servers, [f"v east {guest}"], settings=V13)
    found = about(judge(read, out), "vm 'v': proxy 'p' has no connection to the VM")
    assert bool(found) == is_kept_away


@pytest.mark.parametrize(("guest", "is_refused"), [("", False), ("gmsa_domain=corp", True)])
def test_a_list_with_linux_in_a_job_with_a_gmsa(
    tmp_path: Path, guest: str, is_refused: bool
) -> None:
    servers = ["bs hq domain=corp", f"x east {LINUX}", "y east domain=corp"]
    made = planned(tmp_path / "in", servers, [f"v east {guest}"], settings=V13)
    out = tmp_path / "out"
    out.mkdir()
    write(made, out)
    path = out / "job_proxies.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, row = csv.reader(file)
    cells = dict(zip(head, row, strict=True)) | {"choice": "list", "proxies": "x", "change": "set"}
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([head, [cells[name] for name in head]])
    found = about(judge(made.estate, out), "has 'x', expected only some of 'bs', 'y'")
    assert bool(found) == is_refused


def test_no_part_of_a_split_job_keeps_a_list_that_the_product_refuses(tmp_path: Path) -> None:
    """A job names a Linux server today though one of its VMs has a gMSA, and is worth a split."""
    random_estates.write(tiny_weeks.spec(5119), tmp_path / "in")
    read, out = read_estate(tmp_path / "in"), tmp_path / "out"
    out.mkdir()
    assert write(plan(read), out).splits
    assert slow_judge.judge_plan(tmp_path / "in", out, every=300) == []
