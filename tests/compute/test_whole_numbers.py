import numpy as np
import pytest
import torch

from fhr.compute import whole_number
from fhr.errors import FHRError


@pytest.mark.parametrize("value", [3, np.int16(3), np.array(3), torch.tensor(3)])
def test_whole_numbers_of_any_kind(value):
    assert whole_number(value, "n", 3) == 3


@pytest.mark.parametrize("value", [2, -1, 3.0, np.float64(3), True, None, "3", np.array([3, 4])])
def test_others_are_refused(value):
    with pytest.raises(FHRError, match=r"n=.*at least 3"):
        whole_number(value, "n", 3)
