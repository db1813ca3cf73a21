import numpy as np
import pytest

from fhr.errors import FHRError
from fhr.features import dfa
from fhr.processes import fbm, fgn

SCALES = (16, 23, 32, 45, 64, 91, 128)


@pytest.mark.parametrize("hurst", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("gaps", [False, True])
def test_fractional_noise_has_alpha_h(hurst, gaps, with_gaps):
    x = fgn(2**14, hurst, size=8, seed=1)
    found = dfa(with_gaps(x) if gaps else x, scales=SCALES)
    assert found.mean() == pytest.approx(hurst, abs=0.04)


@pytest.mark.parametrize("gaps", [False, True])
def test_fractional_motion_has_alpha_one_more(gaps, with_gaps):
    x = fbm(2**14, 0.4, size=8, seed=2)
    found = dfa(with_gaps(x) if gaps else x, scales=SCALES)
    assert found.mean() == pytest.approx(1.4, abs=0.06)


def test_agrees_with_antropy():
    antropy = pytest.importorskip("antropy")
    for x in (*fgn(4000, 0.7, size=3, seed=3), fbm(4000, 0.5, seed=4)):
        sizes = np.unique(np.floor(4 * 1.2 ** np.arange(26)).astype(int))  # 4 to a tenth of the signal
        assert dfa(x, scales=sizes[sizes <= 400]) == pytest.approx(antropy.detrended_fluctuation(x), abs=1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_a_polynomial_of_the_sum_is_taken_away(order):
    rng = np.random.default_rng(5)
    noise, time = rng.normal(size=2000), np.linspace(-1, 1, 2000)
    trend = np.polyval(rng.normal(size=order), time)  # its sum is one order higher
    scales = (8, 16, 32, 64)
    assert dfa(noise + 100 * trend, scales=scales, order=order) == pytest.approx(dfa(noise, scales=scales, order=order))


def test_boxes_of_runs_are_those_of_brute_force():
    x = fgn(900, 0.6, seed=6)
    x[[100, 101, 333]], x[500:540] = np.nan, np.nan
    runs = [x[:100], x[102:333], x[334:500], x[540:]]
    log_f = []
    for n in (8, 16, 32):
        boxes = [np.cumsum(run)[k : k + n] for run in runs for k in range(0, len(run) - n + 1, n)]
        time = np.arange(n)
        log_f.append(np.log(np.mean([(b - np.polyval(np.polyfit(time, b, 1), time)) ** 2 for b in boxes])) / 2)
    assert dfa(x, scales=(32, 8, 16)) == pytest.approx(np.polyfit(np.log([8, 16, 32]), log_f, 1)[0], abs=1e-9)


def test_each_scale_needs_its_boxes():
    x = fgn(400, 0.6, seed=7)
    assert np.isfinite(dfa(x, scales=(10, 50, 100)))
    x[250] = np.nan  # 250 and 149 samples: three boxes of 100
    assert np.isnan(dfa(x, scales=(10, 50, 100)))
    assert np.isfinite(dfa(x, scales=(10, 50, 100), min_boxes=3))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"scales": (8,)}, r"scales=\(8,\); a slope needs two or more"),
        ({"scales": (3, 9), "order": 2}, "scale 3 with order 2; a scale must be at least order \\+ 2 = 4"),
        ({"scales": (4.5, 9)}, "scale=4.5; give a whole number"),
        ({"scales": (4, 9), "order": 0}, "order=0; give a whole number of at least 1"),
        ({"scales": (4, 9), "min_boxes": 0}, "min_boxes=0"),
    ],
)
def test_errors(options, text):
    with pytest.raises(FHRError, match=text):
        dfa(np.ones(99), **options)
