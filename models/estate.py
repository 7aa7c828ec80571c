"""One estate: a backup server and everything it manages, as columns.

Rows are referred to by their position (*code*): ``servers`` code 3 is row 3 of ``servers``.
A code of -1 means none. No table holds a Python object per VM.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.diagnostics import Finding
from models.settings import Settings

Codes = NDArray[np.int32]
NetworkSet = tuple[int, ...]


@dataclass(frozen=True)
class Estate:
    """The tables of an estate after validation.

    Beside the columns of `models.schema` (empty cells replaced by their defaults), the tables
    hold what their references resolve to:

    - ``servers``: ``network_set``, ``backup_server`` (bool); ``max_tasks`` is -1 without limit
    - ``networks``: ``site`` is "" where none is given
    - ``links``: None without the table
    - ``vms``: ``network_set`` in place of ``networks``, ``host_code`` (server), ``host_version``
      0 = none; texts, choices and words are categories, words in small letters
    - ``jobs``: ``start`` (minute of the day), ``days`` (0 = Monday), ``proxy_codes`` (tuples), and
      ``bound_codes``: the same, but empty where the job is free (`[lists] free`)
    - ``job_vms``: only ``job_code``, ``vm_code``
    - ``current``: ``job_code``, ``vm_code``, ``proxy_code`` (-1: gone) and ``proxy``, its name;
      None without the table

    ``network_sets`` are the distinct sets of networks that servers and VMs are in, each sorted;
    number 0 is the empty one (unknown). ``inputs`` maps each file read to its SHA-256.
    """

    folder: Path
    settings: Settings
    servers: pd.DataFrame
    networks: pd.DataFrame
    links: pd.DataFrame | None
    vms: pd.DataFrame
    jobs: pd.DataFrame
    job_vms: pd.DataFrame
    current: pd.DataFrame | None
    network_sets: Sequence[NetworkSet]
    inputs: Mapping[str, str]
    findings: Sequence[Finding]

    @property
    def backup_server(self) -> int:
        """Return the code of the backup server."""
        return int(np.flatnonzero(self.servers["backup_server"].to_numpy())[0])

    def with_free(self, jobs: Iterable[str]) -> Estate:
        """Return the estate where these ``jobs``, by name, are free, too.

        Not bound to the servers that they name today.
        """
        free = set(jobs)
        pairs = zip(self.jobs["job"], self.jobs["bound_codes"], strict=True)
        bound = pd.Series([() if job in free else codes for job, codes in pairs], dtype=object)
        return replace(self, jobs=self.jobs.assign(bound_codes=bound))

    @property
    def membership(self) -> NDArray[np.bool_]:
        """Return which set holds which network, shape (network sets, networks)."""
        matrix = np.zeros((len(self.network_sets), len(self.networks)), dtype=np.bool_)
        for row, members in enumerate(self.network_sets):
            matrix[row, list(members)] = True
        return matrix
