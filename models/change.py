"""What a plan changes in a job of the product."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JobChange:
    """The servers that a job named when it was planned, and those that it shall name.

    No servers ``before`` means that the product selected them automatically. The product keeps a
    set of them: their order means nothing.
    """

    job: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Tell whether the job named just these servers already."""
        return set(self.before) == set(self.after)
