"""The PowerShell scripts of `gip export veeam`, judged by their syntax tree.

There is no PowerShell here, so no test runs them. What can be known without: that they parse,
what they declare, which commands they call and in which order, and that they avoid what Windows
PowerShell 5.1 trips over.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from optimizer.veeam.export import SCRIPTS

SET, UNDO = SCRIPTS
PARSER = Parser(Language(tree_sitter_powershell.language()))
SOURCE = {
    name: (resources.files("optimizer.veeam") / "scripts" / name).read_bytes() for name in SCRIPTS
}
PARAMETERS = {
    SET: {"$JobName": "[string[]]", "$ContinueOnError": "[switch]"},
    UNDO: {"$JobName": "[string[]]", "$Force": "[switch]", "$ContinueOnError": "[switch]"},
}
READ = {"Get-VBRJob", "Get-VBRJobVSSOptions", "Get-VBRServer"}
PLAIN = {
    "Set-StrictMode", "Write-Warning", "Get-Command", "Test-Path", "ConvertFrom-Json",
    "ConvertTo-Json", "Sort-Object", "ForEach-Object", "Where-Object",
}  # fmt: skip
AUTOMATIC = {
    "args", "consolefilename", "enabledexperimentalfeatures", "error", "event", "eventargs",
    "eventsubscriber", "executioncontext", "false", "foreach", "home", "host", "input",
    "iscoreclr", "islinux", "ismacos", "iswindows", "lastexitcode", "matches", "myinvocation",
    "nestedpromptlevel", "null", "pid", "profile", "psboundparameters", "pscmdlet",
    "pscommandpath", "psculture", "psdebugcontext", "psedition", "pshome", "psitem",
    "psscriptroot", "pssenderinfo", "psuiculture", "psversiontable", "pwd", "sender", "shellid",
    "stacktrace", "switch", "this", "true",
}  # fmt: skip

every_script = pytest.mark.parametrize("name", SCRIPTS)


@cache
def tree(source: bytes) -> Node:
    return PARSER.parse(source).root_node


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def text(node: Node | None) -> str:
    assert node is not None
    assert node.text is not None
    return node.text.decode()


def of(name: str, *kinds: str) -> list[Node]:
    return [node for node in walk(tree(SOURCE[name])) if node.type in kinds]


def above(node: Node) -> list[Node]:
    found = []
    while node.parent is not None:
        node = node.parent
        found.append(node)
    return found


def wrong(source: bytes) -> list[Node]:
    return [node for node in walk(tree(source)) if node.is_error or node.is_missing]


def functions(name: str) -> dict[str, Node]:
    found = of(name, "function_statement")
    return {text(next(c for c in node.children if c.type == "function_name")): node
            for node in found}  # fmt: skip


def statements(name: str) -> list[Node]:
    [body] = [node for node in tree(SOURCE[name]).children if node.type == "statement_list"]
    return body.children


def code(name: str) -> str:
    """Return a script without its comments and its own parameters."""
    source = bytearray(SOURCE[name])
    for node in (*of(name, "comment"), *of(name, "param_block")):
        source[node.start_byte : node.end_byte] = b" " * (node.end_byte - node.start_byte)
    return source.decode()


def commands(node: Node) -> list[tuple[str, Node]]:
    return [
        (text(next(c for c in each.children if c.type == "command_name")), each)
        for each in walk(node)
        if each.type == "command"
    ]


def test_they_are_part_of_what_is_installed() -> None:
    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert settings["tool"]["setuptools"]["package-data"]["optimizer.veeam"] == ["scripts/*.ps1"]


@every_script
def test_it_parses(name: str) -> None:
    assert wrong(SOURCE[name]) == []
    assert not tree(SOURCE[name]).has_error


@every_script
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"foreach ($entry in", b"foreach ($entry of"),
        (b"[void] [Veeam", b"[void [Veeam"),
        (b"$ErrorActionPreference = 'Stop'", b"$ErrorActionPreference = 'Stop"),
        (b"\n    $document\n}\n", b"\n    $document\n"),
        (b"    [switch] $ContinueOnError\n)", b"    [switch] $ContinueOnError\n"),
    ],
)
def test_a_broken_one_is_caught(name: str, old: bytes, new: bytes) -> None:
    assert SOURCE[name].count(old) >= 1
    assert wrong(SOURCE[name].replace(old, new, 1))


@every_script
def test_it_declares_what_it_takes_and_that_it_asks(name: str) -> None:
    root = tree(SOURCE[name])
    [block] = [node for node in root.children if node.type == "param_block"]
    binding, *others = [text(node) for node in walk(block.children[0]) if node.type == "attribute"]
    assert re.sub(r"\s", "", binding) == (
        "[CmdletBinding(SupportsShouldProcess,ConfirmImpact='High')]"
    )
    assert others == []
    parameters = {}
    for node in walk(block):
        if node.type == "script_parameter":
            [type_] = [text(each) for each in walk(node) if each.type == "attribute"]
            [variable] = [text(each) for each in node.children if each.type == "variable"]
            parameters[variable] = type_
    assert parameters == PARAMETERS[name]  # WhatIf and Confirm come of SupportsShouldProcess


@every_script
def test_it_is_strict_before_anything_else(name: str) -> None:
    first, second, *_ = (text(node) for node in statements(name))
    assert first == "Set-StrictMode -Version Latest"
    assert second == "$ErrorActionPreference = 'Stop'"
    assert SOURCE[name].startswith(b"#Requires -Version 5.1\n\n<#\n.SYNOPSIS\n")


@every_script
def test_it_asks_once_for_each_job_and_then_only_changes_it(name: str) -> None:
    asked = [n for n in of(name, "invokation_expression") if "ShouldProcess" in text(n)]
    [asks] = [
        node for node in asked if text(node).startswith("$PSCmdlet.ShouldProcess($step.Name,")
    ]
    assert asked == [asks]
    [sets] = [node for called, node in commands(tree(SOURCE[name])) if called == "Set-State"]
    loops = [[each for each in above(node) if each.type == "foreach_statement"]
             for node in (asks, sets)]  # fmt: skip
    assert [len(found) for found in loops] == [1, 1]
    assert loops[0] == loops[1]
    assert asks.end_byte < sets.start_byte
    refused = next(each for each in above(asks) if each.type == "if_statement")
    assert text(refused).startswith("if (-not $PSCmdlet.ShouldProcess(")
    assert "continue" in text(refused)


@every_script
def test_only_one_function_changes_a_job(name: str) -> None:
    lines = {"::Create(", "::Delete(", "SetVssOptions(", "GuestProxyAutoDetect ="}
    inside = text(functions(name)["Set-State"])
    for call in lines:
        assert inside.count(call) == 1
        assert code(name).count(call) == 1
    places = [inside.index(call) for call in ("::Create(", "SetVssOptions(", "::Delete(")]
    assert places == sorted(places)
    assert inside.rstrip("}\n ").endswith("throw 'it does not say now what was set'")


@every_script
def test_it_calls_nothing_else(name: str) -> None:
    called = {each for each, _ in commands(tree(SOURCE[name]))}
    assert called <= READ | PLAIN | functions(name).keys()
    assert READ | {"Set-State"} <= called
    assert {"Invoke-Expression", "iex", "Set-Content", "Out-File", "Get-Content"}.isdisjoint(called)
    assert of(name, "command_invokation_operator") == []
    types = {each for each in re.findall(r"\[([\w.]+)[\],\[]", code(name)) if "." in each}
    assert {each for each in types if each.startswith("Veeam.")} == {"Veeam.Backup.Core.CJobProxy"}
    assert not any("ScriptBlock" in each for each in types)


@every_script
def test_no_text_is_expanded(name: str) -> None:
    """Names are data: there is no text that variables are pasted into."""
    kinds = {node.type for node in walk(tree(SOURCE[name]))}
    assert "verbatim_string_characters" in kinds
    assert not {kind for kind in kinds if "expandable" in kind}
    assert any("expandable" in node.type for node in walk(tree(b'$x = "a $b"')))


@every_script
def test_shared_functions_are_the_same(name: str) -> None:
    shared = functions(SET).keys() & functions(UNDO).keys()
    assert shared == {
        "Read-Document", "New-State", "Format-State", "Get-GuestProxy", "Get-State", "Set-State",
        "Get-ManagedServer", "New-Result",
    }  # fmt: skip
    for function in shared:
        assert text(functions(SET)[function]) == text(functions(UNDO)[function])


def test_what_was_is_written_before_the_first_change() -> None:
    [saves] = [node for called, node in commands(tree(SOURCE[SET])) if called == "Save-Document"]
    [sets] = [node for called, node in commands(tree(SOURCE[SET])) if called == "Set-State"]
    guard = next(each for each in above(saves) if each.type == "if_statement")
    assert text(guard).startswith("if ($steps.Count -gt 0 -and -not $WhatIfPreference)")
    assert guard.end_byte < sets.start_byte
    kept, added = (text(guard).index(each) for each in ("$entries.Add($old)", "$entries.Add($new)"))
    assert kept < added
    saved = text(functions(SET)["Save-Document"])
    assert saved.index("WriteAllText($scratch") < saved.index("Replace($scratch, $Path")
    assert "[NullString]::Value" in saved
    assert "Save-Document" not in functions(UNDO)


@every_script
def test_comparisons_that_differ_between_languages_are_left_alone(name: str) -> None:
    """-eq on texts is the language's: some characters count for nothing there."""
    for left, operator, right in re.findall(r"(\S+) (-c?i?(?:eq|ne)) (\S+)", code(name)):
        number = re.fullmatch(r"\d+\)?", right) is not None
        ids = "Format-State" in left + right or "Id" in left + right or right.startswith("'EGuest'")
        state = operator in ("-ceq", "-cne")
        assert left.endswith("$null") or number or (ids or state), (left, operator, right)
        assert not right.startswith("$null"), "null stands on the left"
    assert "-match" not in code(name)
    assert "-like" not in code(name)
    assert "OrdinalIgnoreCase" in code(name)


@every_script
def test_what_is_counted_is_a_list(name: str) -> None:
    """A lone value has no Count in strict mode, and a pipeline may give one."""
    for variable in set(re.findall(r"\$(\w+)\.Count\b", code(name))):
        begins = re.findall(rf"\${variable} = (\S+)", code(name))
        typed = re.search(rf"\[(?:object|string)\[\]\] \${variable}\b", code(name))
        assert typed or begins, variable
        for begin in begins:
            assert begin.startswith("@(") or "::new(" in begin, (variable, begin)


@every_script
def test_no_variable_is_the_shells_own_nor_a_parameter(name: str) -> None:
    assigned = {
        each.lower()
        for each in re.findall(r"\$(\w+)(?:, \$\w+)* (?:\+)?= ", code(name))
        + re.findall(r"foreach \(\$(\w+) in", code(name))
        + re.findall(r", \$(\w+) = ", code(name))
    }
    assert {"steps", "failed"} <= assigned
    assert not assigned & AUTOMATIC
    declared = {each[1:].lower() for each in PARAMETERS[name]}
    assert not assigned & declared
    in_functions = {
        each.lower()
        for node in functions(name).values()
        for each in re.findall(r"\] \$(\w+)[,)]", text(node))
    }
    assert not in_functions & AUTOMATIC


@every_script
def test_json_is_written_and_read_as_both_versions_can(name: str) -> None:
    read = text(functions(name)["Read-Document"])
    assert "[System.Text.Encoding]::UTF8" in read
    assert "'DateKind'" in read
    for called, node in commands(tree(SOURCE[name])):
        if called == "ConvertTo-Json":
            assert text(node) == "ConvertTo-Json -InputObject $Document -Depth 10"
        if called == "Test-Path":
            assert "-LiteralPath" in text(node)
    for found in re.findall(r"-Id (\S+)", code(name)):
        assert found.startswith(("@(", "$ids", "$afterIds")), found


@every_script
def test_its_help_is_loud(name: str) -> None:
    help_ = next(text(n) for n in of(name, "comment") if text(n).startswith("<#"))
    for word in (
        ".SYNOPSIS", ".DESCRIPTION", ".EXAMPLE", ".OUTPUTS", "UNSUPPORTED:", "NEVER RUN:",
        "no supported cmdlet", "[Veeam.Backup.Core.CJobProxy]::Create and ::Delete",
        "SetVssOptions", "configuration backup", "-WhatIf", "one job",
    ):  # fmt: skip
        assert word in " ".join(help_.split()), word
    for parameter in PARAMETERS[name]:
        assert f".PARAMETER {parameter[1:]}\n" in help_
    warnings = [text(node) for called, node in commands(tree(SOURCE[name]))
                if called == "Write-Warning"]  # fmt: skip
    assert "UNSUPPORTED" in warnings[0]
    assert "configuration backup" in warnings[1]


@every_script
def test_it_is_plain_ascii_with_short_lines(name: str) -> None:
    assert SOURCE[name].isascii()
    assert b"\r" not in SOURCE[name]
    assert b"\t" not in SOURCE[name]
    assert max(map(len, SOURCE[name].splitlines())) <= 100
