"""Renders a report as one HTML file that loads nothing from elsewhere."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from models.aims import MINIMISED
from models.report_data import Report, ServerWeek
from models.week_aims import MAXIMISED_WEEK_AIMS
from models.week_plan import WEEKS, WeekFigures
from optimizer.output.report import heatmap
from optimizer.output.report.firewall import openings, purposes
from optimizer.output.report.map.svg import SLICES, draw_map, tasks
from optimizer.output.report.search_index import pack_rows
from optimizer.output.report.texts import Language, Texts, number, share

LABELLED = 5.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: its name, figure, and where it lies; ``wide`` enough for a label."""

    name: str
    count: int
    start: float
    width: float

    @property
    def wide(self) -> bool:
        """Tell whether a digit fits."""
        return self.width >= LABELLED


def bar(names: Sequence[str], counts: Iterable[int], whole: int | None = None) -> list[Segment]:
    """Return the parts that are not empty, side by side; ``whole`` is the full width's figure.

    >>> [(s.name, s.start, s.width) for s in bar(["a", "b", "c"], [3, 0, 1])]
    [('a', 0.0, 75.0), ('c', 75.0, 25.0)]
    """
    figures = list(counts)
    scale = 100 / max(sum(figures) if whole is None else whole, 1)
    segments, before = [], 0
    for name, count in zip(names, figures, strict=True):
        if count:
            segments.append(Segment(name, count, round(before * scale, 2), round(count * scale, 2)))
        before += count
    return segments


RUN_FIGURES = ("failed", "tier1", "tier2", "tier3", "tier4")
STORY = (*RUN_FIGURES, "overload_minutes", "peak")
FEWER_IS_BETTER = frozenset({"failed", "overload_minutes", "peak"})
EXPORT = "gip export veeam PLAN --out CHANGES"
PLAN_AGAIN = "gip plan ESTATE --out NEXT --after PLAN"
APPLY = "gip apply PLAN --url https://SERVER:9419"
FIRST_JOBS, MOST_JOBS, MOST_SPLITS, MOST_PARTS = 10, 40, 20, 8
RUNS = ("t1", "t2", "t3", "t4", "none")
FATES = ("kept", "over", "lost", "gone")
SERVERS, MORE_SERVERS = 24, 76
PLACES, MORE_PLACES = 16, 64


def runs(week: WeekFigures) -> tuple[int, ...]:
    """Return the runs of a week by tier, then those that nobody serves."""
    return week.tier1, week.tier2, week.tier3, week.tier4, week.failed


def differing(before: WeekFigures, after: WeekFigures) -> list[str]:
    """Return the figures worth a sentence that differ, the weightiest first."""
    told = ("failed", "overload_minutes", "tier1")
    return [figure for figure in told if getattr(before, figure) != getattr(after, figure)]


def tone(figure: str, value: int, today: int) -> str:
    """Return how a figure compares with today's: better, worse or "".

    >>> tone("peak", 9, 12), tone("tier1", 9, 12), tone("tier2", 9, 12)
    ('better', 'worse', '')
    """
    better = today - value if figure in FEWER_IS_BETTER else value - today
    if figure not in FEWER_IS_BETTER and figure != "tier1":
        return ""
    return "better" if better > 0 else "worse" if better < 0 else ""


def weekly(amount: int) -> int | str:
    """Return the share of one week in a sum over the five.

    >>> weekly(35), weekly(7)
    (7, '1.4')
    """
    whole, rest = divmod(amount, WEEKS)
    return whole if not rest else f"{amount / WEEKS:,.1f}"


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
            weeks_differ=any(week.worst not in (None, week.nominal) for week in report.weeks),
            heat=_heat(report.servers),
            map=draw_map(report.places, report.lines),
            places=(places[:PLACES], places[PLACES : PLACES + MORE_PLACES]),
            more_places=max(len(places) - PLACES - MORE_PLACES, 0),
            openings=openings([rule for rule in report.rules if not rule.same_network]),
            purposes=purposes(report.rules),
            inside=sum(rule.same_network for rule in report.rules),
            moves=sorted(report.moves_by_server, key=lambda move: -move[1] - move[2]),
            rows=Markup(pack_rows(report.search)),  # noqa: S704 - base 85, no "<"
            words=texts.part("js"),
        )
    )
    return page.encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("optimizer.output.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "number": number, "share": share, "bar": bar, "tasks": tasks, "runs": runs, "tone": tone,
        "differing": differing, "weekly": weekly, "MOST": MAXIMISED_WEEK_AIMS, "SLICES": SLICES,
        "RUNS": RUNS, "RUN_FIGURES": RUN_FIGURES, "STORY": STORY, "FATES": FATES,
        "MINIMISED": MINIMISED, "FIRST_JOBS": FIRST_JOBS, "MOST_JOBS": MOST_JOBS,
        "MOST_SPLITS": MOST_SPLITS, "MOST_PARTS": MOST_PARTS, "EXPORT": EXPORT, "APPLY": APPLY,
        "PLAN_AGAIN": PLAN_AGAIN,
    }  # fmt: skip
    return environment


def _source(name: str) -> Markup:
    text = files("optimizer.output.report").joinpath("templates", name).read_text(encoding="utf-8")
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
    ordered = heatmap.busiest_first(servers)
    rest = ordered[SERVERS + MORE_SERVERS :]
    return {
        "first": [heatmap.strip(server) for server in ordered[:SERVERS]],
        "more": [heatmap.strip(server) for server in ordered[SERVERS : SERVERS + MORE_SERVERS]],
        "rest": heatmap.combined_strip(rest) if rest else None,
        "rest_count": len(rest),
    }
