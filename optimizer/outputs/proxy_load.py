"""Writes ``proxy_load.csv``: what each server runs in each span of the week."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from models.estate import Estate
from models.problem import Counts
from models.week import clock
from optimizer.outputs.csv_file import named, write_csv
from optimizer.outputs.loads import Spans
from optimizer.tasks import byte_rank


def write_proxy_load(estate: Estate, spans: Spans, path: Path) -> None:
    """Write ``spans``, sorted by server (bytes) and time."""
    servers = estate.servers
    order = np.lexsort((spans.begin, byte_rank(servers["server"])[spans.server]))
    limit = servers["max_tasks"].to_numpy()[spans.server[order]]
    write_csv(
        path,
        {
            "server": named(servers["server"], spans.server[order]),
            "from": _worded(spans.begin[order], clock),
            "to": _worded(spans.end[order], clock),
            "running_tasks": _worded(spans.running[order], str),
            "planned_tasks": _worded(spans.planned[order], str),
            "max_tasks": _worded(limit, lambda tasks: "" if tasks < 0 else str(tasks)),
        },
    )


def _worded(numbers: Counts, word: Callable[[int], str]) -> pa.DictionaryArray:
    """Return each number as text, each different one worded once."""
    codes, distinct = pd.factorize(numbers)
    return named([word(number) for number in distinct.tolist()], codes)
