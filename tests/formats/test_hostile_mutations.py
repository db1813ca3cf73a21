"""Spoilt files of every format: a recording or an `FHRError`, in seconds, whatever was done to them."""

from dataclasses import replace
from pathlib import Path

import hostile
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhr.errors import FormatError
from fhr.formats import read, read_fhrma
from fhr.recording import Outcome, Provenance, Recording, Step

_GENERATOR = np.random.default_rng(0)
SAMPLES = hostile.samples_of(
    Recording(
        "r1",
        140 + _GENERATOR.normal(0, 5, 40).round(),
        20 + _GENERATOR.normal(0, 3, 40).round(),
        4.0,
        outcome=Outcome(ph=7.1),
        history=(Step("s", {"a": [1]}),),
        provenance=Provenance("synthetic", "gan (seed=1)", ("a" * 64, "1001")),
    )
)
NUMBER = st.integers(0, 2**32)


def survives(sample: hostile.Sample, number: int, folder: Path) -> None:
    path = hostile.write(hostile.mutated(sample, number), folder)
    with hostile.watchdog(60):
        hostile.verdict(path)


@pytest.mark.parametrize("label", SAMPLES)
def test_the_samples_are_valid_before_they_are_spoilt(label, tmp_path):
    assert hostile.verdict(hostile.write(SAMPLES[label], tmp_path)) == "read"


@pytest.mark.parametrize("label", SAMPLES)
@given(number=NUMBER)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_spoilt_file_is_read_or_refused(label, tmp_path, number):
    survives(SAMPLES[label], number, tmp_path)


@given(number=NUMBER)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_spoilt_simulated_record_is_read_or_refused(simulated_folder, tmp_path, number):
    files = {name: (simulated_folder / name).read_bytes() for name in ("s0001.hea", "s0001.dat")}
    survives(hostile.Sample(files, "s0001.hea"), number, tmp_path)


@given(number=NUMBER)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_spoilt_real_record_is_read_or_refused(ctu_uhb, tmp_path, number):
    files = {name: (ctu_uhb / name).read_bytes() for name in ("1001.hea", "1001.dat")}
    survives(hostile.Sample(files, "1001.hea"), number, tmp_path)


@given(number=NUMBER)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_spoilt_real_fhrma_recording_is_read_or_refused(fhrma_morphology, tmp_path, number):
    files = {"train01.fhr": (fhrma_morphology / "train01.fhr").read_bytes()}
    survives(hostile.Sample(files, "train01.fhr"), number, tmp_path)


def escapes(label: str, folder: Path, reader, n: int) -> int:
    found = 0
    for number in range(n):
        path = hostile.write(hostile.mutated(SAMPLES[label], number), folder)
        try:
            hostile.verdict(path, reader)
        except hostile.Escape:
            found += 1
    return found


def test_a_careless_reader_is_caught(tmp_path):
    """Readers as they are often written: the numbers that name the cases find what they forget."""

    def without_checks(path: Path) -> Recording:
        lines = path.read_text().split("\n")
        name, n_signals, fs, n = lines[0].split()
        samples = np.fromfile(path.with_suffix(".dat"), "<i2").reshape(int(n), int(n_signals)) / np.float32(100)
        return Recording(name, samples[:, 0], samples[:, 1], float(fs))

    def with_infinite_outcomes(path: Path) -> Recording:
        return replace(read(path), outcome=Outcome(ph=float("inf")))

    def with_endless_messages(path: Path) -> Recording:
        raise FormatError(path.read_bytes().hex() * 100)

    def without_a_bound(path: Path) -> Recording:
        recording = read_fhrma(path)
        return replace(recording, fs=5e-324)

    assert escapes("wfdb", tmp_path, without_checks, 60) > 5
    assert escapes("wfdb", tmp_path, with_infinite_outcomes, 60) > 5
    assert escapes("fhrm", tmp_path, with_endless_messages, 50) > 40
    assert escapes("fhrm", tmp_path, without_a_bound, 60) > 5
    assert escapes("wfdb", tmp_path, read, 60) == 0


def test_a_reader_that_hangs_is_caught():
    def waits(path: Path) -> Recording:
        while True:
            pass

    with pytest.raises(hostile.Escape, match=r"still at it after 0.1 s"), hostile.watchdog(0.1):
        hostile.verdict(Path("a"), waits)
