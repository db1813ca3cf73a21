from dataclasses import replace
from functools import cache
from math import inf

import numpy as np
import pytest
import torch
from linear_reader import LinearReader, N
from small_kernel_line import finished_card, kernel_line

from fhr.errors import FHRError, SignalError
from fhr.prediction import Predictor
from fhr.recording import Recording
from fhr.robustness import THREATS, FeatureReader, Traces, Verdicts, attack, warped

LARGEST = {
    "error_rms": 20.0,
    "error_peak": 40.0,
    "offset": 20.0,
    "uc_gain": 4.0,
    "shift": 30.0,
    "warp": 10.0,
    "block_loss": 80.0,
    "scattered_loss": 80.0,
    "wrong_rate": 60.0,
    "quantisation": 30.0,
}


class Linear(LinearReader):
    """With its gradient, and the number of its looks."""

    def member_scores(self, traces: Traces) -> torch.Tensor:
        (one,) = self.networks
        fhr, uc = (torch.nan_to_num(x, nan=fill).double() for x, fill in ((traces.fhr, 140.0), (traces.uc, 0.0)))
        return (fhr @ one.fhr + uc @ one.uc)[None]


@cache
def drifting() -> Traces:
    """Windows below and above 140 bpm, with a gap that has no value, a bridged one, and half a minute before."""
    rng, t = np.random.default_rng(2), np.arange(-30, N)
    fhr = np.array([[137.0], [138.5], [141.0], [142.0]]) + 6 * np.sin(t / 9 + np.arange(4)[:, None])
    fhr += rng.normal(0, 1, fhr.shape)
    uc, measured = 25 + 20 * np.sin(t / 20) + 0 * fhr, np.ones_like(fhr)
    measured[:, 80:92] = measured[:, 120:128] = 0.0
    fhr[:, 80:92] = np.nan
    planes = torch.from_numpy(np.stack([fhr, uc, measured], 1)).float()
    return Traces(*planes[..., 30:].unbind(1), 1.0, tuple("abcd"), 15.0, planes[..., :30])


def radius(reader: Linear, traces: Traces, threat: str) -> np.ndarray:
    """Exact sizes of the least errors."""
    weights, measured = reader.networks[0].fhr, (traces.measured > 0).double()
    norm = (
        (weights * measured).sum(1)
        if threat == "error_peak"
        else (weights * measured).norm(dim=1) * measured.sum(1).sqrt()
    )
    return np.abs(140.0 - reader.scores(traces)[0]) / norm.numpy()


@pytest.mark.parametrize("threat", ["error_rms", "error_peak"])
def test_on_a_linear_network_the_gradient_finds_the_exact_radius(threat):
    reader, before = Linear(), drifting()
    found = attack(reader, before, threat, largest=LARGEST[threat], restarts=2)
    exact = radius(reader, before, threat)
    assert (found.sizes >= exact * (1 - 1e-5)).all()
    assert found.sizes == pytest.approx(exact, rel=0.01)
    searched = attack(reader, before, threat, largest=LARGEST[threat], by="search", queries=300)
    assert (searched.sizes >= exact * (1 - 1e-5)).all()
    assert searched.sizes == pytest.approx(exact, rel=0.1)  # weights that no statistic answers to
    assert np.isinf(attack(reader, before, threat, largest=0.9 * exact.min(), restarts=2).sizes).all()


def test_the_search_finds_the_exact_offset_gain_and_block():
    reader, before = Linear(activity=0.5), drifting()
    scores, weights = reader.scores(before)[0], reader.networks[0].fhr
    valued = ~torch.isnan(before.fhr)
    reader.threshold = float(np.median(scores))
    offset = np.abs(reader.threshold - scores) / (valued * weights).sum(1).numpy()
    assert attack(reader, before, "offset", largest=20.0).sizes == pytest.approx(offset, rel=0.01, abs=1e-3)
    share = (reader.threshold - scores) / (before.uc.double() @ reader.networks[0].uc).numpy()
    gain = np.maximum(1 + share, 1 / (1 + share))
    assert attack(reader, before, "uc_gain", largest=4.0).sizes == pytest.approx(gain, rel=0.01)
    lost = replace(before, fhr=torch.full_like(before.fhr, 136.0), measured=torch.ones_like(before.measured))
    reader = Linear(threshold=137.0)  # what is lost counts as 140
    sums = [(weights.unfold(0, k, 1).sum(1).max().item()) for k in range(1, N)]
    least = 1 + int(np.argmax(np.array(sums) >= 0.25))
    found = attack(reader, lost, "block_loss", largest=80.0)
    assert found.sizes == pytest.approx([least] * 4, rel=0.05)


class Uneven(Linear):
    """With a score that most threats change: mean heart rate against its steps, and uterine activity."""

    def member_scores(self, traces: Traces) -> torch.Tensor:
        x = torch.nan_to_num(traces.fhr, nan=135.0)
        rough = x.diff(dim=-1).abs().mean(-1)
        recent = (torch.linspace(0, 1, N) ** 2 * x).mean(-1)
        return (0.3 * x.mean(-1) + recent - 6 * rough + 0.1 * traces.uc.mean(-1)).double()[None]

    def scores(self, traces: Traces) -> np.ndarray:
        return self.member_scores(traces).detach().numpy()


@pytest.mark.parametrize("threat", THREATS)
def test_what_is_reported_flips_has_its_size_and_comes_again(threat):
    reader, before = Uneven(), drifting()
    reader.threshold = float(np.median(reader.scores(before)))
    plain, largest = reader.verdicts(before).at_risk, LARGEST[threat]
    assert 0 < plain.sum() < 4
    for by in {"search", "gradient"} if threat in ("error_rms", "error_peak", "warp") else {"search"}:
        found = attack(reader, before, threat, largest=largest, by=by, restarts=3, queries=60)
        again = attack(reader, before, threat, largest=largest, by=by, restarts=3, queries=60)
        assert found.sizes.tolist() == again.sizes.tolist()
        assert torch.equal(torch.nan_to_num(found.changed.fhr), torch.nan_to_num(again.changed.fhr))
        flipped = np.isfinite(found.sizes)
        assert flipped.any(), by
        assert (found.sizes[flipped] <= largest * (1 + 1e-6)).all()
        assert (reader.verdicts(found.changed).at_risk != plain).tolist() == flipped.tolist()
        sizes = THREATS[threat].size_of(before, found.changed).numpy()
        assert sizes[flipped].tolist() == found.sizes[flipped].tolist()
        assert (found.changed.fs, found.changed.names) == (before.fs, before.names)


class Fickle(Linear):
    """Says another thing when it is asked in another batch, as floating point does."""

    def scores(self, traces: Traces) -> np.ndarray:
        return super().scores(traces) + (0.0 if len(traces) == 4 else 2.0 * (len(traces) % 2))


def test_a_change_that_does_not_flip_when_it_is_looked_at_again_is_no_flip():
    found = attack(Fickle(), drifting(), "offset", largest=30.0)
    flips = Fickle().verdicts(found.changed).at_risk != Fickle().verdicts(drifting()).at_risk
    assert (flips == np.isfinite(found.sizes)).all()


class Sure(Linear):
    """Never at risk."""

    def decide(self, scores: np.ndarray) -> Verdicts:
        return Verdicts(scores.mean(0), np.zeros(scores.shape[1], dtype=bool))


def test_where_no_score_flips_the_verdict_nothing_is_found():
    for threat in ("error_rms", "warp", "offset"):
        assert (attack(Sure(), drifting(), threat, largest=10.0, restarts=1, queries=9).sizes == inf).all()


class Between(FeatureReader):
    """With a threshold between the windows."""

    def decide(self, scores: np.ndarray) -> Verdicts:
        return Verdicts(scores.mean(0), scores.mean(0) >= -0.45)


@cache
def statistics() -> tuple[FeatureReader, Traces]:
    rng = np.random.default_rng(5)
    rates = [level + np.cumsum(rng.normal(0, 0.1, 4800)) for level in (132.0, 150.0)]
    recordings = [Recording(f"r{i}", rate, np.zeros(4800), fs=4.0) for i, rate in enumerate(rates)]
    reader = Between(Predictor([(finished_card(), kernel_line())]))
    return reader, reader.traces(reader.predictor.prepare(recordings))


def test_a_kernel_line_is_attacked_by_search():
    reader, before = statistics()
    found = attack(reader, before, "error_rms", largest=40.0, queries=80)
    assert np.isfinite(found.sizes).all()
    flipped = reader.verdicts(found.changed).at_risk != reader.verdicts(before).at_risk
    assert (flipped == np.isfinite(found.sizes)).all()
    assert attack(reader, before, "uc_gain", largest=4.0).looks <= 5  # it reads no uterine activity
    with pytest.raises(FHRError, match="no gradient in the signal; attack it by search"):
        attack(reader, before, "error_rms", largest=5.0, by="gradient")


def test_bad_input_is_refused():
    reader, before = Linear(), drifting()
    with pytest.raises(FHRError, match="threat 'noise' is not known; choose from error_rms, "):
        attack(reader, before, "noise", largest=1.0)
    for size in (0.0, -3.0, inf):
        with pytest.raises(FHRError, match="give a finite number above 0"):
            attack(reader, before, "warp", largest=size)
    with pytest.raises(FHRError, match="block_loss is attacked by search"):
        attack(reader, before, "block_loss", largest=9.0, by="gradient")
    with pytest.raises(FHRError, match="by 'luck'; choose gradient or search"):
        attack(reader, before, "offset", largest=9.0, by="luck")
    with pytest.raises(FHRError, match="restarts=0"):
        attack(reader, before, "error_rms", largest=9.0, restarts=0)
    empty = torch.ones_like(before.measured)
    empty[2] = 0.0
    with pytest.raises(SignalError, match="c: nothing was measured"):
        attack(reader, replace(before, measured=empty), "offset", largest=9.0)


def test_a_warp_of_the_attack_is_a_warp():
    reader, before = Uneven(), drifting()
    reader.threshold = float(np.median(reader.scores(before)))
    found = attack(reader, before, "warp", largest=10.0, restarts=6)
    assert found.changed.delay is not None
    some = np.flatnonzero(np.isfinite(found.sizes))
    redone = warped(before[some], found.changed.delay[some])
    assert torch.equal(torch.nan_to_num(redone.fhr), torch.nan_to_num(found.changed[some].fhr))
