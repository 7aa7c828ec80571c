"""What the files of a plan's folder hold, column by column."""

PLAN_FILES: dict[str, tuple[str, dict[str, str]]] = {
    "assignments.csv": (
        "A row per task that has a server: the best that could be if each VM had its own list.",
        {
            "job": "the job",
            "vm": "the VM",
            "proxy": "the server that does it; for other systems than Windows the backup server",
            "tier": "1 to 4; empty where it is the backup server's own work",
            "connection": "`network` or `powershell_direct`",
            "protected": "whether two independent network paths lead to the VM, one from the "
            "proxy, one from the backup server",
            "failover_proxy": "the backup server, where it can take over",
            "previous_proxy": "who does it today, from `current.csv`",
            "vm_name": "the VM's name, `name (id)` where others have it too, empty without one",
        },
    ),
    "unassigned.csv": (
        "A row per task without a server.",
        {
            "job": "the job",
            "vm": "the VM",
            "reason": "`unknown_os`, `unknown_network`, `no_candidate`, `not_reachable`, "
            "`job_proxies`, `capacity` or `failover_capacity`",
            "detail": "the same in words",
            "vm_name": "the VM's name, `name (id)` where others have it too, empty without one",
        },
    ),
    "job_proxies.csv": (
        "What to select in each job that is enabled and has Windows tasks.",
        {
            "job": "the job",
            "choice": "`list`, or `automatic` selection",
            "proxies": "servers, `;` between them; empty: automatic selection",
            "change": "`set`: select this; `keep`: leave it as `jobs.csv` says",
            "runs": "runs of its Windows tasks in the nominal week, all rows in force",
            "failed": "of these, runs that nobody serves",
            "tier1": "of these, runs in tier 1",
            "tier2": "of these, runs in tier 2",
            "tier3": "of these, runs in tier 3",
            "tier4": "of these, runs in tier 4",
            "failed_over": "of tiers 2 and 4, runs that the backup server took over",
            "overload_minutes": "task-minutes above the limit of each server while a run of the "
            "job is on it; does not add up over jobs",
            "certainty": "of `failed` and the tiers: `guaranteed` whatever loads and ties are, "
            "`likely` alike in all five weeks, or `depends`",
            "note": "what a change gains a week, or that no server of the VMs' site is offered",
        },
    ),
    "job_before.csv": (
        "What the same jobs name today, as `jobs.csv` says.",
        {"job": "the job", "proxies": "servers, `;` between them; empty: automatic selection"},
    ),
    "job_splits.csv": (
        "The jobs to make of those worth splitting; every VM of such a job is in one of them.",
        {
            "job": "the job of today",
            "rank": "1 for the split that gains most",
            "part": "the number of the new job",
            "name": "what it may be called",
            "choice": "`list`, or `automatic` selection",
            "proxies": "what to select in it",
            "vm": "a VM that it takes",
            "vm_name": "that VM's name, as in `assignments.csv`",
        },
    ),
    "proxy_load.csv": (
        "A row per server and span of the week in which nothing changes.",
        {
            "server": "the server",
            "from": "as in `mon 22:00`",
            "to": "the same, not included",
            "running_tasks": "what it runs anyway",
            "planned_tasks": "what the plan adds",
            "max_tasks": "its limit; empty: none",
        },
    ),
    "findings.csv": (
        "What was assumed, and what looks like trouble.",
        {
            "severity": "`info` or `warning`",
            "code": "its kind",
            "subject": "what it is about",
            "detail": "what was found, and what it means",
        },
    ),
    "plan.json": (
        "What was planned from what, and how good it is.",
        {
            "format": "1",
            "tool": "versions of the program and of what it stands on",
            "inputs": "SHA-256 of each file read",
            "settings": "as `estate.toml` and the command line have them",
            "aims": "in order: `value` of the plan as written, `best` reached when it was the "
            "aim's turn, `bound`, `proven`, `proof` (what the bound rests on: `duals`, `search`, "
            "`unconfirmed` or `disputed`), `conditional` where an aim before is not proven, "
            "`seconds`",
            "totals": "tasks by kind, assigned, unassigned, servers used, findings, jobs to split",
            "week": "`first`, which order of aims; figures of the week as planned per VM (`plan`), "
            "`today`, `automatic`, with the `lists`, with `lists_and_splits`, and the best "
            "possible (`bound`), as `nominal`, `mean` and `worst` of five weeks or the nominal one "
            "alone; `splits` one by one; `aims` with `value`, `bound`, `proven` and `proof`",
        },
    ),
}
