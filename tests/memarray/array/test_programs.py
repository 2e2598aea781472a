"""Random programs run by NumPy and by memarray side by side."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import memarray
from tests.memarray.array.comparing import Comparison, eager_bytes
from tests.memarray.array.programs import statement

QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck))


def run_program(data: st.DataObject, length: int, *, values_each_step: bool) -> None:
    """Run statements one by one: the relations of all arrays are compared after each, their values then or at the end."""
    comparison = Comparison(messages=False)
    for _ in range(length):
        arrays = {name: value for name, value in comparison.numpy.items() if isinstance(value, np.ndarray)}
        if not comparison.run(statement(data.draw, arrays)):
            return
        comparison.check_layout()
        if values_each_step:
            comparison.check_values()
    memarray.compute(*comparison.pending())
    comparison.check_values()


@settings(QUIET, max_examples=250)
@given(st.data())
def test_small_arrays_at_once(data):
    with eager_bytes(4096):
        run_program(data, 8, values_each_step=True)


@settings(QUIET, max_examples=30)
@given(st.data())
def test_recorded(data):
    with eager_bytes(0):
        run_program(data, 6, values_each_step=False)
