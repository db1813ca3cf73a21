from dataclasses import replace
from functools import cache
from math import inf

import numpy as np
import pandas as pd
import pytest
import torch
from small_kernel_line import FEATURES, finished_card, kernel_line

from fhr.errors import CheckpointError, FHRError, SignalError
from fhr.features import FeatureSet
from fhr.models import KernelLine
from fhr.prediction import Predictor
from fhr.recording import Recording
from fhr.robustness import (
    FeatureReader,
    Traces,
    feature_bounds,
    kernel_bounds,
    kernel_certificate,
    score_bounds,
    stretch,
    threat_of,
    with_error,
    with_gain,
    with_loss,
    with_offset,
)
from fhr.robustness.kernel_bounds import box_of

GROUPS = ("order_statistics", "signal_loss", "wide_quantiles", "capacities")  # of the last no bound is known
SIZES = {"error_rms": 0.4, "error_peak": 1.0, "offset": 6.0, "block_loss": 20.0, "scattered_loss": 10.0}


@cache
def recordings() -> list[Recording]:
    """Twenty-one minutes with decelerations, at 4 Hz; the second with many gaps, the third near 50 bpm."""
    rng, found = np.random.default_rng(5), []
    t = np.arange(21 * 240) / 4
    for i, level in enumerate((140.0, 155.0, 62.0)):
        falls = -25.0 * np.exp(-((((t % 300) - 150) / 20) ** 2)) * (i < 2)
        drift = np.cumsum(rng.normal(0, 0.05, len(t)))
        fhr = level + falls + drift - drift.mean() + rng.normal(0, 1.5, len(t))
        if i == 1:
            fhr[(t % 97 < 9.6) | (t % 23 < 0.6)] = np.nan
        uc = 10 + 40 * np.exp(-((((t % 240) - 120) / 25) ** 2)) + rng.normal(0, 0.5, len(t))
        found.append(Recording(f"r{i}", fhr, uc, fs=4.0))
    return found


@cache
def reader_on(groups: tuple[str, ...]) -> FeatureReader:
    features = replace(FEATURES, groups=groups)
    rng = np.random.default_rng(6)
    ready = [Recording("a", 140 + rng.normal(0, 5, 4800), np.zeros(4800), fs=4.0)]
    usual = features.of(ready[0], features.windows(ready[0]))[0]
    x = np.nan_to_num(usual) + rng.normal(0, 4, (60, len(features.names)))
    outcomes = _outcomes(rng)
    lines = [KernelLine("ph<7.20", features.column_groups, decay=decay).fit(x, outcomes) for decay in (0.6, 2.0)]
    facts = {"set": features.to_dict(), "checksum": features.checksum}
    members = [
        (finished_card(inner, features=facts, network=one.specification), one) for inner, one in enumerate(lines)
    ]
    return FeatureReader(Predictor(members[:1]))


def _outcomes(rng: np.random.Generator) -> pd.DataFrame:
    return pd.DataFrame({"ph": 7.2 + rng.normal(0, 0.08, 60), "bdecf": rng.normal(4, 3, 60)})


def reader_and_traces(groups: tuple[str, ...] = GROUPS) -> tuple[FeatureReader, Traces]:
    one = reader_on(groups)
    return one, one.traces(one.predictor.prepare(recordings()))


def changed(before: Traces, threat: str, size: float, n: int) -> list[Traces]:
    """Changes of a size: at random, and made to move quantiles, spread, line or loss."""
    rng = np.random.default_rng(7)
    found, (k, length) = [], before.fhr.shape
    measured = before.measured > 0
    order = torch.where(measured, before.fhr, torch.inf).argsort(dim=1).argsort(dim=1) / measured.sum(1, keepdim=True)
    at = torch.arange(length) / length
    for i in range(n):
        if threat == "offset":
            found.append(
                with_offset(before, torch.full((k,), size if i == 0 else -size if i == 1 else rng.uniform(-size, size)))
            )
            continue
        if threat == "block_loss":
            start = torch.from_numpy(rng.integers(0, length, k))
            if i == 0:  # the lowest minute
                start = torch.nan_to_num(before.fhr, nan=inf).argmin(1) - round(2 * size)
            found.append(with_loss(before, stretch(before, start, torch.full((k,), size))))
            continue
        if threat == "scattered_loss":
            rank = torch.from_numpy(rng.random((k, length))) if i > 1 else (order if i else -order)
            rank = torch.where(measured, rank, inf)
            lost = rank.argsort(dim=1).argsort(dim=1) < round(size * before.fs)
            found.append(with_loss(before, lost & measured))
            continue
        fraction, width = rng.choice([0.05, 0.5, 0.95]), rng.choice([0.01, 0.05, 1.0])
        some = (order - fraction).abs() < width if i % 2 else torch.from_numpy(rng.random((k, length)) < 0.5)
        shape = torch.where(some & ((at > rng.choice([0.0, 0.7])) | (at < 0)), 1.0, 0.0)
        shape = shape * (torch.from_numpy(np.sign(rng.normal(size=(k, length)))) if i % 5 == 0 else rng.choice([-1, 1]))
        shape = torch.where(measured, shape, 0.0).double()
        norm = shape.abs().amax(1) if threat == "error_peak" else (shape.square().sum(1) / measured.sum(1)).sqrt()
        found.append(with_error(before, shape * (size / norm.clamp(min=1e-9))[:, None]))
    return found


@pytest.mark.parametrize("threat", SIZES)
def test_no_change_beats_the_bounds_of_features_and_of_scores(threat):
    (one, before), size = reader_and_traces(), SIZES[threat]
    low, high = feature_bounds(one, before, threat, size)
    least, most = kernel_bounds(one, before, threat, size)
    rows, scores = one.features(before), one.scores(before)
    known = np.isfinite(low).all(0)
    groups = np.array(one.predictor.features.column_groups)
    assert set(groups[known]) == {"order_statistics", "signal_loss", "wide_quantiles"}  # parity is not known
    tried = changed(before, threat, size, 15)
    moved = np.zeros_like(rows)
    for after in tried:
        assert (threat_of(threat).size_of(before, after) <= size + 2e-5).all()  # float32
        found = one.features(after)
        inside = (low <= found) & (found <= high) | (np.isnan(found) & ~known)
        assert inside.all(), np.array(one.predictor.features.names)[~inside.all(0)]
        moved = np.maximum(moved, np.abs(found - rows))
        given = one.predictor.scores(np.empty((len(found), 0, 0)), found)
        assert ((least <= given) & (given <= most)).all()
    # A fifth of the size would be too little: the bounds say something, and what is tried is no straw man.
    little, more = feature_bounds(one, before, threat, size / 5)
    assert (moved > np.maximum(more - rows, rows - little))[:, known].any()
    assert np.isfinite(scores).all()


def test_an_offset_moves_levels_alone():
    one, before = reader_and_traces()
    low, high = feature_bounds(one, before[[0]], "offset", 3.0)
    width, names = (high - low)[0], one.predictor.features.names
    for name, wide in zip(names, width, strict=True):
        if name.split("_")[0] in ("start", "end", "median", "level"):
            assert wide == pytest.approx(6, abs=1e-3)
        elif np.isfinite(wide):
            assert wide < 1e-3
    low, high = feature_bounds(one, before[[2]], "offset", 15.0)  # some seconds come below 50 bpm
    loss = names.index("loss_20")
    assert (high - low)[0, loss] > 0.1


def test_features_without_uterine_activity_stay_whatever_it_does():
    one, before = reader_and_traces((*GROUPS, "event_statistics"))
    low, high = feature_bounds(one, before, "uc_gain", 2.0)
    known = np.isfinite(low).all(0)
    groups = np.array(one.predictor.features.column_groups)
    assert set(groups[known]) == set(GROUPS)  # parity is not known
    assert (low[:, known] == high[:, known]).all()
    found = one.features(with_gain(before, torch.tensor([3.0, 0.2, 1.5])))
    np.testing.assert_array_equal(found[:, known], low[:, known])
    without = kernel_certificate(*reader_and_traces(GROUPS[:3]), "uc_gain", largest=2.0)
    assert (without.sizes == inf).all()


@pytest.mark.parametrize("wide", [0.01, 0.2, 3.0])
def test_no_point_of_a_box_beats_the_bounds_of_the_score(wide):
    line, rng = kernel_line(), np.random.default_rng(8)
    for z in rng.normal(0, 1, (4, line.n_features)):
        low, high = z - wide * rng.random(len(z)), z + wide * rng.random(len(z))
        least, most = score_bounds(line, low, high, z)
        corners = np.where(rng.random((200, len(z))) < 0.5, low, high)
        points = np.concatenate([corners, rng.uniform(low, high, (200, len(z))), z[None]])
        scores = _score(line, points)
        assert (least <= scores).all()
        assert (scores <= most).all()
        if wide == 0.01:  # by then nothing but the slopes is left
            assert most - least < 3 * np.ptp(_score(line, np.stack(_ends(line, z, low, high))))
    flat = score_bounds(line, z, z, z)
    np.testing.assert_allclose(flat, [*_score(line, z[None])] * 2, atol=1e-4)


def _score(line, z):
    scaled = z.astype(np.float32)
    return line.offset + sum(term(scaled, line.records) @ line.coefficients for term in line.recipe.terms.values())


def _ends(line, z, low, high):
    """Corners that the slopes in the middle point to."""
    slopes = line._gradient(z)
    return np.where(slopes > 0, low, high), np.where(slopes > 0, high, low)


def test_normal_scores_of_a_box_hold_those_of_what_lies_in_it():
    line, rng = kernel_line(), np.random.default_rng(9)
    x = rng.normal(140, 20, (50, line.n_features))
    low, high = box_of(line, x - 1, x + rng.uniform(0, 9, x.shape))
    z = line.scaling(x)
    assert ((low <= z) & (z <= high)).all()
    low, high = box_of(line, np.full_like(x, -inf), np.full_like(x, inf))
    assert (low == -line.scaling.limit).all()
    assert (high == line.scaling.limit).all()


def test_certified_sizes_are_those_of_the_bounds_and_no_attack_beats_them():
    one, before = reader_and_traces(GROUPS[:1])
    at_risk = one.verdicts(before).at_risk
    for threat, largest in (("error_peak", 10.0), ("offset", 40.0)):
        found = kernel_certificate(one, before, threat, largest=largest)
        assert found.threat == threat
        assert (found.sizes > 0).any()
        for i in np.flatnonzero(found.sizes > 0):
            for after in changed(before[[i]], threat, found.sizes[i], 8):
                assert one.verdicts(after).at_risk == at_risk[i]
        if threat == "error_peak":
            for i, size in enumerate(found.sizes):
                least, most = kernel_bounds(one, before[[i]], threat, size + largest / 1000)
                assert one.decide(least).at_risk != one.decide(most).at_risk


def test_what_cannot_be_is_refused():
    one, before = reader_and_traces()
    with pytest.raises(FHRError, match="bounds of features against 'warp'; there are some against error_rms, "):
        kernel_bounds(one, before, "warp", 1.0)
    with pytest.raises(FHRError, match=r"error_rms of size -1\.0; give 0 or more"):
        kernel_bounds(one, before, "error_rms", -1.0)
    with pytest.raises(FHRError, match=r"error_rms of sizes up to 0\.0; give a positive number"):
        kernel_certificate(one, before, "error_rms", largest=0.0)
    empty = replace(before, measured=torch.zeros_like(before.measured))
    with pytest.raises(SignalError, match="r0: nothing was measured; leave the window out"):
        feature_bounds(one, empty, "error_rms", 1.0)
    other = FeatureReader(one.predictor)
    other.predictor = type("Of", (), {"features": FeatureSet(groups=GROUPS, fs=4.0, minutes=20), "networks": []})
    with pytest.raises(CheckpointError, match="bounds are known of statistics at 1 Hz, and the model has none"):
        feature_bounds(other, before, "error_rms", 1.0)
    other.predictor = type("Of", (), {"features": one.predictor.features, "networks": [object()]})
    with pytest.raises(CheckpointError, match="bounds are known of kernel lines, and a member is none"):
        kernel_bounds(other, before, "uc_gain", 2.0)
