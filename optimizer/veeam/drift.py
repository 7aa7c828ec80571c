"""Which jobs of a backup server are no longer as a plan has them, and how bad that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from optimizer.veeam.changes import AS_PLANNED, CHANGE, NOT_COVERED, STALE, UNKNOWN
from optimizer.veeam.job_payload import read_selection
from optimizer.veeam.live_job_state import LiveJobState, compare_job
from optimizer.veeam.planned_lists import JobChange, PlannedLists
from optimizer.veeam.responses import truth

NOT_SET, CHANGED, DISABLED = "not set", "changed", "disabled"
NOT_READABLE, UNPLANNED = "not readable", "unplanned"
STATES = (CHANGED, UNKNOWN, NOT_COVERED, NOT_SET, DISABLED, NOT_READABLE, UNPLANNED)
SEVERITIES = ("error", "warning", "info")
GUEST_STEPS = (
    "appAwareProcessing", "applicationAwareProcessing", "guestFSIndexing", "guestFileSystemIndexing"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DriftedJob:
    """A job that is not as planned: how bad (`SEVERITIES`), what it is, and what to do.

    ``state`` is one of `STATES`.
    ``planned`` and ``now`` are servers by name, none for automatic selection; None where there is
    no plan, or nothing is told.
    """

    severity: str
    job: str
    state: str
    change: str
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
    rows = [("set", job) for job in plan.wishes] + [("keep", job) for job in plan.kept]
    found = [_drifted(job, change, interface) for change, job in rows]
    drifted = [job for job in found if job is not None]
    jobs = sorted(
        [*drifted, *_unplanned(plan, interface)],
        key=lambda job: (SEVERITIES.index(job.severity), job.job),
    )
    return Drift(tuple(jobs), found.count(None))


def _drifted(job: JobChange, change: str, interface: LiveJobState) -> DriftedJob | None:
    """Return how a job differs from its plan, None where it does not."""
    listed = interface.live.jobs.find(job.job)
    state = compare_job(job, interface)
    severity = "error" if change == "set" else "warning"
    now = None if state.now is None else interface.live.names_of(state.now)
    what, detail = state.action, state.reason
    if len(listed) == 1 and not listed[0].fit:
        severity, what = "info", NOT_READABLE
        detail = f"is a {listed[0].type}, whose proxies revision {interface.revision.name} hides"
    elif len(listed) == 1 and truth(interface.bodies[listed[0].id], "isDisabled"):
        severity, what = "warning", DISABLED
        detail = "does not run, so its servers have less to do; enable it, or plan without it"
    elif what == AS_PLANNED:
        return None
    elif what == CHANGE:
        severity, what = "warning", NOT_SET
        detail = "still as before the plan; `gip apply` sets it"
    elif what == STALE:
        what = CHANGED
        detail = "changed since by somebody else; set it as planned, or import it and plan again"
    return DriftedJob(severity, job.job, what, change, job.wanted, now, detail)


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
        yield DriftedJob("info", str(body["name"]), UNPLANNED, "", None, now, detail)


def _has_guest_steps(body: dict[str, Any]) -> bool:
    return any(truth(body, "guestProcessing", step, "isEnabled") for step in GUEST_STEPS)
