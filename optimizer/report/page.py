"""Turns a report into one HTML file that asks nobody for anything."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from models.report import Report, ServerWeek
from models.settings import MINIMISED
from optimizer.report import heat
from optimizer.report.atlas import SLICES, atlas, tasks
from optimizer.report.bars import bar
from optimizer.report.openings import openings, purposes
from optimizer.report.rows import packed
from optimizer.report.texts import Language, Texts, number, share

RUNS = ("t1", "t2", "t3", "t4", "none")
FATES = ("kept", "over", "lost", "gone")
SERVERS, MORE_SERVERS = 24, 76
PLACES, MORE_PLACES = 16, 64


def render(report: Report, lang: Language) -> bytes:
    """Return the page, in UTF-8; the same report gives the same bytes.

    Its policy allows the one style and the one script in it, by their hashes, and nothing else.
    """
    style, script = _source("style.css"), _source("page.js")
    places = sorted(filter(tasks, report.places), key=lambda place: (-tasks(place), place.name))
    texts = Texts(lang)
    page = (
        _environment()
        .get_template("page.html")
        .render(
            lang=lang,
            t=texts,
            report=report,
            style=style,
            script=script,
            policy=_policy(style, script),
            heat=_heat(report.servers),
            map=atlas(report.places, report.lines),
            places=(places[:PLACES], places[PLACES : PLACES + MORE_PLACES]),
            more_places=max(len(places) - PLACES - MORE_PLACES, 0),
            openings=openings([rule for rule in report.rules if not rule.same_network]),
            purposes=purposes(report.rules),
            inside=sum(rule.same_network for rule in report.rules),
            moves=sorted(report.moves_by_server, key=lambda move: -move[1] - move[2]),
            rows=Markup(packed(report.search)),  # noqa: S704 - base 85, no "<"
            words=texts.part("js"),
        )
    )
    return page.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("optimizer.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "number": number, "share": share, "bar": bar, "tasks": tasks,
        "SLICES": SLICES, "RUNS": RUNS, "FATES": FATES, "MINIMISED": MINIMISED,
    }  # fmt: skip
    return environment


def _source(name: str) -> Markup:
    text = files("optimizer.report").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - our own


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _heat(
    servers: Sequence[ServerWeek],
) -> dict[str, object]:
    """Return the strips to show at once, those on request, and one for all the rest."""
    ordered = heat.busiest_first(servers)
    rest = ordered[SERVERS + MORE_SERVERS :]
    return {
        "first": [heat.strip(server) for server in ordered[:SERVERS]],
        "more": [heat.strip(server) for server in ordered[SERVERS : SERVERS + MORE_SERVERS]],
        "rest": heat.together(rest) if rest else None,
        "rest_count": len(rest),
    }
