"""What the commands that make or look at an estate print with ``--json``, as types."""

from __future__ import annotations

from typing import TypedDict

from models.diagnostics import Finding
from optimizer.output.plan_documents import Names


class ReadinessDocument(TypedDict):
    """What stands in the way of a plan, and VMs that would have no proxy, by the reason."""

    blocking: Names
    vms: int
    unknown_os: int
    unknown_networks: int
    unreached: int
    linked: bool
    can_plan: bool
    unserved: int


class EstateCheck(TypedDict):
    """An estate that can be read: rows by table, None where there is no table."""

    name: str
    rows: dict[str, int | None]
    findings: list[Finding]
    readiness: ReadinessDocument


class PlanCheck(TypedDict):
    """What is wrong with a plan, and the values of its aims, worked out again."""

    violations: Names
    values: dict[str, int]


class MergeCountsDocument(TypedDict):
    """Rows of a table that an import added, changed or kept."""

    added: int
    changed: int
    kept: int


class Missing(TypedDict):
    """A gap that a plan would have; ``row`` is empty where the whole column lacks."""

    file: str
    row: str
    column: str
    why: str


class Imported(TypedDict):
    """What an import did, and what a plan would still lack."""

    readiness: ReadinessDocument
    tables: dict[str, MergeCountsDocument]
    findings: list[Finding]
    missing: list[Missing]


class Written(TypedDict):
    """The files that were written."""

    written: Names


class Generated(TypedDict):
    """A synthetic estate: its folder, and rows by table."""

    written: str
    rows: dict[str, int]


class LeftOut(TypedDict):
    """What an anonymised estate does not have: columns, settings and files."""

    columns: Names
    settings: Names
    files: Names


class AnonymisedDocument(TypedDict):
    """The files of an anonymised estate, and how many names of each kind were replaced."""

    files: Names
    replaced: dict[str, int]
    left_out: LeftOut


class ColumnDocument(TypedDict):
    """A column of a table; ``default`` None: the cell must not be empty."""

    column: str
    meaning: str
    kind: str
    choices: Names
    required: bool
    default: str | None
    example: str


class TableDocument(TypedDict):
    """A table of an estate."""

    table: str
    meaning: str
    required: bool
    key: Names
    columns: list[ColumnDocument]


class Tables(TypedDict):
    """The tables of an estate."""

    tables: list[TableDocument]


class Problem(TypedDict):
    """One thing wrong in the input: where it stands, what it says, why not, what to do."""

    file: str
    line: int | None
    column: str | None
    value: str | None
    reason: str
    remedy: str


class ErrorDocument(TypedDict):
    """Why a command failed, as text and, where the input is wrong, problem by problem."""

    error: str
    exit_code: int
    problems: list[Problem]
