"""Band amplitudes against theory: sinusoids, white noise, plain definitions."""

import numpy as np
import pytest

from fhr.features.band_amplitudes import band_amplitudes, band_amplitudes_columns
from fhr.features.masked_smoothing import bands

NAMES = [column.name for column in band_amplitudes_columns(60)]
WIDTHS = (0.0, 1.5, 3.0, 6.0, 12.0, 24.0, 48.0, 96.0, 192.0)
LABELS = ("0_1p5s", "1p5_3s", "3_6s", "6_12s", "12_24s", "24_48s", "48_96s", "96_192s")
OCTAVES = tuple(enumerate(WIDTHS))[1:-1]


def of(x: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(NAMES, band_amplitudes(np.atleast_2d(x)).T, strict=True))


def test_columns_are_named_by_band_and_part():
    expected = [
        f"{kind}_{label}_{part}"
        for part in (60, 30, 20)
        for kind in ("amplitude", "tails", "asymmetry")
        for label in LABELS
    ]
    assert expected == NAMES


@pytest.mark.parametrize(("band", "width"), OCTAVES)
def test_a_sinusoid_lies_in_its_octave(band, width):
    angle = np.sqrt(2 / 3 * np.log(4))  # where the gain of a band is largest
    gain = np.exp(-(angle**2) / 2) - np.exp(-2 * angle**2)
    found = of(140 + 8 * np.cos(angle / width * np.arange(3600)))
    sizes = [found[f"amplitude_{label}_60"][0] for label in LABELS]
    assert np.argmax(sizes) == band
    assert sizes[band] == pytest.approx(np.log(0.05 + 8 * gain / np.sqrt(2)), abs=0.08)
    assert found[f"tails_{LABELS[band]}_60"][0] == pytest.approx(
        np.log(2 * np.sin(0.475 * np.pi) / np.sqrt(2)), abs=0.1
    )


def test_white_noise_has_the_amplitude_and_tails_of_a_gaussian():
    found = of(140 + 5 * np.random.default_rng(0).normal(size=(24, 3600)))
    for band, width in OCTAVES[:4]:  # a slower one has too few cycles
        a, b = width, 2 * width
        variance = (1 / a + 1 / b) / (2 * np.sqrt(np.pi)) - 2 / np.sqrt(2 * np.pi * (a * a + b * b))
        label = LABELS[band]
        assert found[f"amplitude_{label}_60"].mean() == pytest.approx(np.log(0.05 + 3.3724 * variance**0.5), abs=0.03)
        assert found[f"tails_{label}_60"].mean() == pytest.approx(np.log(3.92 / 1.349), abs=0.05)
        assert found[f"asymmetry_{label}_60"].mean() == pytest.approx(0, abs=0.05)


def test_falls_are_asymmetric_and_bursts_have_tails():
    t = np.arange(3600)
    noise = np.random.default_rng(1).normal(size=3600)
    plain = of(140 + noise)
    falls = of(140 + noise - 40 * np.exp(-(((t % 240 - 120) / 15) ** 2)))
    bursts = of(140 + noise * np.where(t % 240 < 24, 8.0, 1.0))
    for label in ("6_12s", "12_24s"):
        assert falls[f"asymmetry_{label}_60"][0] < -0.25
        assert bursts[f"tails_{label}_60"][0] > plain[f"tails_{label}_60"][0] + 0.4


def test_is_its_definition_in_each_part(with_gaps):
    x = with_gaps(140 + np.random.default_rng(2).normal(size=3600).cumsum() / 3, fraction=0.4)
    found = of(x)
    for label, band in zip(LABELS, bands(x, WIDTHS), strict=True):
        for minutes in (60, 30, 20):
            b = band[3600 - 60 * minutes :]
            low, inner_low, size, inner_high, high = (
                np.nanquantile(v, q) for v, q in ((b, 0.025), (b, 0.25), (abs(b), 0.5), (b, 0.75), (b, 0.975))
            )
            expected = (
                np.log(0.05 + size),
                np.log((high - low + 0.05) / (inner_high - inner_low + 0.05)),
                (high + low) / (high - low + 0.05),
            )
            for kind, value in zip(("amplitude", "tails", "asymmetry"), expected, strict=True):
                assert found[f"{kind}_{label}_{minutes}"][0] == pytest.approx(value, abs=1e-10)


def test_upside_down_only_the_asymmetry_turns(labour):
    x = labour()[0][:, ::4]
    before, after = of(x), of(280 - x)
    for name, value in before.items():
        np.testing.assert_allclose(after[name], -value if name.startswith("asymmetry") else value, atol=1e-9)
