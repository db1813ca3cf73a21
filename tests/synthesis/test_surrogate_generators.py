"""Surrogate methods and segments as generators: loss, records without UC, and what cannot be made."""

from dataclasses import replace

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.preprocessing import block_mean
from fhr.recording import Outcome, Recording
from fhr.synthesis import (
    IAAFT,
    MaximumEntropy,
    PhaseRandomization,
    ResampledSegments,
    WaveletIAAFT,
    load_generator,
    save_generator,
    scattering_synthesis,
)

FS, MINUTES = 4.0, 5.0
N = int(MINUTES * 60 * FS)
SURROGATES = [PhaseRandomization, IAAFT, WaveletIAAFT]


def record(k: int, *, lost: slice | None = None, uc: float = 1.0, low: bool = False) -> Recording:
    rng = np.random.default_rng(k)
    fhr = (120 if low else 140) + np.cumsum(rng.normal(size=N)) * 0.1
    fhr[lost or slice(0, 0)] = np.nan
    activity = 20 + uc * rng.random(N)
    stage2 = 200.0 if k % 2 else np.nan
    return Recording(f"r{k}", fhr, activity, FS, outcome=Outcome(ph=7.0 if low else 7.3), stage2_start=stage2)


@pytest.fixture(scope="module")
def records() -> list[Recording]:
    return [record(k, lost=slice(40 * k, 40 * k + 30), low=k < 3) for k in range(8)]


LABELS = [1, 1, 1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("recipe", SURROGATES, ids=lambda recipe: recipe.__name__)
def test_signal_is_lost_where_a_record_of_the_class_lost_it(recipe, records):
    patterns = [np.isnan(r.fhr) for r in records]
    fitted = recipe(minutes=MINUTES).fit(records, LABELS)
    for target, own in ((1, patterns[:3]), (0, patterns[3:])):
        for made in fitted.draws(6, target):
            assert sum(np.array_equal(np.isnan(made.fhr), one) for one in own) == 1
            assert not np.isnan(made.uc).any()
            assert abs(np.nanmedian(made.fhr) - (120 if target else 140)) < 10  # of a record of the class
    for loss, lost in (("own", 30), ("none", 0)):
        (made,) = recipe(minutes=MINUTES, loss=loss).fit(records, LABELS).draws(1)
        assert np.isnan(made.fhr).sum() == lost
        if loss == "own":
            source = next(r for r in records if r.name == made.history[0].parameters["outcome_of"])
            np.testing.assert_array_equal(np.isnan(made.fhr), np.isnan(source.fhr))


@pytest.mark.parametrize("recipe", SURROGATES, ids=lambda recipe: recipe.__name__)
def test_a_record_without_uc_has_surrogates_without_uc(recipe, records):
    silent = [replace(r, uc=np.full(N, np.nan)) for r in records[:4]]
    constant = [replace(r, uc=np.full(N, 5.0)) for r in records[4:]]
    for given in (silent, constant):
        made = recipe(minutes=MINUTES, loss="none").fit(given).sample(3)
        assert all(np.isnan(r.uc).all() and not np.isnan(r.fhr).any() for r in made)


def test_values_are_those_of_a_record(records):
    fitted = IAAFT(minutes=MINUTES, loss="none").fit(records)
    (made,) = fitted.draws(1)
    k = fitted.windows.names.index(made.history[0].parameters["outcome_of"])
    np.testing.assert_array_equal(np.sort(made.fhr), np.sort(fitted.prepared.signals[k, 0]).astype(np.float32))
    assert np.corrcoef(made.fhr, fitted.prepared.signals[k, 0])[0, 1] < 0.9


@pytest.mark.parametrize("recipe", SURROGATES)
def test_surrogates_of_one_window_are_missing_where_it_is(recipe):
    rng = np.random.default_rng(0)
    skewed = np.exp(np.convolve(rng.normal(size=N + 39), np.full(40, 0.12), mode="valid"))
    window = np.stack([140 + 10 * skewed, rng.random(N)])
    window[0, 100:160] = np.nan
    made = recipe().of_window(window, FS, n=3, seed=2)
    np.testing.assert_array_equal(np.isnan(made), np.isnan(window)[None].repeat(3, axis=0))
    np.testing.assert_array_equal(made, recipe().of_window(window, FS, n=3, seed=2))
    assert len(np.unique(made[:, 0, 0])) == 3
    levels = np.linspace(0.02, 0.98, 49)
    away = np.nanquantile(made[:, 0], levels, axis=1).T - np.nanquantile(window[0], levels)
    assert (np.abs(away).max() < 0.5 * np.nanstd(window[0])) == recipe.keeps_amplitudes


def test_channels_that_never_vary_stay_in_surrogates_of_a_window(records):
    window = np.stack([records[1].fhr, np.full(N, 7.0), np.full(N, np.nan)])
    made = IAAFT(iterations=5).of_window(window, FS, n=2, seed=0)
    np.testing.assert_array_equal(made[:, 1:], window[None, 1:].repeat(2, axis=0))
    with pytest.raises(SignalError, match="the first channel is measured for 100% of the window, or never varies"):
        IAAFT().of_window(window[[1, 0]], FS, n=2, seed=0)
    with pytest.raises(SignalError, match=r"give \(channel, time\)"):
        IAAFT().of_window(window[0], FS, n=2, seed=0)


def test_records_with_too_little_are_left_out_aloud(records, caplog):
    poor = record(90, lost=slice(0, int(0.8 * N)))
    flat = replace(records[0], name="flat", fhr=np.full(N, 140.0))
    fitted = IAAFT(minutes=MINUTES).fit([*records, poor, flat])
    assert len(fitted.windows) == len(records)
    assert len(fitted.fitted_to) == len(records) + 2  # they were looked at
    assert "2 of 10 records are left out" in caplog.text
    with pytest.raises(SignalError, match="none of 2 training records has FHR for 25%"):
        IAAFT(minutes=MINUTES).fit([poor, flat])
    empty = replace(records[0], fhr=np.full(N, np.nan), uc=np.full(N, np.nan))
    with pytest.raises(SignalError, match="has any signal"):
        ResampledSegments(minutes=MINUTES, segment=1).fit([empty])


def test_segments_are_those_of_the_class(records):
    fitted = ResampledSegments(minutes=MINUTES, segment=1).fit(records, LABELS)
    for made in fitted.draws(4, 1):
        own = np.concatenate([r.fhr for r in records[:3]])
        assert np.isin(made.fhr[~np.isnan(made.fhr)], own).mean() > 0.9  # but where one fades into the other
        assert np.isnan(made.stage2_start) or abs(made.stage2_start - 200) < 1


def test_maximum_entropy_descends_at_its_own_rate(records, monkeypatch):
    given, found = [], []

    def synthesis(x, **settings):
        given.append((x, settings))
        found.append(scattering_synthesis(x, **settings))
        return found[-1]

    monkeypatch.setattr("fhr.synthesis.maximum_entropy.scattering_synthesis", synthesis)
    recipe = MaximumEntropy(minutes=MINUTES, iterations=2, loss="none")
    made = list(recipe.fit(records).draws(2))
    (x, settings) = given[0]
    assert x.shape == (2, 2, N // 4)
    assert settings["fs"] == 1.0
    assert all(len(one) == N and not np.isnan(one.fhr).any() for one in made)
    for one, (fhr, uc) in zip(made, found[0].signals, strict=True):
        np.testing.assert_allclose(block_mean(one.fhr, 4), fhr, atol=1e-4)  # float32
        np.testing.assert_allclose(block_mean(one.uc, 4), uc, atol=1e-4)
    (alone,) = recipe.fit(records).draws(2, begin=1)
    np.testing.assert_allclose(alone.fhr, made[1].fhr, atol=1e-3)
    with pytest.raises(SignalError, match="no multiple of the 3 Hz"):
        list(MaximumEntropy(minutes=MINUTES, rate=3.0).fit(records).draws(1))


@pytest.mark.parametrize(
    ("recipe", "settings"),
    [
        (IAAFT, {"fill": "zero"}),
        (PhaseRandomization, {"loss": "some"}),
        (IAAFT, {"exact": "both"}),
        (IAAFT, {"iterations": 0}),
        (WaveletIAAFT, {"pinned": 1.5}),
        (MaximumEntropy, {"iterations": 0}),
        (MaximumEntropy, {"rate": 0.0}),
        (ResampledSegments, {"segment": 0}),
        (ResampledSegments, {"segment": 100}),
    ],
)
def test_wrong_settings_are_refused(recipe, settings):
    with pytest.raises(FHRError, match=next(iter(settings))):
        recipe(**settings)


@pytest.mark.parametrize("recipe", [*SURROGATES, ResampledSegments], ids=lambda recipe: recipe.__name__)
def test_files_give_the_same_draws(recipe, records, tmp_path):
    settings = {"segment": 1.0} if recipe is ResampledSegments else {}
    fitted = recipe(minutes=MINUTES, **settings).fit(records, LABELS)
    again = load_generator(save_generator(fitted, tmp_path / "generator.npz"))
    made = [r.digest for r in fitted.draws(18)]
    assert [r.digest for r in again.draws(2)] == made[:2]
    assert [r.digest for r in fitted.draws(18, begin=15)] == made[15:]  # across a batch, both labels
