"""From an estate's folder to a plan's folder, in pieces on the workers of a cluster."""

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
from optimizer.eligibility.reachability import Network
from optimizer.eligibility.tasks import byte_rank
from optimizer.eligibility.tiers import compute_eligibility
from optimizer.files.atomic_folder import write_atomically
from optimizer.files.replacement import PREFIX
from optimizer.formulation.solve_assignment import solve_assignment
from optimizer.formulation.unassigned import groups_with_capacity as room_of
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
    """Plan the estate in a folder and put the plan's files into ``out``: the same bytes as
    `optimizer.pipeline.run_plan` writes.

    Raises EstateError, PlanError, OutputError and ClusterError; on any of them ``out`` is as it
    was.
    """
    step("reading")
    head = read_small_tables(estate_folder)
    with open_cluster(engine) as client:
        return solve_out_of_core(TaskRunner(client, step), *head, out, solving, ROWS, watch)


def solve_out_of_core(
    hands: TaskRunner,
    head: SmallTables,
    problems: list[InputProblem],
    out: Path,
    solving: SolveRequest,
    rows: int,
    watch: Watch,
) -> PlanRun:
    """Do the same with a head and its ``problems`` at hand, in pieces of about ``rows`` rows."""
    with write_atomically(out, last="plan.json") as folder, _room(out) as room:
        hands.gather(room.folder)
        ordered = shuffle_tables(hands, head, problems, room, rows)
        return _planned(hands, ordered, room, folder, solving, watch)


def _planned(
    hands: TaskRunner,
    ordered: ShuffledTables,
    room: ScratchFolder,
    folder: Path,
    solving: SolveRequest,
    watch: Watch,
) -> PlanRun:
    """Plan what lies in order in ``room`` into ``folder``."""
    step = hands.step
    step("planning")
    estate, pieces = ordered.estate, range(len(ordered.pieces))
    tasks, bundles = summarise_tasks(estate, [piece.bundles for piece in ordered.pieces])
    eligibility = compute_eligibility(estate, Network(estate))
    deadline = Deadline(solving.time_limit)
    best = solve_assignment(
        estate, tasks, eligibility, deadline, solving.seed, solving.workers, True, watch
    )
    dump(SharedInputs(estate, eligibility, room_of(best.problem, best.arcs)), room.frame)
    bundles["group"] = best.group[bundles["row"]]
    dealt = split_counts(best.arcs, byte_rank(estate.servers["server"]), bundles, len(pieces))
    groups = dict(list(bundles[["job", "look", "group"]].groupby(bundles["piece"])))
    each = [
        (n, PartitionInput(dealt[n], groups.get(n, bundles[:0]).drop_duplicates())) for n in pieces
    ]
    finished: list[WrittenPartition] = hands.each(
        "writing and checking", _write_partitions, each, room
    )
    folders = [room.part(number) for number in pieces]
    aims = aim_results(estate, best)
    plan = merge_plan(estate, eligibility, finished, aims, ordered.strangers, ordered.pieces)
    step("job lists")
    lists = merge_lists(estate, folders, deadline, step)
    step("writing")
    named = merge_vms(estate, [room.partition(number) for number in pieces], finished)
    write_whole(plan, lists, named, folder, solving.seed)
    join_files(folders, folder)
    step("checking")
    seen, complaints = merge_judgements(finished, folders)
    record = read_record(folder)
    dump((seen.loads, coverage_proven(record)), room.loads)
    short = [number for number in pieces if finished[number].reasons]
    for again in hands.each("checking reasons", _judge_again, short, room):
        complaints.include(again)
    files = {file: read_plan_files(folder, file, complaints) for file in WHOLE_FILES}
    refuse_violations(check_totals(estate, seen, files, record, complaints))
    return PlanRun(plan, lists, None)


def _write_partitions(share: tuple[int, PartitionInput], room: ScratchFolder) -> WrittenPartition:
    number, given = share
    return write_partition(
        load_cached(room.frame), room.partition(number), given, room.part(number)
    )


def _judge_again(number: int, room: ScratchFolder) -> Violations:
    loads, proven = load_cached(room.loads)
    return judge_again(
        load_cached(room.frame), room.partition(number), room.part(number), loads, proven
    )


@contextmanager
def _room(out: Path) -> Iterator[ScratchFolder]:
    """Give a folder beside the output, which all workers see."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=out, ignore_cleanup_errors=True) as folder:
        yield ScratchFolder(Path(folder))
