"""No process of the package speaks to another machine: no telemetry, no look for newer versions."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.process

# Python runs it at the start of each process, workers too. What is asked for is written down and refused.
_WATCH = """
import os, socket
real_connect = socket.socket.connect
def note(host):
    if host not in ("127.0.0.1", "::1", "localhost", socket.gethostname()):
        with open(os.environ["WATCH_LOG"], "a") as file:
            file.write(f"{host}\\n")
        raise OSError("the test refuses")
def connect(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6):
        note(address[0])
    return real_connect(self, address)
def sendto(self, *arguments):
    note(arguments[-1][0])
real_look = socket.getaddrinfo
def look(host, *arguments, **named):
    if host is not None:
        note(host.decode() if isinstance(host, bytes) else host)
    return real_look(host, *arguments, **named)
socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto = connect, connect, sendto
socket.getaddrinfo = look
"""
# Where MLflow sees one of these it is silent of itself, and the test would see nothing.
_SILENCE = (
    "CI",
    "DO_NOT_TRACK",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "MLFLOW_DISABLE_TELEMETRY",
    "MLFLOW_TRACKING_URI",
    "PYTEST_CURRENT_TEST",
)


@pytest.fixture
def asked_by(tmp_path):
    """`asked_by(*arguments)`: the hosts that Python with these arguments wants to speak to."""
    watch, work, log = tmp_path / "watch", tmp_path / "work", tmp_path / "log.txt"
    watch.mkdir()
    work.mkdir()
    (watch / "sitecustomize.py").write_text(_WATCH)
    environment = {k: v for k, v in os.environ.items() if k not in _SILENCE and not k.lower().endswith("_proxy")}
    environment |= {"PYTHONPATH": os.pathsep.join([str(watch), *sys.path]), "WATCH_LOG": str(log)}

    def run(*arguments: str) -> set[str]:
        log.write_text("")
        done = subprocess.run(
            [sys.executable, *arguments], cwd=work, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return set(log.read_text().split())

    return run


def test_the_watch_sees_what_it_should(asked_by):
    code = """
import socket, urllib.request
for ask in (
    lambda: urllib.request.urlopen("http://example.invalid/"),
    lambda: socket.create_connection(("192.0.2.1", 9)),
    lambda: socket.socket().connect_ex(("192.0.2.2", 9)),
):
    try: ask()
    except OSError: pass
"""
    assert asked_by("-c", code) == {"example.invalid", "192.0.2.1", "192.0.2.2"}
    socket.create_server(("127.0.0.1", 0)).close()  # the test's own sockets are as they were


def test_the_library_and_a_fit(asked_by, tiny_config: Path, prepare_store, tmp_path):
    """The library first, without the command line, which sets the variable too."""
    prepare_store(tmp_path / "work" / "mlruns" / "mlflow.db")
    code = """
import sys
from fhr.tracking import ensure_experiment, find_run, mlflow_client
assert find_run("0" * 32) is None
experiment, client = ensure_experiment("fits"), mlflow_client()
run_id = client.create_run(experiment).info.run_id
client.log_metric(run_id, "loss", 1)
client.set_terminated(run_id)
from fhr.cli import main
sys.exit(main(["fit", "--config", sys.argv[1]]))
"""
    assert asked_by("-c", code, str(tiny_config)) == set()
