"""Gets from a backup server what an estate needs to know of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from models.finding import Finding
from optimizer.imports.veeam.answers import LOGS, Answers, text
from optimizer.imports.veeam.jobs import guest_jobs
from optimizer.imports.veeam.runs import job_sessions
from optimizer.veeam.session import Session

AT_ONCE = 8
PATHS = {
    "managedServers": "backupInfrastructure/managedServers",
    "proxies": "backupInfrastructure/proxies",
    "repositories": "backupInfrastructure/repositories",
    "jobs": "jobs",
}
SINCE_TASKS = {"wanAccelerators": "backupInfrastructure/wanAccelerators"}


def read_live(
    session: Session,
    since: datetime,
    logs: bool,
    findings: list[Finding],
    step: Callable[[str], None] = lambda step: None,
) -> Answers:
    """Return the answers of the server: its servers, jobs, and the sessions ``since`` a time.

    With ``logs`` the log of every task of each job's last session comes too, one request each.
    Raises HttpsError.
    """
    answers = Answers()
    paths = PATHS | (SINCE_TASKS if session.revision.has_tasks else {})
    for kind, path in paths.items():
        step(f"reading {kind}")
        _pages(session, answers, kind, path)
    for document in ("serverInfo", "license")[: 2 if session.revision.has_tasks else 1]:
        answers.add(document, session.url(document), session.get(document))
    step("reading sessions")
    after = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    _pages(session, answers, "sessions", "sessions", createdAfterFilter=after)
    if logs and session.revision.has_tasks:
        _logs(session, answers, step)
    elif logs:
        detail = f"{session.revision.name} of the interface has no logs of tasks"
        findings.append(Finding("info", "no_logs", "current.csv", detail))
    return answers


def _pages(session: Session, answers: Answers, kind: str, path: str, **query: str) -> None:
    for page in session.pages(path, **query):
        answers.add(kind, page.url, page.content)


def _logs(session: Session, answers: Answers, step: Callable[[str], None]) -> None:
    """Add the tasks of each guest job's last session, and their logs."""
    jobs = {text(job, "id").lower() for job in guest_jobs(answers, []).values()}
    last = [found[0] for job, found in job_sessions(answers).items() if job in jobs]
    step(f"reading the tasks of {len(last)} sessions")
    for one in last:
        _pages(session, answers, "taskSessions", f"sessions/{text(one, 'id')}/taskSessions")
    paths = {
        text(task, "id"): f"taskSessions/{text(task, 'id')}/logs"
        for task in answers.items["taskSessions"]
    }
    step(f"reading the logs of {len(paths)} tasks")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (task, path), content in zip(
            paths.items(), pool.map(session.get, paths.values()), strict=True
        ):
            answers.add(LOGS, session.url(path), content, task)
