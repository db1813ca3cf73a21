from dataclasses import replace
from math import inf

import numpy as np
import pytest
import torch

from fhr.errors import FHRError
from fhr.preprocessing import Pipeline
from fhr.recording import Recording
from fhr.robustness import (
    THREATS,
    Traces,
    feasible_delay,
    quantised,
    shifted,
    stretch,
    threat_of,
    warp_threat,
    warped,
    with_error,
    with_gain,
    with_loss,
    with_offset,
    with_wrong_rate,
)

N = 600
ALSO = {
    "error_rms": {"error_peak"},
    "error_peak": {"error_rms"},
    "block_loss": {"scattered_loss", "wrong_rate"},  # twice 140 bpm is lost, too
    "wrong_rate": {"error_rms", "error_peak"},
}


def traces(dtype: torch.dtype = torch.float32) -> Traces:
    """Two windows with gaps, bridged and not, and a minute before them."""
    rng = np.random.default_rng(3)
    drift = np.cumsum(rng.normal(0, 1, (2, N + 60)), axis=1)
    fhr = torch.from_numpy(140 + 10 * np.sin(np.arange(N + 60) / 50) + 0.5 * drift - drift.mean(1, keepdims=True) / 2)
    uc = torch.from_numpy(rng.uniform(0, 60, (2, N + 60)))
    measured = torch.ones_like(fhr)
    measured[:, 260:270] = 0.0  # bridged, and at 100 s of the window a gap that is not
    measured[0, 160:200] = 0.0
    measured[:, 400] = 0.5
    fhr[0, 160:200] = torch.nan
    planes = torch.stack([fhr, uc, measured], 1).to(dtype)
    return Traces(*planes[..., 60:].unbind(1), 1.0, ("a", "b"), 15.0, planes[..., :60])


def changed(name: str, size: float, before: Traces) -> Traces:
    rng = np.random.default_rng(4)
    sizes = torch.full((2,), size, dtype=torch.float64)
    measured = before.measured > 0
    if name.startswith("error"):
        error = torch.where(measured, torch.from_numpy(rng.normal(size=(2, N))), 0.0)
        norm = error.abs().amax(1) if name == "error_peak" else (error**2).sum(1).div(measured.sum(1)).sqrt()
        return with_error(before, error * (sizes / norm)[:, None])
    if name == "offset":
        return with_offset(before, torch.tensor([size, -size]))
    if name == "uc_gain":
        return with_gain(before, torch.tensor([size, 1 / size]))
    if name == "shift":
        return shifted(before, sizes)
    if name == "warp":
        rough = torch.from_numpy(np.cumsum(rng.normal(size=(2, N)), axis=1))
        return warped(before, feasible_delay(rough * 100, sizes, before.fs))
    if name == "quantisation":
        return quantised(before, sizes, torch.tensor([0.0, 0.5]))
    start = torch.tensor([300, 400])
    if name == "block_loss":
        return with_loss(before, stretch(before, start, sizes))
    if name == "scattered_loss":
        lost = torch.zeros(2, N, dtype=torch.bool)
        lost[:, ::2] = True
        lost &= (lost & measured).cumsum(1) <= size
        return with_loss(before, lost)
    return with_wrong_rate(before, stretch(before, start, sizes), ["maternal", "halved"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", THREATS)
def test_a_change_has_its_size_and_is_no_other_one(name, dtype):
    before, threat = traces(dtype), THREATS[name]
    for size in threat.sizes[:3]:
        if name == "quantisation" and size < 1:
            continue
        after = changed(name, size, before)
        assert after.fhr.dtype == after.uc.dtype == after.measured.dtype == dtype
        found = {other: one.size_of(before, after) for other, one in THREATS.items()}
        assert found[name].numpy() == pytest.approx([size] * 2, rel=1e-4)
        for other in set(THREATS) - ALSO.get(name, set()) - {name}:
            assert (found[other] == inf).all(), other


@pytest.mark.parametrize("name", THREATS)
def test_no_change_has_no_size_and_another_change_none_either(name):
    before, threat = traces(), THREATS[name]
    assert threat.size_of(before, before).tolist() == [threat.nothing] * 2
    after = changed(name, 10.0, before)
    spoilt = {
        "fhr": torch.where(torch.arange(N) == 550, after.fhr + 40, after.fhr),
        "uc": torch.where(torch.arange(N) == 550, after.uc + 40, after.uc),
        "measured": torch.where(torch.arange(N) == 550, 0.7, after.measured),
    }
    for plane, values in spoilt.items():
        if plane == "fhr" and name.startswith("error"):
            continue
        assert (threat.size_of(before, replace(after, **{plane: values})) == inf).all(), plane


@pytest.mark.parametrize("name", ["error_rms", "offset", "uc_gain", "warp"])
def test_changes_are_differentiable(name):
    before = traces(torch.float64)
    weights = torch.linspace(-1, 1, N, dtype=torch.float64)

    def total(parameter: torch.Tensor) -> torch.Tensor:
        make = {"error_rms": with_error, "offset": with_offset, "uc_gain": with_gain, "warp": warped}[name]
        after = make(before, parameter)
        return ((torch.nan_to_num(after.fhr) + after.uc + after.measured) * weights).sum()

    shape = (2, N) if name in ("error_rms", "warp") else (2,)
    at = torch.full(shape, 0.3, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(total(at), at)
    along = torch.from_numpy(np.random.default_rng(0).normal(size=shape))
    step = 1e-6
    slope = (total(at + step * along) - total(at - step * along)) / (2 * step)
    assert float((gradient * along).sum().detach()) == pytest.approx(float(slope.detach()), rel=1e-5)


def test_what_a_pipeline_prepared_is_what_is_read_and_a_shift_is_an_earlier_end():
    rng = np.random.default_rng(0)
    fhr = np.repeat(140 + np.cumsum(rng.normal(0, 0.5, 700)), 4).astype(np.float32)
    fhr[1000:1040] = np.nan
    pipeline = Pipeline(minutes=10, steps=())
    whole = Recording("a", fhr, rng.uniform(0, 50, 2800).astype(np.float32), fs=4.0)
    until = Recording("a", fhr[:-80], whole.uc[:-80], fs=4.0)
    one = Traces.of([pipeline(whole)], pipeline)
    assert np.array_equal(one.signal(pipeline)[0].numpy(), pipeline(whole).signal)
    assert np.array_equal(shifted(one, torch.tensor([20.0])).signal(pipeline)[0].numpy(), pipeline(until).signal)
    far = shifted(one, torch.tensor([80.0]))
    assert (far.measured[0, :20] == 0).all()
    assert torch.isnan(far.fhr[0, :20]).all()
    assert far.measured[0, 20] == 1
    cleaned = Traces.of_cleaned([pipeline(whole)], 10)
    assert np.array_equal(shifted(cleaned, torch.tensor([20.0])).fhr[0], until.fhr[-2400:], equal_nan=True)


def test_gaps_are_bridged_as_a_pipeline_bridges_them():
    fs, pipeline = 1.0, Pipeline(minutes=10, steps=())
    fhr = (140 + np.cumsum(np.random.default_rng(1).normal(0, 0.5, N))).astype(np.float32)
    recording = Recording("a", fhr, np.zeros(N, np.float32), fs=fs)
    before = Traces.of([pipeline(recording)], pipeline)
    lost = np.zeros(N, bool)
    lost[[*range(50, 65), *range(100, 116), *range(590, N), 30]] = True
    after = with_loss(before, torch.from_numpy(lost)[None])
    gaps = Recording("a", np.where(lost, np.nan, fhr).astype(np.float32), recording.uc, fs=fs)
    assert after.signal(pipeline)[0].numpy() == pytest.approx(pipeline(gaps).signal, abs=1e-5)


def test_a_wrong_rate_beyond_the_limits_is_lost():
    before = traces()
    doubled = with_wrong_rate(
        before, stretch(before, torch.tensor([300, 450]), torch.tensor([60.0, 5.0])), ["doubled"] * 2
    )
    assert (doubled.measured[0, 300:360] == 0).all()
    assert torch.isnan(doubled.fhr[0, 300:360]).all()
    assert not torch.isnan(doubled.fhr[1, 450:455]).any()  # bridged
    assert THREATS["wrong_rate"].size_of(before, doubled).tolist() == [60, 5]


def test_delays_are_made_feasible():
    rough = torch.from_numpy(np.random.default_rng(0).normal(0, 50, (3, N)))
    delay = feasible_delay(rough, torch.tensor([1.0, 2.0, 5.0]), 4.0, 0.02)
    assert (delay.abs().amax(1) <= torch.tensor([1.0, 2.0, 5.0])).all()
    assert delay.diff(dim=1).abs().max() <= 0.02 / 4 + 1e-12
    assert (delay[:, [0, -1]] == 0).all()
    assert torch.allclose(feasible_delay(delay, torch.tensor([1.0, 2.0, 5.0]), 4.0, 0.02), delay)


def test_bad_input_is_refused():
    with pytest.raises(FHRError, match="threat 'noise' is not known; choose from error_rms, "):
        threat_of("noise")
    for size in (0.0, -1.0, inf, float("nan")):
        with pytest.raises(FHRError, match=r"size .* of offset .* above 0"):
            THREATS["offset"].check(size)
    with pytest.raises(FHRError, match="above 1, which changes nothing"):
        THREATS["uc_gain"].check(1.0)
    with pytest.raises(FHRError, match="slope 1"):
        warp_threat(1.0)
