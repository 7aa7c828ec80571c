"""The program ``gip``: its commands, and what becomes of errors and Ctrl-C."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from models.diagnostics import InputProblem
from models.errors import GipError
from optimizer.cli import STARTED
from optimizer.cli.anonymise import anonymise
from optimizer.cli.apply import apply
from optimizer.cli.batch import batch
from optimizer.cli.check import check
from optimizer.cli.diff import diff
from optimizer.cli.drift import drift
from optimizer.cli.explain import explain
from optimizer.cli.export import export
from optimizer.cli.generate import generate
from optimizer.cli.help_layout import lay_out
from optimizer.cli.importers import imports
from optimizer.cli.init import init
from optimizer.cli.metrics import metrics
from optimizer.cli.place import place
from optimizer.cli.plan import plan
from optimizer.cli.report import report
from optimizer.cli.rollback import rollback
from optimizer.cli.schema import schema
from optimizer.cli.simulate import simulate
from optimizer.cli.system_errors import MEMORY, explain_failure
from optimizer.cli.tables import tables
from optimizer.cli.whatif import whatif
from optimizer.output.console.failure import tell_failure
from optimizer.output.console.plain import ending_with_reader

INTERRUPTED = 130
STOPPED = "interrupted; nothing was written"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="gip-planner", prog_name="gip")
def gip() -> None:
    """Plan guest interaction proxies: which server reaches into which VM.

    \b
    Example:
      gip init my-estate
      gip plan my-estate --out out
    """


COMMANDS = (
    plan, check, init, generate, imports, simulate, explain, diff, drift, whatif, place, batch,
    report, export, apply, rollback, metrics, tables, schema, anonymise,
)  # fmt: skip

for command in COMMANDS:
    gip.add_command(command)
lay_out(gip)


def main() -> NoReturn:
    """Run ``gip`` as a process, which ends without taking its libraries down.

    Threads of theirs may still be there, and abort it then, after all is done (apache/arrow#34314).
    """
    try:
        run()
    except SystemExit as end:
        atexit._run_exitfuncs()
        _give_up_output()
        os._exit(end.code)  # type: ignore[arg-type]


def run() -> NoReturn:
    """Run ``gip``; errors become one message and an exit code (README.md)."""
    _prepare()
    try:
        code = gip.main(prog_name="gip", standalone_mode=False, obj=STARTED)
        with ending_with_reader():
            sys.stdout.flush()
    except click.exceptions.Abort:
        _leave(STOPPED, STOPPED)
    except KeyboardInterrupt:
        _leave(STOPPED, STOPPED)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        code = error.exit_code
        _tell(shown.getvalue().removesuffix("\n"), error.format_message(), code)
    except GipError as error:
        code = error.exit_code
        _tell(f"Error: {error}", str(error), code, getattr(error, "problems", ()))
    except BaseException as error:
        if (why := explain_failure(error)) is None:
            raise
        if why == MEMORY:
            _leave(f"Error: {why}", why, GipError.exit_code)
        code = GipError.exit_code
        _tell(f"Error: {why}", why, code)
    _give_up_output()
    sys.exit(code if isinstance(code, int) else 0)


def _tell(shown: str, error: str, code: int, problems: Sequence[InputProblem] = ()) -> None:
    tell_failure(sys.argv[1:], shown, error, code, problems)


def _prepare() -> None:
    """See that there is an output that takes every sign in some form, and that threads can end."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who started this
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        if isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if sys.platform == "linux":  # a thread that ends wants it, and without memory it cannot come
        with contextlib.suppress(OSError):
            ctypes.CDLL("libgcc_s.so.1")


def _give_up_output() -> None:
    """Let go of what an output does not take, or Python would try, and complain, once more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _leave(shown: str, error: str, code: int = INTERRUPTED) -> NoReturn:
    """End at once, whatever threads still do.

    A solver's may be busy in native code and would be waited for; without memory, what libraries
    do at the end fails.
    """
    _tell(shown, error, code)
    _give_up_output()
    os._exit(code)
