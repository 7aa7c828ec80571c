"""A solver that is stopped hands over what it has; one that does not is left behind."""

from __future__ import annotations

import threading

from optimizer.solver.deadline import interruptible


def test_what_a_stopped_solver_hands_over_is_taken() -> None:
    stopped = threading.Event()

    def work() -> str:
        stopped.wait()
        return "incumbent"

    assert interruptible(work, stopped.set, seconds=0) == "incumbent"


def test_a_solver_that_does_not_stop_is_left_behind() -> None:
    told, never = threading.Event(), threading.Event()
    assert interruptible(never.wait, told.set, seconds=0) is None
    assert told.is_set()
    never.set()


def test_no_solver_is_stopped_before_its_time() -> None:
    told = threading.Event()
    assert interruptible(lambda: "done", told.set, float("inf")) == "done"
    assert not told.is_set()
