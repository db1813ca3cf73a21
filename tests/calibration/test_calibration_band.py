"""The band of a calibration curve covers the true curve; kernel and loop draw the same curves."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from fhr.calibration import Beta, Calibrator, RidgePlatt, VennAbers
from fhr.calibration.calibration_band import CalibrationBand
from fhr.errors import FHRError

AT = norm.ppf([0.01, 0.25, 0.75, 0.99])


def births(n: int, seed: int, intercept: float = -3.0, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    scores = generator.normal(size=n)
    return scores, (generator.random(n) < expit(intercept + slope * scores)).astype(int)


@pytest.mark.statistics
@pytest.mark.parametrize(("intercept", "slope"), [(-3.0, 1.0), (-1.5, 0.5)])  # 7% and 20% have the label
def test_the_true_curve_is_covered_at_every_score(intercept, slope):
    held = np.zeros(len(AT))
    for seed in range(30):
        scores, labels = births(442, seed, intercept, slope)
        calibrator = RidgePlatt().fit(scores, labels)
        below, above = CalibrationBand(calibrator, scores, labels, n_resamples=100).reach(AT[None])
        odds = logit(calibrator.predict(AT))
        truth = intercept + slope * AT
        held += (odds - below <= truth) & (truth <= odds + above)
    assert (held >= 24).all(), held  # a binomial of 30 at 95% is below with p = 0.0006
    assert np.mean(below + above) < 2.5


def test_the_kernel_and_the_loop_draw_the_same_curves():
    scores, labels = births(120, 1, slope=2.0)
    counts = np.random.default_rng(0).multinomial(120, np.full(120, 1 / 120), size=20)
    counts[0] = labels == 0  # one class only
    calibrator = RidgePlatt(penalty=2.0).fit(scores, labels)
    fast, slow = (
        calibrator.refitted(scores, counts, counts * labels)(AT),
        Calibrator.refitted(calibrator, scores, counts, counts * labels)(AT),
    )
    np.testing.assert_allclose(fast, slow, atol=1e-6)
    assert np.isnan(fast[0]).all()


@pytest.mark.parametrize("make", [RidgePlatt, Beta, VennAbers])
def test_each_calibrator_has_the_band_of_its_own_curve(make):
    scores, labels = births(150, 2, -1.0, 1.5)
    calibrator = make().fit(scores, labels)
    band = CalibrationBand(calibrator, scores, labels, n_resamples=40)
    below, above = band.reach(AT[None])
    assert (below >= 0).all()
    assert (below + above > 0.1).all()
    np.testing.assert_array_equal(CalibrationBand(calibrator, scores, labels, n_resamples=40).reach(AT[None])[0], below)


def test_more_births_leave_less_open():
    widths = []
    for n in (100, 1600):
        scores, labels = births(n, 3, -1.0)
        widths.append(np.sum(CalibrationBand(RidgePlatt().fit(scores, labels), scores, labels).reach(AT[None]), axis=0))
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.5)


def test_too_few_births():
    scores, labels = births(100, 3, -1.0)
    with pytest.raises(FHRError, match="too few to calibrate on"):
        CalibrationBand(RidgePlatt().fit(scores, labels), scores[:10], labels[:10])
