"""Finds what a plan names among what the backup server lists."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import GipError
from optimizer.veeam.api_revisions import Revision
from optimizer.veeam.job_catalog import HOSTS, JobCatalog, ListedItem
from optimizer.veeam.job_payload import ProxySelection
from optimizer.veeam.planned_lists import PlannedChange

BY_HAND = "select it by hand, as changes.csv of `gip export veeam` has it"


class SkippedError(GipError):
    """A job cannot be set: why not, what to do."""

    result = "skipped"


class UnknownError(SkippedError):
    """The backup server does not list a job or a server, or lists more than one of that name."""


class StaleError(SkippedError):
    """A job selects neither what the plan saw nor what it wants."""

    result = "stale"


@dataclass(frozen=True, slots=True)
class JobMatch:
    """A job by id, the selection that the plan wants, and the one that it saw.

    ``seen`` is None where the plan saw a server that is no longer there.
    """

    id: str
    wanted: ProxySelection
    seen: ProxySelection | None


def match_job(wish: PlannedChange, live: JobCatalog, revision: Revision) -> JobMatch:
    """Return what to set; raise SkippedError where a name is unknown, ambiguous or not allowed."""
    job = _one(live.jobs.find(wish.job), "job", wish.job)
    if not job.fit:
        reason = f"is a {job.type}, whose proxies revision {revision.name} does not tell"
        raise SkippedError(f"{reason}; {BY_HAND}")
    wanted = []
    for name in wish.wanted:
        server = _one(live.servers.find(name), "managed server", name)
        if not server.fit:
            raise SkippedError(f"{name!r} {_why_unfit(server, revision)} and plan again")
        wanted.append(server.id)
    seen = [live.servers.find(name) for name in wish.seen]
    known = all(len(found) == 1 for found in seen)
    return JobMatch(
        job.id,
        ProxySelection(not wanted, tuple(dict.fromkeys(wanted))),
        ProxySelection(not seen, tuple(found[0].id for found in seen)) if known else None,
    )


def _why_unfit(server: ListedItem, revision: Revision) -> str:
    if server.type in HOSTS and revision.registered_only:
        reason = "is not registered as guest interaction proxy, which a job's list asks for"
        return f"{reason}; install the component there, or make it `excluded` in servers.csv"
    reason = f"is a {server.type}, no proxy in revision {revision.name}"
    return f"{reason}; make it `excluded` in servers.csv"


def _one(found: list[ListedItem], kind: str, name: str) -> ListedItem:
    if not found:
        remedy = f"import it anew and plan again, or {BY_HAND}"
        raise UnknownError(f"the backup server lists no {kind} {name!r}; {remedy}")
    if len(found) > 1:
        reason = f"the backup server lists {len(found)} {kind}s {name!r}"
        raise UnknownError(f"{reason}; give each a name of its own and plan again")
    return found[0]
