"""Draws `current`: who does each task today, mostly a proxy near by, sometimes not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from optimizer.inputs.synthetic.jobs import Jobs
from optimizer.inputs.synthetic.servers import BACKUP_SERVER, Servers
from optimizer.inputs.synthetic.topology import Topology
from optimizer.inputs.synthetic.vms import Vms

KNOWN = 0.95
BY_BACKUP_SERVER, BY_STRANGER, BY_RETIRED = 0.04, 0.02, 0.005
RETIRED = "gip-retired"
PER_JOB = 3


def current_table(
    topology: Topology, servers: Servers, vms: Vms, jobs: Jobs, rng: np.random.Generator
) -> pa.Table:
    """Return ``current``: up to three proxies of the region per job, and what does not fit."""
    rows = np.flatnonzero(jobs.planned[jobs.job] & vms.planned[jobs.vm])
    rows = rows[rng.random(len(rows)) < KNOWN]
    backup_server, retired = len(servers.site), len(servers.site) + 1
    near = _near(topology, servers, jobs.job[rows], jobs, rng)
    lot = rng.random(len(rows))
    chosen = np.select(
        [
            lot < BY_RETIRED,
            lot < BY_RETIRED + BY_STRANGER,
            (lot < BY_RETIRED + BY_STRANGER + BY_BACKUP_SERVER) | (near < 0),
        ],
        [retired, 0, backup_server],
        near,
    )
    names = pa.array([*servers.names, BACKUP_SERVER, RETIRED])
    return pa.table(
        {
            "job": pa.array(jobs.names).take(pa.array(jobs.job[rows])),
            "vm": vms.names().take(pa.array(jobs.vm[rows])),
            "proxy": names.take(pa.array(chosen)),
        }
    )


def _near(
    topology: Topology,
    servers: Servers,
    job: NDArray[np.int64],
    jobs: Jobs,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return a proxy of the region for each task, -1 where no site with proxies is linked."""
    region = topology.nearest(set(servers.site.tolist()))[jobs.site[job]]
    per_site = np.bincount(servers.site, minlength=len(topology.sites))
    first = np.cumsum(per_site) - per_site
    turn = job + rng.integers(0, PER_JOB, len(job))
    proxy = first[region] + turn % np.maximum(per_site[region], 1)
    return np.where(region < 0, -1, proxy)
