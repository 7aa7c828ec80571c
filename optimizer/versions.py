"""The versions in which machines that plan together have to agree."""

from __future__ import annotations

from importlib.metadata import version

from optimizer.outputs.plan_files import tools

ENGINE = ("dask", "distributed", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of what makes a plan, and of the engine."""
    return tools() | {name: version(name) for name in ENGINE}


def disagreement(theirs: dict[str, str]) -> str | None:
    """Return in what a worker differs and what to do, None where it does not."""
    other = [
        f"{name} {theirs.get(name)} (here {ours})"
        for name, ours in versions().items()
        if theirs.get(name) != ours
    ]
    return f"has {', '.join(other)}; install the same versions there" if other else None
