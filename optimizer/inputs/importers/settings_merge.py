"""Adds settings to an ``estate.toml``, whose comments and order stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable, Table

from models.diagnostics import Finding, InputProblem
from models.errors import EstateError
from optimizer.files.reading import read_bytes

SETTINGS = "estate.toml"


def merge_settings(
    path: Path, keys: Mapping[str, str], replace: bool, findings: list[Finding]
) -> str | None:
    """Return the text of ``path`` with the dotted ``keys``, None where nothing changes.

    A key that is there keeps its value unless ``replace``; where it differs, a finding says so.
    Raises EstateError where ``path`` is not TOML.
    """
    document = _read(path)
    changed = False
    for key, value in keys.items():
        *sections, name = key.split(".")
        table = document
        for section in sections:
            table = table.setdefault(section, tomlkit.table())
            if not isinstance(table, (Table, InlineTable)):
                raise _refused(f"{section} is not a table")
        there = table.get(name)
        if there is None or (replace and there != value):
            table[name] = value
            changed = True
        elif there != value:
            detail = f"estate.toml says {there}, the import {value}: kept; --replace takes the new"
            findings.append(Finding("warning", "kept_setting", key, detail))
    return tomlkit.dumps(document) if changed else None


def _read(path: Path) -> tomlkit.TOMLDocument:
    if not path.exists():
        document = tomlkit.document()
        document["format"] = 1
        return document
    try:
        return tomlkit.parse(read_bytes(path).decode("utf-8-sig"))
    except (TOMLKitError, ValueError, ArithmeticError, RecursionError) as error:
        raise _refused(f"is not TOML: {error}") from error
    except OSError as error:
        raise _refused(f"cannot be read: {error.strerror or error}") from error


def _refused(reason: str) -> EstateError:
    remedy = "correct it, or compare it with the file that `gip init` writes"
    return EstateError([InputProblem(SETTINGS, None, None, None, reason, remedy)])
