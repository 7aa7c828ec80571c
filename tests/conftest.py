"""How many random estates a run looks at: ``pytest --hypothesis-profile=ci`` or ``=more``.

No example has a deadline: the machine may be busy.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from optimizer.pipeline import run_plan

BRANCHES = Path(__file__).parents[1] / "data" / "branch-offices"

settings.register_profile("dev", max_examples=40, deadline=None)
settings.register_profile("ci", max_examples=150, deadline=None, derandomize=True)
settings.register_profile("more", max_examples=50_000, deadline=None)
settings.load_profile("dev")


def pytest_xdist_auto_num_workers() -> int:
    """Some tests wait more than they work: one worker more than processors."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def branch_plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a plan of the sample estate, which nobody changes."""
    folder = tmp_path_factory.mktemp("branch-offices") / "out"
    run_plan(BRANCHES, folder, None, 1, 0, lambda step: None)
    return folder
