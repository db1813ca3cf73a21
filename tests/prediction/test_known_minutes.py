"""Recordings known by the heart rate of their minutes: copies are found, strangers and flat rates are not."""

from dataclasses import replace

import numpy as np
import pytest

from fhr.errors import CheckpointError
from fhr.prediction.known_minutes import MINUTES, KnownMinutes, minute_medians
from fhr.preprocessing import resample
from fhr.recording import Recording


def labour(seed: int, minutes: int = 70) -> Recording:
    """A rate that wanders from minute to minute, with gaps, and a lone last sample after a gap of 40 s."""
    rng = np.random.default_rng(seed)
    knots = 140 + np.cumsum(rng.normal(scale=4, size=minutes + 1)) * 0.7
    at = np.arange(minutes * 240) / 240
    fhr = (np.interp(at, np.arange(minutes + 1), knots) + rng.normal(size=at.size)).astype(np.float32)
    fhr[rng.integers(0, at.size - 400, size=20)[:, None] + np.arange(120)] = np.nan
    fhr[-161:-1] = np.nan
    return Recording(f"r{seed}", fhr, np.zeros_like(fhr), 4.0)


LABOURS = [labour(seed) for seed in range(8)]
KNOWN = KnownMinutes([one.name for one in LABOURS], np.array([minute_medians(one) for one in LABOURS]))


def test_the_median_of_each_minute_back_from_either_end():
    recording = LABOURS[0]
    found = minute_medians(recording)
    assert (found.shape, found.dtype) == ((2, MINUTES), np.float16)
    assert found[0, 2] == pytest.approx(np.nanmedian(recording.fhr[-720:-480]), abs=0.1)
    end = np.flatnonzero(~np.isnan(recording.fhr))[-80]
    assert found[1, 2] == pytest.approx(np.nanmedian(recording.fhr[end - 720 : end - 480]), abs=0.1)
    short = replace(recording, fhr=np.full(100, np.nan, np.float32), uc=np.zeros(100, np.float32))
    assert np.isnan(minute_medians(short)).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda one: replace(one, fhr=one.fhr[::4].round(), uc=one.uc[::4], fs=1.0),  # the lone last sample is lost
        lambda one: resample(one, 3.0),
        lambda one: replace(one, fhr=one.fhr[2400:-161], uc=one.uc[2400:-161]),
    ],
    ids=["every fourth, rounded", "3 Hz", "without its first minutes and the gap at its end"],
)
def test_copies_are_found_and_no_other(change):
    assert [KNOWN.name_of(change(one)) for one in LABOURS] == [one.name for one in LABOURS]


def test_strangers_and_what_tells_nothing_are_not_found():
    assert not any(KNOWN.name_of(labour(seed)) for seed in range(100, 110))
    flat = replace(LABOURS[0], fhr=np.full(70 * 240, 140.0, np.float32))
    assert KnownMinutes(["flat"], minute_medians(flat)[None]).name_of(flat) is None
    brief = replace(LABOURS[0], fhr=LABOURS[0].fhr[-19 * 240 :], uc=LABOURS[0].uc[-19 * 240 :])
    assert KNOWN.name_of(brief) is None


def test_a_file_of_others_or_a_damaged_one_is_refused(tmp_path):
    path = tmp_path / "minutes.npz"
    KNOWN.write(path)
    assert KnownMinutes.read(path, KNOWN.names).name_of(LABOURS[3]) == "r3"
    for names in (KNOWN.names[1:], [*KNOWN.names, "more"]):
        with pytest.raises(CheckpointError, match=r"no minutes of these recordings .*; install it anew"):
            KnownMinutes.read(path, names)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointError, match="install it anew"):
        KnownMinutes.read(path, KNOWN.names)
