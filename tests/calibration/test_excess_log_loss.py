"""What fitting a calibrator costs in log-loss, against theory: k / (2n) for k parameters by maximum likelihood."""

import numpy as np
import pytest
from scipy.special import expit, log_expit, logit
from scipy.stats import norm

from fhr.calibration import Beta, RidgePlatt

pytestmark = pytest.mark.statistics

ALMOST_NO_RIDGE = 1e-6
# Equal-mass points of the standard normal, of which the scores are drawn.
GRID = norm.ppf((np.arange(400) + 0.5) / 400)


def excess(calibrator, draws, n, intercept, slope):
    """Mean log-loss on new records above that of the true probabilities, (draws,); logistic truth, normal scores."""
    generator = np.random.default_rng(n)
    truth = intercept + slope * GRID
    p = expit(truth)
    found = []
    for _ in range(draws):
        z = generator.normal(size=n)
        y = generator.random(n) < expit(intercept + slope * z)
        fitted = logit(calibrator.fit(z, y)(GRID))
        gain = p * (log_expit(truth) - log_expit(fitted)) + (1 - p) * (log_expit(-truth) - log_expit(-fitted))
        found.append(gain.mean())
    return np.array(found)


@pytest.mark.parametrize(("kind", "k"), [(RidgePlatt, 2), (Beta, 3)])
def test_maximum_likelihood_costs_half_a_parameter_a_record(kind, k):
    n = 800
    cost = 2 * n * excess(kind(ALMOST_NO_RIDGE), draws=1000, n=n, intercept=0.0, slope=1.5)
    error = cost.std() / np.sqrt(len(cost))
    assert error < 0.1
    assert cost.mean() == pytest.approx(k, abs=4 * error)


def test_the_default_ridge_costs_no_more():
    # As one outer fold of a rare label: 330 records, one positive in eight.
    settings = {"draws": 400, "n": 330, "intercept": -2.3, "slope": 1.0}
    saved = excess(RidgePlatt(ALMOST_NO_RIDGE), **settings) - excess(RidgePlatt(), **settings)
    assert saved.mean() > -2 * saved.std() / np.sqrt(len(saved))
