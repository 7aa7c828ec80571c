"""The choices of jobs beside automatic selection and beside the other order of the week's aims."""

from __future__ import annotations

from typing import Any

from models.estate import Estate
from models.week_plan import MAXIMISED_WEEK_AIMS, WeekFigures, WeekPlan
from optimizer.output.console.terminal import Terminal
from optimizer.output.console.week import figures_table
from optimizer.output.week_writer import week_record

ORDERS = {"limits": "limits first", "tiers": "tiers first"}
PRICED = {
    "failed": "failed runs",
    "tier1": "runs in tier 1",
    "tier2": "runs in tier 2",
    "tier3": "runs in tier 3",
    "overload_minutes": "task-minutes of overload",
}


def comparison_record(estate: Estate, other: WeekPlan) -> dict[str, Any]:
    """Return what ``--json`` prints of the week in the ``other`` order."""
    return week_record(estate, other)


def print_comparison(week: WeekPlan, other: WeekPlan) -> None:
    """Print today, automatic selection, and the lists in both orders, with what each order costs.

    The figures are those of the nominal week.
    """
    columns: dict[str, WeekFigures] = {
        "today": week.today.nominal,
        "all automatic": week.automatic.nominal,
        ORDERS[week.first]: week.lists.nominal,
        ORDERS[other.first]: other.lists.nominal,
    }
    console = Terminal()
    console.print(figures_table("The runs of a week, other choices beside these", columns))
    console.print(_price(week, other), soft_wrap=True)


def _price(week: WeekPlan, other: WeekPlan) -> str:
    """Say what the order of the plan costs beside the other one.

    Only what is worse is told: what is better is the reason for the order.
    """
    prices = []
    for figure, words in PRICED.items():
        here, there = getattr(week.lists.nominal, figure), getattr(other.lists.nominal, figure)
        more_is_better = figure in MAXIMISED_WEEK_AIMS
        if (here < there) if more_is_better else (here > there):
            prices.append(f"{abs(here - there)} {words} {'fewer' if more_is_better else 'more'}")
    kept = ORDERS[week.first].split()[0]
    if not prices:
        return f"{kept.capitalize()} first costs nothing here"
    return f"The price of {kept} first: {', '.join(prices)}"
