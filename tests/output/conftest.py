"""The report of the sample estate, for all tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from report_plans import BRANCHES, planned, reported

from models.report_data import Report
from optimizer.inputs.estate_folder.reader import read_estate


@pytest.fixture(scope="session")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a plan of `branch-offices`."""
    return planned(BRANCHES, tmp_path_factory.mktemp("plan"))


@pytest.fixture(scope="session")
def branches(out: Path) -> Report:
    """Return the report of it."""
    return reported(read_estate(BRANCHES), out)
