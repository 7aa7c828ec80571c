"""How many VMs live at which site, and which of them look like no other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.generate.apportion import share_out
from optimizer.generate.options import Options
from optimizer.generate.topology import Topology

ZIPF = 0.8


@dataclass(frozen=True)
class Population:
    """``counts``: VMs per site. ``site`` and ``odd`` (looks like no other) per VM, by site."""

    counts: NDArray[np.int64]
    site: NDArray[np.int64]
    odd: NDArray[np.bool_]

    @property
    def odd_counts(self) -> NDArray[np.int64]:
        """Return the odd VMs per site."""
        return np.bincount(self.site[self.odd], minlength=len(self.counts))


def populate(topology: Topology, options: Options, rng: np.random.Generator) -> Population:
    """Spread the VMs over the sites by Zipf's law, the centre first, the others by lot."""
    others = [site for site in range(len(topology.sites)) if site != topology.centre]
    by_size = np.array([topology.centre, *rng.permutation(others)], dtype=np.int64)
    counts = np.zeros(len(by_size), dtype=np.int64)
    counts[by_size] = share_out(options.vms, np.arange(1, len(by_size) + 1) ** -ZIPF)
    site = np.repeat(np.arange(len(counts)), counts)
    odd = rng.random(options.vms) >= options.likeness
    return Population(counts, site, odd)
