"""Tests of what differs between two assignments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from commands import gip
from estates import estate
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import EstateError, PlanError
from optimizer.analysis.plan_diff import compare_assignments
from optimizer.output.console.diff import record

DATA = Path(__file__).parents[2] / "data"
BRANCHES, TINY = DATA / "branch-offices", DATA / "tiny"
HEADER = "job,vm,proxy,tier,connection,protected,failover_proxy,previous_proxy"


def plan(folder: Path, *rows: str) -> Path:
    """Write a plan's assignments, each as job, VM, proxy and tier, "-" for own work."""
    folder.mkdir()
    cells = (row.replace("-", "").split(" ") for row in rows)
    lines = [HEADER, *(f"{','.join(row)},network,true,," for row in cells)]
    (folder / "assignments.csv").write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")
    return folder


def today(path: Path, *rows: str) -> Path:
    """Write a file like current.csv, each row as job, VM and proxy."""
    lines = ["job,vm,proxy", *(",".join(row.split()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_two_plans(tmp_path: Path) -> None:
    a = plan(tmp_path / "a", "j a p 1", "j b p 1", "j c p 1", "j d p 3", "k a q 3", "k e q 1")
    b = plan(tmp_path / "b", "j a q 1", "j b q 3", "j c p 1", "j d p 1", "k b p 2", "k e q 1")
    assert record(compare_assignments(a, b)) == {
        "moved": 2, "added": 1, "removed": 1, "tier_changed": 2,
        "jobs": [
            {"job": "j", "moved": 2, "added": 0, "removed": 0, "tier_changed": 2},
            {"job": "k", "moved": 0, "added": 1, "removed": 1, "tier_changed": 0},
        ],
        "servers": [
            {"server": "p", "before": 4, "after": 3, "leave": 2, "arrive": 1},
            {"server": "q", "before": 2, "after": 3, "leave": 1, "arrive": 2},
        ],
        "sites": None,
        "tiers": [
            {"tier_before": 1, "tier_after": 3, "tasks": 1},
            {"tier_before": 3, "tier_after": 1, "tasks": 1},
        ],
        "moves": [{"job": "j", "before": "p", "after": "q", "tasks": 2}],
        "choices": None,
    }  # fmt: skip


def choices(folder: Path, *rows: str) -> Path:
    """Write what to select into a plan's folder, each row as job and servers, "" for automatic."""
    lines = ["job,choice,proxies,change", *(f"{row.replace(' ', ',x,')},set" for row in rows)]
    text = "\r\n".join(lines) + "\r\n"
    (folder / "job_proxies.csv").write_text(text, encoding="utf-8-sig")
    return folder


def test_choices_of_jobs_that_differ(tmp_path: Path) -> None:
    a = choices(plan(tmp_path / "a", "j a p 1"), "j p;q", "k ", "l p", "m p", "o p")
    b = choices(plan(tmp_path / "b", "j a p 1"), "j q;p", "k q", "l ", "n ", "o p")
    found = compare_assignments(a, b)
    assert record(found)["choices"] == [
        {"job": "k", "before": (), "after": ("q",)},
        {"job": "l", "before": ("p",), "after": ()},
        {"job": "m", "before": ("p",), "after": None},
        {"job": "n", "before": None, "after": ()},
    ]
    assert (found.is_empty, any(found.totals.values())) == (False, False)
    assert compare_assignments(a, a).is_empty
    code, shown, _ = gip("diff", a, b, "--exit-code")
    assert code == 4
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    assert ["k", "automatic selection", "q"] in cells
    assert ["n", "not in the plan", "automatic selection"] in cells
    assert gip("diff", a, a, "--exit-code")[0] == 0
    assert gip("diff", a, b)[0] == 0


def test_today_and_a_plan(tmp_path: Path) -> None:
    # l is the backup server's own work in the plan, which says nothing of z.
    a = today(tmp_path / "current.csv", "j a p", "j b p", "j l bs", "j z p")
    b = plan(tmp_path / "b", "j a p 1", "j b bs 2", "j c bs 2", "j l bs -")
    there, back = compare_assignments(a, b), compare_assignments(b, a)
    assert there.totals == {"moved": 1, "added": 1, "removed": 1, "tier_changed": 0}
    assert back.totals == {"moved": 1, "added": 1, "removed": 1, "tier_changed": 0}
    assert there.tasks["vm"].tolist() == ["a", "b", "c", "z"]
    assert there.moves.to_dict("records") == [
        {"job": "j", "before": "p", "after": "bs", "tasks": 1}
    ]


def test_own_work_that_becomes_a_task_was_none_before(tmp_path: Path) -> None:
    a, b = plan(tmp_path / "a", "j l bs -"), plan(tmp_path / "b", "j l bs 2")
    assert compare_assignments(a, b).totals == {
        "moved": 0,
        "added": 1,
        "removed": 0,
        "tier_changed": 0,
    }
    assert compare_assignments(b, a).totals == {
        "moved": 0,
        "added": 0,
        "removed": 1,
        "tier_changed": 0,
    }


def test_sites(tmp_path: Path) -> None:
    read = estate(
        tmp_path / "e", ["bs hq", "p east", "q east;west", "r lab"], [],
        networks=["hq hq", "east south", "west west", "lab"],
    )  # fmt: skip
    a = today(tmp_path / "a.csv", "j a p", "j b p", "j c r", "j d gone", "j e r", "j f bs")
    b = today(tmp_path / "b.csv", "j a q", "j b bs", "j c r", "j d p", "j e p")
    assert record(compare_assignments(a, b, read))["sites"] == [
        {"site": "", "before": 2, "after": 1, "leave": 1, "arrive": 0},
        {"site": "hq", "before": 1, "after": 1, "leave": 1, "arrive": 1},
        {"site": "south", "before": 2, "after": 2, "leave": 2, "arrive": 2},
        {"site": "south;west", "before": 0, "after": 1, "leave": 0, "arrive": 1},
    ]


Rows = dict[tuple[str, str], tuple[str, int]]


@st.composite
def assignments(draw: st.DrawFn) -> Rows:
    pair = st.tuples(st.sampled_from("jk"), st.sampled_from("abcÉ"))
    return draw(st.dictionaries(pair, st.tuples(st.sampled_from("pqr"), st.integers(1, 4))))


@settings(max_examples=settings().max_examples // 4)
@given(assignments(), assignments())
def test_every_task_is_looked_at(
    tmp_path_factory: pytest.TempPathFactory, before: Rows, after: Rows
) -> None:
    folder = tmp_path_factory.mktemp("diff")
    lines = [
        [f"{job} {vm} {proxy} {tier}" for (job, vm), (proxy, tier) in side.items()]
        for side in (before, after)
    ]
    a, b = (plan(folder / name, *rows) for name, rows in zip("ab", lines, strict=True))
    found = compare_assignments(a, b)
    both = before.keys() & after.keys()
    assert found.totals == {
        "moved": sum(before[task][0] != after[task][0] for task in both),
        "added": len(after.keys() - before.keys()),
        "removed": len(before.keys() - after.keys()),
        "tier_changed": sum(before[task][1] != after[task][1] for task in both),
    }
    assert found.jobs["moved"].sum() == found.moves["tasks"].sum() == found.totals["moved"]
    assert found.tiers["tasks"].sum() == found.totals["tier_changed"]
    pairs = [*zip(found.tasks["job"], found.tasks["vm"], strict=True)]
    assert pairs == sorted(before.keys() | after.keys())
    servers = found.servers.set_index("server")
    for name in servers.index:
        assert servers["before"][name] == sum(proxy == name for proxy, _ in before.values())
        assert servers["after"][name] == sum(proxy == name for proxy, _ in after.values())
        stay = sum(before[task][0] == after[task][0] == name for task in both)
        assert servers["before"][name] - servers["leave"][name] == stay
        assert servers["after"][name] - servers["arrive"][name] == stay


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("job,vm\nj,a\n", "has no column 'proxy'"),
        ("job,vm,proxy\nj,a\n", "has 2 cells, the header has 3"),
        ("", "is empty"),
    ],
)
def test_a_table_that_is_no_assignment(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "current.csv").write_text(text)
    with pytest.raises(EstateError, match=words):
        compare_assignments(tmp_path / "current.csv", tmp_path / "current.csv")


def test_a_row_that_is_there_twice(tmp_path: Path) -> None:
    a = today(tmp_path / "a.csv", "j a p", "k a p", "j a q")
    with pytest.raises(PlanError, match=r"a\.csv:4: job 'j', vm 'a' is there already"):
        compare_assignments(a, a)


def test_the_moves_of_a_plan_are_those_that_its_aim_counts(branch_plan: Path) -> None:
    code, shown, error = gip("diff", BRANCHES / "current.csv", branch_plan, "--json")
    assert (code, error) == (0, "")
    found: dict[str, Any] = json.loads(shown)
    left = (branch_plan / "unassigned.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
    left_out = {tuple(line.split(",")[:2]) for line in left}
    rows = (BRANCHES / "current.csv").read_text().splitlines()[1:]
    today_only = {tuple(row.split(",")[:2]) for row in rows} & left_out
    record = json.loads((branch_plan / "plan.json").read_bytes())
    aims = {aim["aim"]: aim["value"] for aim in record["aims"]}
    assert found["moved"] + len(today_only) == aims["moves"]


@pytest.mark.parametrize("same", [True, False])
def test_exit_code_4_says_that_there_is_a_difference(branch_plan: Path, same: bool) -> None:
    first = branch_plan if same else BRANCHES / "current.csv"
    assert gip("diff", first, branch_plan, "-q") == (0, "", "")
    code, shown, error = gip("diff", first, branch_plan, "--exit-code", "--quiet")
    assert (code, shown, error) == (0 if same else 4, "", "")
    assert gip("diff", first, branch_plan, "--exit-code", "--json")[0] == code


def test_a_difference_on_the_terminal(branch_plan: Path) -> None:
    code, shown, error = gip("diff", BRANCHES / "current.csv", branch_plan, "--estate", BRANCHES)
    assert (code, error) == (0, "")
    for title in ("Moves", "Jobs", "Servers", "Sites"):
        assert f"\n{title}\n" in f"\n{shown}"
    found = json.loads(gip("diff", BRANCHES / "current.csv", branch_plan, "--json")[1])
    assert f"{found['moved']} moved, {found['added']} added, {found['removed']} removed" in shown
    assert max(map(len, shown.splitlines())) <= 80
    code, shown, error = gip("diff", branch_plan, branch_plan)
    assert (code, error) == (0, "")
    assert shown.endswith("tasks: 0 moved, 0 added, 0 removed, 0 tier changed\n")


def test_what_is_no_plan_is_refused(tmp_path: Path) -> None:
    assert gip("diff", tmp_path, tmp_path) == (
        1, "", f"Error: {tmp_path}/assignments.csv: cannot be read as part of a plan: "
        "No such file or directory; run `gip plan` again\n",
    )  # fmt: skip
    code, shown, error = gip("diff", tmp_path / "none.csv", tmp_path)
    assert (code, shown) == (1, "")
    assert "none.csv: cannot be read: No such file or directory; check the file" in error
