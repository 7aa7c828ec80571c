"""Writes all of the documentation as Markdown: ``python -m docs.build OUT``."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from docs import commands, reference

WRITTEN = Path(__file__).parent


def build(out: Path) -> list[Path]:
    """Write every page below ``out`` and return their paths, the index first."""
    by_hand = {path.name: path.read_text("utf-8") for path in sorted(WRITTEN.glob("*.md"))}
    by_command, from_schema = commands.pages(), reference.pages()
    pages = {
        "index.md": _index({"Guides": by_hand, "Reference": from_schema, "Commands": by_command}),
        **by_hand,
        **from_schema,
        **by_command,
    }
    written = []
    for name, text in pages.items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
        written.append(path)
    return written


def _index(chapters: Mapping[str, Mapping[str, str]]) -> str:
    lines = ["# gip-planner", ""]
    for chapter, pages in chapters.items():
        lines += [f"## {chapter}", ""]
        lines += [f"* [{_title(text)}]({name})" for name, text in pages.items()]
        lines.append("")
    return "\n".join(lines)


def _title(page: str) -> str:
    return page.partition("\n")[0].removeprefix("# ")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m docs.build OUT")
    print(f"{len(build(Path(sys.argv[1])))} pages in {sys.argv[1]}")
