"""What `plan.json` and `simulation.json` hold, and their commands print, as types."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from models.aims import Proof
from models.week_aims import First
from models.week_plan import WeekAim, WeekFigures
from optimizer.simulation.results import Agreement

TierCounts = dict[Literal["1", "2", "3", "4"], int]
Names = list[str]


class AimDocument(TypedDict):
    """An aim of the plan: ``best`` was reached when it was the aim's turn, ``value`` is written."""

    aim: str
    value: int
    best: int
    bound: int
    proven: bool
    conditional: bool
    seconds: float
    proof: Proof


class Totals(TypedDict):
    """How much there is in a plan."""

    tasks: int
    windows_tasks: int
    own_tasks: int
    unknown_tasks: int
    assigned: int
    unassigned: int
    servers_used: int
    findings: int
    jobs_to_split: int


class License(TypedDict):
    """The licence that an estate has."""

    type: str
    edition: str


class ConnectionsDocument(TypedDict):
    """Which connections are allowed beside the network."""

    powershell_direct: bool


class Failover(TypedDict):
    """What the backup server has to stand in for."""

    capacity: Literal["report", "enforce"]
    survive: Literal["server", "site"]
    tasks: int | None


class Planning(TypedDict):
    """The aims in their order, and what may be given back."""

    balance: Literal["tasks", "utilisation"]
    objectives: Names
    tolerance: dict[str, float]


class Lists(TypedDict):
    """Wishes for lists; ``freed_after`` are the jobs that the plan applied before had set."""

    first: First
    free: Names | Literal["all"]
    keep: Names
    most_changes: int | None
    least_servers: int
    cross_sites: bool
    freed_after: Names


class PlanSettings(TypedDict):
    """The settings that a plan was made with."""

    name: str
    ruleset: str
    license: License
    connections: ConnectionsDocument
    failover: Failover
    planning: Planning
    lists: Lists
    seed: int


class WeeksDocument(TypedDict):
    """Five weeks in short: the nominal one, the mean and, figure by figure, the worst."""

    nominal: WeekFigures
    mean: dict[str, float]
    worst: WeekFigures


class SplitWeeks(WeeksDocument):
    """The weeks with the split of a job and all of better rank."""

    job: str
    rank: int


class Week(TypedDict):
    """The week that follows: as planned per VM, today, with the lists, the best possible."""

    first: First
    plan: WeekFigures
    today: WeeksDocument
    automatic: WeeksDocument
    lists: WeeksDocument
    lists_and_splits: WeeksDocument
    bound: WeekFigures
    splits: list[SplitWeeks]
    aims: list[WeekAim]


class PlanRecord(TypedDict):
    """``plan.json``: what was planned from what, and how good it is."""

    format: Literal[1]
    tool: dict[str, str]
    inputs: dict[str, str]
    settings: PlanSettings
    aims: list[AimDocument]
    totals: Totals
    week: Week


class PlanPrinted(PlanRecord):
    """``plan.json``, and with ``--compare`` the week in the other order."""

    other: NotRequired[Week]


class SimulationRecord(TypedDict):
    """``simulation.json``: the runs of a week by tier, and overload by server in task-minutes."""

    format: Literal[1]
    tool: dict[str, str]
    inputs: dict[str, str]
    knows_connections: bool
    runs: int
    runs_per_tier: TierCounts
    failed: int
    failed_over: int
    peak: int
    overload_task_minutes: dict[str, int]
    plan: Agreement | None
