"""Tests of `gip whatif` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import gip

DATA = Path(__file__).parents[2] / "data"
BRANCHES, TINY = DATA / "branch-offices", DATA / "tiny"


def table_width(shown: str) -> int:
    """Return the width of the widest table; sentences wrap on a terminal only."""
    return max(len(line) for line in shown.splitlines() if line[:1] in "┏┃┡│└")


def test_a_failure_as_json(branch_plan: Path) -> None:
    ways = (["--fail", "server:hv-nagoya-01", "site:osaka"],
            ["--fail", "server:hv-nagoya-01", "--fail", "site:osaka"])  # fmt: skip
    (code, shown, error), other = (
        gip("whatif", BRANCHES, branch_plan, *way, "--json") for way in ways
    )
    assert (code, error, other) == (0, "", (0, shown, ""))
    (scenario,) = json.loads(shown)["scenarios"]
    assert list(scenario) == [
        "fail", "rank", "kept", "failed_over", "lost", "gone", "backup_server_peak",
        "backup_server_peak_at", "backup_server_limit", "tiers_before", "tiers_after",
        "single_points", "replanned",
    ]  # fmt: skip
    assert scenario["fail"] == ["server:hv-nagoya-01", "site:osaka"]
    assert scenario["replanned"]["proven"]
    lasting = scenario["kept"] + scenario["failed_over"]
    assert sum(scenario["tiers_after"].values()) == lasting
    assert sum(scenario["tiers_before"].values()) == lasting + scenario["lost"] + scenario["gone"]


def test_a_failure_on_the_terminal(branch_plan: Path) -> None:
    code, shown, error = gip("whatif", BRANCHES, branch_plan, "--fail", "server:gip-tokyo-01")
    assert (code, error) == (0, "")
    (scenario,) = json.loads(
        gip("whatif", BRANCHES, branch_plan, "--fail", "server:gip-tokyo-01", "--json")[1]
    )["scenarios"]
    before, after = scenario["tiers_before"]["1"], scenario["tiers_after"]["1"]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    assert ["tier 1", str(before), str(after), str(scenario["replanned"]["tiers"]["1"])] in cells
    assert [
        "moved",
        "0",
        str(scenario["failed_over"]),
        str(scenario["replanned"]["moves"]),
    ] in cells
    assert table_width(shown) <= 80
    quiet = gip("whatif", BRANCHES, branch_plan, "--fail", "server:gip-tokyo-01", "-q")
    assert quiet == (0, "", "")


def test_the_week_of_a_failure(branch_plan: Path) -> None:
    (plain, week), (code, shown, error) = (
        [gip("whatif", BRANCHES, branch_plan, "--fail", "site:osaka", "--json", *more)[1]
         for more in ([], ["--week"])],
        gip("whatif", BRANCHES, branch_plan, "--fail", "site:osaka", "--week"),
    )  # fmt: skip
    before, after = (json.loads(text)["scenarios"][0] for text in (plain, week))
    figures = after.pop("week")
    assert before == after
    assert list(figures) == ["kept", "failed_over", "lost", "gone", "overload_minutes"]
    nominal = json.loads((branch_plan / "plan.json").read_bytes())["week"]["lists"]["nominal"]
    runs = sum(nominal[name] for name in ("failed", "tier1", "tier2", "tier3", "tier4"))
    assert sum([*figures.values()][:4]) == runs
    assert (code, error) == (0, "")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines()]
    served = runs - nominal["failed"] - nominal["failed_over"]
    named = (nominal["failed"], 0, nominal["failed_over"], served, nominal["overload_minutes"])
    assert ["none", *map(str, named)] in rows
    assert table_width(shown) <= 80


def test_a_sweep_on_the_terminal_and_as_json(branch_plan: Path) -> None:
    code, shown, error = gip("whatif", BRANCHES, branch_plan, "--sweep", "--json")
    assert (code, error) == (0, "")
    scenarios = json.loads(shown)["scenarios"]
    assert {row["replanned"] for row in scenarios} == {None}
    worst = min(scenarios, key=lambda row: row["rank"])
    code, shown, error = gip("whatif", BRANCHES, branch_plan, "--sweep", "--replan", "worst:2")
    assert (code, error) == (0, "")
    assert worst["fail"][0] in shown
    assert f"... {len(scenarios) - 20} more" in shown
    assert shown.count("re-planned") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "either --fail KIND:NAME or --sweep"),
        (["--sweep", "--fail", "server:vbr-01"], 2, "either --fail KIND:NAME or --sweep"),
        (["--sweep", "server:vbr-01"], 2, "either --fail KIND:NAME or --sweep"),
        (["--fail", "server:vbr-1"], 2, "did you mean 'vbr-01'?"),
        (["--fail", "server:vbr-01", "site:osak"], 2, "did you mean 'osaka'?"),
        (["--sweep", "--replan", "best:3"], 2, "'best:3' is not worst:N"),
        (["--sweep", "--replan", "worst:-1"], 2, "'worst:-1' is not worst:N"),
    ],
)
def test_wrong_command_lines(
    branch_plan: Path, arguments: list[str], code: int, words: str
) -> None:
    found, shown, error = gip("whatif", BRANCHES, branch_plan, *arguments)
    assert (found, shown) == (code, "")
    assert words in error


def test_a_plan_of_another_estate_is_refused(branch_plan: Path) -> None:
    code, shown, error = gip("whatif", TINY, branch_plan, "--sweep")
    assert (code, shown) == (1, "")
    assert "is not a plan of" in error
