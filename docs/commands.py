"""A page per command, from its own help."""

from __future__ import annotations

from collections.abc import Iterator

import click

from optimizer.cli.main import gip

WIDTH = 80


def pages() -> dict[str, str]:
    """Return each command's page by its file name, a group's before those of its commands."""
    context = click.Context(gip, info_name="gip", **gip.context_settings)
    return {_file(each): _page(each) for each in walked(context)}


def walked(context: click.Context) -> Iterator[click.Context]:
    """Yield the context of a command and of all below it."""
    context.terminal_width = WIDTH
    yield context
    for below in _below(context):
        yield from walked(below)


def _below(context: click.Context) -> list[click.Context]:
    group = context.command
    if not isinstance(group, click.Group):
        return []
    return [
        click.Context(command, parent=context, info_name=name)
        for name, command in group.commands.items()
    ]


def _file(context: click.Context) -> str:
    return f"commands/{context.command_path.replace(' ', '-')}.md"


def _page(context: click.Context) -> str:
    lines = [f"# {context.command_path}", "", context.command.get_short_help_str(WIDTH), ""]
    lines += ["```text", context.get_help(), "```", ""]
    links = [_link(each) for each in _below(context)]
    if context.parent is not None:
        links.append(_link(context.parent))
    return "\n".join([*lines, *(f"* {link}" for link in links), ""])


def _link(context: click.Context) -> str:
    return f"[{context.command_path}]({_file(context).removeprefix('commands/')})"
