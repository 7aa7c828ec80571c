"""What the backup server's REST interface adds to a plan: ids, and how its jobs are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import GipError
from optimizer.apply.targets import SkippedError, StaleError, UnknownError, target
from optimizer.apply.wishes import Wish
from optimizer.exports.document import AS_PLANNED, CHANGE, NOT_COVERED, STALE, UNKNOWN
from optimizer.imports.veeam.answers import text
from optimizer.imports.veeam.saved import read_saved
from optimizer.veeam.job_body import IDS, BodyError, Selection, selection
from optimizer.veeam.live import Item, Live, items, live_of
from optimizer.veeam.revisions import Revision, revision_of_build
from optimizer.veeam.session import Session


@dataclass(frozen=True, slots=True)
class Interface:
    """Its revision, the jobs and managed servers that it lists, and each job's body by id."""

    revision: Revision
    live: Live
    bodies: Mapping[str, dict[str, Any]]


def ask(session: Session) -> Interface:
    """Return what a backup server answers; raise HttpsError or ListError."""
    return _interface(session.revision, *items(session), session.base)


def saved(folder: Path, revision: Revision | None) -> Interface:
    """Return what answers say that were saved in a folder.

    Without a ``revision`` it is that of the build in serverInfo.json. Raises EstateError or
    ListError where the answers cannot be read, GipError where some of them are missing.
    """
    answers = read_saved(folder, [])
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
) -> Interface:
    live = live_of(revision, jobs, servers, place)
    return Interface(revision, live, {job["id"]: dict(job) for job in jobs})


def added(wish: Wish, interface: Interface) -> dict[str, Any]:
    """Return what the interface adds to, or changes in, the `entry` of a job."""
    live, flag = interface.live, interface.revision.flag
    listed = live.jobs.find(wish.job)
    known: dict[str, Any] = {}
    if len(listed) == 1:
        known = {"id": listed[0].id, "type": listed[0].type}
    try:
        aim = target(wish, live, interface.revision)
        now = selection(interface.bodies[aim.id])
        if now is None:
            raise SkippedError("has no guest processing; take it out of the plan")
        fields = {"before": _fields(now, flag), "after": _fields(aim.wanted, flag)}
        known |= {"guestInteractionProxies": fields}
        if now.same(aim.wanted):
            return known | {"action": AS_PLANNED}
        if aim.seen is None or not now.same(aim.seen):
            names = [live.server_names.get(each.lower(), each) for each in now.proxies]
            told = f"selects {', '.join(names) or 'automatically'}, not what the plan saw"
            raise StaleError(f"{told}; import it anew and plan again")
        return known | {"action": CHANGE}
    except BodyError as error:
        raise GipError(f"job {wish.job!r}: {error}") from error
    except SkippedError as error:
        return known | {"action": _action(error), "reason": str(error)}


def _action(error: SkippedError) -> str:
    if isinstance(error, StaleError):
        return STALE
    return UNKNOWN if isinstance(error, UnknownError) else NOT_COVERED


def _fields(chosen: Selection, flag: str) -> dict[str, Any]:
    return {flag: chosen.automatic, IDS: list(chosen.proxies)}
