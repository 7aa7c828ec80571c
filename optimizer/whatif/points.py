"""The single points of failure among what fails: bridges and articulation points."""

from __future__ import annotations

from collections.abc import Mapping

from models.estate import Estate
from optimizer.losses import Losses
from optimizer.network import single_points


class Points:
    """Tells the bridges and articulation points of an estate's network among ``known`` losses."""

    def __init__(self, estate: Estate, known: Mapping[str, Losses]) -> None:
        bridges, parting = single_points(estate.links)
        links = estate.links
        ends = [] if links is None else links[["from", "to"]].itertuples(index=False, name=None)
        self._ends = [frozenset(pair) for pair in ends]
        networks = estate.networks["network"].tolist()
        self._links: dict[int, str] = {}
        self._networks: dict[int, str] = {}
        for name, losses in known.items():
            if name.startswith("link:"):
                self._links |= {row: name for row in losses.links if self._ends[row] in bridges}
            elif name.startswith("network:"):
                parted = (code for code in losses.networks if networks[code] in parting)
                self._networks |= dict.fromkeys(parted, name)

    def harmless(self, losses: Losses) -> bool:
        """Tell whether everything reaches what it did: nothing is lost, or one link that is no
        bridge."""
        if losses.servers or losses.networks or not self._links.keys().isdisjoint(losses.links):
            return False
        return len({self._ends[row] for row in losses.links}) <= 1

    def among(self, losses: Losses) -> tuple[str, ...]:
        """Return the names of those that are lost."""
        links = {self._links[row] for row in losses.links & self._links.keys()}
        networks = {self._networks[code] for code in losses.networks & self._networks.keys()}
        return (*sorted(links), *sorted(networks))
