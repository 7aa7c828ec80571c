"""Why a backup server refuses a request, in words that hold no secret."""

from __future__ import annotations

import html
import json
from collections.abc import Collection
from urllib.parse import quote, quote_plus

from optimizer.files.reading import parse_json

LONGEST = 300


def explain_refusal(status: int, content: bytes = b"", secrets: Collection[str] = ()) -> str:
    """Return what an answer that is no success means, what the server says, and what to do."""
    said = _said(content, secrets)
    return f"answers {status}{f', {said!r}' if said else ''}; {_remedy(status)}"


def _remedy(status: int) -> str:
    if status == 401:
        return "check VEEAM_USERNAME and VEEAM_PASSWORD"
    if status == 403:
        return "use an account that has the role Backup Administrator there"
    if 300 <= status < 400:
        return "it is a redirection: write the address that it leads to"
    if status == 400:
        return "check --revision and the account"
    if status == 429 or status >= 500:
        return "try again later"
    return "check --url and --revision"


def _said(content: bytes, secrets: Collection[str]) -> str:
    """Return the message in an answer, "" where there is none or where it repeats a secret."""
    try:
        document = parse_json(content)
    except (ValueError, RecursionError):
        return ""
    said = document.get("message") if isinstance(document, dict) else None
    if not isinstance(said, str):
        return ""
    forms = {form for secret in secrets for form in _forms(secret)}
    return "" if any(form in said for form in forms) else said[:LONGEST]


def _forms(secret: str) -> tuple[str, ...]:
    """Return a secret as it is, and as it travels in addresses, forms, JSON and HTML."""
    return (
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
    )
