"""Judges plan.json: the inputs of the plan, and the record of each aim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from models.aims import MINIMISED, PROOFS
from models.estate import Estate
from models.week_plan import ListWishes
from optimizer.checker.plan_files import RECORD
from optimizer.checker.violations import Violations

FORMAT = 1


def coverage_proven(record: Mapping[str, Any]) -> bool:
    """Tell whether plan.json says that no plan covers more tasks than this one."""
    return any(
        aim.get("aim") == "coverage" and aim.get("proven") is True
        and aim.get("value") == aim.get("best")
        for aim in _aims(record)
    )  # fmt: skip


def freed_jobs(record: Mapping[str, Any]) -> list[str]:
    """Return the jobs that an earlier plan freed (`--after`), as the record says.

    The checker takes its word, since the earlier plan is not at hand.
    """
    lists = record["settings"].get("lists") if isinstance(record.get("settings"), dict) else None
    freed = lists.get("freed_after") if isinstance(lists, dict) else None
    return [job for job in freed if isinstance(job, str)] if isinstance(freed, list) else []


def wishes_of(estate: Estate, record: Mapping[str, Any]) -> ListWishes:
    """Return the wishes for lists, with the jobs that an earlier plan freed free, too."""
    wishes = estate.settings.lists
    return replace(wishes, free=wishes.free.union(freed_jobs(record)))


def judge_record(
    estate: Estate, record: Mapping[str, Any], values: Mapping[str, int], complaints: Violations
) -> None:
    """Complain where plan.json differs from the estate or from the ``values`` of the files."""
    if record.get("format") != FORMAT:
        complaints.add(
            "wrong formats", f"{RECORD}: format is {record.get('format')!r}, expected {FORMAT}"
        )
    _judge_inputs(estate.inputs, record.get("inputs"), complaints)
    aims = _aims(record)
    names = [aim.get("aim") for aim in aims]
    if names != list(values):
        complaints.add(
            "wrong lists of aims", f"{RECORD}: aims are {names}, expected {list(values)}"
        )
    proven = True
    for aim in aims:
        if aim.get("aim") in values:
            _judge_aim(estate, aim, values[aim["aim"]], not proven, complaints)
        proven = proven and aim.get("proven") is True
    _judge_settings(estate, record.get("settings"), complaints)


def judge_totals(
    record: Mapping[str, Any], expected: Mapping[str, int], complaints: Violations
) -> None:
    """Complain where the totals that plan.json gives are not those of the files."""
    for part in ("settings", "totals"):
        if not isinstance(record.get(part, {}), dict):
            complaints.add("wrong records", f"{RECORD}: {part} is {record[part]!r}, not an object")
            return
    found = record.get("totals", {})
    for name in [name for name in expected if name in found]:
        # A number that is no whole one is wrong even where it is equal.
        if type(found[name]) is not int or found[name] != expected[name]:
            complaints.add(
                "wrong totals",
                f"{RECORD}: totals: {name} is {found[name]!r}, expected {expected[name]}",
            )


def _aims(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    aims = record.get("aims")
    return [aim for aim in aims if isinstance(aim, dict)] if isinstance(aims, list) else []


def _judge_inputs(inputs: Mapping[str, str], found: Any, complaints: Violations) -> None:
    """Complain where the plan was made from other files than the estate has, by SHA-256."""
    found = found if isinstance(found, dict) else {}
    for file in sorted(inputs.keys() | found.keys()):
        if found.get(file) != inputs.get(file):
            if file not in inputs:
                made = f"from {file}, which the estate has not"
            else:
                made = f"from another {file}" if file in found else f"without {file}"
            complaints.add(
                "inputs that differ", f"{RECORD}: the plan was made {made}; run gip plan again"
            )


def _judge_settings(estate: Estate, found: Any, complaints: Violations) -> None:
    """Complain of each setting that plan.json names and the estate has otherwise."""
    settings = found if isinstance(found, dict) else {}
    for setting, value, wanted in _differing(settings, _settings_of(estate)):
        complaints.add(
            "other settings",
            f"{RECORD}: settings: {setting} is {value!r}, expected {wanted!r} as in estate.toml",
        )


def _differing(
    found: Mapping[str, Any], expected: Mapping[str, Any], section: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield each setting that was found and is not as ``expected``, with both values."""
    for key in [key for key in expected if key in found]:
        value, wanted = found[key], expected[key]
        if isinstance(wanted, dict) and isinstance(value, dict) and key != "tolerance":
            yield from _differing(value, wanted, f"{section}{key} ")
        elif value != wanted:
            yield section + key, value, wanted


def _settings_of(estate: Estate) -> dict[str, Any]:
    made, wishes = estate.settings, estate.settings.lists
    return {
        "name": made.name,
        "ruleset": made.ruleset,
        "license": {"type": made.license_type, "edition": made.license_edition},
        "connections": {"powershell_direct": made.powershell_direct},
        "failover": {
            "capacity": made.failover_capacity,
            "survive": made.failover_survive,
            "tasks": made.failover_tasks,
        },
        "planning": {
            "balance": made.balance,
            "objectives": list(made.objectives),
            "tolerance": {aim: float(share) for aim, share in made.tolerance.items()},
        },
        "lists": {
            "first": wishes.first,
            "free": "all" if wishes.all_free else sorted(wishes.free),
            "keep": sorted(wishes.keep),
            "most_changes": wishes.most_changes,
            "least_servers": wishes.least_servers,
            "cross_sites": wishes.cross_sites,
        },
    }


def _judge_aim(
    estate: Estate,
    aim: Mapping[str, Any],
    counted: int,
    conditional: bool,
    complaints: Violations,
) -> None:
    """Complain where value, best, bound and proven of one aim do not fit together.

    It is ``conditional`` where an aim before it is not proven.
    """
    name = aim["aim"]

    def complain(kind: str, sentence: str) -> None:
        complaints.add(kind, f"{RECORD}: aim {name!r} {sentence}")

    numbers = [aim.get(key) for key in ("value", "best", "bound")]
    value, best, bound = (number if type(number) is int else None for number in numbers)
    if value is None or best is None or bound is None:
        complain("aims without numbers", "lacks a whole number as value, best or bound")
        return
    if value != counted:
        complain("aims with a wrong value", f"has value {value}, expected {counted}")
    slack = estate.settings.slack(name, best)
    # With the sign turned, a minimised aim reads like a maximised one.
    sign = -1 if name in MINIMISED else 1
    least = best - sign * slack
    if sign * value < sign * least:
        complain("aims given up", f"has value {value}, expected {least} or better (best {best})")
    for key, number in (("best", best), ("value", value)):
        if sign * number > sign * bound:
            complain("aims beyond their bound", f"has {key} {number} beyond its bound {bound}")
    if aim.get("proven") is not (best == bound):
        complain(
            "aims wrongly proven or not",
            f"has proven {aim.get('proven')}, expected {best == bound} "
            f"(best {best}, bound {bound})",
        )
    if aim.get("conditional", conditional) is not conditional:
        complain(
            "aims wrongly conditional or not",
            f"has conditional {aim.get('conditional')!r}, expected {conditional}",
        )
    seconds = aim.get("seconds", 0)
    if type(seconds) not in (int, float) or not 0 <= seconds < float("inf"):
        complain("aims without their time", f"has seconds {seconds!r}, not a number of 0 or more")
    possible = [proof for proof in PROOFS if proof != "disputed" or best != bound]
    if aim.get("proof") not in possible:
        complain(
            "aims with a wrong proof",
            f"has proof {aim.get('proof')!r}, expected {' or '.join(possible)}",
        )
