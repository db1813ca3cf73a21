import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from fhr.errors import FHRError, TrackingError
from fhr.tracking import hold_run, is_held

_HOLD = """
import sys, time
from pathlib import Path
from fhr.tracking import hold_run
with hold_run(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(300)
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "checkpoints" / "abc"


@pytest.fixture
def holder(folder):
    """Another process that works on the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_asking_creates_nothing(folder, tmp_path):
    assert not is_held(folder)
    assert list(tmp_path.iterdir()) == []
    folder.mkdir(parents=True)
    assert not is_held(folder)
    assert list(folder.iterdir()) == []


def test_held_within_the_block_only(folder):
    with hold_run(folder):
        assert is_held(folder)
    assert not is_held(folder)
    assert [path.name for path in folder.iterdir()] == [".lock"]
    with hold_run(folder):
        assert is_held(folder)


def test_freed_by_an_error(folder):
    with pytest.raises(KeyError), hold_run(folder):
        raise KeyError
    assert not is_held(folder)


@pytest.mark.process
def test_another_process_is_named(folder, holder):
    assert is_held(folder)
    message = rf"^run abc is being worked on by process {holder.pid} on {socket.gethostname()}; wait for it"
    for _ in range(2):  # a refused attempt does not forget who the holder is
        with pytest.raises(TrackingError, match=message), hold_run(folder):
            pytest.fail("two processes at once")
    assert issubclass(TrackingError, FHRError)


@pytest.mark.process
def test_a_killed_process_holds_nothing(folder, holder):
    holder.kill()
    holder.wait()
    assert (folder / ".holder").is_file()  # it had no time to tidy up
    assert not is_held(folder)
    with hold_run(folder):
        assert str(os.getpid()) in (folder / ".holder").read_text()


def test_this_process_twice(folder):
    with (
        hold_run(folder),
        pytest.raises(TrackingError, match=rf"run abc is being worked on by process {os.getpid()} on"),
        hold_run(folder),
    ):
        pytest.fail("held twice")


def test_the_folder_may_be_removed_while_held(folder):
    with hold_run(folder):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    assert not folder.exists()


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_that_outlives_the_holder_holds_nothing(folder):
    code = """
import os, sys, time
from pathlib import Path
from fhr.tracking import hold_run
with hold_run(Path(sys.argv[1])):
    if os.fork() == 0:
        os.close(1)
        time.sleep(300)
    print(os.getpid(), flush=True)
    os.kill(os.getpid(), 9)
"""
    # Its own process group, so that the child can be ended too.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], env=environment, start_new_session=True, stdout=subprocess.PIPE
    )
    try:
        process.communicate(timeout=600)
        assert process.returncode == -9
        assert not is_held(folder)
    finally:
        os.killpg(process.pid, 9)


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "mlruns").write_text("a file")
    folder = tmp_path / "mlruns" / "abc"
    assert not is_held(folder)
    with (
        pytest.raises(TrackingError, match=r"run abc cannot be worked on: .* cannot be written \(Not a dir"),
        hold_run(folder),
    ):
        pytest.fail("held nothing")
