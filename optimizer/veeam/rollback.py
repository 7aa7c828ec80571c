"""Puts the bodies of jobs back as they were before an apply, the last first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.errors import GipError
from optimizer.http_client import HttpsError
from optimizer.veeam.apply import FAILED, StoppedError, is_ours
from optimizer.veeam.client import Session
from optimizer.veeam.job_payload import BodyError, parse_body, text_of
from optimizer.veeam.journal import Entry, Journal

PUT_BACK, AS_BEFORE, SKIPPED = "put back", "as before", "skipped"


@dataclass(frozen=True, slots=True)
class RollbackOutcome:
    """What became of a job: put back, as before already, skipped or failed; ``why`` of both."""

    job: str
    result: str
    why: str = ""


def roll_back(
    session: Session, journal: Journal, force: bool, step: Callable[[str], None]
) -> list[RollbackOutcome]:
    """Return what became of each job of a journal that was changed, or nearly so.

    A job that somebody else has changed since is skipped unless ``force``. Raises StoppedError on
    Ctrl-C.
    """
    undone: list[RollbackOutcome] = []
    entries = list(reversed(journal.entries.values()))
    try:
        for number, entry in enumerate(entries, start=1):
            step(f"job {number} of {len(entries)}: {entry.job}")
            undone.append(_undo(session, journal, entry, force))
    except KeyboardInterrupt as error:
        done = f"{len(undone)} of {len(entries)} jobs done"
        raise StoppedError(f"interrupted; {done}; run the same again to go on") from error
    return undone


def rollback_shortfall(undone: list[RollbackOutcome]) -> GipError | None:
    """Return an error that tells every job that is not as before, None where all are."""
    bad = [each for each in undone if each.result in (SKIPPED, FAILED)]
    if not bad:
        return None
    lines = [f"{len(bad)} of {len(undone)} jobs are not as before"]
    return GipError(
        "\n".join([*lines, *(f"{each.job!r} {each.result}: {each.why}" for each in bad)])
    )


def _undo(session: Session, journal: Journal, entry: Entry, force: bool) -> RollbackOutcome:
    path = f"jobs/{entry.id}"
    try:
        text = text_of(session.get(path))
        if text == entry.before:
            journal.restored(entry.job, entry.id)
            return RollbackOutcome(entry.job, AS_BEFORE)
        if not force and not is_ours(entry, parse_body(text)):
            reason = "was changed by somebody else since; look at it, or add --force"
            return RollbackOutcome(entry.job, SKIPPED, reason)
        journal.restoring(entry.job, entry.id, text)
        session.put(path, entry.before.encode())
        if parse_body(text_of(session.get(path))) != parse_body(entry.before):
            raise BodyError("the server did not take all of it back; look at the job there")
        journal.restored(entry.job, entry.id)
        return RollbackOutcome(entry.job, PUT_BACK)
    except (HttpsError, BodyError) as error:
        return RollbackOutcome(entry.job, FAILED, str(error))
