"""Compares weeks: as planned, as today, and as the product would do it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.plan import OTHER, WINDOWS
from models.report_data import Week, WeekFigures
from optimizer.eligibility.server_load import load_spans
from optimizer.output.report.facts import ReportFacts
from optimizer.simulation import simulate_tasks
from optimizer.simulation.week_figures import Figures, figures_of, figures_of_week


def compare_weeks(facts: ReportFacts, step: Callable[[str], None]) -> list[WeekFigures]:
    """Return the week as planned, as today, by the product itself, and inside the plan's lists.

    Today's is there where `current.csv` is.
    """
    estate, tasks, eligibility = facts.estate, facts.tasks, facts.eligibility
    planned = figures_of_week(estate, tasks, facts.plan.tier, eligibility.candidate, facts.spans)
    found = [_week("plan", planned)]
    if estate.current is not None:
        found.append(_week("today", _today(facts)))

    def product(part: str, lists: dict[str, tuple[int, ...]] | None) -> Figures:
        def tell(week: str) -> None:
            step(f"the product {part}, {week}")

        return figures_of(simulate_tasks(facts.context, lists, False, tell))

    found.append(_week("by_itself", product("by itself", None)))
    found.append(_week("lists", product("inside the lists", dict(facts.plan.job_proxies))))
    return found


def _today(facts: ReportFacts) -> Figures:
    """Return the figures of today's servers, whatever they are, overload and all.

    Where one does not connect the backup server takes over if it can (S16).
    """
    estate, tasks, eligibility = facts.estate, facts.tasks, facts.eligibility
    own, planned = estate.backup_server, tasks.kind == WINDOWS
    server = np.where(planned, tasks.current, -1)
    missing = (server >= 0) & (eligibility.tier[facts.profile, server] == 0)
    taken_over = missing & eligibility.takeover(own)[facts.profile]
    server = np.where(taken_over | (tasks.kind == OTHER), own, np.where(missing, -1, server))
    serving = planned & (server >= 0)
    tier = np.where(serving, eligibility.tier[facts.profile, server], 0).astype(np.int8)
    used = np.bincount(server[serving], minlength=len(estate.servers)) > 0
    shown = eligibility.candidate | used
    spans = load_spans(estate, tasks, server.astype(np.int32), shown)
    return figures_of_week(estate, tasks, tier, shown, spans, taken_over)


def _week(week: Week, figures: Figures) -> WeekFigures:
    one, two, three, four = figures.tiers
    return WeekFigures(
        week=week,
        tiers=(one, two, three, four),
        failed=figures.failed,
        failed_over=figures.failed_over,
        peak=figures.peak,
        overload=figures.overload,
    )
