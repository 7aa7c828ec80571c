"""`gip simulate`: its files to the letter, its screen, and lists of a plan."""

from __future__ import annotations

import json
import re
from dataclasses import astuple
from pathlib import Path

import numpy as np
from commands import content, gip
from estates import estate
from replays import codes, served

from optimizer.output.simulation_writer import write_simulation
from optimizer.simulation import simulate
from optimizer.simulation.results import measure_agreement

FILES = {"runs.csv", "proxy_load.csv", "simulation.json"}
TINY = Path(__file__).parents[2] / "data" / "tiny"
BRANCHES = Path(__file__).parents[2] / "data" / "branch-offices"


def test_the_files_to_the_letter(tmp_path: Path) -> None:
    # a is p's; b, where p is the nearest by networks alone, has only bs to connect; c has nobody.
    read = estate(
        tmp_path / "e",
        ["bs hq max_tasks=1 running_tasks=1", "p east"],
        ["c west", "a east", "b lab"],
        jobs=["j 23:30 45 days=sun", "k 22:00 60 days=tue;mon job=j, k"],
        job_vms=["j a", "k a job=j, k", "k b job=j, k", "k c job=j, k"],
        links=["hq > lab"],
    )
    simulation = simulate(read)
    write_simulation(simulation, None, tmp_path)
    assert (tmp_path / "runs.csv").read_bytes() == (
        b"\xef\xbb\xbfjob,vm,start,proxy,tier,connection,failed_over\r\n"
        b"j,a,sun 23:30,p,1,network,false\r\n"
        b'"j, k",a,mon 22:00,p,1,network,false\r\n'
        b'"j, k",a,tue 22:00,p,1,network,false\r\n'
        b'"j, k",b,mon 22:00,bs,4,network,true\r\n'
        b'"j, k",b,tue 22:00,bs,4,network,true\r\n'
        b'"j, k",c,mon 22:00,,,,false\r\n'
        b'"j, k",c,tue 22:00,,,,false\r\n'
    )
    assert (tmp_path / "proxy_load.csv").read_bytes() == (
        b"\xef\xbb\xbfserver,from,to,running_tasks,planned_tasks,max_tasks\r\n"
        b"bs,mon 00:00,mon 22:00,1,0,1\r\n"
        b"bs,mon 22:00,mon 23:00,1,1,1\r\n"
        b"bs,mon 23:00,tue 22:00,1,0,1\r\n"
        b"bs,tue 22:00,tue 23:00,1,1,1\r\n"
        b"bs,tue 23:00,mon 00:00,1,0,1\r\n"
        b"p,mon 00:00,mon 00:15,0,1,\r\n"
        b"p,mon 00:15,mon 22:00,0,0,\r\n"
        b"p,mon 22:00,mon 23:00,0,1,\r\n"
        b"p,mon 23:00,tue 22:00,0,0,\r\n"
        b"p,tue 22:00,tue 23:00,0,1,\r\n"
        b"p,tue 23:00,sun 23:30,0,0,\r\n"
        b"p,sun 23:30,mon 00:00,0,1,\r\n"
    )
    record = json.loads((tmp_path / "simulation.json").read_bytes())
    assert (record.pop("tool").keys(), record.pop("inputs")) == (
        {"gip-planner", "pandas", "pyarrow", "python"}, dict(read.inputs),
    )  # fmt: skip
    assert record == {
        "format": 1,
        "knows_connections": False,
        "runs": 7,
        "runs_per_tier": {"1": 3, "2": 0, "3": 0, "4": 2},
        "failed": 2,
        "failed_over": 2,
        "peak": 2,
        "overload_task_minutes": {"bs": 120},
        "plan": None,
    }


def test_agreement_counts_runs_and_leaves_unassigned_tasks_out(tmp_path: Path) -> None:
    # p and q are tier 1 to a and b, bs is tier 4; the product gives p to a, q to b, p to c.
    read = estate(tmp_path, ["bs hq", "p east", "q east"], ["a east", "b east", "c east"])
    bs, p, q = codes(read, "bs", "p", "q")
    simulation = simulate(read)
    assert list(served(simulation).values()) == ["p", "q", "p"]

    def agreed(*plan: tuple[int, int]) -> tuple[int, ...]:
        proxy, tier = (np.array(column) for column in zip(*plan, strict=True))
        return astuple(measure_agreement(simulation.runs, proxy, tier))

    assert agreed((p, 1), (q, 1), (p, 1)) == (21, 21, 21)
    assert agreed((q, 1), (bs, 4), (p, 1)) == (21, 7, 14)
    assert agreed((-1, 0), (p, 1), (-1, 0)) == (7, 0, 7)


def test_a_simulation_on_the_terminal_and_as_json(tmp_path: Path) -> None:
    code, shown, error = gip("simulate", BRANCHES, "--out", tmp_path / "a")
    assert (code, error) == (0, "")
    assert content(tmp_path / "a").keys() == FILES
    record = json.loads((tmp_path / "a" / "simulation.json").read_bytes())
    assert record["failed_over"] > 0
    assert record["overload_task_minutes"]
    assert (
        f"{record['runs']} runs, {record['failed_over']} failed over, {record['failed']} failed; "
        f"peak {record['peak']}; written to {tmp_path}/a"
    ) in shown
    for server, minutes in record["overload_task_minutes"].items():
        assert re.search(rf"{server} .* {minutes} ", shown)
    assert gip("simulate", BRANCHES, "--out", tmp_path / "b", "--quiet") == (0, "", "")
    assert content(tmp_path / "a") == content(tmp_path / "b")
    code, shown, error = gip(
        "simulate", BRANCHES, "--out", tmp_path / "b", "--json", "--knows-connections"
    )
    assert (code, error) == (0, "")
    assert shown.encode() == (tmp_path / "b" / "simulation.json").read_bytes()
    kinder = json.loads(shown)
    assert kinder["knows_connections"]
    assert kinder["failed_over"] < record["failed_over"]


def test_inside_the_lists_of_a_plan(tmp_path: Path) -> None:
    assert gip("plan", TINY, "--out", tmp_path / "plan", "-q") == (0, "", "")
    code, shown, error = gip("simulate", TINY, "--plan", tmp_path / "plan", "--out", tmp_path / "s")
    assert (code, error) == (0, "")
    record = json.loads((tmp_path / "s" / "simulation.json").read_bytes())
    assert f"of {record['runs']} planned runs {record['plan']['on_planned_server']} (" in shown
    assert record["plan"]["planned_runs"] == record["runs"]
    week = json.loads((tmp_path / "plan" / "plan.json").read_bytes())["week"]
    lists, today = week["lists"]["nominal"], week["today"]["nominal"]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    shares = {row[0]: (row[1], row[3]) for row in cells if len(row) == 4}
    for name, figure in (("1", "tier1"), ("failed", "failed"), ("overload", "overload_minutes")):
        assert shares[name] == (str(lists[figure]), str(today[figure]))


def test_a_job_without_a_row_keeps_its_own(tmp_path: Path) -> None:
    jobs = ["j 22:00 60 proxies=q", "k 22:00 60"]
    read = estate(tmp_path / "in", ["bs hq", "p east", "q east"], ["a east"], jobs=jobs)
    out = tmp_path / "plan"
    assert gip("plan", read.folder, "--out", out, "-q") == (0, "", "")
    lines = (out / "job_proxies.csv").read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(b"j,")]
    assert len(kept) == len(lines) - 1
    (out / "job_proxies.csv").write_bytes(b"".join(kept))
    assert gip("simulate", read.folder, "--plan", out, "--out", tmp_path / "s", "-q")[0] == 0
    runs = (tmp_path / "s" / "runs.csv").read_text("utf-8-sig").splitlines()[1:]
    assert {tuple(run.split(",")[i] for i in (0, 3)) for run in runs} == {("j", "q"), ("k", "p")}


def test_a_plan_is_not_overwritten(tmp_path: Path) -> None:
    assert gip("plan", TINY, "--out", tmp_path, "-q") == (0, "", "")
    before = content(tmp_path)
    code, shown, error = gip("simulate", TINY, "--plan", tmp_path, "--out", tmp_path)
    assert (code, shown) == (1, "")
    assert error.startswith(f"Error: {tmp_path}: holds a plan, whose proxy_load.csv")
    assert content(tmp_path) == before


def test_what_cannot_be_simulated_leaves_nothing_behind(tmp_path: Path) -> None:
    code, shown, error = gip("simulate", TINY, "--plan", tmp_path / "no", "--out", tmp_path / "out")
    assert (code, shown) == (1, "")
    assert error.startswith("Error: ")
    assert gip("simulate", tmp_path / "none", "--out", tmp_path / "out")[0] == 1
    assert gip("simulate", TINY)[0] == 2
    assert not list(tmp_path.iterdir())
