"""Reads instances of the generalised assignment problem, and what is published of them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.integer_program import Ints

BEST_KNOWN = "data.csv"


@dataclass(frozen=True, slots=True)
class AssignmentInstance:
    """Items to be assigned to one agent each, at the least cost.

    ``cost`` and ``weight`` have the shape (agents, items); ``capacity`` limits each agent's weight.
    """

    name: str
    cost: Ints
    weight: Ints
    capacity: Ints


@dataclass(frozen=True, slots=True)
class BestKnown:
    """The best bound and value that are published of an instance."""

    bound: int
    value: int


def read_instance(path: Path) -> AssignmentInstance:
    """Return the instance in a file of OR-Library's format.

    The numbers are: agents, items, costs agent by agent, weights agent by agent, capacities.
    Raises ValueError where there are more or fewer of them.
    """
    agents, items, *numbers = map(int, path.read_text(encoding="ascii").split())
    expected = 2 * agents * items + agents
    if len(numbers) != expected:
        raise ValueError(
            f"{path}: {agents} agents and {items} items take {expected} more numbers, "
            f"there are {len(numbers)}; is it an instance in OR-Library's format?"
        )
    cost, weight, capacity = np.split(np.array(numbers), [agents * items, 2 * agents * items])
    shape = (agents, items)
    return AssignmentInstance(path.name, cost.reshape(shape), weight.reshape(shape), capacity)


def read_best_known(folder: Path) -> dict[str, BestKnown]:
    """Return what the folder's `data.csv` has, by the names of the instances' files."""
    with (folder / BEST_KNOWN).open(encoding="utf-8", newline="") as file:
        return {
            Path(row["Path"]).name: BestKnown(
                int(row["Best known bound"]), int(row["Best known solution value"])
            )
            for row in csv.DictReader(file)
        }
