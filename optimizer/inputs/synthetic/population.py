"""Spreads VMs over sites and batches, and chooses those that are like no other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.inputs.synthetic.batches import draw_batches, rank_within, read_batches, share_out
from optimizer.inputs.synthetic.options import Options
from optimizer.inputs.synthetic.topology import Topology

ZIPF = 0.8


@dataclass(frozen=True)
class Population:
    """``counts``: VMs per site. The others per VM, by site.

    ``batch`` numbers the VMs that came together, each a batch of its own where nothing is known
    of batches; ``odd`` batches are like no other.
    """

    counts: NDArray[np.int64]
    site: NDArray[np.int64]
    batch: NDArray[np.int64]
    odd: NDArray[np.bool_]

    @property
    def batches(self) -> int:
        """Return how many batches there are."""
        return int(self.batch[-1]) + 1

    @property
    def odd_counts(self) -> NDArray[np.int64]:
        """Return the odd VMs per site."""
        return np.bincount(self.site[self.odd], minlength=len(self.counts))

    @property
    def odd_rank(self) -> NDArray[np.int64]:
        """Return for each odd VM the place of its batch among the odd ones of its site."""
        _, first, turn = np.unique(self.batch[self.odd], return_index=True, return_inverse=True)
        ranks = rank_within(self.site[self.odd][first])
        return ranks[turn]


def build_population(topology: Topology, options: Options, rng: np.random.Generator) -> Population:
    """Spread the VMs over the sites by Zipf's law, the centre first, the others by lot."""
    others = [site for site in range(len(topology.sites)) if site != topology.centre]
    by_size = np.array([topology.centre, *rng.permutation(others)], dtype=np.int64)
    counts = np.zeros(len(by_size), dtype=np.int64)
    counts[by_size] = share_out(options.vms, np.arange(1, len(by_size) + 1) ** -ZIPF)
    site = np.repeat(np.arange(len(counts)), counts)
    batch = _batches(site, options, rng)
    odd = (rng.random(batch[-1] + 1) >= options.likeness)[batch]
    return Population(counts, site, batch, odd)


def _batches(
    site: NDArray[np.int64], options: Options, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the batch of each VM; one that reaches into the next site is parted there."""
    if options.batches is None:
        return np.arange(options.vms)
    drawn = draw_batches(read_batches(options.batches), options.vms, rng)
    batch: NDArray[np.int64] = np.unique(site * options.vms + drawn, return_inverse=True)[1]
    return batch
