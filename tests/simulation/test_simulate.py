"""Recordings, their outcomes, and how one follows from the other."""

import dataclasses
from math import isnan

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

import fhr
from fhr.errors import FHRError
from fhr.recording import Recording, developed_on
from fhr.simulation import EXPLAINED, simulate, simulate_labour, simulate_labours, simulate_recording

N = 400


@pytest.fixture(scope="module")
def recordings() -> list[Recording]:
    return list(simulate(N, seed=11))


@pytest.fixture(scope="module")
def ph(recordings):
    return np.array([recording.outcome.ph for recording in recordings])


@pytest.fixture(scope="module")
def severity(recordings):
    return np.array([recording.history[0].parameters["severity"] for recording in recordings])


def same(a: Recording, b: Recording) -> bool:
    signals = np.array_equal(a.fhr, b.fhr, equal_nan=True) and np.array_equal(a.uc, b.uc, equal_nan=True)
    fields = all(
        np.array_equal(dataclasses.astuple(x), dataclasses.astuple(y), equal_nan=True)
        for x, y in ((a.outcome, b.outcome), (a.clinical, b.clinical))
    )
    return signals and fields and (a.name, a.source, a.history) == (b.name, b.source, b.history)


def trace(recording: Recording) -> tuple[np.ndarray, np.ndarray]:
    """Known samples of the last 60 min at 1 Hz, and a baseline of 10-min medians."""
    rates, baselines = [], []
    for part in recording.fhr[-14400::4].reshape(-1, 600):
        known = part[np.isfinite(part)]
        rates.append(known)
        baselines.append(np.full(len(known), np.median(known) if len(known) else 0.0))
    return np.concatenate(rates), np.concatenate(baselines)


def prevalence_band(share: float) -> tuple[float, float]:
    error = np.sqrt(share * (1 - share) / N)
    return share - 3.5 * error, share + 3.5 * error


def test_same_seed_same_recording():
    assert same(simulate_recording(3, seed=5), simulate_recording(3, seed=5))
    assert not same(simulate_recording(3, seed=5), simulate_recording(3, seed=6))
    assert not same(simulate_recording(3, seed=5), simulate_recording(4, seed=5))


def test_more_recordings_keep_the_first_ones():
    for short, long in zip(simulate(3, seed=2), simulate(6, seed=2), strict=False):
        assert same(short, long)
    assert same(list(simulate(6, seed=2))[4], simulate_recording(4, seed=2))


@pytest.mark.statistics
def test_names_source_and_history(recordings):
    assert [r.name for r in recordings[:2]] == ["s0001", "s0002"]
    assert recordings[1].source.path == "seed=11,index=1"
    assert recordings[1].source.format == "simulated"
    step = recordings[1].history[0]
    assert step.name == "simulate"
    assert step.parameters["seed"] == 11
    assert step.parameters["index"] == 1


@pytest.mark.statistics
def test_they_are_simulated_by_one_maker(recordings):
    """Which is named with all that makes other recordings; the index is in the history."""
    provenance = recordings[0].provenance
    assert (provenance.kind, provenance.fitted_to) == ("simulated", developed_on())
    assert provenance.made_by == f"fhr.simulation {fhr.__version__}, seed=11, explained={EXPLAINED:g}"
    assert {r.provenance for r in recordings} == {provenance}
    others = [simulate_recording(0, seed=12), simulate_recording(0, seed=11, explained=0.25)]
    assert [r.provenance.made_by.partition("seed=")[2] for r in others] == [
        f"12, explained={EXPLAINED:g}",
        "11, explained=0.25",
    ]


@pytest.mark.statistics
def test_signals_are_what_a_monitor_gives(recordings):
    for recording in recordings:
        fhr, uc = (x[np.isfinite(x)] for x in (recording.fhr, recording.uc))
        assert recording.fs == 4
        assert 60 <= recording.duration / 60 <= 90
        assert fhr.min() >= 50
        assert fhr.max() <= 210
        assert np.all(fhr * 4 == np.rint(fhr * 4))
        assert uc.min() > 0
        assert uc.max() <= 127
        assert np.all(uc * 2 == np.rint(uc * 2))


@pytest.mark.statistics
def test_ph_has_the_marginal_of_ctu_uhb(ph):
    # Shares in CTU-UHB: 0.08 at most 7.05, 0.21 at most 7.15, 0.36 at most 7.20.
    for limit, share in ((7.05, 0.08), (7.15, 0.21), (7.20, 0.36)):
        low, high = prevalence_band(share)
        assert low < np.mean(ph <= limit) < high
    assert np.median(ph) == pytest.approx(7.25, abs=0.015)
    assert 6.85 <= ph.min() < 6.98
    assert 7.40 < ph.max() <= 7.47
    assert np.all(ph == np.round(ph, 2))


@pytest.mark.statistics
def test_blood_gases_and_apgar_agree_with_the_ph(recordings, ph):
    outcomes = np.array([dataclasses.astuple(r.outcome) for r in recordings])
    assert np.isfinite(outcomes).all()
    _, bdecf, be, pco2, apgar1, apgar5 = outcomes.T
    assert np.corrcoef(ph, bdecf)[0, 1] < -0.6
    assert np.corrcoef(ph, be)[0, 1] > 0.7
    assert np.corrcoef(ph, pco2)[0, 1] < -0.7
    assert 0.3 < np.corrcoef(ph, apgar1)[0, 1] < 0.7
    assert np.all(apgar5 >= apgar1 - 1)
    assert np.mean(bdecf) == pytest.approx(4.7, abs=0.7)
    assert np.mean(pco2) == pytest.approx(7.0, abs=0.4)
    assert np.mean(apgar5) == pytest.approx(9.07, abs=0.2)


@pytest.mark.statistics
def test_stages_delivery_and_length_agree(recordings):
    for recording in recordings:
        clinical = recording.clinical
        missing = {k for k, v in dataclasses.asdict(clinical).items() if isnan(v)}
        if isnan(recording.stage2_start):
            assert missing == {"second_stage"}
            assert clinical.delivery_type == 2
        else:
            assert not missing
            assert clinical.delivery_type == 1
            assert recording.stage2_start >= 3600
            assert recording.stage2_start + clinical.second_stage * 60 == recording.duration
        recorded = recording.duration if isnan(recording.stage2_start) else recording.stage2_start
        assert clinical.first_stage * 60 >= recorded
        assert clinical.gravidity > clinical.parity
        assert clinical.sensor in (1, 2, 12)
    sections = np.mean([r.clinical.delivery_type == 2 for r in recordings])
    low, high = prevalence_band(0.075)
    assert low < sections < high


@pytest.mark.statistics
def test_loss_is_skewed_and_worse_in_the_second_stage(recordings):
    loss = np.array([r.loss for r in recordings])
    assert loss.mean() == pytest.approx(0.19, abs=0.03)
    assert np.quantile(loss, 0.95) > 2 * np.median(loss)
    assert loss.max() < 0.7
    activity = np.array([np.isnan(r.uc).mean() for r in recordings])
    assert activity.mean() == pytest.approx(0.19, abs=0.03)
    staged = [(r.fhr, int(r.stage2_start * r.fs)) for r in recordings if not isnan(r.stage2_start)]
    first = np.mean([np.isnan(fhr[:start]).mean() for fhr, start in staged])
    second = np.mean([np.isnan(fhr[start:]).mean() for fhr, start in staged])
    assert second > 1.3 * first


@pytest.mark.statistics
def test_severity_explains_the_ph_as_much_as_was_asked():
    def rank_correlation(explained):
        pairs = [(x.truth.severity, -x.recording.outcome.ph) for x in simulate_labours(60, seed=2, explained=explained)]
        return spearmanr(*zip(*pairs, strict=True)).statistic

    assert abs(rank_correlation(0.0)) < 0.35
    # Sections have a law of the pH of their own, so that not even 1 is a perfect order.
    assert rank_correlation(1.0) > 0.9


@pytest.mark.statistics
def test_severity_explains_the_ph_but_not_all_of_it(ph, severity):
    assert roc_auc_score(ph <= 7.15, severity) == pytest.approx(0.85, abs=0.06)
    order = np.argsort(severity)
    fifths = [ph[part].mean() for part in np.array_split(order, 5)]
    assert (np.diff(fifths) < 0).all()


def test_what_is_explained_changes_the_outcome_alone():
    hard, easy = (simulate_labour(1, seed=3, explained=share) for share in (0.0, 1.0))
    assert hard.recording.outcome.ph != easy.recording.outcome.ph
    np.testing.assert_array_equal(hard.recording.fhr, easy.recording.fhr)
    np.testing.assert_array_equal(hard.truth.baseline, easy.truth.baseline)


@pytest.mark.statistics
def test_the_visible_trace_shows_part_of_the_severity(recordings, ph, severity):
    area, spread = [], []
    for recording in recordings:
        rate, baseline = trace(recording)
        area.append(np.clip(baseline - 15 - rate, 0, None).mean() if len(rate) else np.nan)
        spread.append(np.median(np.abs(rate - baseline)) if len(rate) else np.nan)
    seen = np.isfinite(area)
    # In CTU-UHB 0.70 and 0.73: neither hopeless nor easy. The standard error is about 0.03.
    for column in (np.array(area)[seen], np.array(spread)[seen]):
        assert 0.58 < roc_auc_score(ph[seen] <= 7.15, column) < 0.82
        assert 0.2 < spearmanr(column, severity[seen]).statistic < 0.7


@pytest.mark.statistics
def test_heart_rate_falls_with_contractions_and_comes_back(recordings, severity):
    """Mean coupling of the twenty sickest: the fall is some seconds behind the contraction, not before it."""
    lags = np.arange(-120, 240, 8)
    coupling = np.zeros(len(lags))
    for k in np.argsort(severity)[-20:]:
        rate, activity = (
            np.where(np.isnan(x), np.nanmedian(x), x).astype(float) for x in (recordings[k].fhr, recordings[k].uc)
        )
        rate, activity = rate - rate.mean(), activity - activity.mean()
        coupling += [np.mean(activity[120:-240] * rate[120 + lag : len(rate) - 240 + lag]) for lag in lags]
    assert coupling.min() < 0
    assert 0 <= lags[int(np.argmin(coupling))] / 4 <= 30


def test_none_is_an_empty_simulation():
    assert list(simulate(0)) == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: simulate(-1), "n=-1 recordings were asked for; give n of at least 0"),
        (lambda: simulate(1, seed=-2), "seed=-2 is negative; give an integer of at least 0"),
        (lambda: simulate_labours(2, seed=-2), "seed=-2 is negative; give an integer of at least 0"),
        (lambda: simulate(1, explained=1.5), "explained=1.5 is no share; give a correlation between 0 and 1"),
        (lambda: simulate_recording(0, explained=np.nan), "explained=nan is no share"),
        (lambda: simulate_labour(-1), "index=-1 is negative; recordings are numbered from 0"),
        (lambda: simulate_recording(-1), "index=-1 is negative; recordings are numbered from 0"),
    ],
)
def test_errors_name_the_value_and_the_remedy_at_once(call, message):
    with pytest.raises(FHRError, match=message):
        call()
