"""From an estate's folder to a plan's folder, in pieces on the workers of a cluster."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from models.errors import Problem
from optimizer.check.record import coverage_proven
from optimizer.check.seen import conclude
from optimizer.check.verdict import Complaints
from optimizer.check.written import read_record, read_written
from optimizer.cluster import Engine, connected
from optimizer.deadline import Deadline
from optimizer.eligibility import qualify
from optimizer.network import Network
from optimizer.optimise import optimise
from optimizer.outputs.plan_files import write_whole
from optimizer.outputs.staging import PREFIX, staged
from optimizer.pieces.digest import digest
from optimizer.pieces.finish import Finished, Frame, Share, finish, judge_again
from optimizer.pieces.hands import Hands
from optimizer.pieces.head import Head, read_head
from optimizer.pieces.order import Ordered, put_in_order
from optimizer.pieces.room import Room
from optimizer.pieces.shares import shares
from optimizer.pieces.shelf import put, take
from optimizer.pieces.whole import join_files, judged, lists_of, plan_of, vms_of
from optimizer.planner import results
from optimizer.reasons import room as room_of
from optimizer.run import Planned, approve
from optimizer.stage import Watch
from optimizer.tasks import byte_rank

ROWS = 1 << 18
WHOLE_FILES = ("job_proxies.csv", "job_before.csv", "proxy_load.csv", "findings.csv")


@dataclass(frozen=True, slots=True)
class Solving:
    """How to solve: as for `optimizer.run.run`."""

    time_limit: float | None = None
    workers: int = 1
    seed: int = 0


def run(
    estate_folder: Path,
    out: Path,
    solving: Solving,
    engine: Engine,
    step: Callable[[str], None],
    watch: Watch = lambda event: None,
) -> Planned:
    """Plan the estate in a folder and put the plan's files into ``out``: the same bytes as
    `optimizer.run.run` writes.

    Raises EstateError, PlanError, OutputError and ClusterError; on any of them ``out`` is as it
    was.
    """
    step("reading")
    head = read_head(estate_folder)
    with connected(engine) as client:
        return in_pieces(Hands(client, step), *head, out, solving, ROWS, watch)


def in_pieces(
    hands: Hands,
    head: Head,
    problems: list[Problem],
    out: Path,
    solving: Solving,
    rows: int,
    watch: Watch,
) -> Planned:
    """Do the same with a head and its ``problems`` at hand, in pieces of about ``rows`` rows."""
    with staged(out, last="plan.json") as folder, _room(out) as room:
        hands.gather(room.folder)
        ordered = put_in_order(hands, head, problems, room, rows)
        return _planned(hands, ordered, room, folder, solving, watch)


def _planned(
    hands: Hands,
    ordered: Ordered,
    room: Room,
    folder: Path,
    solving: Solving,
    watch: Watch,
) -> Planned:
    """Plan what lies in order in ``room`` into ``folder``."""
    step = hands.step
    step("planning")
    estate, pieces = ordered.estate, range(len(ordered.pieces))
    tasks, bundles = digest(estate, [piece.bundles for piece in ordered.pieces])
    eligibility = qualify(estate, Network(estate))
    deadline = Deadline(solving.time_limit)
    best = optimise(
        estate, tasks, eligibility, deadline, solving.seed, solving.workers, True, watch
    )
    put(Frame(estate, eligibility, room_of(best.problem, best.arcs)), room.frame)
    bundles["group"] = best.group[bundles["row"]]
    dealt = shares(best.arcs, byte_rank(estate.servers["server"]), bundles, len(pieces))
    groups = dict(list(bundles[["job", "look", "group"]].groupby(bundles["piece"])))
    each = [(n, Share(dealt[n], groups.get(n, bundles[:0]).drop_duplicates())) for n in pieces]
    finished: list[Finished] = hands.each("writing and checking", _finish, each, room)
    folders = [room.part(number) for number in pieces]
    aims = results(estate, best)
    plan = plan_of(estate, eligibility, finished, aims, ordered.strangers, ordered.pieces)
    step("job lists")
    lists = lists_of(estate, folders, deadline, step)
    step("writing")
    named = vms_of(estate, [room.piece(number) for number in pieces], finished)
    write_whole(plan, lists, named, folder, solving.seed)
    join_files(folders, folder)
    step("checking")
    seen, complaints = judged(finished, folders)
    record = read_record(folder)
    put((seen.loads, coverage_proven(record)), room.loads)
    short = [number for number in pieces if finished[number].reasons]
    for again in hands.each("checking reasons", _judge_again, short, room):
        complaints.include(again)
    files = {file: read_written(folder, file, complaints) for file in WHOLE_FILES}
    approve(conclude(estate, seen, files, record, complaints))
    return Planned(plan, lists, None)


def _finish(share: tuple[int, Share], room: Room) -> Finished:
    number, given = share
    return finish(take(room.frame), room.piece(number), given, room.part(number))


def _judge_again(number: int, room: Room) -> Complaints:
    loads, proven = take(room.loads)
    return judge_again(take(room.frame), room.piece(number), room.part(number), loads, proven)


@contextmanager
def _room(out: Path) -> Iterator[Room]:
    """Give a folder beside the output, which all workers see."""
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=out, ignore_cleanup_errors=True) as folder:
        yield Room(Path(folder))
