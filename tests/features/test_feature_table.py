import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.features import ORDER_STATISTICS, feature_table, order_statistics
from fhr.recording import Recording


def recording(name, n, fs):
    fhr = np.random.default_rng(n).normal(140, 5, n)
    return Recording(name, fhr, np.zeros(n), fs)


def test_a_row_a_recording_in_the_order_given():
    recordings = [recording("b", 5000, 4.0), recording("a", 3600, 1.0)]
    table = feature_table(iter(recordings))
    assert list(table.index) == ["b", "a"]
    assert table.index.name == "record"
    assert tuple(table.columns) == ORDER_STATISTICS
    for r in recordings:
        np.testing.assert_array_equal(table.loc[r.name], order_statistics(r.fhr, fs=r.fs))


def test_no_recording_gives_an_empty_table():
    table = feature_table([])
    assert table.shape == (0, 21)
    assert all(dtype.kind == "f" for dtype in table.dtypes)


def test_two_recordings_of_one_name_are_refused():
    with pytest.raises(FHRError, match="two recordings are named 'a'; give each its own name"):
        feature_table([recording("a", 5000, 4.0), recording("a", 5000, 4.0)])
