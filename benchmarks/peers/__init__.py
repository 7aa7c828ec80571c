"""What users would pick instead: every peer plans the same estate and is shown by its aims."""

from __future__ import annotations

from ortools.math_opt.python import mathopt

from benchmarks.peers.booleans import booleans
from benchmarks.peers.flow import flow
from benchmarks.peers.greedy import greedy, product
from benchmarks.peers.meta_rebalancer import rebalancer
from benchmarks.peers.mip import mip
from benchmarks.peers.outcome import Outcome, Peer, peer
from benchmarks.peers.relaxed import relaxation

__all__ = ["PEERS", "Outcome", "Peer"]

PEERS: dict[str, Peer] = {
    "product": peer(product),
    "greedy": peer(greedy),
    "booleans": peer(booleans),
    "scip": peer(mip(mathopt.SolverType.GSCIP, hints=True)),
    "highs": peer(mip(mathopt.SolverType.HIGHS, hints=False)),
    "lp_glop": peer(relaxation(mathopt.SolverType.GLOP, 1e-8, "a floor, not a plan")),
    "lp_pdlp": peer(
        relaxation(mathopt.SolverType.PDLP, 1e-4, "a floor by its solver's word, no proof")
    ),
    "flow": peer(flow),
    "rebalancer_local": peer(rebalancer("local")),
    "rebalancer_highs": peer(rebalancer("highs")),
}
