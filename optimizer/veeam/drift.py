"""Which jobs of a backup server are no longer as a plan has them, and how bad that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from optimizer.veeam.changes import CHANGE, NOT_COVERED, STALE, UNKNOWN
from optimizer.veeam.job_payload import read_selection
from optimizer.veeam.live_job_state import JobState, LiveJobState, compare_job
from optimizer.veeam.planned_lists import PlannedChange, PlannedLists
from optimizer.veeam.responses import truth

Severity = Literal["error", "warning", "info"]
Change = Literal["set", "keep", ""]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")
State = Literal[
    "changed", "unknown", "not covered", "not set", "disabled", "not readable", "unplanned"
]  # fmt: skip
STATES: dict[str, State] = {  # of the actions of `changes`
    CHANGE: "not set", STALE: "changed", UNKNOWN: "unknown", NOT_COVERED: "not covered",
}  # fmt: skip
GUEST_STEPS = (
    "appAwareProcessing", "applicationAwareProcessing", "guestFSIndexing", "guestFileSystemIndexing"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DriftedJob:
    """A job that is not as planned: how bad that is, in which way, and what to do.

    ``planned`` and ``now`` are servers by name, none for automatic selection; None where there is
    no plan, or nothing is told.
    """

    severity: Severity
    job: str
    state: State
    change: Change
    planned: tuple[str, ...] | None
    now: tuple[str, ...] | None
    detail: str


@dataclass(frozen=True, slots=True)
class Drift:
    """The jobs that are not as planned, the worst first, and how many are."""

    jobs: tuple[DriftedJob, ...]
    as_planned: int

    @property
    def counts(self) -> dict[str, int]:
        """Return how many jobs there are of each severity."""
        found = [job.severity for job in self.jobs]
        return {severity: found.count(severity) for severity in SEVERITIES}

    @property
    def is_drift(self) -> bool:
        """Return whether any job is worse than an info."""
        return any(job.severity != "info" for job in self.jobs)


def find_drift(plan: PlannedLists, interface: LiveJobState) -> Drift:
    """Compare every job of a plan, set or kept, with what it selects now.

    A job that the plan set is an error where it selects neither what was set nor what it had, or
    cannot; a kept one, and one that was never set, is a warning. Jobs that the interface does not
    cover, and jobs with guest processing that the plan does not have, are infos: not drift.

    Raises GipError where a job's body is none of the interface's revision.
    """
    found = [
        *(_drifted(job, "set", interface) for job in plan.wishes),
        *(_drifted(job, "keep", interface) for job in plan.kept),
    ]
    drifted = [job for job in found if job is not None]
    jobs = sorted(
        [*drifted, *_unplanned(plan, interface)],
        key=lambda job: (SEVERITIES.index(job.severity), job.job),
    )
    return Drift(tuple(jobs), found.count(None))


def _drifted(job: PlannedChange, change: Change, interface: LiveJobState) -> DriftedJob | None:
    """Return how a job differs from its plan, None where it does not."""
    found = compare_job(job, interface)
    severity, state, detail = _judge(job, change, found, interface)
    if state is None:
        return None
    now = None if found.now is None else interface.live.names_of(found.now)
    return DriftedJob(severity, job.job, state, change, job.wanted, now, detail)


def _judge(
    job: PlannedChange, change: Change, found: JobState, interface: LiveJobState
) -> tuple[Severity, State | None, str]:
    """Return how bad a job's state is, what to call it (None: as planned), and what to do."""
    listed = interface.live.jobs.find(job.job)
    if len(listed) == 1 and not listed[0].fit:
        revision = interface.revision.name
        return (
            "info",
            "not readable",
            f"is a {listed[0].type}: revision {revision} hides its proxies",
        )
    if len(listed) == 1 and truth(interface.bodies[listed[0].id], "isDisabled"):
        return "warning", "disabled", "does not run; enable it, or import it and plan again"
    if found.action == CHANGE:
        return "warning", "not set", "still as before the plan; `gip apply` sets it"
    remedy = "apply the plan again, or import the job and plan again"
    detail = f"changed since; {remedy}" if found.action == STALE else found.reason
    return "error" if change == "set" else "warning", STATES.get(found.action), detail


def _unplanned(plan: PlannedLists, interface: LiveJobState) -> Iterator[DriftedJob]:
    """Yield the enabled jobs with guest processing of which the plan has no row."""
    planned = {
        listed.id
        for job in (*plan.wishes, *plan.kept)
        for listed in interface.live.jobs.find(job.job)
    }
    for id_, body in interface.bodies.items():
        covered = body.get("type") in interface.revision.job_types
        if id_ in planned or not covered or truth(body, "isDisabled") or not _has_guest_steps(body):
            continue
        chosen = read_selection(body)
        now = None if chosen is None else interface.live.names_of(chosen)
        detail = "not in the plan: new, or without Windows VMs; if new, import it and plan again"
        yield DriftedJob("info", str(body["name"]), "unplanned", "", None, now, detail)


def _has_guest_steps(body: dict[str, Any]) -> bool:
    return any(truth(body, "guestProcessing", step, "isEnabled") for step in GUEST_STEPS)
