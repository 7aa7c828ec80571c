"""What a change of an estate may do to its plan, whatever the plan is.

``GIP_METAMORPHIC=400`` tries so many estates for each kind of change;
``--hypothesis-show-statistics`` counts those that the change really changed.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import random_estates
from commands import content
from estate_changes import NAMED, Spec, alone, names, renamed, side_by_side, twins
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from models.aims import AIMS, MINIMISED
from models.plan import Plan
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.pipeline import run_plan
from optimizer.planner import plan

TRIALS = int(os.environ.get("GIP_METAMORPHIC", max(12, settings().max_examples // 6)))
# The same estates each time: whether a change changes anything must not depend on luck.
some = settings(
    max_examples=TRIALS,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
drawing = st.randoms(use_true_random=False)


def planned(spec: Spec) -> Plan:
    """Return the plan of ``spec``; AssertionError where an aim is not proven."""
    with tempfile.TemporaryDirectory() as folder:
        random_estates.write(spec, Path(folder))
        made = plan(read_estate(Path(folder)))
    assert all(aim.proven for aim in made.aims)
    return made


def scores(made: Plan) -> list[int]:
    """Return the best value of each aim in their order, so that more is better."""
    return [aim.best * (-1 if aim.aim in MINIMISED else 1) for aim in made.aims]


def count(tried: Counter[bool], changed: bool) -> None:
    event("changed the plan" if changed else "changed nothing")
    tried[changed] += 1


def tries(trial: Callable[[Spec, random.Random], bool]) -> None:
    """Run ``trial`` on random estates; it tells whether the change changed anything.

    AssertionError where none did: then nothing was tried.
    """
    tried: Counter[bool] = Counter()

    @some
    @given(spec=random_estates.estates(), chance=drawing)
    def each(spec: Spec, chance: random.Random) -> None:
        count(tried, trial(spec, chance))

    each()
    print(f"{trial.__name__}: {tried[True]} of {tried.total()} changed")
    assert tried[True]


def with_one_more(spec: Spec, chance: random.Random) -> Spec:
    """Return ``spec`` with one more server, which nothing runs on."""
    columns = spec["servers"][0]
    usual = {
        "server": "another", "os": random_estates.WINDOWS_SERVER, "roles": "",
        "networks": chance.choice(spec["networks"])["network"],
        "max_tasks": chance.choice(["", "1", "2", "4"]), "powershell_version": "5.1",
    }  # fmt: skip
    row = {column: usual.get(column, "") for column in columns}
    return spec | {"servers": [*spec["servers"], row]}


def test_one_more_proxy_makes_no_plan_worse() -> None:
    def one_more_proxy(spec: Spec, chance: random.Random) -> bool:
        # The first proxy is the first one whose loss has to be survived.
        assume(len(spec["servers"]) > 1)
        before, after = scores(planned(spec)), scores(planned(with_one_more(spec, chance)))
        assert after >= before
        return after > before

    tries(one_more_proxy)


def test_a_higher_limit_makes_no_plan_worse() -> None:
    def higher_limit(spec: Spec, chance: random.Random) -> bool:
        limited = [row for row in spec["servers"] if row.get("max_tasks")]
        assume(limited)
        chosen = chance.choice(limited)
        higher = chance.choice(["", str(int(chosen["max_tasks"]) + chance.randint(1, 3))])
        raised = [row | {"max_tasks": higher} if row is chosen else row for row in spec["servers"]]
        before, after = scores(planned(spec)), scores(planned(spec | {"servers": raised}))
        assert after >= before
        return after > before

    tries(higher_limit)


def test_a_link_less_makes_no_plan_better() -> None:
    def link_less(spec: Spec, chance: random.Random) -> bool:
        # Few links, so that one less tells.
        links = [row for row in spec.get("links", ()) if row["from"] != row["to"]][:2]
        assume(links)
        # What the backup server does not reach it cannot take over, which leaves it more room.
        spec = spec | {"settings": spec["settings"] | {"failover": {"capacity": "report"}}}
        lost = chance.choice(links)
        left = [row for row in links if row is not lost]
        before, after = (scores(planned(spec | {"links": rows})) for rows in (links, left))
        assert after <= before
        return after < before

    tries(link_less)


def test_twice_the_vms_and_twice_the_room_are_twice_as_good() -> None:
    def every_vm_twice(spec: Spec, chance: random.Random) -> bool:
        made = planned(spec)
        in_use = spec["settings"].get("planning", {}).get("balance") == "utilisation"
        peaks = {"peak": 1, "balance": 1} if in_use else {"peak": 2, "balance": 4}
        factors = [peaks.get(aim.aim, 2) for aim in made.aims]
        # Twice the plan is a plan; there may be a better one, for what was one task can be divided.
        twice = [score * factor for score, factor in zip(scores(made), factors, strict=True)]
        assert scores(planned(twins(spec))) >= twice
        return any(twice)

    tries(every_vm_twice)


def test_two_estates_under_one_backup_server_are_planned_like_each() -> None:
    def estate_twice(spec: Spec, chance: random.Random) -> bool:
        spec = alone(spec)
        one, two = planned(spec), planned(side_by_side(spec))
        total = [AIMS[aim.aim].combine((aim.best, aim.best)) for aim in one.aims]
        assert [aim.best for aim in two.aims] == total
        return any(total)

    tries(estate_twice)


def files_of(spec: Spec) -> dict[str, bytes]:
    """Return the tables that `gip plan` writes for ``spec``."""
    with tempfile.TemporaryDirectory() as folder:
        estate, out = Path(folder, "estate"), Path(folder, "out")
        random_estates.write(spec, estate)
        run_plan(estate, out, None, 1, 0, lambda step: None)
        return {name: text for name, text in content(out).items() if name.endswith(".csv")}


def test_the_order_of_rows_changes_no_byte() -> None:
    def rows_in_another_order(spec: Spec, chance: random.Random) -> bool:
        # Findings name rows of `current` by their numbers.
        tables = {name: spec[name] for name in NAMED if name in spec and name != "current"}
        other: dict[str, Any] = {
            name: chance.sample(rows, len(rows)) for name, rows in tables.items()
        }
        assert files_of(spec | other) == files_of(spec)
        return other != tables

    tries(rows_in_another_order)


def test_other_names_in_the_same_order_change_nothing_but_the_names() -> None:
    def other_names(spec: Spec, chance: random.Random) -> bool:
        new = {name: f"é{place:03}" for place, name in enumerate(names(spec))}
        assert (planned(renamed(spec, new.__getitem__)).proxy == planned(spec).proxy).all()
        # Two of the five weeks delay a job by what its name says, and the parts of a split are
        # named after networks and sites: so the lists may depend on all names but these.
        free = {row[key] for key in ("server", "vm") for row in spec[f"{key}s"]}
        new = {name: text if name in free else name for name, text in new.items()}
        written, before = files_of(renamed(spec, new.__getitem__)), files_of(spec)
        for name, text in new.items():
            written = {file: b.replace(text.encode(), name.encode()) for file, b in written.items()}
        assert written == before
        return any(name.encode() in text for name in free for text in before.values())

    tries(other_names)
