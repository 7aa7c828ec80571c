"""A listing of NetBox objects, saved or live, as it comes from its interface."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.inventory import SourceFile
from optimizer.sources.raw_table import refused

Item = Mapping[str, Any]
SAVE = "save the answer of /api/ipam/prefixes/?limit=0 as JSON"


@dataclass(frozen=True, slots=True)
class Listing:
    """Objects of one kind from one file or page; ``rest`` is where the others are, or ""."""

    source: SourceFile
    items: tuple[Item, ...]
    rest: str = ""


def parse_listing(source: SourceFile, content: bytes) -> Listing:
    """Return the objects in an answer of the interface, or in a bare list of them.

    Raises EstateError where ``content`` is something else.
    """
    try:
        answer = json.loads(content)
    except RecursionError as error:
        raise refused(source.file, "is nested too deeply", SAVE) from error
    except ValueError as error:
        raise refused(source.file, f"is not JSON: {error}", SAVE) from error
    rest = answer.get("next") if isinstance(answer, dict) else None
    items = answer.get("results") if isinstance(answer, dict) else answer
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise refused(source.file, "is not a listing of NetBox's interface", SAVE)
    return Listing(source, tuple(items), rest if isinstance(rest, str) else "")


def text(item: Any, *path: str) -> str:
    """Return the text or whole number at ``path`` in nested objects, "" where there is none.

    >>> text({"site": {"id": 7, "name": " Oslo "}}, "site", "name")
    'Oslo'
    """
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    fits = isinstance(item, (str, int)) and not isinstance(item, bool)
    return " ".join(str(item).split()) if fits else ""
