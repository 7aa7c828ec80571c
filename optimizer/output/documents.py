"""What the commands that answer questions about a plan, or carry it out, print, as types."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from models.batch_result import EstateResult
from models.diagnostics import Finding
from optimizer.analysis.plan_diff import ChoiceDifference
from optimizer.analysis.what_if.week_outcome import WeekOutcome
from optimizer.output.plan_documents import Names, TierCounts
from optimizer.veeam.apply import ApplyOutcome
from optimizer.veeam.drift import DriftedJob
from optimizer.veeam.rollback import RollbackOutcome

Choice = Literal["automatic", "list"]
Change = Literal["set", "keep"]
Connection = Literal["network", "powershell_direct"]


class FactDocument(TypedDict):
    """A fact that rules something out, with its rule."""

    rule: str
    text: str


class ServerOptionDocument(TypedDict):
    """A server as a proxy of a task; ``tier`` None: none of the rules lets it."""

    server: str
    chosen: bool
    tier: int | None
    connection: Connection | None
    path: Names
    load: int
    max_tasks: int | None
    busiest: str
    reasons: list[FactDocument]


class PossibleChange(TypedDict):
    """A single change that helps a task."""

    tier: int
    server: str
    change: str


class Served(TypedDict):
    """Runs of a task in one place; ``server`` None: nobody serves them."""

    server: str | None
    tier: int | None
    connection: Connection | None
    failed_over: bool
    runs: int
    starts: Names


class Route(TypedDict):
    """Where a choice leads a task in the nominal week, and why."""

    choice: Choice
    proxies: Names
    runs: int
    runs_as_planned: int
    served: list[Served]
    offered: Names
    unconnected: Names
    why: Names


class SplitRouteDocument(Route):
    """The same in the task's part of a split job."""

    rank: int
    part: int


class TaskWeek(Route):
    """The same by the job's row, and in its split if there is one."""

    change: Change
    split: SplitRouteDocument | None


class ExplainedTask(TypedDict):
    """Why a task has its server, or none."""

    job: str
    vm: str
    vm_name: str
    proxy: str | None
    tier: int | None
    own_work: bool
    vss: str | None
    servers: list[ServerOptionDocument]
    changes: list[PossibleChange]
    forbidden_by: list[FactDocument] | None
    undecided: bool
    disputed: bool
    remedies: Names
    week: TaskWeek | None


class Explained(TypedDict):
    """The tasks of a VM."""

    tasks: list[ExplainedTask]


class JobMoves(TypedDict):
    """Tasks of a job that moved, came, went or changed their tier."""

    job: str
    moved: int
    added: int
    removed: int
    tier_changed: int


class Flow(TypedDict):
    """Tasks before and after, and those of them that leave and arrive."""

    before: int
    after: int
    leave: int
    arrive: int


class ServerFlow(Flow):
    """The tasks of a server."""

    server: str


class SiteFlow(Flow):
    """The tasks of a site, or of several, ``;`` between them."""

    site: str


class TierMoves(TypedDict):
    """Tasks that go from one tier to another."""

    tier_before: int
    tier_after: int
    tasks: int


class Moves(TypedDict):
    """Tasks of a job that go from one server to another."""

    job: str
    before: str
    after: str
    tasks: int


class DifferenceDocument(TypedDict):
    """What differs between two assignments; ``sites`` needs the estate, ``choices`` two plans."""

    moved: int
    added: int
    removed: int
    tier_changed: int
    jobs: list[JobMoves]
    servers: list[ServerFlow]
    sites: list[SiteFlow] | None
    tiers: list[TierMoves]
    moves: list[Moves]
    choices: list[ChoiceDifference] | None


class ReplannedDocument(TypedDict):
    """A plan of what is left."""

    tiers: TierCounts
    unassigned: int
    moves: int
    proven: bool


class ScenarioDocument(TypedDict):
    """What becomes of the tasks when all of ``fail`` is lost; ``rank`` 1 is the worst scenario."""

    fail: Names
    rank: int
    kept: int
    failed_over: int
    lost: int
    gone: int
    backup_server_peak: int
    backup_server_peak_at: str | None
    backup_server_limit: int | None
    tiers_before: TierCounts
    tiers_after: TierCounts
    single_points: Names
    week: NotRequired[WeekOutcome]
    replanned: ReplannedDocument | None


class StudyDocument(TypedDict):
    """The scenarios in the order in which they were asked for."""

    scenarios: list[ScenarioDocument]


class PlaceAim(TypedDict):
    """An aim that some places reach."""

    aim: str
    value: int
    bound: int
    proven: bool


class Places(TypedDict):
    """The best places for so many more proxies."""

    proxies: Names
    aims: list[PlaceAim]
    seconds: float


class Needed(TypedDict):
    """Which of today's proxies are needed, and which are not."""

    needed: Names
    spare: Names
    proven: bool


class Placement(TypedDict):
    """Where another proxy helps most."""

    windows_tasks: int
    candidates: Names
    findings: list[Finding]
    reached: bool | None
    curve: list[Places]
    greedy: list[Places]
    today: Needed | None


class Batch(TypedDict):
    """The estates of a batch, and how many there are of each status."""

    out: str
    counts: dict[str, int]
    estates: list[EstateResult]


class Files(TypedDict):
    """The files that were written."""

    files: Names


# --- in the product -----------------------------------------------------------------------------


class Selection(TypedDict):
    """What a job selects, by name, or in ids under the field names of a revision."""

    automaticSelection: NotRequired[bool]
    autoSelection: NotRequired[bool]
    autoSelectEnabled: NotRequired[bool]
    proxies: NotRequired[Names]
    proxyIds: NotRequired[Names]


class Selections(TypedDict):
    """What a job selects before and after the change."""

    before: Selection
    after: Selection


class ExportedJob(TypedDict):
    """What is to be done with a job; ``id`` and ``type`` where the interface tells them."""

    job: str
    action: Literal[
        "change", "as planned", "stale", "unknown", "not covered", "kept, changed since"
    ]
    reason: str
    before: Names
    after: Names
    guestInteractionProxies: Selections
    id: NotRequired[str]
    type: NotRequired[str]


class Applied(TypedDict):
    """What became of each job, and how many were not reached."""

    jobs: list[ApplyOutcome]
    not_reached: int


class RolledBack(TypedDict):
    """What became of each job, the last that was changed first."""

    jobs: list[RollbackOutcome]
    not_reached: int


class DriftDocument(TypedDict):
    """The jobs that are not as planned, the worst first; ``drift`` where one is worse than info."""

    drift: bool
    as_planned: int
    error: int
    warning: int
    info: int
    jobs: list[DriftedJob]


class Metric(TypedDict):
    """A figure of the metrics, with its labels."""

    name: str
    labels: dict[str, str]
    value: float


class Metrics(TypedDict):
    """The figures of the metrics in order of name."""

    metrics: list[Metric]


class Schemas(TypedDict):
    """The JSON Schema of each document, by its name."""

    version: int
    schemas: dict[str, dict[str, Any]]
