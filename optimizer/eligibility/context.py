"""The planning context of an estate: its tasks, and who may serve them."""

from __future__ import annotations

from dataclasses import dataclass

from models.estate import Estate
from models.plan import Tasks
from optimizer.eligibility.reachability import Network
from optimizer.eligibility.tasks import find_tasks
from optimizer.eligibility.tiers import Eligibility, compute_eligibility


@dataclass(frozen=True, slots=True)
class PlanningContext:
    """An estate with its ``tasks`` and their ``eligibility``: built once, then passed on."""

    estate: Estate
    tasks: Tasks
    eligibility: Eligibility

    @classmethod
    def build(cls, estate: Estate, tasks: Tasks | None = None) -> PlanningContext:
        """Build the context of ``estate``, for its own tasks or others at hand."""
        eligibility = compute_eligibility(estate, Network(estate))
        return cls(estate, find_tasks(estate) if tasks is None else tasks, eligibility)
