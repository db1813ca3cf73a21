import pytest

from fhr.calibration import Thresholds
from fhr.errors import FHRError


def test_plain_types_and_back():
    thresholds = Thresholds(fhr=0.3, mhr=0.7)
    assert Thresholds.from_dict(thresholds.to_dict()) == thresholds
    assert Thresholds.from_dict({}) == Thresholds(0.5, 0.5)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_no_probability(value):
    with pytest.raises(FHRError, match="thresholds are probabilities, 0 to 1"):
        Thresholds(fhr=value)
