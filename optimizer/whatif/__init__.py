"""Breaks things: what fails over, what is lost, and how a new plan would mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from models.estate import Codes, Estate
from models.plan import Tasks
from optimizer.losses import Losses, failures, together
from optimizer.whatif.census import Outcome, census
from optimizer.whatif.points import Points
from optimizer.whatif.replan import Replanned, replan

__all__ = ["Outcome", "Replanned", "Scenario", "Study", "whatif"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Failures at once, by name, and what they do.

    ``single_points`` names the bridges and articulation points of the network among them.
    """

    fail: tuple[str, ...]
    outcome: Outcome
    single_points: tuple[str, ...]
    replanned: Replanned | None = None


@dataclass(frozen=True)
class Study:
    """Scenarios in the order asked for, and ``before``, the plan as it is.

    ``limit`` is how many tasks the backup server may run while it stands in, None for any number.
    """

    before: Outcome
    limit: int | None
    scenarios: Sequence[Scenario]

    def overload(self, scenario: Scenario) -> int:
        """Return by how much the backup server is above its limit at its worst moment."""
        return 0 if self.limit is None else max(0, scenario.outcome.peak - self.limit)

    @property
    def ranking(self) -> list[int]:
        """Return the scenarios' places, most damage first.

        First count tasks that nobody does any more, then the backup server's overload, then
        tasks that fail over.
        """

        def damage(place: int) -> tuple[int, int, int]:
            found = self.scenarios[place].outcome
            overload = self.overload(self.scenarios[place])
            return -found.lost - found.gone, -overload, -found.failed_over

        return sorted(range(len(self.scenarios)), key=damage)


def whatif(
    estate: Estate,
    tasks: Tasks,
    proxy: Codes,
    fail: Sequence[str] | None = None,
    replanned: int = 0,
    step: Callable[[str], None] = lambda step: None,
) -> Study:
    """Lose what ``fail`` names, all at once, or without it each single thing, one by one.

    ``proxy`` is the plan's server of each task, -1 for none. The scenarios with most damage, as
    many as ``replanned``, are planned anew. UnknownNameError for a name that is not known.
    """
    known = failures(estate)
    asked = [(name,) for name in known] if fail is None else [tuple(fail)]
    found = study(estate, tasks, proxy, known, asked, step)
    scenarios = list(found.scenarios)
    for place in found.ranking[:replanned]:
        names = scenarios[place].fail
        step(f"planning without {', '.join(names)}")
        mended = replan(estate, tasks, proxy, together(known, names))
        scenarios[place] = replace(scenarios[place], replanned=mended)
    return replace(found, scenarios=scenarios)


def study(
    estate: Estate,
    tasks: Tasks,
    proxy: Codes,
    known: Mapping[str, Losses],
    asked: Sequence[tuple[str, ...]],
    step: Callable[[str], None],
) -> Study:
    """Return what each scenario of ``asked`` does: names of ``known`` failures, lost at once."""
    lost = [together(known, names) for names in asked]
    counted, points = census(estate, tasks, proxy), Points(estate, known)
    before = counted.outcome(Losses())
    scenarios = []
    for number, (names, losses) in enumerate(zip(asked, lost, strict=True)):
        step(f"{', '.join(names)}, {number + 1} of {len(asked)}")
        outcome = before if points.harmless(losses) else counted.outcome(losses)
        scenarios.append(Scenario(names, outcome, points.among(losses)))
    return Study(before, failover_tasks(estate), scenarios)


def failover_tasks(estate: Estate) -> int | None:
    """Return how many tasks the backup server may run while it stands in, None for any number."""
    if estate.settings.failover_tasks is not None:
        return estate.settings.failover_tasks
    limit = int(estate.servers["max_tasks"].iloc[estate.backup_server])
    return None if limit < 0 else limit
