"""Studies scenarios: what fails over, what is lost, which losses are single points of failure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from models.estate import Codes, Estate
from models.plan import Tasks
from optimizer.analysis.what_if.replan import Replanned, replan
from optimizer.analysis.what_if.task_classes import LossOutcome, classify_tasks
from optimizer.analysis.what_if.week_outcome import WeekInLists, WeekOutcome
from optimizer.eligibility.failures import Losses, combine_losses, list_failures
from optimizer.eligibility.reachability import single_points
from optimizer.eligibility.tasks import find_tasks
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.plan_folder import read_plan


@dataclass(frozen=True, slots=True)
class Scenario:
    """Failures at once, by name, and what they do.

    ``single_points`` names the bridges and articulation points of the network among them. ``week``
    is what becomes of the runs of the week inside the plan's lists, where that is asked for.
    """

    fail: tuple[str, ...]
    outcome: LossOutcome
    single_points: tuple[str, ...]
    week: WeekOutcome | None = None
    replanned: Replanned | None = None


@dataclass(frozen=True)
class Study:
    """Scenarios in the order asked for, and ``before``, the plan as it is.

    ``limit`` is how many tasks the backup server may run while it stands in, None for any number.
    ``week_before`` is the week inside the plan's lists as it is, where it is asked for.
    """

    before: LossOutcome
    limit: int | None
    scenarios: Sequence[Scenario]
    week_before: WeekOutcome | None = None

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


def what_if(
    estate: Estate,
    tasks: Tasks,
    proxy: Codes,
    fail: Sequence[str] | None = None,
    replanned: int = 0,
    step: Callable[[str], None] = lambda step: None,
    lists: Mapping[str, tuple[int, ...]] | None = None,
) -> Study:
    """Study what ``fail`` names, all at once, or without it every single failure.

    ``proxy`` is the plan's server of each task, -1 for none. The scenarios with most damage, as
    many as ``replanned``, are planned anew. With the plan's ``lists``, the servers of jobs by name,
    the week inside them is replayed in each scenario, too. UnknownNameError for a name that is not
    known.
    """
    known = list_failures(estate)
    asked = [(name,) for name in known] if fail is None else [tuple(fail)]
    week = None if lists is None else WeekInLists(estate, lists)
    found = study_scenarios(estate, tasks, proxy, known, asked, step, week)
    scenarios = list(found.scenarios)
    for place in found.ranking[:replanned]:
        names = scenarios[place].fail
        step(f"planning without {', '.join(names)}")
        mended = replan(estate, tasks, proxy, combine_losses(known, names))
        scenarios[place] = replace(scenarios[place], replanned=mended)
    return replace(found, scenarios=scenarios)


def study_scenarios(
    estate: Estate,
    tasks: Tasks,
    proxy: Codes,
    known: Mapping[str, Losses],
    asked: Sequence[tuple[str, ...]],
    step: Callable[[str], None],
    week: WeekInLists | None = None,
) -> Study:
    """Study each scenario of ``asked``: names of ``known`` failures, lost at once."""
    lost = [combine_losses(known, names) for names in asked]
    counted, points = classify_tasks(estate, tasks, proxy), SingleFailures(estate, known)
    before = counted.outcome(Losses())
    scenarios = []
    for number, (names, losses) in enumerate(zip(asked, lost, strict=True)):
        step(f"{', '.join(names)}, {number + 1} of {len(asked)}")
        harmless = points.harmless(losses)
        outcome = before if harmless else counted.outcome(losses)
        runs = None
        if week is not None:
            runs = week.before if harmless else week.outcome(losses)
        scenarios.append(Scenario(names, outcome, points.among(losses), runs))
    unharmed = None if week is None else week.before
    return Study(before, failover_tasks(estate), scenarios, unharmed)


def failover_tasks(estate: Estate) -> int | None:
    """Return how many tasks the backup server may run while it stands in, None for any number."""
    if estate.settings.failover_tasks is not None:
        return estate.settings.failover_tasks
    limit = int(estate.servers["max_tasks"].iloc[estate.backup_server])
    return None if limit < 0 else limit


class SingleFailures:
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
        """Tell whether everything reaches what it did.

        So it is where nothing is lost, or one link that is no bridge.
        """
        if losses.servers or losses.networks or not self._links.keys().isdisjoint(losses.links):
            return False
        return len({self._ends[row] for row in losses.links}) <= 1

    def among(self, losses: Losses) -> tuple[str, ...]:
        """Return the names of those that are lost."""
        links = {self._links[row] for row in losses.links & self._links.keys()}
        networks = {self._networks[code] for code in losses.networks & self._networks.keys()}
        return (*sorted(links), *sorted(networks))


def run_what_if(
    estate_folder: Path,
    plan_folder: Path,
    fail: Sequence[str] | None,
    replanned: int,
    step: Callable[[str], None],
    week: bool = False,
) -> Study:
    """Study failures of a plan in its folder: what ``fail`` names at once, every one where None.

    With ``week`` the nominal week inside the plan's lists, too.

    Raises EstateError, PlanError where the plan is not one of the estate, and UnknownNameError.
    """
    step("reading")
    estate = read_estate(estate_folder)
    tasks = find_tasks(estate)
    plan = read_plan(estate, tasks, plan_folder)
    estate = estate.with_free(plan.freed)
    lists = plan.lists if week else None
    return what_if(estate, tasks, plan.proxy, fail, replanned, step, lists)
