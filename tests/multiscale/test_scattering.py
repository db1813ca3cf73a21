import copy
import math
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from fhr.errors import FHRError, SignalError
from fhr.multiscale.morlet import gaussian_spectrum, morlet_family, morlet_spectrum
from fhr.multiscale.scattering import Scattering1d
from fhr.processes import fbm


def noise(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def walk(*shape, seed=0):
    motion = noise(*shape, seed=seed).cumsum(-1)
    return motion - motion.mean(dim=-1, keepdim=True)


def kymatio_layer(*args, **kwargs):
    frontend = pytest.importorskip("kymatio.scattering1d.frontend.torch_frontend")
    return frontend.ScatteringTorch1D(*args, **kwargs)


SIZES = [(8, 8, 7200), (6, 4, 1001), (5, 3, 300), (4, 1, 300), (10, 1, 14400)]


@pytest.mark.filterwarnings("ignore:Signal support is too small")
@pytest.mark.parametrize(("scale", "per_octave", "n"), SIZES)
@pytest.mark.parametrize("signal", [noise, walk])
def test_complete_signals_give_the_numbers_of_kymatio(scale, per_octave, n, signal):
    x = signal(3, n)
    reference = kymatio_layer(scale, (n,), Q=per_octave)
    layer = Scattering1d(scale, per_octave)
    expected, found = reference.double()(x), layer(x)
    assert found.shape == expected.shape
    apart = (found - expected).abs()
    # Order 0 of a centred signal crosses 0, hence by its largest; all others by themselves.
    assert apart[:, 0].max() < 1e-5 * expected[:, 0].abs().max()
    assert (apart[:, 1:] / expected[:, 1:].abs()).max() < 1e-5
    # In single precision each has rounding errors of its own, of about 1e-6 of the largest coefficient of the order.
    single = layer(x.float())
    assert single.dtype == torch.float32
    orders = torch.tensor([path.order for path in layer.paths])
    for order in range(3):
        of = orders == order
        assert (single - expected)[:, of].abs().max() < 1e-5 * expected[:, of].abs().max()


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("gappy", [False, True])
def test_two_circles_give_what_one_gives(monkeypatch, order, gappy):
    x = noise(2, 1800)
    if gappy:
        x[:, 300:340] = torch.nan
    two = Scattering1d(6, 8, order, n_samples=1800)
    assert len(two.bank.circles) == 2
    monkeypatch.setattr("fhr.multiscale.scattering_bank.padded_length", lambda *_: 4096)
    one = Scattering1d(6, 8, order, n_samples=1800)
    assert len(one.bank.circles) == 1
    assert one.paths == two.paths
    np.testing.assert_allclose(two(x)[:, 1:], one(x)[:, 1:], rtol=1e-5)


def test_unit_gain_leaves_out_the_factors_of_subsampling():
    x = noise(300)
    layer = Scattering1d(5, 3)
    factors = torch.tensor([2.0 ** -sum(path.j) for path in Scattering1d(5, 3, n_samples=300).paths])
    np.testing.assert_allclose(layer(x), factors[:, None] * Scattering1d(5, 3, unit_gain=True)(x))


@pytest.mark.filterwarnings("ignore:Signal support is too small")
@pytest.mark.parametrize("order", [1, 2])
def test_paths_are_those_of_kymatio(order):
    meta = kymatio_layer(6, (1000,), Q=4, max_order=order).meta()
    paths = Scattering1d(6, 4, order, n_samples=1000, fs=4.0).paths
    assert [path.order for path in paths] == meta["order"].tolist()
    for path, xi, j in zip(paths, meta["xi"], meta["j"], strict=True):
        assert path.xi == pytest.approx(4 * xi[: path.order])
        assert path.j == tuple(j[: path.order].astype(int))


def test_unit_gain_is_the_definition_without_any_subsampling():
    # By brute force: every convolution on the full circle. Subsampling of a modulus costs some aliasing.
    layer = Scattering1d(5, 2, n_samples=400, unit_gain=True)
    x = noise(400, seed=1)
    length = 1024
    left = (length - 400) // 2
    padded = np.pad(x.numpy(), (left, length - 400 - left), mode="reflect")
    low_pass = gaussian_spectrum(length, 0.1 / 2**5)

    def filtered(signal, spectrum):
        return np.fft.ifft(np.fft.fft(signal) * spectrum)

    def sampled(signal):
        return filtered(signal, low_pass).real[left + layer.times.astype(int)]

    expected = [sampled(padded)]
    second = []
    for one in morlet_family(5, 2):
        first = np.abs(filtered(padded, morlet_spectrum(length, one.xi, one.sigma)))
        expected.append(sampled(first))
        for two in morlet_family(5, 1):
            if two.j > one.j:
                second.append(sampled(np.abs(filtered(first, morlet_spectrum(length, two.xi, two.sigma)))))
    expected = np.array(expected + second)
    np.testing.assert_allclose(layer(x).numpy(), expected, atol=0.01 * expected[1:].mean())


def test_a_sinusoid_is_found_at_its_frequency():
    fs, frequency = 4.0, 0.3
    layer = Scattering1d(6, 8, 1, n_samples=1000, fs=fs)
    tone = torch.sin(2 * math.pi * frequency * torch.arange(1000, dtype=torch.float64) / fs)
    loudest = layer.paths[1 + int(layer(tone)[1:].mean(dim=-1).argmax())]
    assert loudest.xi[0] == pytest.approx(frequency, rel=0.05)


@pytest.mark.parametrize("n", [200, 201])
def test_order_0_is_the_local_mean_at_the_times(n):
    layer = Scattering1d(4, 2, n_samples=n, fs=2.0)
    assert math.ceil(n / 2) / 2.0 in layer.times
    np.testing.assert_allclose(np.diff(layer.times), 2**4 / 2.0)
    ramp = torch.arange(n, dtype=torch.float64) / 2.0
    np.testing.assert_allclose(layer(ramp)[0, 6:-6], layer.times[6:-6], rtol=1e-3)


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("gaps", [False, True])
def test_gradients(order, gaps):
    layer = Scattering1d(3, 2, order, n_samples=32)
    mask = torch.ones(2, 32, dtype=torch.bool)
    mask[0, 9:14] = not gaps
    x = noise(2, 32, seed=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda signal: layer(signal, mask), x, atol=1e-6, fast_mode=True)


def test_gradients_of_silence_and_of_what_is_missing_are_finite():
    layer = Scattering1d(3, 2, n_samples=64)
    x = torch.zeros(2, 64, dtype=torch.float64)
    x[1, 20:40] = torch.nan
    x.requires_grad_()
    layer(x).nansum().backward()
    assert torch.isfinite(x.grad).all()
    assert (x.grad[1, 20:40] == 0).all()


@pytest.mark.parametrize("batch", [(), (3,), (2, 3), (0,)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_type(batch, dtype):
    layer = Scattering1d(4, 2, n_samples=100, fs=4.0)
    coefficients = layer(torch.ones(*batch, 100, dtype=dtype))
    assert coefficients.shape == (*batch, len(layer.paths), len(layer.times))
    assert coefficients.dtype == dtype
    assert layer.state_dict() == {}


def test_the_length_is_that_of_the_signal():
    layer = Scattering1d(4, 2, fs=4.0)
    for attribute in ("paths", "times", "bank"):
        with pytest.raises(FHRError, match="give n_samples, or call the layer once"):
            getattr(layer, attribute)
    with pytest.raises(FHRError, match="give n_samples, or call the layer once"):
        layer.frame_bound()
    for n in (100, 150, 100):
        fixed = Scattering1d(4, 2, n_samples=n, fs=4.0)
        np.testing.assert_array_equal(layer(noise(2, n)), fixed(noise(2, n)))
        np.testing.assert_array_equal(layer.times, fixed.times)
        assert layer.paths == fixed.paths
        assert layer.frame_bound() == fixed.frame_bound()


def test_filters_follow_the_layer_and_are_not_saved(tmp_path):
    layer = Scattering1d(4, 2)
    x = noise(2, 100)
    before = copy.deepcopy(layer)
    with torch.inference_mode():  # as a validation before training
        expected = layer(x).clone()
    x.requires_grad_()
    layer(x).sum().backward()
    assert x.grad.abs().max() > 0
    torch.save(layer, tmp_path / "layer.pt")
    loaded = torch.load(tmp_path / "layer.pt", weights_only=False)
    for other in (before, copy.deepcopy(layer), loaded):
        assert other.state_dict() == {}
        np.testing.assert_array_equal(other(x.detach()), expected)
    cast = copy.deepcopy(layer).float()
    assert cast(x.detach()).dtype == torch.float64
    np.testing.assert_allclose(cast(x.detach()), expected, rtol=1e-3)
    moved = copy.deepcopy(layer).to("meta")
    assert all(buffer.is_meta for buffer in moved.buffers())


def test_a_batch_gives_what_its_rows_give():
    layer = Scattering1d(4, 2, n_samples=100)
    x = noise(5, 100)
    x[1, 10:30] = torch.nan
    x[3, 40] = torch.nan
    np.testing.assert_allclose(layer(x), torch.stack([layer(row) for row in x]), rtol=1e-10)


def test_chunks_do_not_show(monkeypatch):
    layer = Scattering1d(4, 2, n_samples=100)
    x = noise(7, 100)
    x[::2, 10:30] = torch.nan
    whole = layer(x)
    monkeypatch.setattr("fhr.multiscale.scattering.CPU_CHUNK_BYTES", 1)
    np.testing.assert_allclose(layer(x), whole, rtol=1e-10)


@pytest.mark.cuda
def test_cuda_gives_the_same_numbers():
    layer = Scattering1d(6, 4, n_samples=1000)
    x = noise(4, 1000)
    x[1, 100:300] = torch.nan
    expected = layer(x)
    found = layer.cuda()(x.cuda())
    assert found.device.type == "cuda"
    np.testing.assert_allclose(found.cpu(), expected, rtol=1e-9)


# Bounds


@pytest.mark.parametrize(("scale", "per_octave", "n"), SIZES)
def test_frames_are_not_expansive(scale, per_octave, n):
    layer = Scattering1d(scale, per_octave, n_samples=n)
    bounds = layer.frame_bound()
    assert len(bounds) == 2
    for least, largest in bounds:
        assert 0 <= least < largest
        assert largest <= 1 + 1e-12
    assert len(Scattering1d(scale, per_octave, 1, n_samples=n).frame_bound()) == 1


def test_the_frame_bound_is_the_gain_of_a_sinusoid():
    layer = Scattering1d(4, 2, 1, n_samples=200)
    length = layer.bank.length
    (least, largest), t = layer.frame_bound()[0], np.arange(length)
    filters = [gaussian_spectrum(length, 0.1 / 2**4)]
    filters += [morlet_spectrum(length, wavelet.xi, wavelet.sigma) for wavelet in morlet_family(4, 2)]
    gains = []
    for k in range(length // 2 + 1):
        tone = np.cos(2 * np.pi * k * t / length)
        found = [np.fft.ifft(np.fft.fft(tone) * spectrum) for spectrum in filters]
        gains.append(sum(np.sum(np.abs(z) ** 2) for z in found) / np.sum(tone**2))
    # At the ends of the axis a tone is its own mirror image.
    assert min(gains[1:-1]) == pytest.approx(least, rel=0.05)
    assert max(gains) == pytest.approx(largest, rel=1e-6)


@pytest.mark.statistics
@pytest.mark.parametrize("order", [1, 2])
def test_no_pair_is_farther_apart_than_the_bound_allows(order):
    layer = Scattering1d(4, 4, order, n_samples=256, unit_gain=True)
    bound = layer.lipschitz_bound()
    x, y = noise(64, 256, seed=3), noise(64, 256, seed=4)

    def slopes(a, b):
        return (layer(a) - layer(b)).flatten(1).norm(dim=1) / (a - b).norm(dim=1)

    near = x + 1e-3 * y
    assert slopes(x, y).max() <= bound
    assert slopes(x, near).max() <= bound
    # An adversary climbs the slope from random pairs.
    start, step = x[:4].clone().requires_grad_(), y[:4].clone().requires_grad_()
    optimiser = torch.optim.Adam([start, step], lr=0.1)
    for _ in range(60):
        optimiser.zero_grad()
        worst = slopes(start, start + step)
        (-worst.sum()).backward()
        optimiser.step()
    found = float(slopes(start, start + step).detach().max())
    assert found <= bound
    assert found > 3 * float(slopes(x, y).max())
    level = torch.ones(1, 256, dtype=torch.float64)
    assert float(slopes(level, 2 * level)) == pytest.approx(2**-2)
    assert bound <= 2**-2 * math.sqrt(2 * 3)


# Gaps


def gap_mask(rows, n, seed=0):
    """About a fifth missing, in gaps of 4 to 60 samples."""
    rng = np.random.default_rng(seed)
    mask = np.ones((rows, n), dtype=bool)
    for row in mask:
        while row.mean() > 0.8:
            start = rng.integers(n)
            row[start : start + rng.integers(4, 60)] = False
    return torch.from_numpy(mask)


def ratio_by_path(layer, x, mask, filled_with_zeros=False):
    """Average coefficient with gaps over the one without, for each path."""
    with_gaps = layer(torch.where(mask, x, 0.0)) if filled_with_zeros else layer(x, mask)
    kept = ~torch.isnan(layer(x, mask))
    total = torch.where(kept, with_gaps, 0.0).sum(dim=(0, 2))
    return (total / torch.where(kept, layer(x), 0.0).sum(dim=(0, 2)))[1:]


def autoregressive(*shape, seed=0):
    shocks, x = noise(*shape, seed=seed), torch.zeros(shape, dtype=torch.float64)
    for t in range(1, shape[-1]):
        x[..., t] = 0.6 * x[..., t - 1] + shocks[..., t]
    return x


@pytest.mark.statistics
@pytest.mark.parametrize("signal", [noise, autoregressive])
def test_gaps_leave_averages_of_stationary_noise_as_they_are(signal):
    layer = Scattering1d(5, 4, n_samples=1024)
    x, mask = signal(120, 1024, seed=5), gap_mask(120, 1024)
    first = torch.tensor([path.order == 1 for path in layer.paths[1:]])
    ratio = ratio_by_path(layer, x, mask)
    zeros = ratio_by_path(layer, x, mask, filled_with_zeros=True)
    assert (ratio[first] - 1).abs().median() < 0.015
    assert (ratio[~first] - 1).abs().median() < 0.03
    assert (ratio - 1).abs().max() < 0.12
    assert (zeros[first] - 1).median() < -0.08
    assert (ratio - 1).abs().mean() < 0.4 * (zeros - 1).abs().mean()


def test_steep_spectra_do_not_leak_from_the_edges_of_gaps():
    layer = Scattering1d(5, 4, n_samples=1024)
    x, mask = torch.from_numpy(fbm(1024, 0.5, size=60, seed=6)), gap_mask(60, 1024)
    assert ratio_by_path(layer, x, mask).median() < 1.25
    assert ratio_by_path(layer, x, mask, filled_with_zeros=True).median() > 2


@pytest.mark.statistics
@pytest.mark.skipif("FHR_DATA" not in os.environ, reason="needs real recordings")
def test_gaps_as_they_occur_leave_averages_as_they_are():
    import fhr

    folder = Path(os.environ["FHR_DATA"]) / "ctu-uhb-ctgdb"
    masks = []
    for header in sorted(folder.rglob("*.hea"))[:40]:
        measured = np.isfinite(fhr.read(header).fhr[-7200:])
        if len(measured) == 7200 and 0.6 < measured.mean() < 0.95:
            masks.append(measured)
    mask = torch.from_numpy(np.array(masks))
    assert len(mask) >= 10
    layer = Scattering1d(8, 4, n_samples=7200)
    x = noise(*mask.shape, seed=7)
    first = torch.tensor([path.order == 1 for path in layer.paths[1:]])
    ratio = ratio_by_path(layer, x, mask)
    zeros = ratio_by_path(layer, x, mask, filled_with_zeros=True)
    assert (ratio[first] - 1).abs().median() < 0.02
    assert (ratio[~first] - 1).abs().median() < 0.03
    assert (zeros[first] - 1).median() < -0.04


def test_a_level_does_not_show_through_gaps():
    layer = Scattering1d(5, 4, n_samples=1024)
    mask = gap_mask(4, 1024)
    coefficients = layer(torch.full((4, 1024), 140.0, dtype=torch.float64), mask)
    assert coefficients[:, 1:].nan_to_num().abs().max() < 1e-10
    order0 = coefficients[:, 0]
    np.testing.assert_allclose(order0[~torch.isnan(order0)], 140.0)
    x = noise(4, 1024)
    np.testing.assert_allclose(layer(x + 140, mask)[:, 1:], layer(x, mask)[:, 1:], atol=1e-10)


def test_what_lies_under_a_gap_does_not_matter():
    layer = Scattering1d(5, 2, n_samples=500)
    x, mask = noise(3, 500), gap_mask(3, 500)
    as_nan = torch.where(mask, x, torch.nan)
    np.testing.assert_array_equal(layer(as_nan), layer(x, mask))
    np.testing.assert_array_equal(layer(torch.where(mask, x, 1e6), mask), layer(x, mask))
    np.testing.assert_array_equal(layer(as_nan, mask[:, :]), layer(x, mask))


def test_one_missing_sample_changes_little_and_a_full_mask_nothing():
    layer = Scattering1d(5, 2, n_samples=500, unit_gain=True)
    x = noise(500)
    np.testing.assert_array_equal(layer(x, torch.ones(500)), layer(x))
    # The same numbers by the way of the gaps: all the corrections are then 0 or 1.
    long_way = layer.bank(x[None], torch.ones(1, 500, dtype=torch.bool))
    np.testing.assert_allclose(long_way[0], layer(x), rtol=1e-9, atol=1e-12)
    holed = x.clone()
    holed[250] = torch.nan
    assert (layer(holed) - layer(x)).abs().max() < 0.1 * layer(x)[1:].max()


def test_too_little_signal_is_nan():
    layer = Scattering1d(4, 2, n_samples=640)
    x = noise(3, 640)
    x[0, 200:440] = torch.nan
    x[2] = torch.nan
    coefficients = layer(x)
    assert torch.isnan(coefficients[2]).all()
    assert torch.isfinite(coefficients[1]).all()
    inside = (layer.times > 240) & (layer.times < 400)
    outside = (layer.times < 120) | (layer.times > 520)
    assert torch.isnan(coefficients[0][:, inside]).all()
    assert torch.isfinite(coefficients[0][:, outside]).all()
    strict = Scattering1d(4, 2, n_samples=640, max_gap_fraction=0.0)(x)[0]
    assert torch.isnan(strict).sum() > torch.isnan(coefficients[0]).sum()


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"J": 0}, "J=0 is below 1; give the binary logarithm"),
        ({"J": 7}, "J=7 averages over 128 samples, but n_samples=100; give longer signals or J of at most 6"),
        ({"Q": 0}, "Q=0 is below 1; give the number of wavelets an octave"),
        ({"order": 0}, "order=0 is not offered; give 1 or 2"),
        ({"order": 3}, "order=3 is not offered"),
        ({"fs": 0.0}, "fs=0.0 is not a sampling rate"),
        ({"max_gap_fraction": 1.0}, r"max_gap_fraction=1.0 is outside \[0, 1\)"),
    ],
)
def test_errors_of_the_layer(arguments, message):
    with pytest.raises(FHRError, match=message):
        Scattering1d(**{"J": 3, "n_samples": 100} | arguments)


@pytest.mark.parametrize(
    ("x", "mask", "message"),
    [
        (torch.zeros(2, 99), None, r"shape \(2, 99\) was given; its last axis must be 100"),
        (torch.zeros(()), None, r"shape \(\) was given"),
        (torch.zeros(100, dtype=torch.float16), None, "a tensor of torch.float16 was given; give float32 or float64"),
        (torch.full((100,), torch.inf), None, "infinite sample; mark what is missing as NaN"),
        (torch.zeros(2, 100), torch.ones(3, 100), r"mask has the shape \(3, 100\), the signal \(2, 100\)"),
    ],
)
def test_errors_of_the_signal(x, mask, message):
    with pytest.raises(SignalError, match=message):
        Scattering1d(3, n_samples=100)(x, mask)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (
            torch.zeros(2, 7),
            r"shape \(2, 7\) was given, but J=3 averages over 8 samples; give longer signals or a smal",
        ),
        (torch.zeros(()), r"shape \(\) was given; its last axis must be time"),
    ],
)
def test_errors_of_a_signal_of_any_length(x, message):
    with pytest.raises(SignalError, match=message):
        Scattering1d(3)(x)
