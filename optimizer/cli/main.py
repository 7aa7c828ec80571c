"""The program ``gip``: its commands, and what becomes of errors and Ctrl-C."""

from __future__ import annotations

import gc
import os
import sys

import click

from models.errors import GipError
from optimizer.cli.anonymise import anonymise
from optimizer.cli.apply import apply
from optimizer.cli.batch import batch
from optimizer.cli.check import check
from optimizer.cli.diff import diff
from optimizer.cli.explain import explain
from optimizer.cli.export import export
from optimizer.cli.generate import generate
from optimizer.cli.importers import imports
from optimizer.cli.init import init
from optimizer.cli.place import place
from optimizer.cli.plan import plan
from optimizer.cli.report import report
from optimizer.cli.rollback import rollback
from optimizer.cli.simulate import simulate
from optimizer.cli.whatif import whatif

INTERRUPTED = 130


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
    plan, check, init, generate, imports, simulate, explain, diff, whatif, place, batch,
    report, export, apply, rollback, anonymise,
)  # fmt: skip

for command in COMMANDS:
    gip.add_command(command)


def main() -> None:
    """Run ``gip``; errors become one message and an exit code (commands.md)."""
    try:
        code = gip.main(standalone_mode=False)
    except click.exceptions.Abort:
        _leave("interrupted; nothing was written")
    except KeyboardInterrupt:
        _leave("interrupted; nothing was written")
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except GipError as error:
        click.echo(f"Error: {error}", err=True)
        code = error.exit_code
    gc.freeze()  # else Python looks through all objects once more before it ends
    sys.exit(code if isinstance(code, int) else 0)


def _leave(message: str) -> None:
    """End at once: a solver's thread may still be busy in native code and would be waited for."""
    click.echo(message, err=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(INTERRUPTED)
