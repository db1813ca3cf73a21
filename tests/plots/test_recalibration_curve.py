import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.plots import recalibration


def test_each_method_has_its_line_and_band():
    n, gains = [20, 50, 100], {"intercept": [-0.01, 0.0, 0.01], "ridge_platt": [np.nan, 0.01, 0.02]}
    bands = {name: (np.array(gain) - 0.01, np.array(gain) + 0.01) for name, gain in gains.items()}
    (axes,) = recalibration(n, gains, bands).axes
    zero, *lines = axes.lines
    assert list(zero.get_ydata()) == [0, 0]
    for line, gain in zip(lines, gains.values(), strict=True):
        assert line.get_ydata() == pytest.approx(gain, nan_ok=True)
    assert len(axes.collections) == 2
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["20", "50", "100"]


@pytest.mark.parametrize("n", [[50, 20], [], [[20]]])
def test_numbers_of_births_rise(n):
    with pytest.raises(FHRError, match="do not rise"):
        recalibration(n, {"a": [0]}, {"a": ([0], [0])})


def test_arrays_go_together():
    with pytest.raises(FHRError, match="a has shape"):
        recalibration([20, 50], {"a": [0]}, {"a": ([0], [0])})
    with pytest.raises(FHRError, match="0 curves in one figure"):
        recalibration([20, 50], {}, {})
