"""What a person sees of the lists to select in jobs, within 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from optimizer.lists.selection import JobLists
from optimizer.simulation.results import Agreement

SHOWN = 10


def print_job_lists(console: Console, lists: JobLists) -> None:
    """Print how near the lists come to the plan, and the jobs that no list suits, worst first."""
    if lists.splits:
        console.print(_to_split(lists))
        if len(lists.splits) > SHOWN:
            console.print(f"... {len(lists.splits) - SHOWN} more")
        console.print("job_splits.csv has the jobs to make of them")
    if lists.agreement.planned_runs:
        said = f"with the lists of job_proxies.csv, {followed(lists.agreement)}"
        console.print(said, soft_wrap=True)


def _to_split(lists: JobLists) -> Table:
    title = "Jobs whose VMs pull in different directions"
    table = Table(title=title, title_justify="left")
    table.add_column("job", overflow="fold")
    for name in ("planned runs", "in their tier", "split into"):
        table.add_column(name, justify="right")
    rows = lists.by_job[lists.by_job["job"].isin(lists.splits.keys())]
    outside = (rows["planned_runs"] - rows["in_planned_tier"]).sort_values(ascending=False)
    for name, runs, _, in_tier in rows.loc[outside.index[:SHOWN]].astype(str).to_numpy().tolist():
        table.add_row(name, runs, in_tier, str(len(lists.splits[name])))
    return table


def followed(agreement: Agreement) -> str:
    """Say how many runs are where the plan wants them."""
    planned, tier = agreement.planned_runs, agreement.in_planned_tier
    on_server = agreement.on_planned_server
    return (
        f"of {planned} planned runs {on_server} ({share(on_server, planned)}) are on their server, "
        f"{tier} ({share(tier, planned)}) in their tier"
    )


def share(part: int, whole: int) -> str:
    """Return ``part`` of ``whole`` in percent, "-" of nothing."""
    return f"{part / whole:.1%}" if whole else "-"
