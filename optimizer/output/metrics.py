"""The figures of a plan, and of drift, as metrics in the Prometheus text format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry, Gauge, generate_latest, write_to_textfile

from models.week_plan import WeekFigures
from optimizer.inputs.plan_folder import ASSIGNMENTS, UNASSIGNED, plan_table, tiers
from optimizer.inputs.week_record import WeekRecord, read_week
from optimizer.veeam.drift import Drift

TIERS = (1, 2, 3, 4)


def collect_metrics(plan: Path, drift: Drift | None) -> CollectorRegistry:
    """Collect the figures of the plan in a folder, and of drift from it where that is known.

    Tasks and runs by tier, failed runs, overload in task-minutes and peak; ``choices`` tells what
    the jobs select: as today, with the lists, with lists and splits, or the bound that no choice
    can better. Of overload and peak also the ``worst`` of the five weeks. Raises PlanError where
    the folder holds no plan.
    """
    metrics = CollectorRegistry()
    tasks = Gauge("gip_plan_tasks", "Planned tasks by tier.", ["tier"], registry=metrics)
    counts = np.bincount(tiers(plan_table(plan, ASSIGNMENTS)), minlength=len(TIERS) + 1)
    for tier in TIERS:
        tasks.labels(tier).set(int(counts[tier]))
    unassigned = Gauge("gip_plan_unassigned_tasks", "Tasks without a proxy.", registry=metrics)
    unassigned.set(len(plan_table(plan, UNASSIGNED, ("job", "vm"))))
    _add_weeks(metrics, read_week(plan))
    if drift is not None:
        jobs = Gauge("gip_drift_jobs", "Jobs not as planned.", ["severity"], registry=metrics)
        for severity, count in drift.counts.items():
            jobs.labels(severity).set(count)
        as_planned = Gauge("gip_drift_as_planned_jobs", "Jobs as planned.", registry=metrics)
        as_planned.set(drift.as_planned)
    return metrics


def _add_weeks(metrics: CollectorRegistry, week: WeekRecord) -> None:
    nominal: Mapping[str, WeekFigures] = {
        "today": week.today.nominal,
        "lists": week.lists.nominal,
        "lists_and_splits": week.lists_and_splits.nominal,
        "bound": week.bound,
    }
    worst = {name: getattr(week, name).worst for name in nominal if name != "bound"}
    head = ["choices", "tier"]
    runs = Gauge("gip_week_runs", "Runs of a week by tier.", head, registry=metrics)
    failed = Gauge("gip_week_failed_runs", "Runs that fail.", head[:1], registry=metrics)
    for choices, figures in nominal.items():
        for tier in TIERS:
            runs.labels(choices, tier).set(getattr(figures, f"tier{tier}"))
        failed.labels(choices).set(figures.failed)
    for name, figure, meaning in (
        ("gip_week_overload_task_minutes", "overload_minutes", "Task-minutes above max_tasks."),
        ("gip_week_peak_tasks", "peak", "Tasks at once on the busiest proxy."),
    ):
        gauge = Gauge(name, meaning, ["choices", "week"], registry=metrics)
        for kind, weeks in (("nominal", nominal), ("worst", worst)):
            for choices, figures in weeks.items():
                gauge.labels(choices, kind).set(getattr(figures, figure))


def metrics_text(metrics: CollectorRegistry) -> str:
    """Return metrics in the text format."""
    return generate_latest(metrics).decode()


def write_metrics(metrics: CollectorRegistry, path: Path) -> None:
    """Write metrics in the text format, whole or not at all: a collector may read meanwhile."""
    write_to_textfile(str(path), metrics)


def record(metrics: CollectorRegistry) -> dict[str, Any]:
    """Return what ``--json`` prints."""
    return {"metrics": list(_samples(metrics))}


def _samples(metrics: CollectorRegistry) -> Iterator[dict[str, Any]]:
    for metric in metrics.collect():
        for sample in metric.samples:
            yield {"name": sample.name, "labels": sample.labels, "value": sample.value}
