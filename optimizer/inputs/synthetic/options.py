"""What a synthetic estate should be like."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Shape = Literal["hub", "ring", "mesh"]
SHAPES: tuple[Shape, ...] = get_args(Shape)


@dataclass(frozen=True, slots=True)
class Options:
    """The size and character of an estate; None means: in proportion to ``vms``.

    ``topology`` is a GraphML file whose nodes become the sites and whose edges the links; without
    one, ``shape`` links ``sites`` sites. ``tightness`` is the peak of a region's Windows tasks
    divided by what the proxies there can do; above 1 the first tier has to be rationed.
    ``likeness`` is the share of VMs that are like others to the planner. ``windows`` counts the
    times at which jobs start; from 2 on, the last one is the weekend's full backups. ``batches``
    is a list of VM requests in tenant batches: then VMs come in groups of those sizes, each group
    alike in site, networks and jobs, and ``likeness`` is the share of such groups.
    """

    vms: int
    sites: int | None = None
    topology: Path | None = None
    seed: int = 0
    tightness: float = 0.7
    likeness: float = 1.0
    shape: Shape = "hub"
    windows: int = 5
    failover: Literal["report", "enforce"] = "report"
    servers: int | None = None
    current: bool = True
    addresses: bool = False
    batches: Path | None = None

    def __post_init__(self) -> None:
        fits = {
            "vms": self.vms >= 1,
            "sites": self.sites is None or self.sites >= 1,
            "seed": self.seed >= 0,
            "tightness": self.tightness > 0,
            "likeness": 0 <= self.likeness <= 1,
            "shape": self.shape in SHAPES,
            "windows": 1 <= self.windows <= 99,
            "failover": self.failover in ("report", "enforce"),
            "servers": self.servers is None or self.servers >= 1,
        }
        for name, fit in fits.items():
            if not fit:
                raise ValueError(f"{name} may not be {getattr(self, name)!r}")

    @property
    def site_count(self) -> int:
        """Return how many sites there are where no topology says so."""
        return self.sites or min(max(self.vms // 2000, 3), 500)

    def server_count(self, sites: int) -> int:
        """Return how many proxies ``sites`` sites share."""
        return self.servers or max(self.vms // 1000, -(-sites // 3))
