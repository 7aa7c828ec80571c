"""Reduced-cost fixing of squares, also where rounding leaves next to no weight to them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from optimizer.solver.dual_bounds import _range_near_best

slopes = st.floats(-1e5, 1e5)


@given(
    a=st.one_of(st.floats(-1e5, 1e5), st.floats(-1e-9, -1e-30)),
    b=slopes,
    low=st.integers(0, 2000),
    width=st.integers(0, 60),
    room=st.floats(0, 1e7),
)
def test_no_number_near_the_best_is_left_out(
    a: float, b: float, low: int, width: int, room: float
) -> None:
    high = low + width
    least, most = _range_near_best(
        np.array([a]), np.array([b]), np.array([low]), np.array([high]), room
    )
    value = {w: (Fraction(a) * w + Fraction(b)) * w for w in range(low, high + 1)}
    kept = [w for w in value if value[w] >= max(value.values()) - Fraction(room)]
    assert low <= least[0] <= min(kept)
    assert max(kept) <= most[0] <= high


def test_a_square_without_weight_but_for_rounding_is_as_good_as_linear() -> None:
    # Nothing is left of 1000 in a sum with 2e18: the range was from 1024 to 1000.
    least, most = _range_near_best(
        np.array([-1.11022302e-15]), np.array([5303.662]), np.array([0]), np.array([1000]), 1525.0
    )
    assert (least[0], most[0]) == (1000, 1000)
