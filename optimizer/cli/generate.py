"""``gip generate``: a synthetic estate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from optimizer.cli.options import reporting


@click.command(short_help="Write a synthetic estate.")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--vms", type=click.IntRange(min=1), required=True, help="Number of VMs.")
@click.option("--sites", type=click.IntRange(min=1), help="Number of sites.")
@click.option(
    "--topology", type=click.Path(path_type=Path), metavar="FILE.graphml",
    help="Sites are its nodes, links its edges; sites.csv has their coordinates, for reports.",
)  # fmt: skip
@click.option(
    "--shape", type=click.Choice(["hub", "ring", "mesh"]), default="hub", show_default=True,
    help="How sites are linked without a topology.",
)  # fmt: skip
@click.option("--servers", type=click.IntRange(min=1), help="Number of proxies.")
@click.option("--windows", type=click.IntRange(1, 99), default=5, show_default=True,
              help="Number of overlapping job windows.")  # fmt: skip
@click.option("--tightness", type=click.FloatRange(min=0, min_open=True), default=0.7,
              show_default=True,
              help="Peak demand per capacity; above 1, tier 1 cannot serve all.")  # fmt: skip
@click.option("--likeness", type=click.FloatRange(0, 1), default=1.0, show_default=True,
              help="Share of VMs that look like others.")  # fmt: skip
@click.option(
    "--batches", type=click.Path(path_type=Path), metavar="FILE",
    help="VM requests in tenant batches (b,b,|,g,|): VMs come in groups of these sizes.",
)  # fmt: skip
@click.option("--failover", type=click.Choice(["report", "enforce"]), default="report",
              show_default=True)  # fmt: skip
@click.option("--current/--no-current", default=True, show_default=True,
              help="Write today's assignment.")  # fmt: skip
@click.option("--addresses", is_flag=True, help="Give VMs IP addresses, not network names.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@reporting
def generate(out: Path, quiet: bool, as_json: bool, **options: Any) -> None:
    """Write a synthetic estate into OUT, the same one for the same options.

    \b
    Example:
      gip generate big --vms 100000 --topology Sinet.graphml --seed 7
    """
    from optimizer.inputs.synthetic import generate as write
    from optimizer.inputs.synthetic.options import Options
    from optimizer.output.console.plain import print_json, say

    rows = write(out, Options(**options))
    if as_json:
        print_json({"written": str(out), "rows": rows})
    elif not quiet:
        say(f"wrote {options['vms']} VMs to {out}")
