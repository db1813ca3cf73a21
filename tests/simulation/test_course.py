"""The known answer belongs to the recording that it is given for."""

import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.simulation import simulate_recording, simulated_labour


@pytest.mark.parametrize("index", range(6))
def test_the_labour_is_that_of_the_recording(index):
    recording, labour = simulate_recording(index, seed=9), simulated_labour(index, seed=9)
    assert labour.n == len(recording)
    np.testing.assert_equal(labour.stage2_start, recording.stage2_start)
    np.testing.assert_equal(labour.second_stage, recording.clinical.second_stage)
    near = np.abs(labour.time[:, None] - labour.peak).min(axis=1)
    # Contractions are where they are said to be, and a shift of them would be noticed.
    assert np.nanmean(recording.uc[near < 10]) > np.nanmean(recording.uc[near > 45]) + 15


def test_a_negative_number_is_named():
    with pytest.raises(FHRError, match="index=-1"):
        simulated_labour(-1)
    with pytest.raises(FHRError, match="seed=-2"):
        simulated_labour(0, seed=-2)
