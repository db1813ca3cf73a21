from math import inf, log, sqrt

import brute_force
import numpy as np
import pytest
import torch
from scipy import fft

from fhr.errors import FHRError, SignalError
from fhr.multiscale import analyze
from fhr.multiscale.bivariate_estimates import joint_excess
from fhr.multiscale.bivariate_result import BivariateFlag
from fhr.multiscale.cumulants import resolution_excess
from fhr.multiscale.joint_analysis import bivariate
from fhr.multiscale.wavelet_transform import bridge
from fhr.processes import fbm, fgn, mrw
from fhr.processes.circulant_embedding import stationary_gaussian

N = 7200
C20, C02 = -0.08, -0.05


def correlated(shape, r, seed, hurst=0.5):
    """Two fractional Gaussian noises with the correlation r."""
    noise = fgn(shape[-1], hurst, size=(2, *shape[:-1]), seed=seed)
    return noise[0], r * noise[0] + sqrt(1 - r**2) * noise[1]


def walks(size, rho, r, *, n=N, seed=0):
    """Two multifractal random walks: log-volatilities with the correlation rho, noises with the correlation r."""
    lags = np.arange(fft.next_fast_len(n, real=True) + 1)
    covariance = np.log(np.maximum(n / (lags + 1), 1.0))
    omega = stationary_gaussian(covariance, n, (2, size), np.random.default_rng(seed))
    other = rho * omega[0] + sqrt(1 - rho**2) * omega[1]
    first, second = correlated((size, n), r, seed + 1000)
    x = np.cumsum(first * np.exp(sqrt(-C20) * omega[0]), axis=-1)
    return x, np.cumsum(second * np.exp(sqrt(-C02) * other), axis=-1)


def masked(x, kind, seed):
    """Signals of which a fifth is missing."""
    rng = np.random.default_rng(seed)
    if kind == "samples":
        missing = rng.random(x.shape) < 0.2
    else:  # blocks of half a minute at 4 Hz
        blocks = rng.random((*x.shape[:-1], x.shape[-1] // 120 + 1)) < 0.2
        missing = np.repeat(blocks, 120, axis=-1)[..., : x.shape[-1]]
    return np.where(missing, np.nan, x)


def assert_mean(values, truth, bias):
    """The mean is the truth but for four standard errors and a bias of the method."""
    error = values.std() / sqrt(len(values))
    assert abs(values.mean() - truth) < 4 * error + bias, (values.mean(), truth, error)


class TestTheory:
    @pytest.mark.statistics
    @pytest.mark.parametrize(("rho", "r"), [(0.8, 0.0), (-0.6, 0.0), (0.5, 0.5)])
    def test_walks_with_correlated_volatility(self, rho, r):
        result = bivariate(*walks(64, rho, r, n=2**14, seed=1), j2=10)
        for values, truth in ((result.c20, C20), (result.c02, C02), (result.c11, -rho * sqrt(C20 * C02))):
            assert_mean(values, truth, bias=0.005)
        assert_mean(result.rho_mf, rho, bias=0.03)

    @pytest.mark.statistics
    def test_signals_that_burst_together_need_not_be_correlated(self):
        x, y = walks(32, 0.9, 0.0, seed=2)
        result = bivariate(x, y)
        assert np.median(result.rho_mf) > 0.7
        assert (result.leader_correlation.mean(0) > 0.3).all()
        assert (abs(result.wavelet_correlation.mean(0)) < 0.15).all()

    @pytest.mark.statistics
    def test_independent_signals(self):
        x, y = fbm(N, 0.5, size=(2, 300), seed=3)
        result = bivariate(x, y)
        # Squares of independent correlations are 1/n on average; neighbouring coefficients are nearly independent.
        np.testing.assert_allclose((result.coherence * result.n_coefficients).mean(0), 1, atol=0.4)
        for j in range(len(result.scales)):
            assert_mean(result.wavelet_correlation[:, j], 0, bias=0)
            assert_mean(result.leader_correlation[:, j], 0, bias=0)
        x, y = walks(64, 0.0, 0.0, seed=3)
        assert_mean(bivariate(x, y).rho_mf, 0, bias=0.01)

    @pytest.mark.parametrize("p", [2.0, 1.0, inf])
    @pytest.mark.parametrize("factor", [3.0, -0.01])
    def test_a_multiple(self, p, factor):
        x = masked(mrw(N, c2=-0.05, size=3, seed=4), "blocks", 4)
        result = bivariate(x, factor * x, p=p, n_bootstrap=20)
        np.testing.assert_allclose(result.rho_mf, 1, rtol=1e-9)
        np.testing.assert_allclose(result.coherence, 1, rtol=1e-9)
        np.testing.assert_allclose(result.wavelet_correlation, np.sign(factor), rtol=1e-9)
        np.testing.assert_allclose(result.leader_correlation, 1, rtol=1e-9)
        assert (result.coherence <= 1).all()
        np.testing.assert_allclose(result.intervals["rho_mf"][:, 1], 1, rtol=1e-9)

    @pytest.mark.parametrize("p", [2.0, 1.0, inf])
    def test_the_margins_are_those_of_the_analysis_of_one_signal(self, p):
        x, y = walks(3, 0.3, 0.4, seed=5)
        result = bivariate(x, y, p=p, require_regularity=False)
        first, second = (analyze(signal, p=p, require_regularity=False) for signal in (x, y))
        np.testing.assert_allclose(result.c20, first.log_cumulants[:, 1], rtol=1e-8)
        np.testing.assert_allclose(result.c02, second.log_cumulants[:, 1], rtol=1e-8)
        np.testing.assert_allclose(
            result.cumulants[:, [0, 2]], np.stack([first.cumulants, second.cumulants], 1)[:, :, 1]
        )
        np.testing.assert_allclose(result.r_squared[:, 0], first.r_squared[:, 1], rtol=1e-8)
        swapped = bivariate(y, x, p=p, require_regularity=False)
        np.testing.assert_allclose(swapped.rho_mf, result.rho_mf, rtol=1e-9)
        np.testing.assert_allclose(swapped.cumulants, result.cumulants[:, ::-1], rtol=1e-9)

    @pytest.mark.statistics
    @pytest.mark.parametrize("hurst", [0.3, 0.8])
    def test_noises_of_correlation_r_are_correlated_by_r_at_all_scales(self, hurst):
        x, y = (np.cumsum(noise, -1) for noise in correlated((100, N), 0.6, 6, hurst))
        result = bivariate(x, y)
        for values, n in zip(result.wavelet_correlation.T, result.n_coefficients.T, strict=True):
            assert_mean(values, 0.6, bias=0.6 * (1 - 0.6**2) / 2 / n.mean())  # that of Pearson's correlation
        for gaps in ("samples", "blocks"):
            same = bivariate(masked(x, gaps, 1), masked(y, gaps, 1))
            np.testing.assert_allclose(same.wavelet_correlation.mean(0), 0.6, atol=0.02)
            # A bridge over a gap that only one signal has decorrelates what it touches.
            other = bivariate(masked(x, gaps, 1), masked(y, gaps, 2))
            np.testing.assert_allclose(other.wavelet_correlation.mean(0), 0.58, atol=0.04)

    @pytest.mark.statistics
    @pytest.mark.parametrize("gaps", ["samples", "blocks"])
    def test_gaps_do_not_bias(self, gaps):
        x, y = walks(64, 0.7, 0.4, seed=7)
        whole, result = bivariate(x, y, j1=4), bivariate(masked(x, gaps, 3), masked(y, gaps, 4), j1=4)
        assert (result.n_j <= whole.n_j).all()
        for name in ("c20", "c11", "c02"):
            assert_mean(getattr(result, name) - getattr(whole, name), 0, bias=0.001)
        assert abs(np.nanmedian(result.rho_mf - whole.rho_mf)) < 0.05  # a ratio: its mean is ruled by outliers
        difference = result.wavelet_correlation - whole.wavelet_correlation
        np.testing.assert_allclose(difference.mean(0), 0, atol=0.04)

    @pytest.mark.statistics
    def test_gaussian_signals_have_no_joint_multifractality(self):
        x, y = (np.cumsum(noise, -1) for noise in correlated((200, N), 0.8, 8, 0.3))
        plain, result = bivariate(x, y, correct_variance=False), bivariate(x, y)
        assert plain.c11.mean() < -0.003  # what the correction is for
        assert_mean(result.c11, 0, bias=0.001)
        assert abs(bivariate(x, y, gamma=0.5).c20.mean()) < 0.004
        assert result.flags.any()
        assert (np.isnan(result.rho_mf) == (result.flags == BivariateFlag.MONOFRACTAL)).all()

    @pytest.mark.statistics
    def test_intervals_cover(self):
        x, y = walks(60, 0.5, 0.3, n=2**14, seed=9)
        result = bivariate(x, y, j2=9, n_bootstrap=199)
        truths = {"rho_mf": 0.5, "c11": -0.5 * sqrt(C20 * C02), "c20": C20, "c02": C02}
        truths |= {"wavelet_correlation": result.wavelet_correlation.mean(0)}
        for name, truth in truths.items():
            low, high = np.moveaxis(result.intervals[name], -1, 0)
            assert (low < high).all()
            assert ((low <= truth) & (truth <= high)).mean() > 0.83, name
        independent = bivariate(*walks(60, 0.0, 0.0, seed=10), n_bootstrap=199).intervals["rho_mf"]
        assert ((independent[:, 0] < 0) & (independent[:, 1] > 0)).mean() > 0.85
        assert (independent[:, 1] - independent[:, 0]).mean() < 1.5


class TestDefinition:
    @pytest.mark.parametrize("p", [2.0, 1.0, inf])
    @pytest.mark.parametrize("gamma", [0.0, 0.5])
    def test_joint_cumulants_and_correlations(self, p, gamma):
        n, j1, j2 = 500, 2, 4
        rng = np.random.default_rng(11)
        x, y = np.cumsum(rng.standard_normal((2, n)), -1)
        present = np.ones((2, n), dtype=bool)
        present[0, 100:137] = present[0, 300:303] = present[1, 120:180] = present[1, 301:305] = present[1, :20] = False
        result = bivariate(
            np.where(present[0], x, np.nan),
            y,
            mask_y=present[1],
            j1=j1,
            j2=j2,
            p=p,
            gamma=gamma,
            correct_variance=False,
        )

        logs, details, shares = [], [], []
        first = 2  # of the children of a coefficient, with the 6 taps of db3
        for signal, there in zip((x, y), present, strict=True):
            centred = torch.from_numpy(signal - signal[there].mean())[None]
            bridged = bridge(centred, torch.from_numpy(there)[None])[0].numpy()
            leaders = brute_force.leaders(bridged, there, "db3", p=p, gamma=gamma, j1=j1, j2=j2)
            logs.append({j: np.log(values) for j, values in leaders.items()})
            details.append(brute_force.coefficients(bridged, "db3", j2))
            shares.append(
                {
                    j: np.array([there[brute_force.descendants(j, k, 0, first)].mean() for k in range(len(d))])
                    for j, d in details[-1].items()
                }
            )
        curves, counts = [], []
        for i, j in enumerate(range(j1, j2 + 1)):
            a, b = logs[0][j], logs[1][j]
            both = [k for k in range(len(a)) if np.isfinite(a[k] + b[k])]
            counts.append(len(both))
            # Twice a covariance is the mean product of the differences of all pairs.
            curves.append(
                [
                    sum((u[k] - u[m]) * (v[k] - v[m]) for k in both for m in both) / (2 * len(both) ** 2)
                    for u, v in ((a, a), (a, b), (b, b))
                ]
            )
            np.testing.assert_allclose(result.cumulants[:, i], curves[-1], rtol=1e-9)
            expected = np.corrcoef(a[both], b[both])[0, 1]
            np.testing.assert_allclose(result.leader_correlation[i], expected, rtol=1e-9)
            f = np.minimum(shares[0][j], shares[1][j])
            d, g = details[0][j], details[1][j]
            expected = (f * d * g).sum() / np.sqrt((f * d**2).sum() * (f * g**2).sum())
            np.testing.assert_allclose(result.wavelet_correlation[i], expected, rtol=1e-9)
            np.testing.assert_allclose(result.coherence[i], expected**2, rtol=1e-9)
            np.testing.assert_allclose(result.n_coefficients[i], f.sum() ** 2 / (f**2).sum(), rtol=1e-9)
        np.testing.assert_array_equal(result.n_j, counts)
        c20, c11, c02 = (brute_force.slope(curve, np.array(counts), j1) / log(2) for curve in np.transpose(curves))
        np.testing.assert_allclose([result.c20, result.c11, result.c02], [c20, c11, c02], rtol=1e-9)
        rho = -c11 / sqrt(c20 * c02) if max(c20, c02) < 0 else np.nan
        np.testing.assert_allclose(result.rho_mf, rho, rtol=1e-9)

    @pytest.mark.parametrize("p", [2.0, 1.0, 0.5])
    def test_the_excess_of_a_signal_with_itself_is_that_of_one_signal(self, p):
        power = torch.rand(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64) + 0.1
        expected = resolution_excess(power, p, 2)[:, 0]
        found = joint_excess(power, 7 * power, torch.ones_like(power), p)
        for column in found.unbind(1):
            torch.testing.assert_close(column, expected)
        apart = joint_excess(power, power, torch.zeros_like(power), p)
        assert apart[:, 1].abs().max() < 1e-6

    def test_the_bootstrap_is_common_to_both_signals(self):
        x, y = walks(3, 0.5, 0.5, seed=12)
        result = bivariate(x, y, n_bootstrap=50, seed=1)
        again, other = bivariate(x, y, n_bootstrap=50, seed=1), bivariate(x, y, n_bootstrap=50, seed=2)
        for name, ends in result.intervals.items():
            np.testing.assert_array_equal(ends, again.intervals[name])
            assert (ends != other.intervals[name]).any()
            assert ends.shape == (*getattr(result, name).shape, 2)
            if "cor" in name or name in ("rho_mf", "coherence"):
                assert (abs(ends) <= 1).all()
        r, coherence = result.intervals["wavelet_correlation"], result.intervals["coherence"]
        across = r[..., 0] * r[..., 1] <= 0
        assert across.any()
        assert not across.all()
        np.testing.assert_array_equal(coherence[across][:, 0], 0)
        np.testing.assert_allclose(coherence[~across], np.sort(r[~across] ** 2), rtol=1e-12)
        for name in ("rho_mf", "c11", "coherence"):
            np.testing.assert_allclose(getattr(bivariate(x, y), name), getattr(result, name), rtol=1e-9)


class TestWhatCannotBeEstimated:
    def test_flags(self):
        x, y = np.repeat(mrw(2000, c2=-0.05, size=(2, 1), seed=13), 6, axis=1)
        x[0], y[1] = np.nan, 120.0
        x[2, :1000], y[2, 1000:] = np.nan, np.nan  # never measured together
        x[3] = fgn(2000, 0.5, seed=13)
        x[4] = y[4]
        result = bivariate(x, y, j2=6)
        np.testing.assert_array_equal(
            result.flags[:3], [BivariateFlag.EMPTY, BivariateFlag.CONSTANT, BivariateFlag.FEW_LEADERS]
        )
        assert result.flags[3] & BivariateFlag.IRREGULAR
        texts = ["no sample", "constant", "fewer than 6 common leaders", "not defined"]
        assert all(text in warning for text, warning in zip(texts, result.warning[:4], strict=True))
        for name in ("rho_mf", "c20", "c11", "c02", "r_squared", "cumulants", "leader_correlation"):
            assert np.isnan(getattr(result, name)[:4]).all()
        assert np.isnan(result.coherence[:3]).all()
        assert np.isfinite(result.coherence[3]).all()  # coherence asks for no leaders
        assert np.isfinite(bivariate(x, y, j2=6, require_regularity=False).c11[3])
        assert np.isfinite(bivariate(x, y, j2=6, gamma=1.0).c11[3])

    def test_no_multifractality_no_correlation(self):
        x, y = fbm(N, 0.5, size=(2, 40), seed=14)
        result = bivariate(x, y, n_bootstrap=30)
        undefined = ~((result.c20 < 0) & (result.c02 < 0))
        assert 0 < undefined.sum() < 40
        np.testing.assert_array_equal(np.isnan(result.rho_mf), undefined)
        np.testing.assert_array_equal(np.isnan(result.intervals["rho_mf"]).all(-1), undefined)
        assert np.isfinite(result.intervals["c11"]).all()
        assert all("rho_mf is not defined" in text for text in result.warning[undefined])
        # A signal with itself has the correlation 1, unless it has none, as in many replicates.
        itself = bivariate(x, x, n_bootstrap=30).intervals["rho_mf"][result.c20 < 0]
        np.testing.assert_allclose(itself[:, 1], 1)
        assert (itself[:, 0] < 0).mean() > 0.5
        assert (result.warning[~undefined] == "").all()

    def test_too_few_blocks_for_intervals(self):
        x, y = walks(2, 0.5, 0.5, n=1024, seed=15)
        result = bivariate(x, y, wavelet="db1", j2=7, n_bootstrap=30)
        assert (result.flags & BivariateFlag.FEW_BLOCKS > 0).all()
        assert np.isnan(result.intervals["c11"]).all()
        assert "too few blocks" in result.warning[0]
        assert np.isfinite(result.c11).all()
        assert (bivariate(x, y, wavelet="db1", j2=6, n_bootstrap=30).flags & BivariateFlag.FEW_BLOCKS == 0).all()

    def test_a_scale_without_leaders_leaves_the_others(self):
        x, y = walks(1, 0.5, 0.5, n=2000, seed=16)
        x[0, 600:] = np.nan
        result = bivariate(x, y, j2=7)
        assert result.flags == BivariateFlag.FEW_LEADERS
        assert np.isnan(result.rho_mf)
        assert np.isfinite(result.coherence[0, 0])
        assert np.isnan(result.coherence[0, -1])

    @pytest.mark.parametrize(
        ("arguments", "error", "text"),
        [
            ({"y": np.ones((2, 1999))}, SignalError, r"x has shape \(2, 2000\), y \(2, 1999\)"),
            ({"y": torch.ones(2, 2000)}, SignalError, "x is an array, y a tensor on cpu"),
            ({"y": np.ones((2, 2000), dtype=complex)}, SignalError, "y holds complex128"),
            ({"mask_y": np.ones(7)}, SignalError, r"mask has shape \(7,\), y \(2, 2000\)"),
            ({"x": np.full((2, 2000), np.nan)}, SignalError, "no pair in which both hold a sample"),
            ({"y": np.full((2, 2000), np.inf)}, SignalError, "an infinite sample"),
            ({"j2": 12}, SignalError, "2000 samples are too short for j2=12"),
            ({"j1": 5, "j2": 5}, FHRError, "j1=5, j2=5"),
            ({"wavelet": "nothing"}, FHRError, "wavelet='nothing' is not known"),
            ({"p": 0.0}, FHRError, "p=0.0"),
            ({"gamma": -1.0}, FHRError, "gamma=-1.0"),
            ({"fs": 0.0}, FHRError, "fs=0.0 Hz"),
            ({"n_bootstrap": 1}, FHRError, "n_bootstrap=1"),
            ({"confidence": 1.0}, FHRError, "confidence=1.0"),
            ({"max_gap_fraction": 1.0}, FHRError, "max_gap_fraction=1.0"),
        ],
    )
    def test_mistakes(self, arguments, error, text):
        given = {"x": np.ones((2, 2000)), "y": np.ones((2, 2000)), "j2": 6} | arguments
        with pytest.raises(error, match=text):
            bivariate(**given)


class TestArrays:
    def test_shapes_and_kinds(self):
        x, y = (signal.reshape(2, 3, -1) for signal in walks(6, 0.5, 0.5, n=2000, seed=17))
        result = bivariate(x, y, j2=6, n_bootstrap=20)
        assert result.rho_mf.shape == result.flags.shape == result.warning.shape == (2, 3)
        assert result.coherence.shape == result.n_j.shape == result.n_coefficients.shape == (2, 3, 4)
        assert result.cumulants.shape == (2, 3, 3, 4)
        assert result.r_squared.shape == (2, 3, 3)
        np.testing.assert_array_equal(result.scales, [3, 4, 5, 6])
        one = bivariate(x[1, 2], y[1, 2], j2=6)
        assert one.c11.shape == ()
        np.testing.assert_allclose(one.c11, result.c11[1, 2], rtol=1e-9)
        many = bivariate(np.tile(x, (10, 1, 1)), np.tile(y, (10, 1, 1)), j2=6)  # more than one chunk
        np.testing.assert_allclose(many.rho_mf, np.tile(result.rho_mf, (10, 1)), rtol=1e-9)

    def test_tensors(self):
        x, y = walks(4, 0.5, 0.5, n=2000, seed=18)
        expected = bivariate(x, y, j2=6, n_bootstrap=20)
        for dtype, tolerance in ((torch.float64, 1e-12), (torch.float32, 5e-3)):
            result = bivariate(
                torch.tensor(x, dtype=dtype), torch.tensor(y, dtype=dtype), j2=6, n_bootstrap=20, dtype=dtype
            )
            for name in ("rho_mf", "c11", "coherence"):
                assert getattr(result, name).dtype == result.intervals[name].dtype == dtype
                np.testing.assert_allclose(getattr(result, name), getattr(expected, name), rtol=tolerance, atol=1e-4)
            assert not result.flags.is_floating_point()
        assert expected.rho_mf.dtype == np.float64

    def test_a_mask_is_a_gap(self):
        x, y = walks(2, 0.5, 0.5, n=2000, seed=19)
        gone = masked(x, "blocks", 1)
        result = bivariate(x, y, mask_x=~np.isnan(gone), j2=6)
        np.testing.assert_array_equal(result.rho_mf, bivariate(gone, y, j2=6).rho_mf)
        np.testing.assert_array_equal(result.rho_mf, bivariate(y, x, mask_y=~np.isnan(gone), j2=6).rho_mf)

    @pytest.mark.parametrize("p", [2.0, inf])
    def test_gradients(self, p):
        x, y = (torch.from_numpy(signal).requires_grad_() for signal in walks(1, 0.7, 0.5, n=100, seed=20))

        def estimates(x, y):
            found = bivariate(x, y, j1=1, j2=3, p=p, require_regularity=False)
            return found.c20, found.c11, found.c02, found.coherence, found.leader_correlation

        assert torch.autograd.gradcheck(estimates, (x, y), fast_mode=True)

    def test_gradients_with_gaps_are_finite(self):
        x, y = (torch.from_numpy(masked(signal, "blocks", 2)) for signal in walks(4, 0.7, 0.5, seed=21))
        x.requires_grad_()
        bivariate(x, y).rho_mf.nansum().backward()
        assert torch.isfinite(x.grad).all()
        assert (x.grad != 0).any()

    def test_frame(self):
        x, y = walks(4, 0.5, 0.5, n=2000, seed=22)
        x[3] = np.nan
        result = bivariate(x.reshape(2, 2, -1), y.reshape(2, 2, -1), j2=6, n_bootstrap=20)
        frame = result.to_frame()
        assert len(frame) == 4
        np.testing.assert_array_equal(frame["rho_mf"], result.rho_mf.ravel())
        np.testing.assert_array_equal(frame["coherence_5"], result.coherence[..., 2].ravel())
        np.testing.assert_array_equal(frame["c11_low"], result.intervals["c11"][..., 0].ravel())
        np.testing.assert_array_equal(frame["coherence_6_high"], result.intervals["coherence"][..., 3, 1].ravel())
        np.testing.assert_array_equal(frame["r_squared_11"], result.r_squared[..., 1].ravel())
        assert frame["warning"].tolist() == result.warning.ravel().tolist()
        assert "no sample" in frame["warning"][3]
