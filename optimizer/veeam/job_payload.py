"""Which guest interaction proxies a job selects: read from its body, and set in it.

A body is changed as text: whatever is not the selection stays as it is, to the byte.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from models.errors import GipError
from optimizer.veeam.api_revisions import FLAGS

GUEST, PROXIES, IDS = "guestProcessing", "guestInteractionProxies", "proxyIds"

_decode = json.JSONDecoder().raw_decode
_space = re.compile(r"[ \t\n\r]*")


class BodyError(GipError):
    """A job's body is not what the interface says: what is wrong, what to do."""


@dataclass(frozen=True, slots=True)
class ProxySelection:
    """Automatic, or the ids of the servers that are selected."""

    automatic: bool
    proxies: tuple[str, ...] = ()

    def same(self, other: ProxySelection) -> bool:
        """Return whether both select the same servers, in whatever order."""
        mine, others = ({each.lower() for each in s.proxies} for s in (self, other))
        return self.automatic == other.automatic and (self.automatic or mine == others)


def text_of(content: bytes) -> str:
    """Return a body's text; the same bytes come of it again."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BodyError("its body is not UTF-8; check --revision") from error


def parse_body(text: str) -> dict[str, Any]:
    """Return what a body says."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BodyError("its body is not JSON; check --revision") from error
    if not isinstance(body, dict):
        raise BodyError("its body is not a job; check --revision")
    return body


def read_selection(body: dict[str, Any]) -> ProxySelection | None:
    """Return what a body selects, None where the job has no guest processing."""
    guest = body.get(GUEST)
    if guest is None:
        return None
    chosen = guest.get(PROXIES) if isinstance(guest, dict) else guest
    if chosen is None:
        return ProxySelection(automatic=True)
    fits = isinstance(chosen, dict)
    ids = (chosen.get(IDS) or []) if fits else None
    flag = next((chosen[name] for name in FLAGS if name in chosen), None) if fits else None
    if not isinstance(flag, bool) or not isinstance(ids, list):
        raise BodyError(f"its {PROXIES} are none of this revision; check --revision")
    return ProxySelection(flag, () if flag else tuple(map(str, ids)))


def with_selection(text: str, wanted: ProxySelection, flag: str) -> str:
    """Return the body with ``wanted`` in it; ``flag`` is the name of the revision's flag."""
    guest = _member(text, _skip(text, 0), GUEST)
    if guest is None:
        raise BodyError("its body has no guest processing; check --revision")
    old = _member(text, guest.start, PROXIES)
    fields = {flag: wanted.automatic, IDS: list(wanted.proxies)}
    if old is None or text[old] == "null":
        if old is not None:
            return text[: old.start] + json.dumps(fields) + text[old.stop :]
        begin = guest.start + 1
        rest = "" if text[_skip(text, begin)] == "}" else ", "
        return f"{text[:begin]}{json.dumps(PROXIES)}: {json.dumps(fields)}{rest}{text[begin:]}"
    kept = {flag if key in FLAGS else key: value for key, value in json.loads(text[old]).items()}
    return text[: old.start] + json.dumps(kept | fields) + text[old.stop :]


def same_but_selection(a: dict[str, Any], b: dict[str, Any]) -> bool:
    """Return whether two bodies say the same of all else than the selection."""
    return _without(a) == _without(b)


def _without(body: dict[str, Any]) -> dict[str, Any]:
    guest = body.get(GUEST)
    if not isinstance(guest, dict):
        return body
    return body | {GUEST: {key: value for key, value in guest.items() if key != PROXIES}}


def _member(text: str, start: int, wanted: str) -> slice | None:
    """Return where the value of ``wanted`` stands in the object that begins at ``start``."""
    found = None
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, at = _decode(text, at)
        begin = _skip(text, _skip(text, at) + 1)  # behind the colon
        _, at = _decode(text, begin)
        if key == wanted:
            found = slice(begin, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return found


def _skip(text: str, at: int) -> int:
    space = _space.match(text, at)
    return space.end() if space else at
