"""Public functions of signals: integers, lists, masked and odd arrays give what float64 with NaN gives."""

import dataclasses
import inspect
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from fhr import features, multiscale, preprocessing
from fhr.errors import SignalError
from fhr.recording import Recording, floating, small_strip

ROOMS = ("preprocessing", "multiscale", "features", "recording")
FS = 4.0
N = round(3 * 60 * FS)

Call = Callable[[Any, Any], Any]
SIGNALS: dict[str, Call] = {
    "preprocessing.block_mean": lambda x, y: preprocessing.block_mean(x, 3),
    "preprocessing.coincident": lambda x, y: preprocessing.coincident(x, y, FS),
    "preprocessing.cut_windows": lambda x, y: preprocessing.cut_windows(x, FS, minutes=2, step=0.5),
    "preprocessing.halved_or_doubled": lambda x, y: preprocessing.halved_or_doubled(x, FS),
    "preprocessing.halved_or_doubled_stretches": lambda x, y: preprocessing.halved_or_doubled_stretches(x, FS),
    "preprocessing.held": lambda x, y: preprocessing.held(x, FS),
    "preprocessing.hold": lambda x, y: preprocessing.hold(x, FS, 2.0),
    "preprocessing.hold_threshold": lambda x, y: preprocessing.hold_threshold(x, FS),
    "preprocessing.interpolate_gaps": lambda x, y: preprocessing.interpolate_gaps(x, FS),
    "preprocessing.jumping": lambda x, y: preprocessing.jumping(x, FS),
    "preprocessing.last_minutes": lambda x, y: preprocessing.last_minutes(x, FS, 1),
    "preprocessing.mothers_rate": lambda x, y: preprocessing.mothers_rate(x, y, FS),
    "preprocessing.note_held": lambda x, y: preprocessing.note_held(x, FS),
    "preprocessing.out_of_range": lambda x, y: preprocessing.out_of_range(x, FS),
    "preprocessing.remove_halved_doubled": lambda x, y: preprocessing.remove_halved_doubled(x, FS),
    "preprocessing.remove_held": lambda x, y: preprocessing.remove_held(x, FS),
    "preprocessing.remove_islands": lambda x, y: preprocessing.remove_islands(x, FS),
    "preprocessing.remove_out_of_range": lambda x, y: preprocessing.remove_out_of_range(x, FS, high=150),
    "preprocessing.remove_spikes": lambda x, y: preprocessing.remove_spikes(x, FS),
    "preprocessing.remove_stuck": lambda x, y: preprocessing.remove_stuck(x, FS, longest=1),
    "preprocessing.stuck": lambda x, y: preprocessing.stuck(x, FS, longest=1),
    "preprocessing.FalseSignalAugmentation": lambda x, y: preprocessing.FalseSignalAugmentation()(
        both(x, y), np.zeros((2, N), np.int8), FS, np.random.default_rng(0)
    ),
    "preprocessing.Augmentation": lambda x, y: preprocessing.Augmentation()(
        one_batch(x, y), ("fhr", "uc"), FS, np.random.default_rng(0)
    ),
    "preprocessing.FalseSignalInput": lambda x, y: preprocessing.FalseSignalInput().encode(both(x, y)),
    "preprocessing.Pipeline": lambda x, y: preprocessing.Pipeline(fs=1.0, minutes=2).input(x, y, FS),
    "multiscale.analyze": lambda x, y: multiscale.analyze(x, j1=2, j2=4).log_cumulants,
    "multiscale.bivariate": lambda x, y: multiscale.bivariate(x, y, j1=2, j2=4).rho_mf,
    "multiscale.LogCumulants": lambda x, y: multiscale.LogCumulants(j1=2, j2=4)(tensor(x)),
    "multiscale.Scattering1d": lambda x, y: multiscale.Scattering1d(J=4, Q=1)(tensor(x)),
    "features.FeatureScaling": lambda x, y: features.FeatureScaling.fit(table(x))(table(x)),
    "features.FeatureSet": lambda x, y: features.FeatureSet(groups=("morphology", "gap_pattern"), minutes=6).compute(
        windows(x), windows(y)
    ),
    "features.NormalScores": lambda x, y: features.NormalScores.fit(table(x))(table(x)),
    "features.band_coherence": lambda x, y: features.band_coherence(windows(x), windows(y)),
    "features.band_power": lambda x, y: features.band_power(x),
    "features.coarse_grain": lambda x, y: features.coarse_grain(x, 3),
    "features.deep_ctg": lambda x, y: features.deep_ctg(x, y),
    "features.dfa": lambda x, y: features.dfa(x, scales=(8, 16, 32)),
    "features.higuchi": lambda x, y: features.higuchi(x),
    "features.increment_moments": lambda x, y: features.increment_moments(x),
    "features.lagged_correlation": lambda x, y: features.lagged_correlation(x, y, np.arange(-3, 4), least=5),
    "features.lempel_ziv": lambda x, y: features.lempel_ziv(x),
    "features.mad": lambda x, y: features.mad(x),
    "features.multiscale_entropy": lambda x, y: features.multiscale_entropy(x, scales=(1, 2)),
    "features.order_statistics": lambda x, y: features.order_statistics(x, minutes=(1, 2)),
    "features.poincare": lambda x, y: features.poincare(x),
    "features.prsa": lambda x, y: features.prsa(x),
    "features.response_lag": lambda x, y: features.response_lag(windows(x), windows(y)),
    "features.sample_entropy": lambda x, y: features.sample_entropy(x),
    "features.scalar_features": lambda x, y: features.scalar_features(x),
    "features.scale_cumulants": lambda x, y: features.scale_cumulants(x),
    "features.scattering_features": lambda x, y: features.scattering_features(windows(x), fs=FS),
    "recording.Recording": lambda x, y: dataclasses.astuple(Recording("a", x, y, FS, mhr=y))[1:5],
    "recording.floating": lambda x, y: floating(x),
    "recording.small_strip": lambda x, y: small_strip(x, y, fs=FS, said="a"),
}
NO_SIGNAL = {
    **dict.fromkeys(
        (
            "check_quality",
            "check_steps",
            "clean",
            "cut_from",
            "cut_until",
            "cut_window",
            "plain_steps",
            "quality_table",
        ),
        "a recording, which holds float32",
    ),
    **dict.fromkeys(("remove_false_signal", "resample", "window_words"), "a recording"),
    **dict.fromkeys(("extract", "features_by_name", "named_once"), "recordings"),
    **dict.fromkeys(("fill_runs", "runs", "draw_gap_patterns"), "positions and flags"),
    **dict.fromkeys(
        ("Window", "Windows", "MultiscaleResult", "BivariateResult", "PRSA", "Extraction", "ScatteringPath"), "results"
    ),
}


def both(x: Any, y: Any) -> Any:
    return np.ma.stack([x, y]) if np.ma.isMaskedArray(x) else np.stack([x, y])


def one_batch(x: Any, y: Any) -> Any:
    return both(x, y)[None]


def table(x: Any) -> Any:
    return x[: N // 2 * 2].reshape(-1, 2) if isinstance(x, np.ndarray) else np.asarray(x).reshape(-1, 2)


def windows(x: Any) -> Any:
    x = x if isinstance(x, np.ndarray) else np.asarray(x)
    return np.ma.concatenate([x, x])[None] if np.ma.isMaskedArray(x) else np.concatenate([x, x])[None]


def tensor(x: Any) -> torch.Tensor:
    x = np.ma.filled(x.astype(float), np.nan) if np.ma.isMaskedArray(x) else np.asarray(x)
    return torch.from_numpy(x.astype(x.dtype.newbyteorder("=")))


def plain(found: Any) -> list[Any]:
    """Numbers of a result, one array after another."""
    if isinstance(found, torch.Tensor):
        return [found.numpy()]
    if isinstance(found, dict):
        return plain(tuple(found.values()))
    if isinstance(found, tuple | list):
        return [one for part in found for one in plain(part)]
    return [found]


@pytest.fixture(scope="module")
def true() -> tuple[np.ndarray, np.ndarray]:
    """A fetal rate with a spike, a hold, a halved piece and the mother's rate; the mother's rate, in whole numbers."""
    draws = np.random.default_rng(0)
    fhr = np.rint(140 + np.cumsum(draws.normal(0, 1, N)) % 30)
    mhr = np.rint(82 + 3 * np.sin(np.arange(N) / 40) + draws.normal(0, 1, N))
    fhr[100:103], fhr[200:260], fhr[300:330], fhr[400:520] = 220, 131, fhr[300:330] // 2, mhr[400:520] - 2
    return fhr, mhr


FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "int16": lambda x: x.astype(np.int16),
    "uint8": lambda x: x.astype(np.uint8),
    "big-endian": lambda x: x.astype(">i4"),
    "float16": lambda x: x.astype(np.float16),
    "list": lambda x: [int(value) for value in x],
    "read-only steps": lambda x: read_only(np.repeat(x.astype(np.int64), 2)[::2]),
}


def read_only(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


def test_every_function_of_a_signal_is_here():
    for room in ROOMS:
        public = import_module(f"fhr.{room}")
        for name in public.__all__:
            thing = getattr(public, name)
            taken = inspect.signature(thing).parameters if callable(thing) and not isinstance(thing, type) else ()
            takes_arrays = [
                p for p in taken if "ndarray" in str(taken[p].annotation) or "rray" in str(taken[p].annotation)
            ]
            if takes_arrays:
                assert f"{room}.{name}" in SIGNALS or name in NO_SIGNAL, f"{room}.{name} takes {takes_arrays}"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SIGNALS)
def test_numbers_of_any_type_give_what_floats_give(true, name):
    expected = plain(SIGNALS[name](*true))
    for form, make in FORMS.items():
        if form == "float16" and name in ("multiscale.LogCumulants", "multiscale.Scattering1d"):
            continue  # half a tensor is refused
        found = plain(SIGNALS[name](*(make(x) for x in true)))
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=form)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", SIGNALS)
def test_what_is_masked_is_missing(true, name):
    gaps = np.zeros((2, N), bool)
    gaps[0, 50:61], gaps[0, 600:], gaps[1, 90:95] = True, True, True
    expected = plain(SIGNALS[name](*(np.where(gap, np.nan, x) for x, gap in zip(true, gaps, strict=True))))
    masked = [np.ma.masked_array(x.astype(np.int32), gap) for x, gap in zip(true, gaps, strict=True)]
    for one, other in zip(plain(SIGNALS[name](*masked)), expected, strict=True):
        assert not np.ma.isMaskedArray(one)
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "values",
    [
        [140, None, 141],
        pd.Series([140, None, 141], dtype="Int64"),
        pd.array([140, None, 141], dtype="Float64"),
        np.ma.masked_equal([140, 0, 141], 0),
        np.array([140, np.nan, 141], ">f4"),
    ],
    ids=["list with None", "nullable integers", "nullable floats", "masked", "big-endian"],
)
def test_what_a_recording_takes(values):
    recording = Recording("a", values, np.zeros(3, np.uint8), 4.0)
    np.testing.assert_array_equal(recording.fhr, np.array([140, np.nan, 141], np.float32))
    assert recording.fhr.dtype == recording.uc.dtype == np.float32
    assert recording.fhr.dtype.isnative


@pytest.mark.parametrize("values", [[1j], np.array(["2026-01-01"], "datetime64[s]"), ["fast"], [[1, 2], [3]]])
def test_what_is_no_real_number_is_refused(values):
    with pytest.raises(SignalError, match=r"a: fhr is no array of real numbers .*; give numbers, NaN where missing"):
        Recording("a", values, [0.0], 4.0)
