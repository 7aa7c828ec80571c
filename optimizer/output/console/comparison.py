"""The choices of jobs beside automatic selection and beside the other order of the week's aims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from models.estate import Estate
from models.week_plan import WeekFigures, WeekPlan
from optimizer.output.console.terminal import Terminal
from optimizer.output.console.week import figures_table
from optimizer.output.week_writer import week_record

ORDERS = {"limits": "limits first", "tiers": "tiers first"}
HEADS = {"limits": "Limits kept", "tiers": "Tiers first"}
TIERS = {1: "in tier 1", 2: "in tiers 1 and 2", 3: "in tiers 1 to 3"}


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
    console.tell(_price(week, other))


def _price(week: WeekPlan, other: WeekPlan) -> str:
    """Say what the order of the plan costs beside the other one, and what for."""
    costs: list[str] = []
    gains: list[str] = []
    for more, is_better, words in _changes(week.lists.nominal, other.lists.nominal):
        direction = "more" if more > 0 else "fewer"
        said = words.format(f"{abs(more):,}", direction)
        (gains if is_better else costs).append(said)
    head = HEADS[week.first]
    instead = ORDERS[other.first]
    if not costs and not gains:
        return f"{head} or {instead}: the same runs either way."
    if not costs:
        return f"{head}: {', '.join(gains)} than with {instead}, at no price."
    for_it = f", for {', '.join(gains)}" if gains else ""
    return f"{head}: {', '.join(costs)} than with {instead}{for_it}."


def _changes(here: WeekFigures, there: WeekFigures) -> Iterator[tuple[int, bool, str]]:
    """Yield by how much figures differ, whether that is better, and words for it.

    Runs in a tier or a better one are told where their number is not that of the tier before.
    """
    if failed := here.failed - there.failed:
        yield failed, failed < 0, "{} failed runs {}"
    before = 0
    for tier, where in TIERS.items():
        more = here.reached(tier) - there.reached(tier)
        if more not in (0, before):
            yield more, more > 0, f"{{}} runs {{}} {where}"
        before = more
    if overload := here.overload_minutes - there.overload_minutes:
        yield overload, overload < 0, "{} task-minutes of overload {}"
