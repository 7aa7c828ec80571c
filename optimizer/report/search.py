"""All tasks as columns, for the search."""

from __future__ import annotations

import numpy as np

from models.report import Search
from optimizer.report.facts import Facts


def search_rows(facts: Facts) -> Search:
    """Return the columns of all tasks; no task is an object."""
    tasks, vms = facts.tasks, facts.estate.vms
    return Search(
        jobs=facts.estate.jobs["job"].tolist(),
        vms=vms["vm"].tolist(),
        names=vms["name"].tolist(),
        servers=facts.servers,
        reasons=facts.details.reasons,
        job=tasks.job,
        vm=tasks.vm,
        proxy=facts.proxy,
        tier=facts.plan.tier,
        protected=facts.protected.astype(np.int8),
        reason=facts.details.reason,
    )
