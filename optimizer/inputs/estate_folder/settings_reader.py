"""Reads ``estate.toml``: every key checked, every default in `models.settings`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from models.aims import AIMS, LEADING
from models.diagnostics import InputProblem, did_you_mean
from models.ruleset import RULESETS
from models.schema import LARGEST
from models.settings import Settings
from models.week_aims import WEEK_AIMS
from models.week_plan import ListWishes

FILE = "estate.toml"
LARGEST_SHOWN = 10**18
_Check = Callable[[Any], str | None]


def _one_of(*choices: object) -> _Check:
    text = " or ".join(str(choice) for choice in choices)
    return lambda value: None if value in choices and not isinstance(value, bool) else text


def _kind(kind: type, text: str) -> _Check:
    return lambda value: None if type(value) is kind else text


def _tasks(value: Any) -> str | None:
    fits = type(value) is int and 0 <= value <= LARGEST
    return None if fits else f"a whole number from 0 to {LARGEST}"


def _objectives(value: Any) -> str | None:
    fits = (
        isinstance(value, list)
        and tuple(value[: len(LEADING)]) == LEADING
        and all(isinstance(aim, str) and aim in AIMS for aim in value)
        and len(set(value)) == len(value)
    )
    rest = ", ".join(aim for aim in AIMS if aim not in LEADING)
    return None if fits else f"a list of {', '.join(LEADING)}, then any of {rest}, each once"


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _free(value: Any) -> str | None:
    return None if value == "all" or _texts(value) else 'a list of jobs, or "all"'


def _jobs(value: Any) -> str | None:
    return None if _texts(value) else "a list of jobs"


def _count(least: int) -> _Check:
    text = f"a whole number from {least} to {LARGEST}"
    return lambda value: None if type(value) is int and least <= value <= LARGEST else text


def _share(value: Any) -> str | None:
    fits = isinstance(value, (int, Decimal)) and not isinstance(value, bool) and 0 <= value <= 1
    return None if fits else "a number from 0 to 1"


# key in the file: (field of Settings, what it must be)
KEYS: dict[str, tuple[str, _Check]] = {
    "format": ("", _one_of(1)),
    "name": ("name", _kind(str, "a text")),
    "ruleset": ("ruleset", _one_of(*RULESETS)),
    "license.type": ("license_type", _one_of("vul", "socket")),
    "license.edition": ("license_edition", _one_of("standard", "enterprise", "enterprise_plus")),
    "connections.powershell_direct": ("powershell_direct", _kind(bool, "true or false")),
    "failover.capacity": ("failover_capacity", _one_of("report", "enforce")),
    "failover.survive": ("failover_survive", _one_of("server", "site")),
    "failover.tasks": ("failover_tasks", _tasks),
    "planning.balance": ("balance", _one_of("tasks", "utilisation")),
    "planning.objectives": ("objectives", _objectives),
    "lists.first": ("lists.first", _one_of(*WEEK_AIMS)),
    "lists.free": ("lists.free", _free),
    "lists.keep": ("lists.keep", _jobs),
    "lists.most_changes": ("lists.most_changes", _count(0)),
    "lists.least_servers": ("lists.least_servers", _count(1)),
    "lists.cross_sites": ("lists.cross_sites", _kind(bool, "true or false")),
    **{f"planning.tolerance.{aim}": (f"tolerance.{aim}", _share) for aim in AIMS},
}
_SECTIONS = {key.rsplit(".", 1)[0] for key in KEYS if "." in key} | {"planning"}


def read_settings(content: bytes, problems: list[InputProblem]) -> Settings:
    """Read the settings in ``content``; wrong values and unknown keys go to ``problems``.

    A misspelt promise must not be dropped without a word.
    """
    try:
        text = content.decode("utf-8-sig")
        document = tomllib.loads(text, parse_float=_decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        line = re.search(r"line (\d+)", str(error))
        place = int(line[1]) if line else None
        remedy = "compare it with the file that `gip init` writes"
        problems.append(InputProblem(FILE, place, None, None, f"is not TOML: {error}", remedy))
        return Settings()
    values: dict[str, Any] = {"tolerance": {}}
    lists: dict[str, Any] = {}
    for key, value in _flatten(document):
        if key not in KEYS:
            problems.append(_unknown(text, key, value))
            continue
        name, check = KEYS[key]
        wanted = check(value)
        if wanted is not None:
            place, shown = _line_of(text, key), _written(value)
            problems.append(
                InputProblem(FILE, place, key, shown, "is not allowed", f"write {wanted}")
            )
        elif name.startswith("tolerance."):
            values["tolerance"][name.removeprefix("tolerance.")] = Decimal(value)
        elif name == "lists.free" and value == "all":
            lists["all_free"] = True
        elif name.startswith("lists."):
            wish = name.removeprefix("lists.")
            lists[wish] = frozenset(value) if isinstance(value, list) else value
        elif name:
            values[name] = tuple(value) if isinstance(value, list) else value
    return Settings(**values, lists=ListWishes(**lists))


def _unknown(text: str, key: str, value: Any) -> InputProblem:
    """Return what is wrong with a key, or a section, that is none of `KEYS`."""
    section = isinstance(value, dict)
    if key in _SECTIONS and not section:
        remedy = f"write [{key}], and its settings in the lines below"
        return InputProblem(FILE, _line_of(text, key), key, _written(value), "is a section", remedy)
    known = _SECTIONS if section else KEYS
    last = key.rpartition(".")[2]
    alike = [name for name in KEYS if name.rpartition(".")[2] == last and not section]
    hint = f"; did you mean {alike[0]!r}?" if alike else did_you_mean(key, known)
    remedy = f"remove it, or write one that `gip init` writes{hint}"
    what = "is no section of settings" if section else "is no setting"
    place = _section_line(text, key) if section else _line_of(text, key)
    return InputProblem(FILE, place, None, key, what, remedy)


def _section_line(text: str, key: str) -> int | None:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[\s*\"?{re.escape(key)}\b", line):
            return number
    return _line_of(text, key)


def _decimal(text: str) -> Decimal:
    value = Decimal(text)
    if not value.is_finite():
        raise ValueError(f"{text} is not a finite number")
    return value


def _written(value: Any) -> str:
    """Return ``value`` as TOML has it; a text goes without its quotes, but where they matter."""
    try:
        is_word = isinstance(value, str) and not re.fullmatch(r"[\d.]+|true|false", value)
        return str(value) if is_word else _toml(value)
    except RecursionError:
        return "tables in tables without end"


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {_toml(item)}' for key, item in value.items())}}}"
    if isinstance(value, int) and abs(value) > LARGEST_SHOWN:
        return "a number too large to show"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (str, bool)) else str(value)


def _flatten(table: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in table.items():
        if isinstance(value, dict) and prefix + key in _SECTIONS:
            pairs += _flatten(value, f"{prefix}{key}.")
        else:
            pairs.append((prefix + key, value))
    return pairs


def _line_of(text: str, key: str) -> int | None:
    last = re.escape(key.rsplit(".", 1)[-1])
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\"?{last}\"?\s*=", line):
            return number
    return None
