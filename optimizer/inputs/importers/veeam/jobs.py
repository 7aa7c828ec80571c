"""Reads jobs as rows of ``jobs.csv``: when they run and what they do inside the guests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from models.diagnostics import Finding
from models.schema import DAYS
from optimizer.inputs.importers.ip_plan import listable
from optimizer.inputs.importers.veeam.schedule import WEEK, WHOLE_DAY, Schedule, schedule_of
from optimizer.veeam.response_fields import GUEST_JOBS, OTHER_JOBS
from optimizer.veeam.responses import Item, Responses, at, named, objects, text, truth

FLAGS = ("autoSelectEnabled", "autoSelection", "automaticSelection")
EXPECTED = (
    (("isDisabled",), "taken as enabled"),
    (("virtualMachines.includes",), "its VMs are not known"),
    (
        ("guestProcessing.appAwareProcessing", "guestProcessing.applicationAwareProcessing"),
        "taken as not application-aware",
    ),
    (("guestProcessing.guestInteractionProxies",), "taken as automatic selection"),
    (("schedule",), "its start is not known"),
)
VSS = ("requiresuccess", "ignorefailures", "disabled")
LOGS_PROCESSING = ("truncate", "preserve", "backup", "nevertruncate")
LONGEST = WEEK * WHOLE_DAY
COLUMNS = [
    "job", "start", "duration_minutes", "type", "enabled", "application_aware", "indexing",
    "log_processing", "days", "proxies",
]  # fmt: skip
Work = tuple[bool, bool, bool]


@dataclass(frozen=True, slots=True)
class Durations:
    """How long jobs run, in minutes, by id; the others are assumed to run for ``assumed``."""

    known: Mapping[str, int]
    assumed: int

    def of(self, job: Item) -> int:
        """Return the minutes that ``job`` runs."""
        return self.known.get(text(job, "id").lower(), self.assumed)


def guest_jobs(answers: Responses, findings: list[Finding]) -> dict[str, Item]:
    """Return the jobs that back up or replicate VMs, by a name of their own."""
    jobs = named(answers.items["jobs"])
    others = Counter(
        text(job, "type") for _, job in jobs if text(job, "type").lower() not in GUEST_JOBS
    )
    for kind, count in others.items():
        if kind.lower() in OTHER_JOBS:
            detail = f"{count} of this type left out: not a backup or replication of VMs"
            findings.append(Finding("info", "other_jobs", kind, detail))
        else:
            detail = f"{count} of this type, which is not known here, left out"
            findings.append(Finding("warning", "unknown_job_type", kind or "no type", detail))
    return {name: job for name, job in jobs if text(job, "type").lower() in GUEST_JOBS}


def jobs_table(
    jobs: Mapping[str, Item],
    servers: Mapping[str, Item],
    durations: Durations,
    findings: list[Finding],
) -> pd.DataFrame:
    """Return a row for each of ``jobs``; chosen proxies become names of ``servers``."""
    findings += _absent(jobs)
    schedules = _following({name: schedule_of(job) for name, job in jobs.items()}, jobs, durations)
    names = {text(item, "id").lower(): name for name, item in servers.items()}
    findings += unknown_words(jobs)
    rows = []
    for name, job in jobs.items():
        schedule = schedules[name]
        minutes = schedule.minutes or durations.of(job)
        findings += _report_unread(name, job, schedule, durations)
        enabled = truth(job, "isDisabled") is not True and not schedule.by_hand
        aware, indexing, logs = work(job)
        rows.append((
            name,
            "" if schedule.start is None else f"{schedule.start // 60:02}:{schedule.start % 60:02}",
            str(minutes),
            GUEST_JOBS[text(job, "type").lower()],
            *(str(flag).lower() for flag in (enabled, aware, indexing, logs)),
            _days(schedule.days),
            ";".join(_proxies(name, job, names, findings)),
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS, dtype="str")


def _absent(jobs: Mapping[str, Item]) -> list[Finding]:
    """Say what jobs do not tell, though every answer of the interface does, and what is assumed."""
    lacking: dict[str, list[str]] = {}
    for name, job in jobs.items():
        for paths, assumed in EXPECTED:
            if all(at(job, *path.split(".")) is None for path in paths):
                lacking.setdefault(f"no {paths[0]}: {assumed}", []).append(name)
    findings = []
    for assumed, names in lacking.items():
        count = "1 job has" if len(names) == 1 else f"{len(names)} jobs have"
        detail = f"{count} {assumed}; first {names[0]!r}"
        findings.append(Finding("warning", "absent_fields", "jobs", detail))
    return findings


def unknown_words(jobs: Mapping[str, Item]) -> list[Finding]:
    """Say which words of settings for single machines are none that the interface has."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, job in jobs.items():
        guest = at(job, "guestProcessing")
        aware = at(guest, "appAwareProcessing") or at(guest, "applicationAwareProcessing")
        for settings in objects(aware, "appSettings"):
            for path, words in (("vss", VSS), ("sql.logsProcessing", LOGS_PROCESSING)):
                word = text(settings, *path.split("."))
                if word and word.lower() not in words:
                    found.setdefault((path, word), []).append(name)
    return [
        Finding(
            "warning", "unknown_value", names[0],
            f"appSettings: {path} {word!r} is not known ({len(names)} times): "
            "taken as processing without log backup",
        )
        for (path, word), names in found.items()
    ]  # fmt: skip


def work(job: Item) -> Work:
    """Return whether a job does application-aware processing, indexing and log processing (S1)."""
    guest = at(job, "guestProcessing")
    aware = at(guest, "appAwareProcessing") or at(guest, "applicationAwareProcessing")
    index = at(guest, "guestFSIndexing") or at(guest, "guestFileSystemIndexing")
    settings = objects(aware, "appSettings")
    on = truth(aware, "isEnabled") is True
    logs = on and any(map(_logs, settings))
    on = on and (not settings or any(map(aware_of, settings)))
    return on, truth(index, "isEnabled") is True, logs


def aware_of(settings: Item) -> bool:
    """Tell whether one machine's ``settings`` leave application-aware processing on."""
    return text(settings, "vss").lower() != "disabled"


def _logs(settings: Item) -> bool:
    if not aware_of(settings):
        return False
    sql = text(settings, "sql", "logsProcessing").lower() == "backup"
    others = (truth(settings, kind, "backupLogs") is True for kind in ("oracle", "postgreSQL"))
    return sql or any(others)


def _following(
    schedules: dict[str, Schedule], jobs: Mapping[str, Item], durations: Durations
) -> dict[str, Schedule]:
    """Return the schedules, with a start for jobs that follow one whose start is known."""
    for _ in schedules:
        waiting = [
            name for name, schedule in schedules.items()
            if schedule.after and schedule.start is None
            and schedules.get(schedule.after, Schedule()).start is not None
        ]  # fmt: skip
        for name in waiting:
            before = schedules[schedules[name].after]
            length = before.minutes or durations.of(jobs[schedules[name].after])
            later, start = divmod((before.start or 0) + length, WHOLE_DAY)
            days = tuple(sorted((day + later) % WEEK for day in before.days))
            note = f"follows {schedules[name].after!r}: its start is reckoned from that job's end"
            schedules[name] = Schedule(
                start, days, after=schedules[name].after, by_hand=before.by_hand, note=note
            )
        if not waiting:
            break
    return schedules


def _days(days: Sequence[int]) -> str:
    return "daily" if len(days) == WEEK else ";".join(DAYS[day] for day in days)


def _report_unread(name: str, job: Item, schedule: Schedule, durations: Durations) -> list[Finding]:
    findings = []
    if schedule.by_hand:
        detail = "it has no schedule and is only started by hand: imported as not enabled"
        findings.append(Finding("info", "job_by_hand", name, detail))
    if schedule.note:
        findings.append(Finding("warning", "simplified_schedule", name, schedule.note))
    if schedule.unread:
        detail = f"localTime {schedule.unread!r} is no time of day: its start is not known"
        findings.append(Finding("warning", "unknown_value", name, detail))
    if schedule.after and schedule.start is None:
        detail = f"follows {schedule.after!r}, of which no start is known: nor is its own"
        findings.append(Finding("warning", "unknown_value", name, detail))
    if schedule.minutes is None and text(job, "id").lower() not in durations.known:
        detail = f"no finished run is known: {durations.assumed} minutes are assumed"
        findings.append(Finding("warning", "assumed_duration", name, detail))
    return findings


def _proxies(name: str, job: Item, names: Mapping[str, str], findings: list[Finding]) -> list[str]:
    """Return the servers selected by hand (S13), none where the product selects."""
    chosen = at(job, "guestProcessing", "guestInteractionProxies")
    if any(truth(chosen, flag) for flag in FLAGS):
        return []
    listed = at(chosen, "proxyIds") or at(chosen, "proxies")
    proxies = []
    for one in listed if isinstance(listed, list) else []:
        server = names.get(str(one).lower(), str(one) if at(chosen, "proxies") else "")
        if server:
            proxies.append(listable(server))
        else:
            detail = f"its list of proxies has {one}, which is no managed server: left out"
            findings.append(Finding("warning", "unknown_proxy", name, detail))
    if not proxies and any(truth(chosen, flag) is False for flag in FLAGS):
        detail = "selects servers by hand, but none that is known: taken as automatic selection"
        findings.append(Finding("warning", "no_known_proxy", name, detail))
    return proxies
