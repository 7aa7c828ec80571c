"""Folder in, checked folder out, partition by partition on the workers of a cluster."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from models.diagnostics import InputProblem
from models.solve_events import Watch
from models.week_plan import JobSplit
from optimizer.checker.assignments import compute_connections
from optimizer.checker.paths import compute_paths
from optimizer.checker.plan_files import read_plan_files, read_record
from optimizer.checker.plan_record import coverage_proven, wishes_of
from optimizer.checker.row_checks import check_totals
from optimizer.checker.violations import Violations
from optimizer.checker.week_judgement import judge_lists
from optimizer.distributed.cluster import Cluster, open_cluster
from optimizer.distributed.out_of_core.allocate_counts import allocate_counts
from optimizer.distributed.out_of_core.merge_results import (
    join_files,
    judge_edges,
    merge_judgements,
    merge_plan,
    merge_rosters,
    merge_tasks,
)
from optimizer.distributed.out_of_core.partition import summarise_tasks
from optimizer.distributed.out_of_core.scratch import ScratchFolder, dump, load_cached
from optimizer.distributed.out_of_core.shuffle import ShuffledTables, shuffle_tables
from optimizer.distributed.out_of_core.small_tables import SmallTables, read_small_tables
from optimizer.distributed.out_of_core.task_runner import TaskRunner
from optimizer.distributed.out_of_core.write_partition import (
    TASK_FILES,
    PartitionInput,
    SharedInputs,
    WrittenPartition,
    judge_again,
    write_partition,
)
from optimizer.distributed.out_of_core.write_splits import (
    SPLITS,
    WrittenSplits,
    find_split_partitions,
    merge_splits,
    write_partition_splits,
)
from optimizer.eligibility.context import PlanningContext
from optimizer.eligibility.tasks import byte_rank
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.replacement import PREFIX
from optimizer.formulation.solve_assignment import solve_assignment
from optimizer.formulation.staged_solve import SolveOptions
from optimizer.formulation.unassigned import groups_with_capacity
from optimizer.inputs.week_record import free_after
from optimizer.lists.week_planner import plan_week
from optimizer.output.plan_writer import write_summaries
from optimizer.pipeline import PLANS, PlanRun, refuse_violations, time_to_finish
from optimizer.planner import aim_results
from optimizer.solver.deadline import Deadline
from optimizer.solver.headroom import require_headroom

ROWS = 1 << 18
WHOLE_FILES = ("job_proxies.csv", "job_before.csv", "proxy_load.csv", "findings.csv")


@dataclass(frozen=True, slots=True)
class SolveRequest:
    """How to solve: as for `optimizer.pipeline.run_plan`; the deadline runs from its making on."""

    deadline: Deadline = field(default_factory=Deadline)
    workers: int = 1
    seed: int = 0
    after: Path | None = None


def plan_out_of_core(
    estate_folder: Path,
    out: Path,
    solving: SolveRequest,
    engine: Cluster,
    step: Callable[[str], None],
    watch: Watch = lambda event: None,
) -> PlanRun:
    """Plan an estate out of core into ``out``: the same bytes as by `optimizer.pipeline.run_plan`.

    Raises EstateError, PlanError, OutputError, ClusterError and MemoryError; on any of them
    ``out`` is as it was.
    """
    require_headroom()
    step("reading")
    small, problems = read_small_tables(estate_folder)
    with open_cluster(engine) as client:
        runner = TaskRunner(client, step)
        return solve_out_of_core(runner, small, problems, out, solving, ROWS, watch)


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
    if solving.after is not None:
        small = replace(small, estate=free_after(small.estate, solving.after))
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
    spent = time.monotonic() - solving.deadline.started
    deadline = solving.deadline.earlier(time_to_finish(solving.deadline, spent))
    options = SolveOptions(
        estate.settings, deadline.share(PLANS), solving.seed, solving.workers, pooling=True
    )
    best = solve_assignment(context, options, watch)
    dump(
        SharedInputs(estate, eligibility, groups_with_capacity(best.problem, best.arcs)),
        scratch.shared_inputs,
    )
    bundles["group"] = best.group[bundles["row"]]
    # Expand, write and judge each partition by itself.
    split = allocate_counts(
        best.arcs, byte_rank(estate.servers["server"]), bundles, len(partitions)
    )
    groups = dict(list(bundles[["job", "signature", "group"]].groupby(bundles["partition"])))
    each = [
        (n, PartitionInput(split[n], groups.get(n, bundles[:0]).drop_duplicates()))
        for n in partitions
    ]
    finished: list[WrittenPartition] = runner.map(
        "writing and checking", _write_partitions, each, scratch
    )
    folders = [scratch.part(number) for number in partitions]
    # Merge what they came to into one plan; then the choice of each job, and the jobs to split.
    aims = aim_results(estate, best)
    plan = merge_plan(estate, eligibility, finished, aims, ordered.unmatched, ordered.partitions)
    step("job lists")
    every = merge_tasks(plan, eligibility, folders)
    week = plan_week(PlanningContext(estate, every.tasks, eligibility), every, deadline, step)
    del every
    step("writing")
    write_summaries(plan, week, folder, solving.seed)
    join_files(TASK_FILES, folders, folder)
    splits = _write_splits(runner, ordered, week.splits, scratch, folder)
    step("checking")
    # Judge what only all of them together can show.
    seen, violations = merge_judgements(finished, folders)
    for name in TASK_FILES:
        judge_edges(name, (partition.edges[name] for partition in finished), violations)
    for part in splits:
        violations.include(part.violations)
    judge_edges(SPLITS, (part.edges for part in splits), violations)
    record = read_record(folder)
    dump((seen.loads, coverage_proven(record)), scratch.loads)
    short = [number for number in partitions if finished[number].reasons]
    for again in runner.map("checking reasons", _judge_again, short, scratch):
        violations.include(again)
    files = {file: read_plan_files(folder, file, violations) for file in WHOLE_FILES}
    step("checking the week")
    judge_lists(
        estate,
        merge_rosters(folders),
        compute_connections(estate, compute_paths(estate)),
        files["job_proxies.csv"],
        merge_splits(splits),
        record,
        violations,
        wishes_of(estate, record),
    )
    refuse_violations(check_totals(estate, seen, files, record, violations))
    return PlanRun(plan, week, None)


def _write_splits(
    runner: TaskRunner,
    ordered: ShuffledTables,
    splits: Sequence[JobSplit],
    scratch: ScratchFolder,
    folder: Path,
) -> list[WrittenSplits]:
    """Write the rows of split jobs, each partition its own, and join them in ``folder``."""
    dump(splits, scratch.splits)
    rank = byte_rank(ordered.estate.jobs["job"])
    touched = find_split_partitions(rank, splits, ordered.partitions)
    tasks = [int(partition.bundles["count"].sum()) for partition in ordered.partitions]
    each = [(number, sum(tasks[:number])) for number in touched]
    written = runner.map("writing splits", _write_partition_splits, each, scratch)
    join_files([SPLITS], [scratch.part(number) for number in touched], folder)
    return written


def _write_partition_splits(share: tuple[int, int], scratch: ScratchFolder) -> WrittenSplits:
    number, first = share
    shared: SharedInputs = load_cached(scratch.shared_inputs)
    splits, rows = load_cached(scratch.splits), scratch.partition(number)
    return write_partition_splits(shared.estate, splits, rows, first, scratch.part(number))


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
