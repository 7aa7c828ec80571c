"""From an estate's folder and a plan's to what becomes of the plan when something fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from optimizer.sources.folder import read_estate
from optimizer.sources.plan_folder import read_plan
from optimizer.tasks import tasks_of
from optimizer.whatif import Study, whatif


def run(
    estate_folder: Path,
    plan_folder: Path,
    fail: Sequence[str] | None,
    replanned: int,
    step: Callable[[str], None],
) -> Study:
    """Lose what ``fail`` names, all at once, or each single thing where it is None.

    Raises EstateError, PlanError where the plan is not one of the estate, and UnknownNameError.
    """
    step("reading")
    estate = read_estate(estate_folder)
    tasks = tasks_of(estate)
    plan = read_plan(estate, tasks, plan_folder)
    return whatif(estate, tasks, plan.proxy, fail, replanned, step)
