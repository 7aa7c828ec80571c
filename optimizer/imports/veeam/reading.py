"""From a backup server's answers to what they tell of an estate."""

from __future__ import annotations

from collections.abc import Sequence

from models.finding import Finding
from models.inventory import Inventory
from optimizer.imports.veeam.answers import Answers
from optimizer.imports.veeam.jobs import Durations, guest_jobs, jobs_table
from optimizer.imports.veeam.objects import objects_table
from optimizer.imports.veeam.product import settings
from optimizer.imports.veeam.runs import durations, job_sessions, used_proxies
from optimizer.imports.veeam.servers import server_names, servers_table


def read_veeam(answers: Answers, assumed_minutes: int, found: Sequence[Finding] = ()) -> Inventory:
    """Return servers, jobs, their objects, settings, and who did the last runs.

    ``assumed_minutes`` is how long a job runs of which no finished run is known. ``found`` are
    findings of whoever got the answers.
    """
    findings = list(found)
    for kind, count in answers.lacking().items():
        detail = f"{count} more are announced than the files hold: save the other pages, too"
        findings.append(Finding("warning", "incomplete", kind, detail))
    jobs = guest_jobs(answers, findings)
    sessions = job_sessions(answers)
    lengths = Durations(durations(sessions), assumed_minutes)
    tables = {
        "servers": servers_table(answers, findings),
        "jobs": jobs_table(jobs, server_names(answers), lengths, findings),
        "job_objects": objects_table(jobs, findings),
    }
    keys = settings(answers, findings)
    used = used_proxies(answers, jobs, sessions)
    return Inventory(tables, tuple(answers.sources), tuple(findings), keys, used)
