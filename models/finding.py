"""What a user should know about an estate or a plan, though it stops nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["warning", "info"]


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One row of ``findings.csv``; ``code`` is stable, ``detail`` is for people."""

    severity: Severity
    code: str
    subject: str
    detail: str
