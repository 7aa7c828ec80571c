"""Sets the guest interaction proxies of a plan in the jobs of a backup server, one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import GipError
from optimizer.apply.journal import Entry, Journal
from optimizer.apply.targets import SkippedError, StaleError, Target, target
from optimizer.apply.wishes import Wish
from optimizer.https import HttpsError
from optimizer.veeam.job_body import (
    BodyError,
    parsed,
    same_but_selection,
    selection,
    text_of,
    with_selection,
)
from optimizer.veeam.live import Live, read_live
from optimizer.veeam.session import Session

AS_PLANNED, WOULD_CHANGE, CHANGED, FAILED = "as planned", "would change", "changed", "failed"
GOOD = (AS_PLANNED, WOULD_CHANGE, CHANGED)


class StoppedError(GipError):
    """Ctrl-C; the journal says how far it went."""

    exit_code = 130


@dataclass(frozen=True, slots=True)
class Outcome:
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
    session: Session, wishes: Sequence[Wish], journal: Journal | None, keep_going: bool,
    step: Callable[[str], None],
) -> list[Outcome]:  # fmt: skip
    """Return what became of each job, in order, up to the first failure unless ``keep_going``.

    Without a ``journal`` nothing is changed. Raises HttpsError where jobs and servers cannot be
    listed, StoppedError on Ctrl-C while there is a journal.
    """
    live = read_live(session)
    outcomes: list[Outcome] = []
    try:
        for number, wish in enumerate(wishes, start=1):
            step(f"job {number} of {len(wishes)}: {wish.job}")
            outcomes.append(_outcome(session, live, journal, wish))
            if outcomes[-1].result == FAILED and not keep_going:
                break
    except KeyboardInterrupt as error:
        if journal is None:
            raise
        changed = sum(outcome.result == CHANGED for outcome in outcomes)
        done = f"{len(outcomes)} of {len(wishes)} jobs done, {changed} changed"
        raise StoppedError(f"interrupted; {done}; {ways(journal.path)}") from error
    return outcomes


def ways(journal: Path) -> str:
    """Return how to go on, and how to go back."""
    return f"run the same again to go on, or `gip rollback {journal}` to go back"


def shortfall(outcomes: Sequence[Outcome], jobs: int, journal: Path | None) -> GipError | None:
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
        lines.append(ways(journal))
    return GipError("\n".join(lines))


def _outcome(session: Session, live: Live, journal: Journal | None, wish: Wish) -> Outcome:
    before = None
    try:
        aim = target(wish, live, session.revision)
        text = text_of(session.get(f"jobs/{aim.id}"))
        body = parsed(text)
        found = selection(body)
        if found is None:
            raise SkippedError("has no guest processing; take it out of the plan")
        before = tuple(live.server_names.get(each.lower(), each) for each in found.proxies)
        if found.same(aim.wanted):
            return Outcome(wish.job, _noted(journal, aim, text, body), before, wish.wanted)
        if aim.seen is None or not found.same(aim.seen):
            seen = ", ".join(wish.seen) or "automatic"
            reason = f"no longer selects what the plan saw, {seen}"
            raise StaleError(f"{reason}; import it anew and plan again")
        if journal is None:
            return Outcome(wish.job, WOULD_CHANGE, before, wish.wanted)
        _set(session, journal, wish.job, aim, text)
        return Outcome(wish.job, CHANGED, before, wish.wanted)
    except SkippedError as error:
        return Outcome(wish.job, error.result, before, wish.wanted, str(error))
    except (HttpsError, BodyError) as error:
        return Outcome(wish.job, FAILED, before, wish.wanted, str(error))


def _set(session: Session, journal: Journal, job: str, aim: Target, text: str) -> None:
    path = f"jobs/{aim.id}"
    changed = with_selection(text, aim.wanted, session.revision.flag)
    journal.before(job, aim.id, text, aim.wanted)
    session.put(path, changed.encode())
    after = text_of(session.get(path))
    found = selection(parsed(after))
    if found is None or not found.same(aim.wanted):
        raise BodyError("the server took the change but does not say so; look at the job there")
    journal.after(job, aim.id, after)


def _noted(journal: Journal | None, aim: Target, text: str, body: dict[str, Any]) -> str:
    """Tell whether a job is as planned by itself, or by a change that was cut off."""
    entry = journal.entries.get(aim.id) if journal else None
    if journal is None or entry is None or entry.after is not None or not ours(entry, body):
        return AS_PLANNED
    journal.after(entry.job, aim.id, text)
    return CHANGED


def ours(entry: Entry, body: dict[str, Any]) -> bool:
    """Return whether a body is what the change of an entry made, and nothing else since."""
    if entry.after is not None:
        return body == parsed(entry.after)
    found = selection(body)
    changed = found is not None and found.same(entry.wanted)
    return changed and same_but_selection(body, parsed(entry.before))
