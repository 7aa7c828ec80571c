"""Sizes servers: their limits, so that a region is as tight as the options want.

A region is a site with proxies and the sites without any that are nearest to it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from models.week import WEEK
from optimizer.inputs.synthetic.batches import share_out
from optimizer.inputs.synthetic.jobs import Jobs
from optimizer.inputs.synthetic.servers import BACKUP_SERVER_BUSY, Limits, Servers
from optimizer.inputs.synthetic.topology import Topology
from optimizer.inputs.synthetic.vms import Vms


def size_servers(
    topology: Topology,
    servers: Servers,
    vms: Vms,
    jobs: Jobs,
    tightness: float,
) -> Limits:
    """Return the limits that make every region's peak ``tightness`` times its capacity.

    The backup server can do its own work and stand in for the largest proxy.
    """
    region = topology.nearest(set(servers.site.tolist()))
    sites = len(topology.sites)
    peaks = _peaks(region, sites, vms.planned, jobs)
    weights = _weights(servers, vms)
    limit = np.ones(len(servers.site), dtype=np.int64)
    for site in np.unique(servers.site).tolist():
        mine = np.flatnonzero(servers.site == site)
        spare = math.ceil(int(peaks[site]) / tightness) - len(mine)
        limit[mine] += share_out(max(0, spare), weights[mine])
    everywhere = np.zeros(sites, dtype=np.int64)
    own_work = int(_peaks(everywhere, 1, vms.other, jobs)[0])
    backup_server = BACKUP_SERVER_BUSY + own_work + int(limit.max())
    return Limits(limit + servers.busy, backup_server)


def _peaks(
    region: NDArray[np.int64], regions: int, counted: NDArray[np.bool_], jobs: Jobs
) -> NDArray[np.int64]:
    """Return the most tasks of ``counted`` VMs that are active at once in each region."""
    tasks = np.bincount(jobs.job[counted[jobs.vm]], minlength=len(jobs.site))
    change = np.zeros((regions, WEEK + 1), dtype=np.int64)
    for job in np.flatnonzero(jobs.planned & (region[jobs.site] >= 0)).tolist():
        for begin, end in jobs.intervals(job):
            change[region[jobs.site[job]], begin] += tasks[job]
            change[region[jobs.site[job]], end] -= tasks[job]
    return np.asarray(change.cumsum(axis=1).max(axis=1))


def _weights(servers: Servers, vms: Vms) -> NDArray[np.float64]:
    """Return for each proxy its part of the Windows VMs in its networks."""
    known = vms.planned & (vms.first >= 0)
    flat = [network for row in servers.networks for network in row]
    count = 1 + max(*flat, int(vms.first.max()), 0)
    wanted = np.bincount(vms.first[known], minlength=count)
    proxies = np.bincount(flat, minlength=count)
    part = wanted / np.maximum(proxies, 1)
    return np.array([part[list(row)].sum() for row in servers.networks])
