import numpy as np
import pytest

from fhr.multiscale.morlet import OVERLAP, gaussian_spectrum, morlet_family, morlet_spectrum


@pytest.mark.parametrize(("scale", "per_octave"), [(1, 1), (4, 1), (8, 8), (5, 16)])
def test_the_family_has_the_widths_and_ends_that_are_described(scale, per_octave):
    family = morlet_family(scale, per_octave)
    xi, sigma = np.array([wavelet.xi for wavelet in family]), np.array([wavelet.sigma for wavelet in family])
    narrowest = 0.1 / 2**scale
    assert (np.diff(xi) < 0).all()
    assert xi[-1] > 0
    assert sigma.min() == pytest.approx(narrowest) if per_octave > 1 else sigma.min() >= narrowest
    constant_q = len(family) - (per_octave - 1)
    np.testing.assert_allclose(xi[1:constant_q] / xi[: constant_q - 1], 2 ** (-1 / per_octave))
    np.testing.assert_allclose(np.diff(xi[constant_q - 1 :], 2), 0, atol=1e-15)
    for wavelet in family:
        assert wavelet.j == 0 or wavelet.xi + 5 * wavelet.sigma <= 2.0 ** -(wavelet.j + 1)
        assert 0 <= wavelet.j <= scale


def test_neighbours_cross_at_the_overlap():
    first, second = morlet_family(8, 8)[:2]
    middle = (first.xi + second.xi) / 2
    heights = [np.exp(-((middle - w.xi) ** 2) / (2 * w.sigma**2)) for w in (first, second)]
    # The crossing is halfway between the centres only up to the change of width from one to the next.
    assert np.sqrt(heights[0] * heights[1]) == pytest.approx(OVERLAP, abs=0.01)


@pytest.mark.parametrize(("xi", "sigma"), [(0.35, 0.14), (0.43, 0.02), (0.02, 0.008), (0.004, 0.004)])
def test_wavelets_are_modulated_gaussians_with_zero_mean(xi, sigma):
    n = 2048
    wavelet = np.fft.ifft(morlet_spectrum(n, xi, sigma))
    t = np.fft.fftfreq(n, 1 / n)
    envelope = np.exp(-2 * (np.pi * sigma * t) ** 2)
    carrier = np.exp(2j * np.pi * xi * t)
    expected = envelope * (carrier - (envelope * carrier).sum() / envelope.sum())
    np.testing.assert_allclose(wavelet, expected / np.abs(expected).sum(), atol=1e-9)
    assert abs(wavelet.sum()) < 1e-12


def test_the_low_pass_filter_is_a_gaussian_that_sums_to_1():
    spectrum = gaussian_spectrum(1000, 0.01)
    np.testing.assert_allclose(spectrum, np.exp(-(np.fft.fftfreq(1000) ** 2) / 2e-4), atol=1e-12)
