"""Spoilt files and values of every kind that may come from elsewhere are read or refused, soon, and run nothing.

Few cases of each kind; `benchmarks/hostile_recordings.py` and `benchmarks/hostile_checkpoints.py` run thousands.
"""

import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import hostile
import numpy as np
import pytest
from hostile_bombs import BOMBS
from hostile_kinds import KINDS, recordings, small_samples

from fhr.errors import FHRError, FormatError
from fhr.formats import read, read_fhrma
from fhr.recording import Outcome, Recording

SAME = ("checkpoint, entry", "checkpoint, content", "checkpoint of arrays, card")  # files as of another kind
FILES = {k: kind.seeds()[0] for k, kind in KINDS.items() if k != "calibrator" and k not in SAME}
PLACES = [(label, name) for label, sample in FILES.items() for name in sample.files]
FEW = {
    "checkpoint, content": 25,
    "checkpoint, bytes": 15,
    "checkpoint, entry": 15,
    "checkpoint of an exported run": 12,
    "calibrator": 300,
}


@pytest.mark.parametrize("label", KINDS)
def test_a_valid_one_is_read_and_a_spoilt_one_read_or_refused(label, tmp_path):
    kind = KINDS[label]
    for seed in kind.seeds():
        assert hostile.verdict(lambda seed=seed: kind.use(seed, tmp_path)) == "read"
    found = hostile.tally(label, kind, range(FEW.get(label, 25)), tmp_path)
    assert found["escaped"] == 0
    assert found["refused"] > 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFO, and links need rights")
@pytest.mark.parametrize("impostor", hostile.IMPOSTORS)
@pytest.mark.parametrize(("label", "name"), PLACES)
def test_what_is_no_file_of_the_folder_is_refused(label, name, impostor, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("folder")  # short, since messages cut long names
    folder.mkdir()
    sample = FILES[label]
    sample.write(folder)
    (folder / name).rename(folder / f"valid-{name}")
    hostile.IMPOSTORS[impostor](tmp_path / folder / name)
    as_it_is = sample._replace(files={}, whole={})  # nothing is written again
    elsewhere = impostor in ("link out of its folder", "link through its parent")
    with hostile.watchdog(300):
        if (label == "RECORDS" and impostor == "nothing") or ("checkpoint" in label and elsewhere):
            assert hostile.verdict(lambda: KINDS[label].use(as_it_is, folder)) == "read"
            return
        with pytest.raises(FHRError) as error:
            KINDS[label].use(as_it_is, folder)
    assert name in str(error.value) or "folder" in str(error.value)
    if elsewhere:
        assert "outside its folder; put the file itself there" in str(error.value)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_does_not_go_off(name, tmp_path, monkeypatch):
    """Small files made to cost much: refused or read, soon, with little memory, and without running what they hold."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    tracemalloc.start()
    try:
        with hostile.watchdog(60):
            verdict = hostile.verdict(lambda: read(path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (320 << 20) + 10 * path.stat().st_size
    assert verdict == ("read" if name in READ else "refused")
    assert [p.name for p in tmp_path.iterdir()] == [name]  # what a pickle would leave is not there


READ = {"a step that is none.csv", "a step of lists.csv", "a second stage past all numbers.csv"}


def test_careless_readers_are_caught(tmp_path):
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
        return replace(read_fhrma(path), fs=5e-324)

    for label, reader in (
        ("wfdb", without_checks),
        ("wfdb", with_infinite_outcomes),
        ("fhrm", with_endless_messages),
        ("fhrm", without_a_bound),
    ):
        kind = recordings([small_samples()[label]], reader)
        assert hostile.tally(label, kind, range(30), tmp_path)["escaped"] > 2


def test_a_reader_that_hangs_is_caught():
    def waits() -> None:
        while True:
            pass

    with pytest.raises(hostile.Escape, match=r"still at it after 0.1 s"), hostile.watchdog(0.1):
        hostile.verdict(waits)


def test_real_files_that_are_spoilt(ctu_uhb, fhrma_morphology, tmp_path):
    record = hostile.Sample({name: (ctu_uhb / name).read_bytes() for name in ("1001.hea", "1001.dat")}, "1001.hea")
    marked = hostile.Sample({"train01.fhr": (fhrma_morphology / "train01.fhr").read_bytes()}, "train01.fhr")
    found = hostile.tally("real", recordings([record, marked]), range(30), tmp_path)
    assert found["escaped"] == 0
