"""Wrong splits are found."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from week_cases import Case, Cells, cases, update


def has_split(made: Case) -> bool:
    return bool(made.splits)


def _is_windows(made: Case, vm: str) -> bool:
    return "windows" in made.lists.estate.vms[vm]["os"].lower()


def has_split_of_other_vms(made: Case) -> bool:
    """Tell whether the first row of the splits is of a VM that is not planned."""
    rows = sorted((job, vm) for job, parts in made.splits.items() for _, vms in parts.values()
                  for vm in vms)  # fmt: skip
    return bool(rows) and not _is_windows(made, rows[0][1])


SPLITS: dict[str, tuple[Callable[[Case], object], Callable[[Cells], object], str]] = {
    "dropped": (has_split, lambda cells: cells.pop(0), "whoever splits it would lose the VM"),
    "dropped, not planned": (has_split_of_other_vms, lambda cells: cells.pop(0), "lose the VM"),
    "twice": (has_split, lambda cells: cells.insert(0, dict(cells[0])), "has several rows for vm"),
    "stranger": (
        has_split,
        lambda cells: cells.insert(0, cells[0] | {"vm": "A"}),
        "which it does not process",
    ),
    "order": (has_split, lambda cells: cells.reverse(), "not sorted by job and vm"),
    "rank": (has_split, lambda cells: [row.update(rank="9") for row in cells], "ranks are"),
    "several ranks": (has_split, lambda cells: cells[0].update(rank="9"), "expected one"),
    "part number": (
        has_split,
        lambda cells: update(cells, part="7"),
        "expected 1, 2 and so on",
    ),
    "parts mixed": (
        has_split,
        lambda cells: cells[0].update(part="2" if cells[0]["part"] == "1" else "1"),
        "several names or choices",
    ),
    "name taken": (
        has_split,
        lambda cells: update(cells, name="nightly"),
        "another job or part",
    ),
    "names alike": (
        has_split,
        lambda cells: [row.update(name="new") for row in cells],
        "another job or part",
    ),
    "choice": (
        has_split,
        lambda cells: update(
            cells, choice="list" if cells[0]["choice"] == "automatic" else "automatic"
        ),
        "has choice",
    ),
    "unknown": (
        has_split,
        lambda cells: update(cells, choice="list", proxies="nobody"),
        "has unknown 'nobody'",
    ),
    "vm_name": (has_split, lambda cells: cells[0].update(vm_name="someone"), "vm_name is"),
    "of no job": (
        has_split,
        lambda cells: [row.update(job="A") for row in cells],
        "has no row in job_proxies.csv",
    ),
    "gone": (has_split, lambda cells: cells.clear(), "week has splits"),
}


@pytest.mark.parametrize("name", SPLITS)
def test_a_wrong_split_is_found(tmp_path: Path, name: str) -> None:
    wanted, change, words = SPLITS[name]
    made = next(cases(tmp_path, wanted))
    made.spoil("job_splits.csv", change)
    assert any(words in line for line in made.judged())
