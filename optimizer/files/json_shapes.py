"""Compares JSON answers with the types that their fields are declared to have.

A field of another type is a damaged answer, and never one that is absent: PowerShell's
ConvertTo-Json, for one, makes texts of what lies deeper than its -Depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.diagnostics import Finding

TEXT, WHOLE, TRUTH = "a text", "a whole number", "true or false"
LONGEST = 60
DEPTH = "was it cut by ConvertTo-Json -Depth? save the answer as it is"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items all have one shape."""

    item: Shape


Shape = str | ListOf | Mapping[str, "Shape"]


def misfits(value: Any, shape: Shape, path: str = "") -> Iterator[str]:
    """Yield what in ``value`` is not of ``shape``: its path, what it is, and what it should be.

    null stands for what is absent, as do keys that are not there. Keys that are not declared are
    not looked at, but for those that differ from a declared one in capital letters only. A text may
    be a whole number.

    >>> list(misfits({"daily": {"days": "Sunday"}}, {"daily": {"days": ListOf(TEXT)}}))
    ["daily.days is a text, not a list ('Sunday')"]
    """
    if value is None:
        return
    if isinstance(shape, ListOf):
        if not isinstance(value, list):
            yield f"{path} is {_kind(value)}, not a list ({_shown(value)})"
            return
        for place, item in enumerate(value):
            if item is None:
                yield f"{path}[{place}] is null, not {_wanted(shape.item)}"
            yield from misfits(item, shape.item, f"{path}[{place}]")
    elif isinstance(shape, str):
        if not _fits(value, shape):
            yield f"{path} is {_kind(value)}, not {shape} ({_shown(value)})"
    elif not isinstance(value, dict):
        yield f"{path} is {_kind(value)}, not an object ({_shown(value)})"
    else:
        yield from _misspelt(value, shape, path)
        for key, inner in shape.items():
            yield from misfits(value.get(key), inner, f"{path}.{key}" if path else key)


def _misspelt(value: Mapping[str, Any], shape: Mapping[str, Shape], path: str) -> Iterator[str]:
    """Yield keys that would pass for absent, since they have other capital letters."""
    absent = {key.casefold(): key for key in shape if key not in value}
    if not absent:
        return
    for name in value:
        key = absent.get(name.casefold())
        if key is not None and name not in shape:
            where = f"{path}.{name}" if path else name
            yield f"{where} is called {key} in the interface's answers"


Expected = Mapping[str, "Expected"]


def absent_keys(kind: str, items: Sequence[Any], expected: Expected) -> list[Finding]:
    """Return a finding that names the keys of ``expected`` that none of ``items`` has.

    A key counts where the object that should have it is there; null is an answer. Several names of
    one key have ``|`` between them.
    """
    there: dict[str, bool] = {}
    for item in items:
        _look_for(item, expected, "", there)
    gone = [path for path, found in there.items() if not found]
    if not gone:
        return []
    detail = f"no answer has {', '.join(gone)}: taken as not set; another revision, or renamed?"
    return [Finding("info", "absent_keys", kind, detail)]


def _look_for(value: Any, expected: Expected, path: str, there: dict[str, bool]) -> None:
    if isinstance(value, list):
        for item in value:
            _look_for(item, expected, path, there)
    elif isinstance(value, dict):
        for names, inner in expected.items():
            first, *others = names.split("|")
            where = f"{path}.{first}" if path else first
            found = next((name for name in (first, *others) if name in value), None)
            there[where] = there.get(where, False) or found is not None
            if found is not None:
                _look_for(value[found], inner, where, there)


def _fits(value: Any, shape: str) -> bool:
    if shape == TRUTH:
        return isinstance(value, bool)
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole or (shape == TEXT and isinstance(value, str))


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return TRUTH
    kinds = {str: TEXT, int: "a number", float: "a number", list: "a list", dict: "an object"}
    return kinds.get(type(value), "something else")


def _wanted(shape: Shape) -> str:
    if isinstance(shape, ListOf):
        return "a list"
    return shape if isinstance(shape, str) else "an object"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
