"""Ctrl-C and SIGTERM, sent to real processes: what they say, what they keep, that a second one ends at once."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from warm_python import Warm

from fhr.cli import main
from fhr.features import read_features

ROOT = Path(__file__).resolve().parents[2]
SAID = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated")}
# A verb that says when it works, and takes its time to clean up.
SLOW = """
import sys, time
from fhr.cli import info, main
def run(options):
    try:
        sys.stdout.write("working\\n"), sys.stdout.flush()
        time.sleep(60)
    finally:
        sys.stdout.write("cleaning up\\n"), sys.stdout.flush()
        time.sleep(float(sys.argv[1]))
info.run = run
sys.exit(main(["info", "."]))
"""


@contextmanager
def process(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python that a terminal's Ctrl-C would reach, whatever this one ignores."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as started:
        try:
            yield started
        finally:
            started.kill()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, simulated_folder: Path) -> Path:
    """Three chunks of recordings, and a fourth of one."""
    folder = tmp_path_factory.mktemp("some")
    for header in sorted(simulated_folder.glob("*.hea"))[:25]:
        for suffix in (".hea", ".dat"):
            shutil.copy(header.with_suffix(suffix), folder)
    return folder


@pytest.mark.process
@pytest.mark.parametrize("number", SAID, ids=lambda number: number.name)
def test_a_verb_that_is_stopped_keeps_what_is_finished(tmp_path, folder, run_fhr, number):
    code, word = SAID[number]
    features = ["features", str(folder), "--out", "t.parquet", "--groups", "scalar"]
    verb = Warm("-m", "fhr", *features, folder=tmp_path, environment={**os.environ, "PYTHONPATH": str(ROOT)})
    while not list(tmp_path.glob("t.parquet.parts/*.parquet")) and verb.runs:
        time.sleep(0.01)
    verb.send_signal(number)
    stopped = verb.wait()
    assert (stopped.returncode, stopped.stdout, stopped.stderr) == (code, "", f"fhr features: {word}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet.parts"]
    kept = len(list(tmp_path.glob("t.parquet.parts/*.parquet")))
    again = run_fhr(tmp_path, *features)
    assert again.code == 0, again.err
    n_computed = int(again.err.split(", ")[1].split()[0])
    assert 0 < n_computed <= 25 - 8 * kept
    assert read_features(tmp_path / "t.parquet")["record"].nunique() == 25


@pytest.mark.process
@pytest.mark.parametrize("number", SAID, ids=lambda number: number.name)
def test_the_first_signal_lets_everything_clean_up(tmp_path, number):
    code, word = SAID[number]
    with process(tmp_path, "-c", SLOW, "0") as verb:
        assert verb.stdout.readline() == "working\n"
        verb.send_signal(number)
        out, err = verb.communicate(timeout=600)
    assert (verb.returncode, out, err) == (code, "cleaning up\n", f"fhr info: {word}\n")


@pytest.mark.process
@pytest.mark.parametrize("second", SAID, ids=lambda number: number.name)
def test_a_second_signal_ends_at_once(tmp_path, second):
    with process(tmp_path, "-c", SLOW, "600") as verb:
        assert verb.stdout.readline() == "working\n"
        verb.send_signal(signal.SIGINT)
        assert verb.stdout.readline() == "cleaning up\n"
        verb.send_signal(second)
        out, err = verb.communicate(timeout=600)
    assert (verb.returncode, out, err) == (-second, "", "")


def test_handlers_are_as_they_were_afterwards(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = [signal.getsignal(number) for number in SAID]
    assert main(["info", "nothing"]) == 2
    assert [signal.getsignal(number) for number in SAID] == before


@pytest.mark.parametrize("number", SAID, ids=lambda number: number.name)
def test_a_signal_for_the_tests_reaches_them_while_a_verb_runs_in_their_process(tmp_path, run_fhr, monkeypatch, number):
    before = signal.signal(number, signal.default_int_handler)  # a job in the background has it ignored
    monkeypatch.setattr("fhr.cli.info.run", lambda options: signal.raise_signal(number))
    try:
        with pytest.raises(KeyboardInterrupt, match=f"signal {int(number)} while `fhr info .` ran"):
            run_fhr(tmp_path, "info", ".")
        assert run_fhr(tmp_path, "info", ".", stopped=True).code == SAID[number][0]
    finally:
        signal.signal(number, before)
