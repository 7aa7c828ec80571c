"""Synthetic estates of any size, reproducible by seed.

Nothing here loops over VMs: a million of them are a few columns.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from optimizer.inputs.synthetic.capacity import size_servers
from optimizer.inputs.synthetic.current import current_table
from optimizer.inputs.synthetic.jobs import plan_jobs
from optimizer.inputs.synthetic.networks import lay_networks
from optimizer.inputs.synthetic.options import Options
from optimizer.inputs.synthetic.population import build_population
from optimizer.inputs.synthetic.servers import place_servers
from optimizer.inputs.synthetic.topology import read_topology, shape_topology
from optimizer.inputs.synthetic.vms import make_vms
from optimizer.inputs.synthetic.writer import refuse_to_overwrite, write_files

__all__ = ["Options", "generate"]


def generate(out: Path, options: Options) -> dict[str, int]:
    """Write an estate to the folder ``out``: the same bytes for the same options.

    Returns how many rows each table has.

    Raises EstateError where the topology cannot be read, OutputError where ``out`` holds an
    estate already or cannot be written.
    """
    refuse_to_overwrite(out)
    rng = np.random.default_rng(options.seed)
    if options.topology is None:
        topology = shape_topology(options.shape, options.site_count, rng)
    else:
        topology = read_topology(options.topology)
    people = build_population(topology, options, rng)
    networks = lay_networks(topology, people, rng)
    servers = place_servers(topology, people, networks, options, rng)
    vms = make_vms(people, networks, servers, rng)
    jobs = plan_jobs(topology, people, servers, vms, options, rng)
    limits = size_servers(topology, servers, vms, jobs, options.tightness)
    tables = {
        "servers": servers.table(networks, limits),
        "networks": networks.table(topology, vms.homes()[1]),
        "links": networks.links(topology),
        "vms": vms.table(networks, servers, options.addresses),
        "jobs": jobs.table(servers),
        "job_vms": jobs.members(vms.names()),
    }
    if options.current:
        tables["current"] = current_table(topology, servers, vms, jobs, rng)
    if topology.places:
        tables["sites"] = topology.table()
    write_files(out, tables, options)
    return {name: len(table) for name, table in tables.items()}
