"""Writes the summary of a batch as one page that loads nothing from elsewhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from models.aims import AIMS
from models.batch_result import FIGURES_SHOWN, JOBS_SHOWN, EstateResult
from optimizer.files.reading import text_of_name
from optimizer.output.console.batch import cells, counts

PAGE, SCRIPT, STYLE = "batch_page.html", "batch_page.js", "batch_page.css"


def write_page(rows: Sequence[EstateResult], path: Path) -> None:
    """Write the page to ``path``: a sortable line per estate with its week, an aim a column."""
    script, style = _text(SCRIPT), _text(STYLE)
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(
        _text(PAGE)
    )
    text = page.render(
        rows=[(row, cells(row), {aim.aim: aim for aim in row.aims}) for row in rows],
        aims=[aim for aim in AIMS if any(aim == each.aim for row in rows for each in row.aims)],
        figures=FIGURES_SHOWN,
        jobs=JOBS_SHOWN,
        counts=counts(rows),
        whole=text_of_name,
        script=script,
        style=style,
        allowed={"script": _hash(script), "style": _hash(style)},
    )
    path.write_bytes(text.encode())


def _text(name: str) -> str:
    return (resources.files(__package__) / name).read_text("utf-8").strip()


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
