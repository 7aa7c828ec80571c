"""Sets the guest interaction proxies of a plan in the jobs of a backup server, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import GipError
from optimizer.http_client import HttpsError
from optimizer.veeam.client import Session
from optimizer.veeam.job_catalog import JobCatalog, read_live
from optimizer.veeam.job_matching import JobMatch, SkippedError, StaleError, match_job
from optimizer.veeam.job_payload import (
    BodyError,
    parse_body,
    read_selection,
    same_but_selection,
    text_of,
    with_selection,
)
from optimizer.veeam.journal import Entry, Journal
from optimizer.veeam.planned_lists import PlannedChange

AS_PLANNED, WOULD_CHANGE, CHANGED, FAILED = "as planned", "would change", "changed", "failed"
NOT_AS_SEEN = "kept, but no longer as the plan saw it"
GOOD = (AS_PLANNED, WOULD_CHANGE, CHANGED, NOT_AS_SEEN)


class StoppedError(GipError):
    """Ctrl-C; the journal says how far it went."""

    exit_code = 130


@dataclass(frozen=True, slots=True)
class ApplyOutcome:
    """What became of a job: ``result`` is one of GOOD, stale, skipped or failed.

    ``before`` is what it selected, by name, None where that is not known; empty is automatic.
    ``why`` it was not set, and what to do.
    """

    job: str
    result: str
    before: tuple[str, ...] | None
    wanted: tuple[str, ...]
    why: str = ""


def apply(
    session: Session, wishes: Sequence[PlannedChange], journal: Journal | None, keep_going: bool,
    step: Callable[[str], None], kept: Sequence[PlannedChange] = (),
) -> list[ApplyOutcome]:  # fmt: skip
    """Return what became of each job, in order, up to the first failure unless ``keep_going``.

    Of jobs that are ``kept`` those are told that are no longer as the plan saw them. Without a
    ``journal`` nothing is changed. Raises HttpsError where jobs and servers cannot be listed,
    StoppedError on Ctrl-C while there is a journal.
    """
    live = read_live(session)
    outcomes: list[ApplyOutcome] = []
    try:
        for number, wish in enumerate(wishes, start=1):
            step(f"job {number} of {len(wishes)}: {wish.job}")
            outcomes.append(_outcome(session, live, journal, wish))
            if outcomes[-1].result == FAILED and not keep_going:
                return outcomes
        step("jobs that keep what they have")
        outcomes += [found for job in kept if (found := _not_as_seen(session, live, job))]
    except KeyboardInterrupt as error:
        if journal is None:
            raise
        changed = sum(outcome.result == CHANGED for outcome in outcomes)
        done = f"{len(outcomes)} of {len(wishes)} jobs done, {changed} changed"
        raise StoppedError(f"interrupted; {done}; {list_ways(journal.path)}") from error
    return outcomes


def _not_as_seen(session: Session, live: JobCatalog, job: PlannedChange) -> ApplyOutcome | None:
    """Tell of a kept job that no longer selects what the plan saw; it is left alone either way."""
    try:
        aim = match_job(job, live, session.revision)
        found = read_selection(parse_body(text_of(session.get(f"jobs/{aim.id}"))))
    except (SkippedError, HttpsError, BodyError):
        return None  # what cannot be looked at cannot be compared, and nothing is done with it
    if found is None or (aim.seen is not None and found.same(aim.seen)):
        return None
    return ApplyOutcome(job.job, NOT_AS_SEEN, live.names_of(found), job.wanted)


def list_ways(journal: Path) -> str:
    """Return how to go on, and how to go back."""
    return f"run the same again to go on, or `gip rollback {journal}` to go back"


def shortfall(outcomes: Sequence[ApplyOutcome], jobs: int, journal: Path | None) -> GipError | None:
    """Return an error that tells every job that is not as planned, None where all are."""
    bad = [outcome for outcome in outcomes if outcome.result not in GOOD]
    if not bad:
        return None
    verb = "cannot be set" if journal is None else "were not set"
    lines = [f"{len(bad)} of {jobs} jobs {verb}"]
    lines += [f"{outcome.job!r} {outcome.result}: {outcome.why}" for outcome in bad]
    if len(outcomes) < jobs:
        lines.append(f"stopped there, {jobs - len(outcomes)} jobs left; --keep-going does not stop")
    if journal is not None:
        lines.append(list_ways(journal))
    return GipError("\n".join(lines))


def _outcome(
    session: Session, live: JobCatalog, journal: Journal | None, wish: PlannedChange
) -> ApplyOutcome:
    before = None
    try:
        aim = match_job(wish, live, session.revision)
        text = text_of(session.get(f"jobs/{aim.id}"))
        body = parse_body(text)
        found = read_selection(body)
        if found is None:
            raise SkippedError("has no guest processing; take it out of the plan")
        before = live.names_of(found)
        if found.same(aim.wanted):
            return ApplyOutcome(wish.job, _noted(journal, aim, text, body), before, wish.wanted)
        if aim.seen is None or not found.same(aim.seen):
            seen = ", ".join(wish.seen) or "automatic"
            reason = f"no longer selects what the plan saw, {seen}"
            raise StaleError(f"{reason}; import it anew and plan again")
        if journal is None:
            return ApplyOutcome(wish.job, WOULD_CHANGE, before, wish.wanted)
        _set(session, journal, wish.job, aim, text)
        return ApplyOutcome(wish.job, CHANGED, before, wish.wanted)
    except SkippedError as error:
        return ApplyOutcome(wish.job, error.result, before, wish.wanted, str(error))
    except (HttpsError, BodyError) as error:
        return ApplyOutcome(wish.job, FAILED, before, wish.wanted, str(error))


def _set(session: Session, journal: Journal, job: str, aim: JobMatch, text: str) -> None:
    path = f"jobs/{aim.id}"
    changed = with_selection(text, aim.wanted, session.revision.flag)
    journal.before(job, aim.id, text, aim.wanted)
    session.put(path, changed.encode())
    after = text_of(session.get(path))
    found = read_selection(parse_body(after))
    if found is None or not found.same(aim.wanted):
        raise BodyError("the server took the change but does not say so; look at the job there")
    journal.after(job, aim.id, after)


def _noted(journal: Journal | None, aim: JobMatch, text: str, body: dict[str, Any]) -> str:
    """Tell whether a job is as planned by itself, or by a change that was cut off."""
    entry = journal.entries.get(aim.id) if journal else None
    if journal is None or entry is None or entry.after is not None or not is_ours(entry, body):
        return AS_PLANNED
    journal.after(entry.job, aim.id, text)
    return CHANGED


def is_ours(entry: Entry, body: dict[str, Any]) -> bool:
    """Return whether a body is what the change of an entry made, and nothing else since."""
    if entry.after is not None:
        return body == parse_body(entry.after)
    found = read_selection(body)
    changed = found is not None and found.same(entry.wanted)
    return changed and same_but_selection(body, parse_body(entry.before))
