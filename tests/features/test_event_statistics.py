"""Statistics of events against built labours, and against plain loops over what `find` finds."""

import numpy as np
import pytest

from fhr.features.event_statistics import event_statistics, event_statistics_columns
from fhr.morphology import find
from fhr.preprocessing import block_mean

NAMES = [column.name for column in event_statistics_columns(60)]
PARTS = {"60": (0, 60), "30": (30, 60), "20": (40, 60), "first_20": (0, 20), "second_20": (20, 40)}
HEART = slice(0, 15)
UTERUS = ("contractions", "contraction_length", "lag", "late", "answered")


def of(fhr: np.ndarray, uc: np.ndarray, fs: float = 4.0) -> dict[str, float]:
    fhr, uc = np.atleast_2d(fhr), np.atleast_2d(uc)
    found = event_statistics(fhr, uc, block_mean(fhr, round(fs)), fs=fs)
    return dict(zip(NAMES, found[0].tolist(), strict=True))


def built(nadirs, *, delay: float = 40.0, depth: float = 30.0, bumps=(), seed: int = 0):
    """An hour with falls of `depth` at the `nadirs`, s, each `delay` s after the peak of a contraction, and rises."""
    t = np.arange(14400) / 4
    rng = np.random.default_rng(seed)
    fhr = 140 + rng.normal(size=t.shape) + 2 * np.sin(2 * np.pi * t / 17)
    uc = 10 + rng.normal(size=t.shape) / 3
    for nadir in nadirs:
        fhr -= depth * np.clip(1 - np.abs(t - nadir) / 40, 0, None)
        uc += 40 * np.exp(-(((t - nadir + delay) / 20) ** 2))
    for bump in bumps:
        fhr += 30 * np.clip(1 - np.abs(t - bump) / 30, 0, None)
    return fhr, uc


def test_falls_of_known_times_depths_and_delays():
    nadirs = (300, 900, 1500, 2000, 2200, 2700, 3000, 3300)
    found = of(*built(nadirs, bumps=(600, 3150)))
    inside = {part: sum(a * 60 <= s < b * 60 for s in nadirs) for part, (a, b) in PARTS.items()}
    for part, (start, end) in PARTS.items():
        per_hour = 60 / (end - start)
        assert found[f"decelerations_{part}"] == pytest.approx(inside[part] * per_hour)
        assert found[f"contractions_{part}"] == pytest.approx(inside[part] * per_hour)
        assert found[f"mean_depth_{part}"] == pytest.approx(30, abs=4)
        assert found[f"largest_depth_{part}"] >= found[f"mean_depth_{part}"]
        assert found[f"lag_{part}"] == pytest.approx(40, abs=5)
        assert found[f"late_{part}"] == found[f"answered_{part}"] == 1
        assert np.exp(found[f"mean_length_{part}"]) - 10 == pytest.approx(80, abs=20)
        assert np.exp(found[f"fall_{part}"]) - 5 == pytest.approx(np.exp(found[f"recovery_{part}"]) - 10, abs=8)
        area = (np.exp(found[f"deceleration_area_{part}"]) - 1) * 100
        assert area == pytest.approx(inside[part] * per_hour * 30 * 40, rel=0.15)
        assert found[f"time_below_{part}"] == pytest.approx(inside[part] * 80 / (end - start) / 60, rel=0.25)
        assert found[f"baseline_mean_{part}"] == pytest.approx(140, abs=1.5)
        assert found[f"baseline_min_{part}"] <= found[f"baseline_mean_{part}"] <= found[f"baseline_max_{part}"]
    assert found["accelerations_60"] == pytest.approx(2)
    assert found["accelerations_second_20"] == 0


def test_early_falls_are_not_late_and_falls_alone_are_not_answers():
    fhr, uc = built((600, 1200, 1800, 2400), delay=10.0)
    found = of(fhr, uc)
    assert found["late_60"] == 0
    assert found["lag_60"] == pytest.approx(10, abs=5)
    quiet, _ = built(())
    found = of(quiet, uc)
    assert found["answered_60"] == found["decelerations_60"] == found["mean_depth_60"] == 0
    assert found["mean_length_60"] == pytest.approx(np.log(10))
    assert np.isnan([found["lag_60"], found["late_20"]]).all()


def test_events_are_per_hour_of_what_was_measured():
    fhr, uc = built((300, 900, 1500, 2100))
    complete = of(fhr, uc)["decelerations_60"]
    fhr[2400 * 4 :] = np.nan  # 20 of 60 min, without an event
    assert of(fhr, uc)["decelerations_60"] == pytest.approx(1.5 * complete, rel=0.01)


def test_noise_has_the_fast_spread_and_step_of_a_gaussian():
    t = np.arange(14400) / 4
    fhr = 140 + 6 * np.random.default_rng(3).normal(size=t.shape)
    found = of(fhr, np.full_like(fhr, np.nan))
    # Means of 4 samples have a standard deviation of 3; steps from one to the next are sqrt(2) of it, in the mean
    # 2 / sqrt(pi) times 3; the smoothing takes 1 / (20 sqrt(pi)) of a sample along.
    assert found["fast_spread_60"] == pytest.approx(
        np.log(0.05 + 0.6745 * 3 * (1 - 1 / (20 * np.sqrt(np.pi)))), abs=0.04
    )
    assert found["fast_step_60"] == pytest.approx(np.log(0.05 + 3 * 2 / np.sqrt(np.pi)), abs=0.04)


def brute_force(fhr: np.ndarray, uc: np.ndarray, start: float, end: float) -> dict[str, float]:
    found = find(fhr, uc, 4.0)
    second = block_mean(fhr, 4)
    falls = [k for k, t in enumerate(found.decelerations.peak) if start <= t < end]
    measured = [s for s in range(round(start), round(end)) if not np.isnan(second[s])]
    hours = len(measured) / 3600
    level = [found.baseline[4 * s + 2] for s in measured]
    below = 0
    for s in measured:
        inside = zip(found.decelerations.start, found.decelerations.end, strict=True)
        below += any(a <= s + 0.5 < b for a, b in inside)
    lags = []
    for k in falls:
        after = [found.decelerations.peak[k] - c for c in found.contractions.peak]
        after = [lag for lag in after if -30 <= lag <= 120]
        if after:
            lags.append(min(after, key=abs))
    some = [k for k, t in enumerate(found.contractions.peak) if start <= t < end]
    answered = [
        any(-30 <= nadir - found.contractions.peak[k] <= 120 for nadir in found.decelerations.peak) for k in some
    ]
    depths = [found.decelerations.amplitude[k] for k in falls]
    return {
        "decelerations": len(falls) / hours,
        "mean_depth": np.mean(depths) if falls else 0.0,
        "largest_depth": max(depths, default=0.0),
        "deceleration_area": np.log(1 + sum(found.decelerations.area[k] for k in falls) / hours / 100),
        "time_below": below / len(measured),
        "baseline_mean": np.mean(level),
        "baseline_sd": np.std(level),
        "lag": np.mean(lags),
        "late": np.mean([lag > 25 for lag in lags]),
        "answered": np.mean(answered),
    }


def test_is_its_definition_in_each_part(labour, with_gaps):
    fhr, uc = labour(1)
    fhr = with_gaps(fhr, fraction=0.15)
    row = of(fhr[0], uc[0])
    for part, (start, end) in PARTS.items():
        for name, expected in brute_force(fhr[0], uc[0], start * 60, end * 60).items():
            assert row[f"{name}_{part}"] == pytest.approx(expected, abs=1e-9), (name, part)


def test_a_level_moves_the_baseline_alone():
    fhr, uc = built((300, 900, 1500, 2000, 2200, 2700))
    before, after = of(fhr, uc), of(fhr + 4, uc)
    for name, value in before.items():
        moved = 4 if name.startswith(("baseline_m",)) else 0
        assert after[name] == pytest.approx(value + moved, rel=0.03, abs=0.15), name


def test_without_uc_only_its_columns_are_missing():
    fhr, uc = built((300, 900, 1500))
    before, after = of(fhr, uc), of(fhr, np.full_like(uc, np.nan))
    for name, value in after.items():
        if name.startswith(UTERUS):
            assert np.isnan(value)
        else:
            assert value == pytest.approx(before[name], rel=0.1, abs=0.5)


def test_without_a_baseline_nothing_is_told_of_events(labour):
    fhr, uc = labour(1)
    fhr[:, 480:] = np.nan  # 2 min
    assert np.isfinite([value for name, value in of(fhr, uc).items() if not name.startswith(UTERUS)]).all()
    fhr[:, 476:] = np.nan
    row = of(fhr, uc)
    for part in PARTS:
        assert np.isnan([row[f"decelerations_{part}"], row[f"mean_depth_{part}"], row[f"baseline_mean_{part}"]]).all()
        assert np.isfinite([row[f"fast_spread_{part}"], row[f"fast_step_{part}"]]).all()
