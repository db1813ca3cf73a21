import re
import warnings
from math import inf, nan

import numpy as np
import pytest
import torch

from fhr.errors import FHRError, SignalError
from fhr.multiscale import Flag, analyze
from fhr.processes import cascade, fbm, mrw

N = 7200


@pytest.fixture(scope="module")
def walk():
    return fbm(N, 0.5, size=6, seed=1)


def gap_masks(size, seed):
    """Blocks of missing samples like those of fetal heart rate: mostly short, some long, about a fifth of the time."""
    rng, masks = np.random.default_rng(seed), np.ones((size, N), dtype=bool)
    for mask in masks:
        for start, length in zip(rng.integers(0, N, 40), rng.pareto(1.2, 40) * 12, strict=True):
            mask[start : start + int(length) + 1] = False
    return masks[masks.mean(-1) > 0.5]


# Bias at most what is named, which is the finite resolution and sampling of the process, plus two standard errors.
@pytest.mark.parametrize(
    ("signal", "c1", "c2", "bias_c1", "bias_c2", "sd_c2"),
    [
        (fbm(N, 0.3, size=100, seed=11), 0.3, 0.0, 0.055, 0.002, 0.003),
        (fbm(N, 0.5, size=100, seed=12), 0.5, 0.0, 0.025, 0.002, 0.004),
        (fbm(N, 0.8, size=100, seed=13), 0.8, 0.0, 0.012, 0.003, 0.006),
        (mrw(N, c2=-0.02, size=100, seed=14), 0.52, -0.02, 0.03, 0.002, 0.011),
        (mrw(N, c2=-0.05, size=100, seed=14), 0.55, -0.05, 0.03, 0.004, 0.018),
        (mrw(N, c2=-0.10, size=100, seed=15), 0.60, -0.10, 0.04, 0.009, 0.029),
        (np.cumsum(cascade(N, c2=-0.05, size=100, seed=16), -1), 1.025, -0.05, 0.02, 0.003, 0.023),
    ],
    ids=["fBm .3", "fBm .5", "fBm .8", "MRW -.02", "MRW -.05", "MRW -.10", "cascade"],
)
@pytest.mark.parametrize("p", [2.0, inf])
def test_log_cumulants_of_processes_that_are_known(signal, c1, c2, bias_c1, bias_c2, sd_c2, p):
    found = analyze(signal, p=p, require_regularity=False).log_cumulants
    margin = found.std(0) / 5  # two standard errors of a mean over 100
    looser = 1.0 if p == 2 else 3.0  # leaders have no correction of their variance
    assert abs(found[:, 0].mean() - c1) < bias_c1 * looser + margin[0]
    assert abs(found[:, 1].mean() - c2) < bias_c2 * looser + margin[1]
    assert found[:, 1].std() < sd_c2 * (1 if p == 2 else 1.6)
    assert abs(found[:, 2].mean()) < 0.005 + margin[2]


def test_correction_of_the_variance_removes_what_gaussian_signals_read_as_multifractal():
    signal = fbm(N, 0.3, size=100, seed=17)
    corrected, plain = (analyze(signal, correct_variance=c).log_cumulants[:, 1].mean() for c in (True, False))
    assert plain < -0.005
    assert abs(corrected) < 0.0015


@pytest.mark.parametrize("p", [1.0, 4.0, 8.0])
def test_the_correction_never_makes_it_worse(p):
    signal = fbm(N, 0.3, size=50, seed=22)
    corrected, plain = (analyze(signal, p=p, correct_variance=c).log_cumulants.mean(0) for c in (True, False))
    assert (np.abs(corrected[1:]) <= np.abs(plain[1:]) + 0.002).all()


@pytest.mark.parametrize(("scale", "dtype"), [(1e9, torch.float32), (1e-9, torch.float32), (1e80, torch.float64)])
def test_the_amplitude_does_not_leave_the_range_of_the_dtype(scale, dtype):
    signal = fbm(N, 0.5, size=4, seed=23)
    plain, scaled = analyze(signal).log_cumulants, analyze(signal * scale, dtype=dtype).log_cumulants
    np.testing.assert_allclose(scaled, plain, atol=1e-4)


def test_what_no_dtype_holds_is_said():
    result = analyze(fbm(N, 0.5, seed=24), q=[1000.0])
    assert result.flags == Flag.OVERFLOW
    assert "rescale the signal" in str(result.warning)


def test_gaps_filled_with_a_constant_are_noticed(walk):
    filled = np.where(gap_masks(6, seed=5)[0], walk[0], 0.0)
    filled[1000:5500] = 0.0
    result = analyze(filled)
    assert result.flags == Flag.FLAT
    assert np.isfinite(result.log_cumulants).all()


def test_scattered_single_gaps_raise_c1_by_what_is_documented():
    signal = fbm(N, 0.5, size=50, seed=25)
    mask = np.random.default_rng(6).random(signal.shape) > 0.28
    change = analyze(signal, mask=mask).log_cumulants.mean(0) - analyze(signal).log_cumulants.mean(0)
    assert 0 < change[0] < 0.06
    assert abs(change[1]) < 0.01


@pytest.mark.parametrize("gamma", [0.5, 1.0])
def test_the_correction_knows_of_the_integration(gamma):
    corrected = analyze(fbm(N, 0.3, size=100, seed=17), gamma=gamma).log_cumulants[:, 1].mean()
    assert abs(corrected) < 0.004


def test_gaps_do_not_bias_and_lines_across_them_do():
    signal, masks = mrw(N, c2=-0.05, size=100, seed=18), gap_masks(100, seed=1)
    signal = signal[: len(masks)]
    complete, gappy = analyze(signal).log_cumulants[:, 1], analyze(signal, mask=masks).log_cumulants[:, 1]
    t = np.arange(N)
    lines = np.array([np.interp(t, t[m], s[m]) for s, m in zip(signal, masks, strict=True)])
    naive = analyze(lines).log_cumulants[:, 1]
    assert 0.1 < 1 - masks.mean() < 0.4
    assert abs(gappy.mean() - complete.mean()) < 0.005
    assert gappy.std() < 0.022
    assert np.median(np.abs(naive + 0.05)) > 3 * np.median(np.abs(gappy + 0.05))


def test_hurst_exponent_and_spectrum_of_fractional_brownian_motion():
    result = analyze(fbm(N, 0.7, size=50, seed=19), q=[-1.0, 0.0, 1.0, 2.0])
    assert abs(result.hurst.mean() - 0.7) < 0.02
    assert abs(result.eta_p.mean() - 1.4) < 0.04
    assert 0.4 < result.h_min.mean() < 0.7
    np.testing.assert_allclose(result.zeta.mean(0), [-0.7, 0, 0.7, 1.4], atol=0.03)
    np.testing.assert_allclose(result.D[:, 1], 1)  # q = 0 weighs all alike
    np.testing.assert_allclose(result.D.mean(0), 1, atol=0.01)
    np.testing.assert_allclose(result.h.mean(0), 0.7, atol=0.03)


def test_spectrum_of_a_multifractal_walk_is_a_parabola():
    q = np.array([-1.0, 0.0, 1.0, 2.0])
    result = analyze(mrw(N, c2=-0.05, size=100, seed=20), q=q)
    np.testing.assert_allclose(result.h.mean(0), 0.55 - 0.05 * q, atol=0.05)
    np.testing.assert_allclose(result.D.mean(0), 1 - 0.05 * q**2 / 2, atol=0.03)


def test_integration_is_taken_back_out(walk):
    plain, integrated = analyze(walk, q=[1.0]), analyze(walk, q=[1.0], gamma=0.5)
    # The filters see other weights of the scales, hence not equal.
    np.testing.assert_allclose(integrated.log_cumulants[:, 0], plain.log_cumulants[:, 0], atol=0.06)
    np.testing.assert_allclose(integrated.zeta, plain.zeta, atol=0.06)
    np.testing.assert_allclose(integrated.h, plain.h, atol=0.06)
    np.testing.assert_array_equal(integrated.eta_p, plain.eta_p)


def test_a_batch_is_its_signals(walk):
    masks = np.broadcast_to(gap_masks(1, seed=2), (6, N))
    batch = analyze(walk.reshape(2, 3, N), mask=masks.reshape(2, 3, N), n_bootstrap=20, q=[2.0])
    assert batch.log_cumulants.shape == (2, 3, 3)
    assert batch.cumulants.shape == (2, 3, 3, 6)
    assert batch.n_j.shape == (2, 3, 6)
    assert batch.zeta.shape == (2, 3, 1)
    assert batch.hurst.shape == batch.warning.shape == (2, 3)
    assert batch.intervals["log_cumulants"].shape == (2, 3, 3, 2)
    assert batch.intervals["hurst"].shape == (2, 3, 2)
    one = analyze(np.where(masks[4], walk[4], nan), n_bootstrap=20, q=[2.0])
    assert one.hurst.shape == ()
    for name in ("log_cumulants", "cumulants", "n_j", "zeta", "D", "hurst", "h_min", "eta_p", "r_squared"):
        np.testing.assert_allclose(getattr(one, name), getattr(batch, name)[1, 1], rtol=1e-9)
    np.testing.assert_allclose(one.intervals["log_cumulants"], batch.intervals["log_cumulants"][1, 1], rtol=1e-9)


def test_signals_beyond_one_chunk_do_not_see_each_other():
    signals = fbm(1500, 0.5, size=70, seed=21)
    whole, part = analyze(signals, j2=5, n_bootstrap=10), analyze(signals[50:60], j2=5, n_bootstrap=10)
    np.testing.assert_allclose(whole.log_cumulants[50:60], part.log_cumulants, rtol=1e-9)
    np.testing.assert_allclose(whole.intervals["hurst"][50:60], part.intervals["hurst"], rtol=1e-9)


def test_level_and_amplitude_do_not_matter(walk):
    plain, other = analyze(walk), analyze(140 + 20 * walk)
    np.testing.assert_allclose(other.log_cumulants, plain.log_cumulants, atol=1e-9)
    np.testing.assert_allclose(other.hurst, plain.hurst, atol=1e-9)


def test_kinds_of_arrays(walk):
    tensor = torch.from_numpy(walk)
    found = analyze(tensor, n_bootstrap=10)
    assert isinstance(found.log_cumulants, torch.Tensor)
    np.testing.assert_array_equal(found.log_cumulants, analyze(walk, n_bootstrap=10).log_cumulants)
    single = analyze(tensor.float())
    assert single.log_cumulants.dtype == single.hurst.dtype == torch.float32
    np.testing.assert_allclose(single.log_cumulants, found.log_cumulants, atol=1e-4)
    assert analyze(walk.astype(np.float32)).log_cumulants.dtype == np.float64
    assert analyze((walk * 100).astype(int)).log_cumulants.dtype == np.float64
    low = analyze(walk, dtype=torch.float32)
    np.testing.assert_allclose(low.log_cumulants, found.log_cumulants, atol=2e-3)
    np.testing.assert_array_equal(low.n_j, found.n_j)


def test_without_moments_the_table_has_no_columns_of_them(walk):
    names = set(analyze(walk[:2], n_bootstrap=10, q=None).to_frame())
    assert {"c1", "hurst"} < names
    assert not [name for name in names if name.startswith(("zeta", "h_2", "D_"))]


def test_names_of_the_table(walk):
    frame = analyze(walk[:2], n_bootstrap=10, q=[2.0]).to_frame()
    expected = {
        "c1",
        "c2",
        "c3",
        "hurst",
        "h_min",
        "eta_p",
        "r_squared_1",
        "n_leaders",
        "zeta_2",
        "h_2",
        "D_2",
        "warning",
    }
    assert expected | {"c2_low", "c2_high", "hurst_low", "h_min_high", "D_2_low", "warning"} <= set(frame.columns)
    assert len(frame) == 2
    assert (frame["c2_low"] < frame["c2_high"]).all()
    assert frame["n_leaders"].tolist() == [1735, 1735]


@pytest.mark.parametrize("level", [0.0, 140.0, 140.25, 1e6 / 3])
def test_a_constant_signal_has_no_exponent(level, walk):
    batch = np.stack([np.full(N, level), walk[0]])
    for dtype in (torch.float64, torch.float32):
        result = analyze(batch, dtype=dtype)
        assert np.isnan(result.log_cumulants[0]).all()
        assert np.isnan(result.hurst[0])
        assert result.warning[0].startswith("the signal is constant")
        assert np.isfinite(result.log_cumulants[1]).all()
        assert result.warning[1] == ""


def test_what_is_lost_gives_nan_with_a_reason(walk):
    batch = walk[:4].copy()
    batch[0] = nan
    batch[1, 1000:] = nan
    batch[2, 6000:] = nan
    result = analyze(batch, n_bootstrap=10)
    assert np.isnan(result.log_cumulants[:2]).all()
    assert np.isnan(result.intervals["log_cumulants"][:2]).all()
    assert result.warning[0] == "no sample"
    assert "fewer than 6 leaders" in result.warning[1]
    assert np.isnan(result.cumulants[1, :, -1]).all()
    assert np.isfinite(result.cumulants[1, :, 0]).all()
    assert np.isfinite(result.log_cumulants[2:]).all()
    assert list(result.warning[2:]) == ["", ""]


def test_too_rough_a_signal_is_refused_unless_it_is_allowed():
    noise = np.random.default_rng(3).normal(size=(2, N))
    for p in (2.0, inf):
        refused = analyze(noise, p=p)
        assert np.isnan(refused.log_cumulants).all()
        assert np.isfinite(refused.hurst).all()
        assert (refused.flags == Flag.IRREGULAR).all()
        assert "larger gamma" in refused.warning[0]
        allowed = analyze(noise, p=p, require_regularity=False)
        assert np.isfinite(allowed.log_cumulants).all()
        assert (allowed.flags == Flag.IRREGULAR).all()
        integrated = analyze(noise, p=p, gamma=1.0)
        assert integrated.warning[0] == ""
        np.testing.assert_allclose(integrated.log_cumulants[:, 0], -0.5, atol=0.1)


def test_a_mask_and_nan_say_the_same(walk):
    present = gap_masks(6, seed=4)[: len(walk)]
    signal = walk[: len(present)]
    np.testing.assert_array_equal(
        analyze(signal, mask=present).log_cumulants, analyze(np.where(present, signal, nan)).log_cumulants
    )
    half = np.arange(N) < 5000
    broadcast = analyze(signal, mask=half).log_cumulants
    np.testing.assert_array_equal(broadcast, analyze(np.where(half, signal, nan)).log_cumulants)


def test_numbers_of_numpy_are_numbers(walk):
    scales = analyze(walk[0]).scales
    again = analyze(walk[0], j1=scales[0], j2=scales[-1], mask=np.where(np.arange(N) < 6000, 1.0, nan))
    np.testing.assert_array_equal(again.log_cumulants, analyze(walk[0], mask=np.arange(N) < 6000).log_cumulants)


def test_no_warning_of_numpy_reaches_the_user(walk):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        analyze(np.where(np.arange(N) < 1000, walk, nan), n_bootstrap=10, q=[1.0])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"j1": 5, "j2": 5}, FHRError, "j1=5, j2=5"),
        ({"j1": 0}, FHRError, "j1=0"),
        ({"j2": 12}, SignalError, "7200 samples are too short for j2=12 with db3.*at most j2=9"),
        ({"wavelet": "db99"}, FHRError, "wavelet='db99' is not known"),
        ({"wavelet": "bior2.2"}, FHRError, "not orthogonal"),
        ({"p": 0}, FHRError, "p=0"),
        ({"p": -1.0}, FHRError, "p=-1"),
        ({"p": nan}, FHRError, "p=nan"),
        ({"gamma": -1.0}, FHRError, "gamma=-1"),
        ({"n_cumulants": 5}, FHRError, "n_cumulants=5"),
        ({"q": []}, FHRError, "one or more"),
        ({"n_bootstrap": -1}, FHRError, "n_bootstrap=-1"),
        ({"confidence": 95}, FHRError, "confidence=95"),
        ({"max_gap_fraction": 1.0}, FHRError, "max_gap_fraction=1"),
        ({"fs": 0}, FHRError, "fs=0"),
        ({"wavelet": None}, FHRError, "wavelet=None"),
        ({"p": "2"}, FHRError, "p=2"),
        ({"n_bootstrap": 2.5}, FHRError, "n_bootstrap=2.5"),
        ({"seed": -1}, FHRError, "seed=-1"),
        ({"q": "ab"}, FHRError, "q='ab'"),
        ({"j1": True}, FHRError, "j1=True"),
        ({"dtype": torch.int32}, FHRError, "dtype=torch.int32"),
        ({"mask": np.ones(10)}, SignalError, r"mask has shape \(10,\), x \(6, 7200\)"),
        ({"mask": np.zeros(N)}, SignalError, "holds no sample"),
    ],
)
def test_mistakes_are_named(arguments, error, text, walk):
    with pytest.raises(error, match=text):
        analyze(walk, **arguments)


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        (3.0, "shape ()"),
        (np.empty((0, N)), "at least one signal"),
        (np.full((2, N), nan), "holds no sample"),
        (np.array(["a"] * 9), "<U1"),
        (np.ones(N, dtype=complex), "complex128"),
        (torch.ones(N, dtype=torch.complex64), "complex64"),
        (np.ones(100), "100 samples are too short"),
        (np.where(np.arange(N) == 5, inf, np.arange(N)), "infinite"),
    ],
)
def test_signals_that_are_none(signal, text):
    with pytest.raises(SignalError, match=re.escape(text)):
        analyze(signal)
