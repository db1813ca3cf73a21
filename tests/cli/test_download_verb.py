"""`fhr download`: what it says, and its exit codes."""

import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from download_server import Server, make_database, serve


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("pooch.core.time.sleep", lambda seconds: None)
    folder = tmp_path / "published"
    folder.mkdir()
    with serve(make_database(folder, 3)) as server:
        yield server


def test_download_then_info(run_fhr, server, tmp_path):
    answer = run_fhr(tmp_path, "download", "ctu-uhb", "--out", "out", "--url", server.url)
    assert (answer.code, answer.out) == (0, "")
    assert answer.err.index("ODC-By") < answer.err.index("doi:10.1186/1471-2393-14-16") < answer.err.index("verified")
    assert "out: 7 of 7 files verified, 7 fetched now; 3 records, where the published database has 552" in answer.err
    described = run_fhr(tmp_path, "info", "out")
    assert (described.code, described.err) == (0, "")
    assert pd.read_csv(io.StringIO(described.out))["name"].tolist() == [1001, 1002, 1003]
    server.asked.clear()
    again = run_fhr(tmp_path, "download", "ctu-uhb", "--out", "out", "--url", server.url)
    assert (again.code, len(server.asked)) == (0, 1)
    assert "0 fetched now" in again.err


def test_files_that_cannot_be_had(run_fhr, server, tmp_path):
    server.spoil("1002.dat", *["404"] * 9)
    answer = run_fhr(tmp_path, "download", "ctu-uhb", "--out", "out", "--url", server.url)
    assert answer.code == 1
    assert "1002.dat: the server answers 404 (Not Found)" in answer.err
    assert "6 of 7 files verified" in answer.err
    assert answer.err.rstrip().endswith("give the same command to go on")
    n_asked = len(server.asked)
    verified = run_fhr(tmp_path, "download", "ctu-uhb", "--out", "out", "--verify")
    assert (verified.code, len(server.asked)) == (1, n_asked)
    assert "1002.dat: is missing" in verified.err


def test_mistakes(run_fhr, server, tmp_path):
    for arguments, words in (
        (["download", "mitdb", "--out", "out"], "invalid choice"),
        (["download", "ctu-uhb"], "--out"),
        (["download", "ctu-uhb", "--out", "out", "--url", "http://physionet.org/"], "give the https address"),
        (["download", "ctu-uhb", "--out", "out", "--url", server.url, "--workers", 0], "workers=0"),
        (["download", "ctu-uhb", "--out", "out", "--url", server.url + "none/"], "404 (Not Found), 5 times"),
        (["download", "ctu-uhb", "--out", "out", "--verify"], "SHA256SUMS.txt: No such file"),
    ):
        answer = run_fhr(tmp_path, *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert words in answer.err
    assert not (tmp_path / "out").exists()


@pytest.mark.process
@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(run_fhr, server, tmp_path, how, code):
    server.spoil("1003.dat", "silence")
    options = ["--out", "out", "--url", server.url, "--stall", "600"]
    command = [sys.executable, "-m", "fhr", "download", "ctu-uhb", *options]
    child = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        assert server.halfway.wait(600)
        child.send_signal(how)
        _, err = child.communicate(timeout=600)
    finally:
        child.kill()
    assert child.returncode == code, err
    assert "out: what is there is kept; give the same command to go on" in err
    assert "Traceback" not in err
    server.faults.clear()
    assert run_fhr(tmp_path, "download", "ctu-uhb", "--out", "out", "--url", server.url).code == 0
