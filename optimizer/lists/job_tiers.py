"""Job tiers, exact: the choice of each job that guarantees most in tiers, whatever the loads are.

Jobs do not meet here, so each is solved alone, over classes of servers instead of servers. The
backup server, where it may be listed, and every class that connects to all kinds never harm; what
is left is small enough to look at every combination, else CP-SAT decides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.assignment_problem import Counts
from models.week_aims import First
from optimizer.lists.choice_rules import AllowedChoices
from optimizer.lists.class_model import ClassProblem, search_classes
from optimizer.lists.server_classes import TIER_BITS, Mask, ServerClasses, Views, classify
from optimizer.lists.tier_outcomes import outcomes, reached

ENUMERATED = 12


def find_tier_lists(
    allowed: Sequence[AllowedChoices],
    views: Views,
    own: int,
    order: NDArray[np.integer],
    first: First,
    planned: Counts,
) -> list[Mask]:
    """Find each job's best list: most tasks served, then in the best tiers, then the largest list.

    A list is a mask of servers, none where nothing may be set. ``views`` are those of all profiles,
    ``order`` has the servers by name. ``planned``, shape (jobs, 3), counts the tasks as planned in
    tiers 1 to k: with ``limits`` first, these and no more are aimed at.
    """
    classes = classify(views & np.uint8(TIER_BITS), own, order)
    solved: dict[tuple[bytes, ...], NDArray[np.bool_]] = {}
    return [
        _best_list(of, classes, classes.of[own], goal, first, solved)
        for of, goal in zip(allowed, planned, strict=True)
    ]


def _best_list(
    allowed: AllowedChoices,
    classes: ServerClasses,
    own: int,
    planned: Counts,
    first: First,
    solved: dict[tuple[bytes, ...], NDArray[np.bool_]],
) -> Mask:
    if not allowed.may_change:
        return np.zeros_like(allowed.servers)
    count = np.bincount(allowed.of.kind, minlength=len(allowed.of.profiles)).astype(np.int64)
    views = classes.views[allowed.of.profiles]
    size = classes.sizes(allowed.servers)
    found = outcomes(views, own, (size > 0)[None])
    guaranteed, at_best = reached(found.worst, count), reached(found.best, count)
    # What all servers guarantee is the best there is where loads decide nothing.
    if not (guaranteed < at_best).any() or not allowed.may_set_list:
        return allowed.servers
    problem, of_class = _class_problem(views, size, own, count, planned, allowed.least)
    key = problem.key()
    if key not in solved:
        solved[key] = _solve(problem, first)
    return allowed.servers & solved[key][of_class][classes.of]


def _class_problem(
    views: Views, size: Counts, own: int, count: Counts, planned: Counts, least: int
) -> tuple[ClassProblem, NDArray[np.intp]]:
    """Return the job's problem, and each type's column in it, which is any where it has none."""
    kept = np.flatnonzero(size > 0)
    kept = np.append(kept[kept != own], own)
    classes = classify(views[:, kept], len(kept) - 1, np.arange(len(kept)))
    of_class = np.zeros(len(size), dtype=np.intp)
    of_class[kept] = classes.of
    sizes = np.bincount(classes.of, size[kept], len(classes)).astype(np.int64)
    return ClassProblem(classes.views, sizes, count, planned, least), of_class


def _solve(problem: ClassProblem, first: First) -> NDArray[np.bool_]:
    """Return the columns of the best list."""
    free = np.flatnonzero(~problem.harmless)
    if len(free) <= ENUMERATED:
        return _enumerate(problem, free, first)
    return search_classes(problem, free, first)


def _enumerate(problem: ClassProblem, free: NDArray[np.intp], first: First) -> NDArray[np.bool_]:
    """Look at every combination of the ``free`` columns beside the harmless ones."""
    bits = np.arange(1 << len(free))[:, None] >> np.arange(len(free)) & 1
    listed = np.tile(problem.harmless & (problem.size > 0), (len(bits), 1))
    listed[:, free] = bits > 0
    size = listed @ problem.size
    listed, size = listed[size >= problem.least], size[size >= problem.least]
    worst = outcomes(problem.views, listed.shape[1] - 1, listed).worst
    in_tier = reached(worst, problem.count)
    figures = np.column_stack([-in_tier[:, 3], *_figures(in_tier, problem, first), -size])
    return np.asarray(listed[np.lexsort(figures.T[::-1])[0]])


def _figures(in_tier: Counts, problem: ClassProblem, first: First) -> list[Counts]:
    """Return what is to be small after what fails, for each of several lists."""
    if first == "limits":
        return [np.maximum(0, problem.planned[k] - in_tier[:, k]) for k in range(3)]
    return [-in_tier[:, k] for k in range(3)]
