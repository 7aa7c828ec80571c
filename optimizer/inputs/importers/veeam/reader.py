"""Reads a live backup server, and turns responses into an estate's tables and settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from models.diagnostics import Finding
from models.imported_tables import Inventory
from optimizer.files.json_shapes import absent_keys
from optimizer.http_client import HttpsError
from optimizer.inputs.importers.veeam.guest_settings import gmsa_domains, uses_gmsa
from optimizer.inputs.importers.veeam.job_objects import objects_table
from optimizer.inputs.importers.veeam.job_sessions import (
    durations,
    job_sessions,
    unread_times,
    used_proxies,
)
from optimizer.inputs.importers.veeam.jobs import Durations, guest_jobs, jobs_table
from optimizer.inputs.importers.veeam.servers import server_names, servers_table
from optimizer.veeam.client import Session
from optimizer.veeam.response_fields import EXPECTED
from optimizer.veeam.responses import LOGS, Responses, at, text, whole_number

AT_ONCE = 8
CLUSTER = "highAvailabilityCluster"
PATHS = {
    "managedServers": "backupInfrastructure/managedServers",
    "proxies": "backupInfrastructure/proxies",
    "repositories": "backupInfrastructure/repositories",
    "jobs": "jobs",
}
SINCE_TASKS = {"wanAccelerators": "backupInfrastructure/wanAccelerators"}


def read_live_veeam(
    session: Session,
    since: datetime,
    logs: bool,
    findings: list[Finding],
    step: Callable[[str], None] = lambda step: None,
) -> Responses:
    """Return the answers of the server: its servers, jobs, and the sessions ``since`` a time.

    With ``logs`` the log of every task of each job's last session comes too, one request each.
    Raises HttpsError.
    """
    answers = Responses()
    paths = PATHS | (SINCE_TASKS if session.revision.has_tasks else {})
    for kind, path in paths.items():
        step(f"reading {kind}")
        _pages(session, answers, kind, path)
    for document in ("serverInfo", "license")[: 2 if session.revision.has_tasks else 1]:
        answers.add(document, session.url(document), session.get(document))
    _of_v13(session, answers, findings)
    step("reading sessions")
    after = since.strftime("%Y-%m-%dT%H:%M:%SZ")
    _pages(session, answers, "sessions", "sessions", createdAfterFilter=after)
    if logs and session.revision.has_tasks:
        _logs(session, answers, step)
    elif logs:
        detail = f"{session.revision.name} of the interface has no logs of tasks"
        findings.append(Finding("info", "no_logs", "current.csv", detail))
    return answers


def _of_v13(session: Session, answers: Responses, findings: list[Finding]) -> None:
    """Add the accounts, where a job has a gMSA, and the cluster; what is refused is told."""
    try:
        if uses_gmsa(answers.items["jobs"]):
            _pages(session, answers, "credentials", "credentials")
    except HttpsError as error:
        findings.append(Finding("warning", "gmsa_domain_unknown", "credentials", str(error)))
    if session.revision.registered_only:
        url = session.url(CLUSTER)
        try:
            answers.add(CLUSTER, url, session.get(CLUSTER))
        except HttpsError as error:
            findings.append(Finding("info", "no_cluster", "highAvailabilityCluster", str(error)))


def _pages(session: Session, answers: Responses, kind: str, path: str, **query: str) -> None:
    for page in session.pages(path, **query):
        answers.add(kind, page.url, page.content)


def _logs(session: Session, answers: Responses, step: Callable[[str], None]) -> None:
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


LINUX_PROXIES_SINCE = 13
EDITIONS = {"standard": "standard", "enterprise": "enterprise", "enterpriseplus": "enterprise_plus"}


def product_settings(answers: Responses, findings: list[Finding]) -> dict[str, str]:
    """Return the keys of estate.toml that the backup server's answers decide (S3)."""
    found: dict[str, str] = {}
    build = text(answers.documents.get("serverInfo"), "buildVersion")
    major = build.partition(".")[0]
    if re.fullmatch("[0-9]{1,9}", major):
        found["ruleset"] = "v13" if int(major) >= LINUX_PROXIES_SINCE else "v12"
    elif build:
        detail = f"buildVersion {build!r} is no version: write ruleset yourself"
        findings.append(Finding("warning", "unknown_value", "estate.toml", detail))
    licence = answers.documents.get("license")
    if licence is None:
        detail = "no answer about the licence: a universal one is assumed, with guest proxies"
        findings.append(Finding("warning", "license_unknown", "estate.toml", detail))
        return found
    edition = text(licence, "edition")
    instances = whole_number(licence, "instanceLicenseSummary", "licensedInstancesNumber")
    if instances > 0 or at(licence, "socketLicenseSummary") is None:
        return found | {"license.type": "vul"}
    found["license.type"] = "socket"
    if edition.lower() in EDITIONS:
        found["license.edition"] = EDITIONS[edition.lower()]
    else:
        detail = f"a socket licence of edition {edition!r}: write license.edition yourself"
        findings.append(Finding("warning", "license_unknown", "estate.toml", detail))
    return found


def read_veeam(
    answers: Responses, assumed_minutes: int, found: Sequence[Finding] = ()
) -> Inventory:
    """Return servers, jobs, their objects, settings, and who did the last runs.

    ``assumed_minutes`` is how long a job runs of which no finished run is known. ``found`` are
    findings of whoever got the answers.
    """
    findings = list(found)
    for kind, count in answers.lacking().items():
        detail = f"{count} more are there than the files hold: save the other pages, too"
        findings.append(Finding("warning", "incomplete", kind, detail))
    for kind in ("managedServers", "jobs"):
        if nameless := sum(not text(item, "name") for item in answers.items[kind]):
            detail = f"{nameless} without a name left out"
            findings.append(Finding("warning", "row_without_name", kind, detail))
    jobs = guest_jobs(answers, findings)
    findings += absent_keys("jobs", list(jobs.values()), EXPECTED["jobs"])
    servers = answers.items["managedServers"]
    findings += absent_keys("managedServers", servers, EXPECTED["managedServers"])
    for kind, document in answers.documents.items():
        findings += absent_keys(kind, [document], EXPECTED.get(kind, {}))
    findings += unread_times(answers)
    sessions = job_sessions(answers)
    lengths = Durations(durations(sessions), assumed_minutes)
    tables = {
        "servers": servers_table(answers, findings),
        "jobs": jobs_table(jobs, server_names(answers), lengths, findings),
        "job_objects": objects_table(jobs, findings, gmsa_domains(answers.items["credentials"])),
    }
    if answers.documents.get(CLUSTER):
        detail = (
            "the backup server is one of two, of which one is active: tier 2 and takeover depend "
            "on which, and a plan knows one; plan again after a switch, or for each of them"
        )
        findings.append(Finding("warning", "high_availability", "estate.toml", detail))
    keys = product_settings(answers, findings)
    used = used_proxies(answers, jobs, sessions)
    return Inventory(tables, tuple(answers.sources), tuple(findings), keys, used)
