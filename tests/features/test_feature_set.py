import json
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from fhr.errors import FHRError, SignalError
from fhr.features import (
    GROUPS,
    MULTISCALE,
    MULTISCALE_COLUMNS,
    Column,
    FeatureSet,
    feature_set,
)
from fhr.features.groups import OF_GROUP, Group
from fhr.preprocessing import DEFAULT_STEPS, clean, last_minutes
from fhr.recording import Recording, Step

NAN = np.nan
CHOICE = (
    "choose from multiscale, scalar, morphology, scattering, order_statistics, signal_loss, wide_quantiles, "
    "band_amplitudes, modulation, capacities, event_statistics, scale_cumulants, cross_channel, octave_spectra, "
    "increments, activity_quantiles, coupling, gap_pattern, in this order"
)
SHORT = FeatureSet(minutes=1.0)
GOLDEN = (
    *(0.453402501, -0.00142741761, 0.000396336008, 0.481979911, 0.240145988),
    *(0.21756976, -0.203380102, 0.179043831, 5.85920012, 0.0305577259),
    *(0.462580601, -0.00043327934, -0.00091475076),
)
MORPHOLOGY = (
    *(139.853367, 139.494113, 140.063444, 0, 0),
    *(10.5882353, 12663.1967, 43.3329723, 58),
    *(3, 10.6298357, 29.517583, 11.574406292),
)


def recording(fhr, fs=4.0, name="r") -> Recording:
    fhr = np.asarray(fhr, np.float32)
    return Recording(name, fhr, np.arange(len(fhr)), fs)


def ramp(minutes: float, fs: float = 4.0) -> np.ndarray:
    n = round(minutes * 60 * fs)
    return 100 + 50 * np.arange(n) / n


def test_windows_are_placed_from_the_end():
    fhr = ramp(4.5)
    windows = SHORT.windows(recording(fhr), step=1.5)
    np.testing.assert_array_equal(windows.to_end, [0, 90, 180])
    np.testing.assert_array_equal(windows.end, [270, 180, 90])
    np.testing.assert_array_equal(windows.start, [210, 120, 30])
    for k, start in enumerate(windows.start.astype(int) * 4):
        np.testing.assert_array_equal(windows.fhr[k], fhr.astype(np.float32)[start : start + 240])
        np.testing.assert_array_equal(windows.uc[k], np.arange(start, start + 240))
    assert windows.fhr.dtype == windows.uc.dtype == np.float64
    last = SHORT.windows(recording(fhr))
    for one, many in zip(last, windows, strict=True):
        np.testing.assert_array_equal(one, many[:1])


def test_windows_are_cleaned_and_never_bridged(simulated_database):
    for original in list(simulated_database)[:5]:
        windows = FeatureSet(minutes=20.0).windows(original, step=7.0)
        cleaned = clean(original, DEFAULT_STEPS)
        np.testing.assert_array_equal(windows.fhr[0], last_minutes(cleaned.fhr, 4.0, 20.0))
        np.testing.assert_allclose(windows.loss, np.isnan(windows.fhr).mean(axis=-1))
    raw = SHORT.windows(recording(np.full(240, 230.0)), step=1.0), FeatureSet(minutes=1.0, steps=())
    assert raw[0].loss.tolist() == [1.0]
    assert raw[1].windows(recording(np.full(240, 230.0))).loss.tolist() == [0.0]


def test_a_multiple_of_the_rate_is_averaged_in_blocks():
    fhr = np.repeat([140.0, 150.0], 4 * 120)
    fhr[-6:] = NAN, 150.0, NAN, NAN, 150.0, 152.0  # the last block of 2 s is lost but for its half
    fast = recording(np.concatenate([[100.0, 90.0, 80.0], fhr]), fs=8.0)  # 3 samples that fill no block
    windows = FeatureSet(minutes=1.0, fs=2.0, steps=()).windows(fast, step=0.5)
    assert windows.fhr.shape == (3, 120)
    np.testing.assert_array_equal(windows.fhr[0, -2:], [150.0, 151.0])
    np.testing.assert_array_equal(windows.end + windows.to_end, fast.duration)
    np.testing.assert_allclose(windows.loss, [3 / 480, 0, 0])


def of_columns(*names: str, compute) -> Group:
    return Group(lambda minutes: tuple(Column(name, "1", "") for name in names), compute)


def test_groups_are_columns_beside_each_other(monkeypatch):
    multiscale = OF_GROUP["multiscale"]._replace(
        compute=lambda w: np.full((len(w.fhr), len(MULTISCALE_COLUMNS)), w.multiscale["p"])
    )
    scalar = of_columns("a", "b", compute=lambda w: np.full((len(w.fhr), 2), w.fs))
    morphology = of_columns("c", compute=lambda w: w.uc[:, -1:])
    for name, group in {"multiscale": multiscale, "scalar": scalar, "morphology": morphology}.items():
        monkeypatch.setitem(OF_GROUP, name, group)
    whole = FeatureSet(minutes=1.0, multiscale={"p": 1})
    assert whole.names == (*(column.name for column in MULTISCALE_COLUMNS), "a", "b", "c")
    np.testing.assert_array_equal(whole(recording(ramp(1))), [*np.ones(len(MULTISCALE_COLUMNS)), 4.0, 4.0, 239.0])
    assert FeatureSet(groups=("scalar",)).names == ("a", "b")
    assert replace(whole, groups=["multiscale"]).columns == MULTISCALE_COLUMNS
    assert whole.column_groups == ("multiscale",) * len(MULTISCALE_COLUMNS) + ("scalar", "scalar", "morphology")


def test_a_group_gets_device_and_rate(monkeypatch):
    given = []
    monkeypatch.setitem(OF_GROUP, "scalar", of_columns("a", compute=lambda w: given.append(w) or w.fhr[:, :1]))
    flat = np.full((2, 240), 140.0)
    FeatureSet(groups=("scalar",), minutes=1.0).compute(flat, flat, device="cuda:1")
    assert (given[0].device, given[0].fs) == ("cuda:1", 4.0)


def test_columns_are_named_once_and_say_what_they_are():
    columns = FeatureSet().columns
    assert len({column.name for column in columns}) == len(columns) > len(MULTISCALE_COLUMNS)
    for column in columns:
        assert column.name.isidentifier()
        assert column.unit
        assert column.description
        assert "\n" not in column.description


def test_features_of_a_recording_are_those_of_its_last_window(ctu_uhb_database):
    features = FeatureSet()
    original = ctu_uhb_database[0]
    windows = features.windows(original, step=5.0)
    table = features.compute(windows.fhr, windows.uc)
    assert table.shape == (len(windows.fhr), len(features.columns))
    assert table.dtype == np.float64
    assert np.isfinite(table[0]).all()
    # Sums over a batch of another size round differently, in the last digit.
    np.testing.assert_allclose(features(original), table[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(features.compute(windows.fhr[1:2], windows.uc[1:2])[0], table[1], rtol=1e-9, atol=1e-12)


def test_a_window_without_signal_gives_nan():
    features = FeatureSet()
    lost = np.stack([np.full(7200, NAN), 140 + np.random.default_rng(0).normal(size=7200).cumsum() / 9])
    values = features.compute(lost, lost)
    assert np.isnan(values[0]).all()
    assert np.isfinite(values[1]).all()
    assert np.isnan(features.compute(lost[:1], lost[:1])[0]).all()
    assert np.isnan(features(recording(np.full(7200, 230.0)))).all()


@pytest.mark.parametrize(
    "given",
    [
        FeatureSet(),
        FeatureSet(
            groups=("scalar",),
            fs=2.0,
            minutes=20.0,
            steps=(Step("remove_spikes", {"jump": 9.0}),),
            multiscale={"p": 1.0},
        ),
        FeatureSet(steps=()),
    ],
)
def test_plain_types_and_back(given):
    plain = json.loads(json.dumps(given.to_dict()))
    again = FeatureSet.from_dict(plain)
    assert again == given
    assert again.to_dict() == plain
    assert again.checksum == given.checksum


def test_the_checksum_tells_what_is_computed(monkeypatch):
    same = [
        FeatureSet(),
        FeatureSet(minutes=30, fs=4, groups=list(GROUPS), steps=list(DEFAULT_STEPS)),
        FeatureSet(multiscale=MULTISCALE),
        FeatureSet(multiscale={"p": 2, "j1": 3.0}),
    ]
    assert len({given.checksum for given in same}) == 1
    assert all(given == same[0] for given in same)
    others = [
        FeatureSet(groups=("multiscale",)),
        FeatureSet(groups=("multiscale", "scalar")),
        FeatureSet(minutes=20.0),
        FeatureSet(fs=2.0),
        FeatureSet(steps=DEFAULT_STEPS[:2]),
        FeatureSet(multiscale={"p": 1.0}),
        FeatureSet(multiscale={"j1": 4}),
    ]
    seen = {given.checksum for given in (same[0], *others)}
    assert len(seen) == 8
    monkeypatch.setattr(feature_set, "VERSION", 99)
    assert FeatureSet().checksum not in seen
    monkeypatch.undo()
    fewer = OF_GROUP["multiscale"]._replace(columns=lambda minutes: MULTISCALE_COLUMNS[:-1])
    monkeypatch.setitem(OF_GROUP, "multiscale", fewer)
    assert FeatureSet().checksum not in seen


def test_a_feature_set_is_frozen_and_its_own():
    given = {"p": 1.0}
    features = FeatureSet(multiscale=given)
    given["p"] = 2.0
    assert features.multiscale["p"] == 1.0
    with pytest.raises(FrozenInstanceError):
        features.minutes = 1.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (recording(ramp(5), name="five"), "five: 5.0 min of signal, shorter than one window of 30 min; use longer"),
        (recording(ramp(31, 5.0), fs=5.0, name="odd"), "odd: sampled at 5 Hz, which is no multiple of the 4 Hz that"),
        (recording(ramp(31, 1.0), fs=1.0, name="slow"), "slow: sampled at 1 Hz, which is no multiple of the 4 Hz"),
    ],
)
def test_recordings_that_cannot_be_used(given, message):
    for call in (FeatureSet(), FeatureSet().windows):
        with pytest.raises(SignalError, match=message):
            call(given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"minutes": 0.0},
            "features with fs=4.0 Hz and windows of 0.0 min; both must be positive, and the window must",
        ),
        ({"minutes": NAN}, "windows of nan min"),
        ({"minutes": np.inf}, "windows of inf min"),
        ({"minutes": 0.001}, "windows of 0.001 min"),
        ({"fs": 0.0}, "fs=0.0 Hz"),
        ({"groups": ()}, rf"feature groups \(\); {CHOICE}$"),
        ({"groups": ("scalar", "multiscale")}, CHOICE),
        ({"groups": ("scalar", "scalar")}, CHOICE),
        ({"groups": ("capacities", "modulation")}, CHOICE),
        ({"groups": ("fractal",)}, "'fractal'"),
        ({"steps": (Step("smooth"),)}, "cleaning step 'smooth' is not known"),
        ({"multiscale": {"q": 1}}, "multiscale features take no 'q'; their parameters: wavelet, j1, j2, p, gamma"),
        ({"multiscale": {"j1": "three"}}, "multiscale features with {'j1': 'three'}: invalid literal"),
        ({"multiscale": {"j1": 2.5}}, "multiscale features with {'j1': 2.5}: j1 is a whole number"),
    ],
)
def test_feature_sets_that_cannot_be(arguments, message):
    with pytest.raises(FHRError, match=message):
        FeatureSet(**arguments)


def test_a_step_that_cannot_be():
    with pytest.raises(FHRError, match="windows with step=0 at 4 Hz"):
        SHORT.windows(recording(ramp(2)), step=0)


def test_numbers_do_not_move_without_a_new_version():
    # Whoever changes what a column means raises VERSION and these numbers; caches and checkpoints then know.
    rng = np.random.default_rng(1)
    fhr = np.round(4 * (140 + rng.normal(size=7200).cumsum() / 5)) / 4
    fhr[1000:1400] = fhr[3000:3005] = NAN
    found = FeatureSet(groups=("multiscale", "scalar"))(recording(fhr))
    integrated = FeatureSet(groups=("multiscale",), multiscale={"gamma": 1.0, "p": 1.0})(recording(fhr))
    assert feature_set.VERSION == 2
    np.testing.assert_allclose(np.concatenate([found[:5], found[-5:], integrated[:3]]), GOLDEN, rtol=1e-6)


def test_the_numbers_of_morphology_do_not_move_either():
    t = np.arange(7200) / 4
    rng = np.random.default_rng(1)
    fhr = 140 + 5 * np.sin(t / 3) + rng.normal(size=7200) - 40 * np.exp(-(((t % 400 - 200) / 20) ** 2))
    fhr[1000:1400] = NAN
    uc = 10 + 40 * np.exp(-(((t % 200 - 100) / 25) ** 2))
    found = FeatureSet(groups=("morphology",))(Recording("r", fhr, uc, 4.0))
    np.testing.assert_allclose(found, MORPHOLOGY, rtol=1e-5)
