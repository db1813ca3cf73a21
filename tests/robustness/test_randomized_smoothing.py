from dataclasses import replace
from math import inf

import numpy as np
import pytest
import torch
from linear_reader import LinearReader, N, levels
from scipy.stats import binomtest

from fhr.errors import FHRError, SignalError
from fhr.robustness import smoothed_verdicts
from fhr.robustness.randomized_smoothing import slow_errors

READER = LinearReader()
MARGINS = np.array([-2.0, 0.3, 1.0])  # bpm, of the score
TRACES = levels(*(140 + MARGINS / (1 - READER.networks[0].fhr[50:70].sum().item())))
MEASURED = (TRACES.measured[0] > 0).numpy()


def exact(period: float) -> np.ndarray:
    """Least RMS, bpm, of an error of the space that changes the verdict of a linear score, smoothed or not."""
    w = READER.networks[0].fhr.numpy()[MEASURED]
    if period:
        w = slow_errors(MEASURED, 1.0, period).T @ w
    return np.abs(MARGINS) / np.linalg.norm(w) / np.sqrt(MEASURED.sum())


@pytest.mark.parametrize(("period", "sigma"), [(0.0, 5.0), (60.0, 2.0), (inf, 1.0)])
def test_no_more_is_certified_of_a_linear_score_than_holds_and_most_of_that(period, sigma):
    found = smoothed_verdicts(READER, TRACES, sigma=sigma, period=period, looks=4000)
    far = exact(period)
    np.testing.assert_array_equal(found.at_risk[~found.abstains], (MARGINS >= 0)[~found.abstains])
    assert (found.sizes <= far).all()
    told = (found.share < 0.995) & ~found.abstains  # beyond it more looks would tell more
    assert told.any()
    assert (found.sizes[told] >= 0.8 * far[told]).all()
    assert found.certificate.threat == ("slow_error_rms" if period else "error_rms")


def test_bound_is_that_of_clopper_and_pearson():
    found = smoothed_verdicts(READER, TRACES, sigma=20.0, looks=300, alpha=0.01)
    for share, least in zip(found.share, found.least, strict=True):
        interval = binomtest(round(300 * share), 300).proportion_ci(0.99, "exact")
        assert least == pytest.approx(interval.low, abs=1e-9)
    assert found.abstains.tolist() == (found.least <= 0.5).tolist()
    assert found.abstains.any()


def test_a_window_is_told_the_same_beside_others_and_anew():
    together = smoothed_verdicts(READER, TRACES, sigma=8.0, looks=70)
    alone = smoothed_verdicts(READER, TRACES[[2]], sigma=8.0, looks=70)
    assert alone.sizes[0] == together.sizes[2]
    assert alone.share[0] != smoothed_verdicts(READER, TRACES[[2]], sigma=8.0, looks=70, seed=1).share[0]


def test_errors_lie_on_measured_samples_with_their_rms_and_are_slow():
    seen = []

    class Recorded(LinearReader):
        def scores(self, traces):
            seen.append(traces.fhr - 140)
            return super().scores(traces)

    for period in (0.0, 40.0, inf):
        smoothed_verdicts(Recorded(), levels(140.0), sigma=3.0, period=period, looks=640)
        error = torch.cat(seen)
        seen.clear()
        assert torch.isnan(error[:, ~MEASURED]).all()
        known = error[:, MEASURED].double()
        assert known.square().mean().sqrt().item() == pytest.approx(3, rel=0.1)
        basis = slow_errors(MEASURED, 1.0, period) if period else np.eye(MEASURED.sum())
        np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-9)
        np.testing.assert_allclose(known.numpy() @ basis @ basis.T, known, atol=1e-4)
    assert slow_errors(MEASURED, 1.0, 40.0).shape == (100, 7)  # half periods of 120 s up to 6, and the constant
    assert slow_errors(np.arange(N) < 3, 1.0, 1.0).shape == (3, 3)


def test_a_model_of_means_of_blocks_is_smoothed_block_by_block():
    class Blocks(LinearReader):
        def block(self, traces):
            return 4

    fine, coarse = (smoothed_verdicts(r, TRACES, sigma=5.0, looks=500) for r in (READER, Blocks()))
    assert coarse.dimensions.tolist() == [26] * 3  # of 100 samples, two blocks in part
    assert (coarse.sizes <= exact(0.0)).all()
    assert (coarse.sizes[~coarse.abstains] > 0).all()
    assert fine.dimensions.tolist() == [100] * 3


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sigma": 0.0}, "errors of 0.0 bpm RMS; give sigma as a positive number"),
        ({"sigma": inf}, "errors of inf bpm RMS"),
        ({"sigma": 1.0, "alpha": 1.0}, "alpha=1.0; give the probability"),
        ({"sigma": 1.0, "looks": 0}, "0 looks; give a whole number"),
        ({"sigma": 1.0, "period": -1.0}, "periods of at least -1.0 s; give a positive number, or 0"),
    ],
)
def test_what_cannot_be_is_refused(given, said):
    with pytest.raises(FHRError, match=said):
        smoothed_verdicts(READER, TRACES, **given)


def test_a_window_without_signal_is_refused():
    empty = replace(TRACES, measured=torch.zeros_like(TRACES.measured))
    with pytest.raises(SignalError, match=r"level \S*: nothing was measured that could err"):
        smoothed_verdicts(READER, empty, sigma=1.0)
