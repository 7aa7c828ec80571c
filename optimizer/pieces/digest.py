"""All tasks of an estate in few rows: those that are alike to the planner are one row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.estate import Estate
from models.plan import Tasks
from optimizer.pieces.piece import BUNDLE
from optimizer.tasks import kinds_of


def digest(estate: Estate, pieces: Sequence[pd.DataFrame]) -> tuple[Tasks, pd.DataFrame]:
    """Return the tasks, a row for those alike, and the bundles of all ``pieces`` with the row
    that each is in (``row``) and the number of its piece (``piece``).

    The rows are in the order of the first task of each, as the planner numbers groups by the
    first task that it meets. The VMs of ``estate`` are the looks.
    """
    bundles = pd.concat(
        [bundles.assign(piece=number) for number, bundles in enumerate(pieces)], ignore_index=True
    )
    row = bundles.groupby(BUNDLE, sort=False).ngroup().to_numpy()
    first = bundles[~bundles.duplicated(BUNDLE)]
    count = np.bincount(row, bundles["count"], len(first)).astype(np.int64)
    look = first["look"].to_numpy(dtype=np.int32)
    tasks = Tasks(
        job=first["job"].to_numpy(dtype=np.int32),
        vm=look,
        kind=kinds_of(estate.vms["os"])[look],
        has_current=first["known"].to_numpy(dtype=np.bool_),
        current=first["server"].to_numpy(dtype=np.int32),
        previous=np.full(len(first), "", dtype=object),
        count=count,
    )
    return tasks, bundles.assign(row=row)
