"""Modulation against theory: carriers, amplitude modulation of a known period, plain definitions."""

import numpy as np
import pytest

from fhr.features.masked_smoothing import bands
from fhr.features.modulation import modulation, modulation_columns

NAMES = [column.name for column in modulation_columns(60)]
WIDTHS = (2, 4, 8, 16, 32, 64, 128)
T = np.arange(3600)


def period(width: float) -> float:
    """That of the sinusoid of which a band from `width` on has the most."""
    return 2 * np.pi * width / np.sqrt(2 / 3 * np.log(4))


def of(x: np.ndarray) -> dict[str, np.ndarray]:
    return dict(zip(NAMES, modulation(np.atleast_2d(x)).T, strict=True))


def test_columns():
    assert len(NAMES) == 3 * (5 + 15 + 5)
    assert NAMES[:2] == ["log_size_2s_60", "log_size_4s_60"]
    assert {"modulation_2s_64s_20", "modulation_32s_64s_60", "coupling_32s_30"} <= set(NAMES)


@pytest.mark.parametrize("width", WIDTHS[:5])
def test_a_carrier_has_its_log_size(width):
    found = of(140 + 9 * np.cos(2 * np.pi * T / period(width)))
    sizes = {w: found[f"log_size_{w}s_60"][0] for w in WIDTHS[:5]}
    assert max(sizes, key=sizes.__getitem__) == width
    gain = 0.47247  # exp(-u / 2) - exp(-2 u) at its largest, u = 2 log(4) / 3
    assert sizes[width] == pytest.approx(np.log(9 * gain / 2), abs=0.12)  # the mean of log |sin| is -log 2


@pytest.mark.parametrize(("carrier", "slow"), [(2, 16), (2, 32), (2, 64), (4, 32), (4, 64), (8, 64)])
def test_amplitude_modulation_shows_at_its_period(carrier, slow):
    wave = np.cos(2 * np.pi * T / period(carrier))
    plain, changing = of(140 + 9 * wave), of(140 + 9 * wave * (1 + 0.7 * np.cos(2 * np.pi * T / period(slow))))
    rise = {
        w: (changing[f"modulation_{carrier}s_{w}s_60"] - plain[f"modulation_{carrier}s_{w}s_60"])[0]
        for w in WIDTHS[:6]
        if w > 2 * carrier
    }
    assert max(rise, key=rise.__getitem__) == slow
    assert rise[slow] > 1


def test_the_second_order_does_not_depend_on_the_scale(labour):
    x = labour()[0][:, ::4]
    one, two = of(140 + 1e4 * (x - 140)), of(140 + 3e4 * (x - 140))
    for name, value in one.items():
        expected = value + np.log(3) if name.startswith("log_size") else value
        np.testing.assert_allclose(two[name], expected, atol=2e-3)


def test_lively_in_slow_falls_is_negative_coupling():
    noise = 10 * np.random.default_rng(0).normal(size=(8, 3600))
    slow = np.cos(2 * np.pi * T / period(4))
    falls = of(140 + 3 * slow + noise * np.exp(-slow))
    rises = of(140 + 3 * slow + noise * np.exp(slow))
    assert falls["coupling_2s_60"].mean() < -0.1
    assert rises["coupling_2s_60"].mean() > 0.1


def test_upside_down_only_the_coupling_turns(labour):
    x = labour()[0][:, ::4]
    before, after = of(x), of(280 - x)
    for name, value in before.items():
        np.testing.assert_allclose(after[name], -value if name.startswith("coupling") else value, atol=1e-8)


def test_is_its_definition_in_each_part(with_gaps):
    x = with_gaps(140 + np.random.default_rng(2).normal(size=3600).cumsum() / 3, fraction=0.3)
    found = of(x)
    octaves = bands(x, WIDTHS)
    for i in range(5):
        size = np.log(0.1 + np.abs(octaves[i]))
        for minutes in (60, 30, 20):
            here = slice(3600 - 60 * minutes, None)
            assert found[f"log_size_{WIDTHS[i]}s_{minutes}"][0] == pytest.approx(np.nanmean(size[here]), abs=1e-10)
            both = ~np.isnan(size[here] + octaves[i + 1, here])
            coupling = np.corrcoef(size[here][both], octaves[i + 1, here][both])[0, 1]
            assert found[f"coupling_{WIDTHS[i]}s_{minutes}"][0] == pytest.approx(coupling, abs=1e-10)
            for j in range(i + 1, 6):
                depth = np.abs(bands(size, WIDTHS[j : j + 2])[0, here])
                name = f"modulation_{WIDTHS[i]}s_{WIDTHS[j]}s_{minutes}"
                assert found[name][0] == pytest.approx(np.log(0.02 + np.nanmean(depth)), abs=1e-9)


def test_what_does_not_vary_has_no_coupling():
    found = of(np.full(3600, 140.0))
    for name, value in found.items():
        assert np.isnan(value[0]) == name.startswith("coupling")
    assert found["log_size_2s_60"][0] == pytest.approx(np.log(0.1))
    assert found["modulation_2s_4s_60"][0] == pytest.approx(np.log(0.02))
