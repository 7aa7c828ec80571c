"""What the files of a plan's folder hold, column by column."""

PLAN_FILES: dict[str, tuple[str, dict[str, str]]] = {
    "assignments.csv": (
        "A row per task that has a server.",
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
            "vm_name": "what people call the VM",
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
            "vm_name": "what people call the VM",
        },
    ),
    "job_proxies.csv": (
        "What to select in each job, so that the product's own choice comes closest to the plan.",
        {"job": "the job", "proxies": "servers, `;` between them"},
    ),
    "job_before.csv": (
        "What the same jobs name today, as `jobs.csv` says.",
        {"job": "the job", "proxies": "servers, `;` between them; empty: automatic selection"},
    ),
    "job_agreement.csv": (
        "How close the lists come, by the runs of a week.",
        {
            "job": "the job",
            "planned_runs": "runs that have a planned server",
            "on_planned_server": "of these, on that server",
            "in_planned_tier": "of these, in its tier",
            "parts": "jobs to make of it; 1: leave it as it is",
        },
    ),
    "job_splits.csv": (
        "The jobs to make of those whose VMs pull in different directions.",
        {
            "job": "the job of today",
            "part": "the number of the new job",
            "proxies": "what to select in it",
            "vm": "a VM that it takes",
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
            "aim's turn, `bound`, `proven`, `seconds`",
            "totals": "tasks by kind, assigned, unassigned, servers used, findings, agreement",
        },
    ),
}
