"""Band of cumulants by scale: what it was fitted to lies inside, what is another process does not."""

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.features import scale_cumulants
from fhr.processes import fbm
from fhr.synthesis import ScaleBand


@pytest.fixture(scope="module")
def walks() -> np.ndarray:
    return 140 + 0.5 * fbm(14400, 0.6, size=40, seed=1)


@pytest.fixture(scope="module")
def band(walks) -> ScaleBand:
    return ScaleBand.fit(walks[:20])


def test_records_of_one_process_are_inside_and_near_to_each_other(walks, band):
    curves = scale_cumulants(walks)
    for flags in (band.inside(curves[20:]), band.near(curves[20:30], curves[30:])):
        assert flags.shape[1:] == (3, 7)
        # Of one process another record is another hour: differences within the band in 95%.
        assert flags.mean() > 0.85
    np.testing.assert_array_less(band.low, band.high)
    assert band.inside(curves[:20]).mean() == pytest.approx(0.9, abs=0.03)  # 18 of 20 between the quantiles
    assert (band.n_records == 20).all()


def test_the_width_is_that_of_another_hour(walks, band):
    curves = scale_cumulants(walks)
    spread = np.quantile(np.abs(curves[:20] - curves[20:]), 0.95, axis=0)
    assert np.median(band.within / spread) == pytest.approx(1, abs=0.25)


def test_another_process_is_outside_and_far(walks, band):
    own, other = scale_cumulants(walks[:10]), scale_cumulants(140 + 2 * fbm(14400, 0.6, size=10, seed=2))
    assert not band.inside(other)[:, 0].any()
    assert not band.near(other, own)[:, 0].any()
    assert band.near(other, own)[:, 1].mean() > 0.8  # the same but for the gain
    assert band.near(own, own).all()


def test_what_is_missing_is_neither_inside_nor_near(band):
    nothing = np.full((2, 3, 7), np.nan)
    assert not band.inside(nothing).any()
    assert not band.near(nothing, nothing).any()


def test_bad_input_is_refused(walks, band):
    for level in (0.0, 1.0, np.nan):
        with pytest.raises(FHRError, match="above 0 and below 1"):
            ScaleBand.fit(walks, level=level)
    for minutes in (0.0, 60.0, np.nan, np.inf):
        with pytest.raises(FHRError, match="give shorter ones"):
            ScaleBand.fit(walks, minutes=minutes)
    with pytest.raises(FHRError, match="19 of 19 records have leaders at scale 3"):
        ScaleBand.fit(walks[:19])
    lost = walks[:20].copy()
    lost[:5, 3000:] = np.nan
    with pytest.raises(FHRError, match="15 of 20 records have leaders at scale 7"):
        ScaleBand.fit(lost)
    with pytest.raises(FHRError, match=r"give \(n, time\)"):
        ScaleBand.fit(walks[0])
    with pytest.raises(SignalError, match="multiple of the 4 Hz"):
        ScaleBand.fit(walks, fs=1.0)
    with pytest.raises(FHRError, match=r"give \(\.\.\., 3, 7\)"):
        band.inside(np.zeros((2, 3, 6)))
