"""What may be selected in a job (docs/certainty.md): bound and free jobs, the licence, wishes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.estate import Estate
from models.week_plan import ListWishes
from optimizer.checker.week_dispatch import NOBODY, Offers
from optimizer.checker.week_replay import Unit, WeekReplayer
from optimizer.checker.week_signatures import JobRoster, Signatures

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]
Choice = tuple[str, ...]
FAILS = 5  # worse than any tier
NONE = np.zeros(0, dtype=np.int64)


class Choices:
    """The jobs of an estate, what they have today and may have. Servers are names here."""

    def __init__(
        self,
        estate: Estate,
        signatures: Signatures,
        tasks: Mapping[int, JobRoster],
        wishes: ListWishes,
    ) -> None:
        self.estate, self.signatures, self.wishes = estate, signatures, wishes
        self.names: list[str] = estate.jobs["job"].tolist()
        servers = estate.servers["server"].tolist()
        self.servers = [servers[code] for code in signatures.order.tolist()]
        self.place = {name: place for place, name in enumerate(self.servers)}
        self.tasks = dict(tasks)
        self.code = {self.names[code]: code for code, of in tasks.items() if len(of.signature)}
        self.today = {
            name: tuple(proxies)
            for name, proxies in zip(self.names, estate.jobs["proxies"], strict=True)
        }
        self.licensed = estate.settings.license_type == "vul" or (
            estate.settings.license_edition != "standard"
        )
        self._offers: dict[tuple[int, Choice], Offers] = {}

    @property
    def jobs(self) -> list[str]:
        """The jobs that have a row: those with Windows tasks, in order of name."""
        return sorted(self.code)

    def offers(self, job: str, choice: Choice) -> Offers:
        """Return what the tasks of a job pick from with a choice."""
        key = self.code[job], choice
        if key not in self._offers:
            self._offers[key] = self.offers_of(self.tasks[key[0]], choice)
        return self._offers[key]

    def offers_of(self, tasks: JobRoster, choice: Choice) -> Offers:
        """Return what some tasks pick from with a choice; the empty one is automatic (S13)."""
        named = dict.fromkeys(self.place[name] for name in choice)
        places = list(named) if choice else range(len(self.servers))
        return Offers(self.signatures, tasks, np.array(places, dtype=np.int64))

    def units(self, choices: Mapping[str, Choice]) -> list[Unit]:
        """Return all that runs anything with ``choices``; a job without one keeps what it has."""
        units = []
        for code, tasks in self.tasks.items():
            name = self.names[code]
            if len(tasks.signature):
                picks = self.offers(name, choices.get(name, self.today[name]))
                units.append(Unit(name, tasks, picks))
            else:
                units.append(Unit(name, tasks, np.zeros(0, dtype=np.int64)))
        return units

    def planned_units(self) -> list[Unit]:
        """Return all that runs anything, each task on the server that is planned."""
        place_of = np.append(np.argsort(self.signatures.order), NOBODY)
        return [
            Unit(self.names[code], tasks, place_of[tasks.planned])
            for code, tasks in self.tasks.items()
        ]

    def is_bound(self, job: str) -> bool:
        """Tell whether a job may have no server but those that it names today."""
        return bool(self.today[job]) and not self.wishes.all_free and job not in self.wishes.free

    def allowed(self, job: str) -> Flags:
        """Return the places that a list of a job may hold, wishes left aside, shape (servers,)."""
        signatures = self.signatures
        of_job = self.tasks[self.code[job]].distinct[0]
        allowed = signatures.usable & signatures.listable[of_job].all(axis=0)
        if not self.is_bound(job):
            return allowed
        named = np.zeros_like(allowed)
        named[[self.place[name] for name in self.today[job]]] = True
        return np.asarray(named & allowed)

    def why_not(self, job: str, choice: Choice) -> str:
        """Say why a choice may not be set in a job, "" where it may."""
        if not self.licensed:
            return "is set, expected keep: the licence allows no proxy (S3)"
        if job in self.wishes.keep:
            return "is set, expected keep: [lists] keep names it"
        if why := self.why_not_offered(job, choice):
            return why
        if choice and len(choice) < self.wishes.least_servers:
            return (
                f"has {len(choice)} servers, expected {self.wishes.least_servers} or more "
                "([lists] least_servers)"
            )
        outside = self._outside(job, choice)
        if outside:
            return f"has {outside!r} outside the sites of its VMs ([lists] cross_sites)"
        return ""

    def why_not_offered(self, job: str, choice: Choice) -> str:
        """Say why a job, or a part of it, may not have a choice, wishes left aside."""
        allowed = self.allowed(job)
        if not allowed.any():
            return "is set, expected keep: no server that may serve is left to it"
        if not choice:
            return "is automatic, expected some of its proxies" if self.is_bound(job) else ""
        if list(choice) != sorted(set(choice)):
            return f"has proxies {';'.join(choice)!r}, expected each once, sorted"
        refused = [name for name in choice if not allowed[self.place[name]]]
        if refused:
            among = np.flatnonzero(allowed).tolist()
            return f"has {refused[0]!r}, expected only some of " + ", ".join(
                repr(self.servers[place]) for place in among[:10]
            )
        return ""

    def _outside(self, job: str, choice: Choice) -> str:
        """Return a server of a choice that leaves the sites of the job's VMs where it may not."""
        if self.wishes.cross_sites:
            return ""
        signatures, offers = self.signatures, self.offers(job, ())
        inside = np.asarray(signatures.same_site[offers.of_job].any(axis=0))
        serves = signatures.connects[offers.of_job].any(axis=0)
        if not (inside & serves & signatures.usable).any():
            return ""
        offered = offers.columns[offers.offered.any(axis=0)].tolist()
        places = [self.place[name] for name in choice] if choice else offered
        return next((self.servers[place] for place in places if not inside[place]), "")

    def ideal(self, replayer: WeekReplayer) -> Whole:
        """Count the runs of a week that fail and those in tiers 1 to 4, each VM at its own best.

        Shape (5,).
        """
        signatures, home = self.signatures, self.signatures.home
        connects, tier = signatures.connects, signatures.tier
        # Who picks what does not connect has the backup server (S16), as has who has nobody.
        stand_in = np.where(connects[:, home], tier[:, home], FAILS)
        ends = np.where(connects, tier, stand_in[:, np.newaxis])
        best_of_all = ends[:, signatures.usable].min(axis=1, initial=FAILS)
        every = JobRoster(0, NONE, np.arange(len(tier)), NONE, 0)
        automatic = _best(self.offers_of(every, ()), ends, stand_in)
        counts = np.zeros(FAILS + 1, dtype=np.int64)
        for job in self.jobs:
            own, local = self.tasks[self.code[job]].distinct
            allowed = self.allowed(job)
            best = best_of_all[own]
            if (signatures.usable & ~allowed).any():
                best = ends[np.ix_(own, np.flatnonzero(allowed))].min(axis=1, initial=FAILS)
            today = self.today[job]
            if today:
                best = np.minimum(best, _best(self.offers(job, today), ends, stand_in))
            if not today or (allowed.any() and not self.is_bound(job)):
                best = np.minimum(best, automatic[own])
            runs = np.bincount(local, minlength=len(best))
            np.add.at(counts, best, runs * replayer.starts_per_week(self.code[job]))
        return np.concatenate([counts[FAILS:], counts[1:FAILS]])


def _best(offers: Offers, ends: NDArray[Any], stand_in: NDArray[Any]) -> NDArray[Any]:
    """Return how each signature of ``offers`` ends at best.

    ``ends`` is how it does on each server, ``stand_in`` on the backup server in place of others.
    """
    met = np.where(offers.offered, ends[np.ix_(offers.of_job, offers.columns)], FAILS)
    nobody = np.where(offers.offered.any(axis=1), FAILS, stand_in[offers.of_job])
    return np.asarray(np.minimum(nobody, met.min(axis=1, initial=FAILS)))
