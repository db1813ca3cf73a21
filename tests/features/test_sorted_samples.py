import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fhr.features.sorted_samples import median, quantiles

samples = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(1, 12)),
    elements=st.one_of(st.just(np.nan), st.integers(-4, 4).map(float), st.floats(-1e6, 1e6)),
)


@given(samples)
def test_the_numbers_of_numpy_for_each_signal_alone(x):
    found = quantiles(np.sort(x, axis=-1), (0.0, 0.25, 0.5, 0.9, 1.0))
    for row, values, middle in zip(x, found.T, median(x), strict=True):
        measured = row[~np.isnan(row)]
        if not len(measured):
            assert np.isnan([*values, middle]).all()
            continue
        expected = np.quantile(measured, [0.0, 0.25, 0.5, 0.9, 1.0])
        assert values == pytest.approx(expected, rel=1e-12, abs=1e-9)
        assert middle == np.median(measured)


def test_signals_without_time():
    assert np.isnan(quantiles(np.empty((2, 0)), (0.5,))).all()
    assert np.isnan(median(np.empty((2, 0)))).all()
