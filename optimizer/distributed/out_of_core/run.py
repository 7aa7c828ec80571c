"""Folder in, checked folder out, partition by partition on the workers of a cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.diagnostics import InputProblem
from models.solve_events import Watch
from optimizer.checker.plan_files import read_plan_files, read_record
from optimizer.checker.plan_record import coverage_proven
from optimizer.checker.row_checks import check_totals
from optimizer.checker.violations import Violations
from optimizer.distributed.cluster import Cluster, open_cluster
from optimizer.distributed.out_of_core.merge_results import (
    join_files,
    merge_judgements,
    merge_lists,
    merge_plan,
    merge_vms,
)
from optimizer.distributed.out_of_core.partition import summarise_tasks
from optimizer.distributed.out_of_core.scratch import ScratchFolder, dump, load_cached
from optimizer.distributed.out_of_core.shuffle import ShuffledTables, shuffle_tables
from optimizer.distributed.out_of_core.small_tables import SmallTables, read_small_tables
from optimizer.distributed.out_of_core.split_solution import split_counts
from optimizer.distributed.out_of_core.task_runner import TaskRunner
from optimizer.distributed.out_of_core.write_partition import (
    PartitionInput,
    SharedInputs,
    WrittenPartition,
    judge_again,
    write_partition,
)
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import byte_rank
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.replacement import PREFIX
from optimizer.formulation.solve_assignment import solve_assignment
from optimizer.formulation.staged_solve import SolveOptions
from optimizer.formulation.unassigned import groups_with_capacity
from optimizer.output.plan_writer import write_whole
from optimizer.pipeline import PlanRun, refuse_violations
from optimizer.planner import aim_results
from optimizer.solver.deadline import Deadline

ROWS = 1 << 18
WHOLE_FILES = ("job_proxies.csv", "job_before.csv", "proxy_load.csv", "findings.csv")


@dataclass(frozen=True, slots=True)
class SolveRequest:
    """How to solve: as for `optimizer.pipeline.run_plan`."""

    time_limit: float | None = None
    workers: int = 1
    seed: int = 0


def plan_out_of_core(
    estate_folder: Path,
    out: Path,
    solving: SolveRequest,
    engine: Cluster,
    step: Callable[[str], None],
    watch: Watch = lambda event: None,
) -> PlanRun:
    """Plan an estate out of core into ``out``: the same bytes as by `optimizer.pipeline.run_plan`.

    Raises EstateError, PlanError, OutputError and ClusterError; on any of them ``out`` is as it
    was.
    """
    step("reading")
    small = read_small_tables(estate_folder)
    with open_cluster(engine) as client:
        return solve_out_of_core(TaskRunner(client, step), *small, out, solving, ROWS, watch)


def solve_out_of_core(
    runner: TaskRunner,
    small: SmallTables,
    problems: list[InputProblem],
    out: Path,
    solving: SolveRequest,
    rows: int,
    watch: Watch,
) -> PlanRun:
    """Plan out of core from small tables and their ``problems``, in partitions of ``rows`` rows."""
    with write_atomically(out, last="plan.json") as folder, _scratch_folder(out) as scratch:
        runner.check_workers(scratch.folder)
        ordered = shuffle_tables(runner, small, problems, scratch, rows)
        return _planned(runner, ordered, scratch, folder, solving, watch)


def _planned(
    runner: TaskRunner,
    ordered: ShuffledTables,
    scratch: ScratchFolder,
    folder: Path,
    solving: SolveRequest,
    watch: Watch,
) -> PlanRun:
    """Plan the sorted partitions in ``scratch``, and write the plan's files into ``folder``."""
    step = runner.step
    step("planning")
    estate, partitions = ordered.estate, range(len(ordered.partitions))
    # Solve once, on tasks with counts: few rows stand for all VMs.
    tasks, bundles = summarise_tasks(
        estate, [partition.bundles for partition in ordered.partitions]
    )
    context = PlanningContext.build(estate, tasks)
    eligibility = context.eligibility
    deadline = Deadline(solving.time_limit)
    options = SolveOptions(estate.settings, deadline, solving.seed, solving.workers, pooling=True)
    best = solve_assignment(context, options, watch)
    dump(
        SharedInputs(estate, eligibility, groups_with_capacity(best.problem, best.arcs)),
        scratch.shared_inputs,
    )
    bundles["group"] = best.group[bundles["row"]]
    # Expand, write and judge each partition by itself.
    split = split_counts(best.arcs, byte_rank(estate.servers["server"]), bundles, len(partitions))
    groups = dict(list(bundles[["job", "signature", "group"]].groupby(bundles["partition"])))
    each = [
        (n, PartitionInput(split[n], groups.get(n, bundles[:0]).drop_duplicates()))
        for n in partitions
    ]
    finished: list[WrittenPartition] = runner.map(
        "writing and checking", _write_partitions, each, scratch
    )
    folders = [scratch.part(number) for number in partitions]
    # Merge what they came to into one plan, its lists and its files.
    aims = aim_results(estate, best)
    plan = merge_plan(estate, eligibility, finished, aims, ordered.unmatched, ordered.partitions)
    step("job lists")
    lists = merge_lists(estate, folders, deadline, step)
    step("writing")
    named = merge_vms(estate, [scratch.partition(number) for number in partitions], finished)
    write_whole(plan, lists, named, folder, solving.seed)
    join_files(folders, folder)
    step("checking")
    # Judge what only all of them together can show.
    seen, violations = merge_judgements(finished, folders)
    record = read_record(folder)
    dump((seen.loads, coverage_proven(record)), scratch.loads)
    short = [number for number in partitions if finished[number].reasons]
    for again in runner.map("checking reasons", _judge_again, short, scratch):
        violations.include(again)
    files = {file: read_plan_files(folder, file, violations) for file in WHOLE_FILES}
    refuse_violations(check_totals(estate, seen, files, record, violations))
    return PlanRun(plan, lists, None)


def _write_partitions(
    share: tuple[int, PartitionInput], scratch: ScratchFolder
) -> WrittenPartition:
    number, given = share
    return write_partition(
        load_cached(scratch.shared_inputs), scratch.partition(number), given, scratch.part(number)
    )


def _judge_again(number: int, scratch: ScratchFolder) -> Violations:
    loads, proven = load_cached(scratch.loads)
    return judge_again(
        load_cached(scratch.shared_inputs),
        scratch.partition(number),
        scratch.part(number),
        loads,
        proven,
    )


@contextmanager
def _scratch_folder(out: Path) -> Iterator[ScratchFolder]:
    """Give a folder beside the output, which all workers see."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=out, ignore_cleanup_errors=True) as folder:
        yield ScratchFolder(Path(folder))
