"""Plans one estate on a worker, as `gip plan` does, and puts the plan in its place."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.batch_result import EstateResult, failed_estate, planned_estate
from models.errors import GipError
from optimizer.distributed.batch.completion_marker import MARK, PLAN, find_finished, write_marker
from optimizer.distributed.batch.discovery import EstateLocation
from optimizer.distributed.batch.output_lock import is_held
from optimizer.distributed.batch.peak_memory import peak_memory
from optimizer.distributed.batch.storage import fetch, forget, is_url, join_place, publish
from optimizer.files.atomic_folder import tidy
from optimizer.files.replacement import recover
from optimizer.pipeline import run_plan


class BatchStoppedError(GipError):
    """The batch that wanted this plan does not hold its output any longer."""


@dataclass(frozen=True, slots=True)
class PlanOrder:
    """An estate to plan, where its plan belongs, and the lock under which it may be put there."""

    estate: EstateLocation
    out: str
    token: str
    seed: int
    time_limit: float | None

    @property
    def options(self) -> dict[str, Any]:
        """Return what makes a difference to the plan, beside the estate and the versions."""
        return {"seed": self.seed, "time_limit": self.time_limit}


def plan_estate(order: PlanOrder, scratch: Path) -> EstateResult:
    """Plan an estate unless its finished plan is there; return its result, whatever goes wrong.

    ``scratch`` is a folder of this machine for what comes from an address or goes to one.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="estate-", dir=scratch) as scratch_folder:
            return _plan_unless_finished(order, Path(scratch_folder))
    except GipError as error:
        return failed_estate(order.estate.name, str(error))
    except OSError as error:
        where = order.estate.place if error.filename is None else error.filename
        why = error.strerror or str(error) or type(error).__name__
        remedy = "check that it is still there and may be read; start again for this estate alone"
        return failed_estate(order.estate.name, f"{where}: {why}; {remedy}")


def _plan_unless_finished(order: PlanOrder, scratch_folder: Path) -> EstateResult:
    began = time.perf_counter()
    place = join_place(order.out, order.estate.name)
    with peak_memory() as peak:
        folder = _estate(order.estate.place, scratch_folder)
        if not is_url(place):
            tidy(Path(place))
        found = find_finished(place, folder, order.options)
        if found is not None:
            plan, done = found
            return planned_estate(
                order.estate.name, plan, True, done["seconds"], done["peak_memory"]
            )
        if is_url(place):
            run_plan(
                folder, scratch_folder / "plan", order.time_limit, 1, order.seed, lambda step: None
            )
            _check_lock(order)
            forget(place, MARK)
            publish(scratch_folder / "plan", place, last=PLAN)
        else:
            run_plan(
                folder,
                Path(place),
                order.time_limit,
                1,
                order.seed,
                lambda step: _check_lock(order),
            )
    seconds = time.perf_counter() - began
    plan = write_marker(place, order.options, seconds, peak.size)
    return planned_estate(order.estate.name, plan, False, seconds, peak.size)


def _estate(place: str, scratch_folder: Path) -> Path:
    if not is_url(place):
        recover(Path(place))
        return Path(place)
    folder = scratch_folder / "estate"
    folder.mkdir()
    fetch(place, folder)
    return folder


def _check_lock(order: PlanOrder) -> None:
    if not is_held(order.out, order.token):
        raise BatchStoppedError(
            f"{order.out}: its lock is gone, so the batch is over; start it again"
        )
