"""What the backup server's REST interface adds to a plan: ids, and how its jobs are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import GipError
from optimizer.veeam.api_revisions import Revision, revision_of_build
from optimizer.veeam.changes import (
    AS_PLANNED,
    CHANGE,
    NOT_AS_SEEN,
    NOT_COVERED,
    STALE,
    UNKNOWN,
    changes_entry,
)
from optimizer.veeam.client import Session
from optimizer.veeam.job_catalog import Item, JobCatalog, build_catalog, items
from optimizer.veeam.job_matching import SkippedError, StaleError, UnknownError, match_job
from optimizer.veeam.job_payload import IDS, BodyError, ProxySelection, read_selection
from optimizer.veeam.planned_lists import PlannedChange
from optimizer.veeam.responses import read_saved_veeam, text


@dataclass(frozen=True, slots=True)
class LiveJobState:
    """Its revision, the jobs and managed servers that it lists, and each job's body by id."""

    revision: Revision
    live: JobCatalog
    bodies: Mapping[str, dict[str, Any]]


def ask_server(session: Session) -> LiveJobState:
    """Return what a backup server answers; raise HttpsError or ListError."""
    return _interface(session.revision, *items(session), session.base)


def read_saved_state(folder: Path, revision: Revision | None) -> LiveJobState:
    """Return what answers say that were saved in a folder.

    Without a ``revision`` it is that of the build in serverInfo.json. Raises EstateError or
    ListError where the answers cannot be read, GipError where some of them are missing.
    """
    answers = read_saved_veeam(folder, [])
    lacking = answers.lacking()
    for kind in ("jobs", "managedServers"):
        if not answers.items[kind] or kind in lacking:
            what = "some pages" if answers.items[kind] else "the answer"
            raise GipError(f"{folder}: lacks {what} of {kind}; save them there as {kind}.json")
    build = text(answers.documents.get("serverInfo"), "buildVersion")
    revision = revision or revision_of_build(build)
    if revision is None:
        reason = "has no serverInfo.json that tells the build of the product"
        raise GipError(f"{folder}: {reason}; save it there, or write --revision")
    return _interface(revision, answers.items["jobs"], answers.items["managedServers"], str(folder))


def _interface(
    revision: Revision, jobs: Sequence[Item], servers: Sequence[Item], place: str
) -> LiveJobState:
    live = build_catalog(revision, jobs, servers, place)
    return LiveJobState(revision, live, {job["id"]: dict(job) for job in jobs})


@dataclass(frozen=True, slots=True)
class JobState:
    """A job beside its plan: what it calls for, an action of `changes`, and why it cannot be set.

    ``now`` is what it selects, ``wanted`` what the plan wants, in ids; None where the interface
    does not tell it.
    """

    action: str
    reason: str = ""
    now: ProxySelection | None = None
    wanted: ProxySelection | None = None


def compare_job(wish: PlannedChange, interface: LiveJobState) -> JobState:
    """Compare what a job selects now with what the plan wants and with what it saw.

    Raises GipError where the job's body is none of the revision.
    """
    live, now, aim = interface.live, None, None
    try:
        aim = match_job(wish, live, interface.revision)
        now = read_selection(interface.bodies[aim.id])
        if now is None:
            raise SkippedError("has no guest processing; take it out of the plan")
        if now.same(aim.wanted):
            return JobState(AS_PLANNED, "", now, aim.wanted)
        if aim.seen is None or not now.same(aim.seen):
            names = live.names_of(now)
            told = f"selects {', '.join(names) or 'automatically'}, not what the plan saw"
            raise StaleError(f"{told}; import it anew and plan again")
        return JobState(CHANGE, "", now, aim.wanted)
    except BodyError as error:
        raise GipError(f"job {wish.job!r}: {error}") from error
    except SkippedError as error:
        wanted = None if aim is None else aim.wanted
        return JobState(_action(error), str(error), now, wanted)


def add_state(wish: PlannedChange, interface: LiveJobState) -> dict[str, Any]:
    """Return what the interface adds to, or changes in, the `entry` of a job."""
    flag = interface.revision.flag
    listed = interface.live.jobs.find(wish.job)
    known: dict[str, Any] = {}
    if len(listed) == 1:
        known = {"id": listed[0].id, "type": listed[0].type}
    state = compare_job(wish, interface)
    if state.now is not None and state.wanted is not None:
        fields = {"before": _fields(state.now, flag), "after": _fields(state.wanted, flag)}
        known |= {"guestInteractionProxies": fields}
    if state.reason:
        known |= {"reason": state.reason}
    return known | {"action": state.action}


def kept_entry(job: PlannedChange, interface: LiveJobState) -> dict[str, Any] | None:
    """Return the entry of a kept job that no longer selects what the plan saw, else None."""
    state = changes_entry(job) | add_state(job, interface)
    return state | {"action": NOT_AS_SEEN} if state["action"] == STALE else None


def _action(error: SkippedError) -> str:
    if isinstance(error, StaleError):
        return STALE
    return UNKNOWN if isinstance(error, UnknownError) else NOT_COVERED


def _fields(chosen: ProxySelection, flag: str) -> dict[str, Any]:
    return {flag: chosen.automatic, IDS: list(chosen.proxies)}
