"""gip-planner as a library: read an estate, plan it, plan its week, write, check, ask.

Names are loaded when they are first used, so that ``import optimizer`` costs nothing. The example
in ``docs/python.md`` goes through them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimizer.analysis.explanation.explainer import explain_vm as explain
    from optimizer.analysis.placement.placement import find_places as place
    from optimizer.analysis.plan_diff import compare_assignments as diff
    from optimizer.analysis.what_if.study import what_if
    from optimizer.checker import judge as check_plan
    from optimizer.eligibility.context import PlanningContext
    from optimizer.inputs.estate_folder.reader import read_estate
    from optimizer.inputs.synthetic import generate
    from optimizer.lists.week_planner import plan_week
    from optimizer.output.plan_writer import write_plan
    from optimizer.pipeline import run_plan
    from optimizer.planner import plan
    from optimizer.simulation import simulate

_HOMES = {
    "PlanningContext": ("optimizer.eligibility.context", "PlanningContext"),
    "check_plan": ("optimizer.checker", "judge"),
    "diff": ("optimizer.analysis.plan_diff", "compare_assignments"),
    "explain": ("optimizer.analysis.explanation.explainer", "explain_vm"),
    "generate": ("optimizer.inputs.synthetic", "generate"),
    "place": ("optimizer.analysis.placement.placement", "find_places"),
    "plan": ("optimizer.planner", "plan"),
    "plan_week": ("optimizer.lists.week_planner", "plan_week"),
    "read_estate": ("optimizer.inputs.estate_folder.reader", "read_estate"),
    "run_plan": ("optimizer.pipeline", "run_plan"),
    "simulate": ("optimizer.simulation", "simulate"),
    "what_if": ("optimizer.analysis.what_if.study", "what_if"),
    "write_plan": ("optimizer.output.plan_writer", "write_plan"),
}

__all__ = [
    "PlanningContext",
    "check_plan",
    "diff",
    "explain",
    "generate",
    "place",
    "plan",
    "plan_week",
    "read_estate",
    "run_plan",
    "simulate",
    "what_if",
    "write_plan",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)
