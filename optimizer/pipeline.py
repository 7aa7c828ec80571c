"""Folder in, checked folder out: read, plan or simulate, write, judge, put in place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from models.errors import OutputError, PlanError
from models.plan import Plan
from models.solve_events import Watch
from models.week_aims import First
from models.week_plan import WeekPlan
from optimizer.certificate import RejectedError, verify
from optimizer.checker import judge
from optimizer.checker.violations import Judgement
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import find_tasks
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.replacement import recover
from optimizer.formulation.solve_assignment import Solution, solve_assignment
from optimizer.formulation.staged_solve import SolveOptions
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.plan_folder import read_plan
from optimizer.inputs.week_record import free_after
from optimizer.lists.week_planner import plan_week
from optimizer.output.certificate_writer import write_certificate
from optimizer.output.plan_writer import write_plan
from optimizer.output.simulation_writer import RECORD, write_simulation
from optimizer.planner import plan_of_solution
from optimizer.simulation import simulate
from optimizer.simulation.results import Agreement, Simulation, measure_agreement
from optimizer.solver.deadline import Deadline
from optimizer.solver.headroom import require_headroom

PLANS = 0.7  # of a time limit; the rest is for the choices of jobs
FINISHING = 0.6
FINISHING_PER_READING = 6.0
OTHER_ORDER: dict[First, First] = {"limits": "tiers", "tiers": "limits"}


@dataclass(frozen=True, slots=True)
class PlanRun:
    """A plan, what to select in its jobs, and, if asked for, the same in the ``other`` order.

    ``certified`` has a sentence about each aim where a certificate was asked for.
    """

    plan: Plan
    week: WeekPlan
    other: WeekPlan | None
    certified: tuple[str, ...] = ()


def run_plan(
    estate_folder: Path,
    out: Path,
    time_limit: float | None,
    workers: int,
    seed: int,
    step: Callable[[str], None],
    compare: bool = False,
    watch: Watch = lambda event: None,
    after: Path | None = None,
    certificate: Path | None = None,
    started: float | None = None,
) -> PlanRun:
    """Plan the estate in a folder and put the plan's files into ``out``.

    To ``compare``, jobs' choices are planned in the other order of the week's aims, too. Jobs that
    name what the plan in the folder ``after`` set are free again. ``time_limit``, in seconds,
    counts from ``started`` on (`time.monotonic`), by default from now; some of it is kept for what
    comes after the search. The bounds' ``certificate`` is written after the plan and may take as
    long again.
    ``step`` is called with what is being done, ``watch`` with the events of the solver.

    Raises EstateError, PlanError where the plan does not pass the check of its own files, and
    OutputError; on any of them ``out`` is as it was.
    """
    require_headroom()
    began = time.monotonic()
    deadline = Deadline(time_limit, began if started is None else started)
    step("reading")
    estate = read_estate(estate_folder)
    if after is not None:
        estate = free_after(estate, after)
    with write_atomically(out, last="plan.json") as folder:
        step("planning")
        context = PlanningContext.build(estate)
        deadline = deadline.earlier(time_to_finish(deadline, time.monotonic() - began))
        options = SolveOptions(estate.settings, deadline.share(PLANS), seed, workers, pooling=True)
        best = solve_assignment(context, options, watch)
        made = plan_of_solution(context, best)
        step("job lists")
        week = plan_week(context, made, deadline, step)
        step("writing")
        write_plan(made, week, folder, seed)
        step("checking")
        refuse_violations(judge(estate, folder))
        other = None
        if compare:
            step("job lists in the other order")
            other = plan_week(context, made, deadline, step, first=OTHER_ORDER[week.first])
        certified: tuple[str, ...] = ()
        if certificate is not None:
            step("certificate")
            certified = certify(made, best, Deadline(time_limit), certificate, out, folder)
    return PlanRun(made, week, other, certified)


def time_to_finish(deadline: Deadline, spent: float) -> float:
    """Return the seconds that splits, bounds, writing and the check take after the search.

    So many times what is ``spent`` on reading the tables and on who may serve whom, which a busy
    machine prolongs alike; `docs/speed.md` has how well that keeps limits.
    """
    return min(FINISHING + FINISHING_PER_READING * spent, deadline.remaining() / 2)


def certify(
    made: Plan, best: Solution, deadline: Deadline, file: Path, out: Path, folder: Path
) -> tuple[str, ...]:
    """Write the certificate of a plan to ``file``, verify it, and return what it certifies.

    A file of the output folder ``out`` is written into ``folder``, which takes its place. Raises
    PlanError where it does not verify, OutputError where it cannot be written.
    """
    with _folder_for(file, out, folder) as scratch:
        written = scratch / file.name
        if written.exists():
            raise OutputError(f"{file}: is a file of the plan; choose another --certificate")
        estate = made.estate
        write_certificate(best, made.aims, estate.settings, estate.inputs, deadline, written)
        try:
            with written.open("rb") as lines:
                return tuple(verify(lines))
        except (RejectedError, ArithmeticError, LookupError, ValueError) as error:
            raise PlanError(
                f"the certificate does not verify ({error}), which is a defect of this program; "
                "nothing was written. Please report it with the estate"
            ) from error


@contextmanager
def _folder_for(file: Path, out: Path, folder: Path) -> Iterator[Path]:
    same = file.parent.resolve() == out.resolve()
    with nullcontext(folder) if same else write_atomically(file.parent, file.name) as scratch:
        yield scratch


def refuse_violations(judgement: Judgement) -> None:
    """Raise PlanError where a plan just made breaks a rule."""
    if judgement.violations:
        raise PlanError(
            "the plan breaks a rule, which is a defect of this program; nothing was "
            "written. Please report it with the estate:\n" + "\n".join(judgement.violations)
        )


def run_simulation(
    estate_folder: Path,
    plan_folder: Path | None,
    out: Path,
    knows_connections: bool,
    step: Callable[[str], None],
) -> tuple[Simulation, Agreement | None]:
    """Simulate the estate in a folder, inside a plan's lists if there is one, and write ``out``.

    Raises EstateError, PlanError where the plan is not one of the estate, and OutputError; on any
    of them ``out`` is as it was.
    """
    recover(out)
    if (out / "plan.json").exists():
        raise OutputError(
            f"{out}: holds a plan, whose proxy_load.csv would be replaced; "
            "choose another folder with --out"
        )
    step("reading")
    estate = read_estate(estate_folder)
    plan = None if plan_folder is None else read_plan(estate, find_tasks(estate), plan_folder)
    with write_atomically(out, last=RECORD) as folder:
        lists = None if plan is None else plan.lists
        simulation = simulate(estate, lists, knows_connections, step)
        agreed = None if plan is None else measure_agreement(simulation.runs, plan.proxy, plan.tier)
        step("writing")
        write_simulation(simulation, agreed, folder)
    return simulation, agreed
