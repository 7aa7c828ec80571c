"""Mutated inputs: a result or an error that names its place, never anything else.

``GIP_MUTATIONS=10000`` tries so many per reader; bytes are changed, and cells, keys and values
become what is very long, very large, very deep, or no text.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from models.diagnostics import InputProblem
from models.errors import GipError
from models.schema import TABLES
from optimizer.inputs.estate_folder.reader import read_estate
from optimizer.inputs.estate_folder.settings_reader import KEYS, read_settings
from optimizer.inputs.importers.netbox.sources import read_saved_netbox
from optimizer.inputs.templates import SETTINGS
from optimizer.veeam.journal import resume

TINY = Path(__file__).parents[1] / "data" / "tiny"
FILES = [f"{table.name}.csv" for table in TABLES]
CONTENT = {name: (TINY / name).read_text("utf-8-sig") for name in FILES}
few = settings(max_examples=int(os.environ.get("GIP_MUTATIONS", "100")))

extremes = st.sampled_from(
    [
        "", " ", "'", "=1", "x" * 3000, "é" * 120, "9" * 25, "9" * 5000, "1" * 4301, "5." * 2000,
        "-1", "1.0", "1e999", "nan", "0x1", "²", "\u0661", "²019", "2019 R2", "00:00", "24:00",
        "\x00", "\x1b[2J", "\x9b", "\u202e", "\ufeff", "\U0001f600", "\r", '"', '""',
        ";" * 500, "a;" * 300, "mon;" * 50, "true", "backup_server", "::/0", "10.0.0.0/8",
        "10.0.0.1/" + "9" * 5000,
    ]
)  # fmt: skip
texts = extremes | st.text(max_size=8)


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw a table of an estate with some cells, names or bytes that are others."""
    name = draw(st.sampled_from(FILES))
    rows = [line.split(",") for line in CONTENT[name].splitlines()]
    for _ in range(draw(st.integers(1, 3))):
        row = draw(st.integers(0, len(rows) - 1))
        column = draw(st.integers(0, len(rows[row]) - 1))
        rows[row][column] = draw(texts)
    content = "\n".join(",".join(row) for row in rows).encode("utf-8", "surrogatepass")
    if draw(st.booleans()):
        at = draw(st.integers(0, len(content)))
        content = content[:at] + draw(st.binary(max_size=4)) + content[at + 1 :]
    return name, content


@few
@given(tables())
def test_an_estate_of_mutated_tables_is_read_or_refused(table: tuple[str, bytes]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for file in FILES:
            Path(name, file).write_text(CONTENT[file])
        Path(name, table[0]).write_bytes(table[1])
        with contextlib.suppress(GipError):
            read_estate(Path(name))


values = st.sampled_from(
    [
        "9" * 5000, "0x" + "f" * 5000, "-1", "1e999999999", "1e99999999999999999999", "nan", "inf",
        "1e-999999999", "[" * 5000, "[" * 200 + "]" * 200, "{" + "a." * 3000 + "b=1}", '"\\ud800"',
        "1979-05-27", "true", '""', '"' + "x" * 5000 + '"', "1_0", "0.5", "[]", "{}", "''",
    ]
)  # fmt: skip
keys = st.sampled_from([*KEYS, "x" * 9000, "a." * 3000 + "b", '"\\u202e"', "[planning]\nx"])


@few
@given(st.lists(st.tuples(keys, values), max_size=3), st.binary(max_size=3), st.integers(0, 2000))
def test_mutated_settings_are_read_or_refused(
    lines: list[tuple[str, str]], some: bytes, at: int
) -> None:
    text = SETTINGS.encode()
    content = "\n".join(f"{key} = {value}" for key, value in lines).encode()
    for document in (content, text[:at] + some + text[at + len(some) :]):
        problems: list[InputProblem] = []
        read_settings(document, problems)
        assert all(str(problem) for problem in problems)


BODY = json.dumps({"guestProcessing": {"guestInteractionProxies": {"automaticSelection": True}}})
JOURNAL: list[dict[str, object]] = [
    {"event": "gip apply 1", "at": "", "server": "https://a", "revision": "1.3-rev0", "plan": {}},
    {"event": "before", "at": "", "job": "j", "id": "1", "body": BODY,
     "wanted": {"automatic": False, "proxies": ["p"]}},
    {"event": "after", "at": "", "job": "j", "id": "1", "body": BODY},
]  # fmt: skip
odd: st.SearchStrategy[object] = st.sampled_from(
    [None, 1, -1.5, [], {}, "\ud800", "x" * 5000, 10**4000, True, ["\udc00"]]
)


@few
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), odd), max_size=2), st.data())
def test_a_mutated_journal_is_read_or_refused(
    changes: list[tuple[int, int, object]], data: st.DataObject
) -> None:
    lines = [line.copy() for line in JOURNAL]
    for line, key, value in changes:
        lines[line][[*lines[line]][key % len(lines[line])]] = value
    content = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    at = data.draw(st.integers(0, len(content)))
    content = content[:at] + data.draw(st.binary(max_size=2)) + content[at:]
    with tempfile.TemporaryDirectory() as name:
        Path(name, "journal").write_bytes(content)
        with contextlib.suppress(GipError):
            book = resume(Path(name, "journal"))
            try:
                assert all(entry.before.encode() for entry in book.entries.values())
            finally:
                book.close()


@few
@given(st.dictionaries(st.sampled_from(["prefix", "site", "vrf", "status", "id", "name"]),
                       odd | texts | st.dictionaries(st.just("name"), odd | texts)))  # fmt: skip
def test_mutated_listings_are_read_or_refused(item: dict[str, object]) -> None:
    from optimizer.inputs.importers.netbox.reader import read_netbox

    with tempfile.TemporaryDirectory() as name:
        Path(name, "prefixes.json").write_text(json.dumps([{"prefix": "10.0.0.0/8"} | item]))
        with contextlib.suppress(GipError):
            read_netbox([read_saved_netbox(Path(name, "prefixes.json"), None)])
