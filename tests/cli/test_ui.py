"""`fhr ui`: the address that it prints, what it refuses, and that nothing of its server is left."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest
from mlflow import MlflowClient

from fhr.cli import mlflow_server, until_stdin_ends
from fhr.errors import FHRError, TrackingError
from fhr.tracking import HEADLINE, give_columns, mlflow_client, runs_page

# In the place of MLflow's own, which takes ten seconds to start.
SERVER = """
import http.server, os, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(" ".join([*sys.argv[1:], os.environ.get("MLFLOW_DISABLE_TELEMETRY", "")]).encode())
if "postgresql://broken" in sys.argv:
    sys.exit("no such database")
http.server.HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Answer).serve_forever()
"""


@pytest.fixture
def port() -> int:
    """A port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as asked:
        return int(asked.getsockname()[1])


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module `mlflow` for the process that is started, whose server answers at once."""
    (tmp_path / "mlflow.py").write_text(SERVER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def test_the_server_is_given_what_it_takes_and_the_store_of_the_runs(runs):
    from mlflow.cli import server  # slow, and all other tests do without

    store = f"sqlite:///{runs.folder}/mlruns/mlflow.db"
    for host in ("127.0.0.1", "0.0.0.0"):
        given = mlflow_server.command(store, host=host, port=5077)
        assert given[:5] == [sys.executable, "-P", "-m", "mlflow", "server"]
        params = server.make_context("server", given[5:]).params  # refuses what the command does not take
        assert (params["host"], params["port"], str(params["workers"])) == (host, 5077, "1")
        assert params["artifacts_destination"] == str(runs.folder / "mlruns" / "artifacts")
        assert MlflowClient(tracking_uri=params["backend_store_uri"]).get_run(runs.crossval).info.status == "FINISHED"
        assert (params["allowed_hosts"] is None) == (host == "127.0.0.1")
    assert f"{socket.gethostname()}:5077" in params["allowed_hosts"].split(",")
    assert f"http://{socket.gethostname()}:5077" in params["cors_allowed_origins"].split(",")


def test_a_view_with_the_main_results_is_saved_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    client = mlflow_client()
    where = client.create_experiment("some")
    assert runs_page(client.get_experiment(where)) == f"/#/experiments/{where}/runs?workflowType=machine_learning"
    give_columns(client, where, HEADLINE)
    experiment = client.get_experiment(where)
    assert runs_page(experiment).endswith("&viewStateShareKey=fhr")
    (view,) = (value for key, value in experiment.tags.items() if key == "mlflow.sharedViewState.fhr")
    state = json.loads(json.loads(view)["state"])
    assert state["selectedColumns"][:4] == [f"metrics.`{name}`" for name in HEADLINE]
    assert [one for one in state["columnOrder"] if one.startswith("metrics")] == state["selectedColumns"][:4]
    give_columns(client, where, ["another"])
    assert client.get_experiment(where).tags == experiment.tags


def test_of_a_server_the_address_alone_is_printed(runs, run_fhr, monkeypatch):
    """The newest run tells the experiment; a server is stood in for by the store itself."""
    monkeypatch.chdir(runs.folder)
    client = mlflow_client()
    where = client.get_run(runs.crossval).info.experiment_id
    monkeypatch.setattr("fhr.tracking.tracking_uri", lambda: "https://me:secret@runs.example/")
    monkeypatch.setattr("fhr.tracking.mlflow_client", lambda: client)
    newest = client.create_run(where).info.run_id  # other tests may have added runs elsewhere
    answer = run_fhr(runs.folder, "ui")
    client.delete_run(newest)
    assert answer.code == 0, answer.err
    assert answer.out == f"https://runs.example{runs_page(client.get_experiment(where))}\n"
    assert answer.out.startswith(f"https://runs.example/#/experiments/{where}/runs?workflowType=machine_learning")


def test_where_there_is_no_store_it_says_so(run_fhr, tmp_path):
    answer = run_fhr(tmp_path, "ui")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("fhr ui: there is no MLflow store sqlite:///")
    assert not (tmp_path / "mlruns").exists()


def test_a_port_in_use_is_refused_with_another_one(runs, run_fhr):
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        answer = run_fhr(runs.folder, "ui", "--port", taken)
        assert (answer.code, answer.out) == (2, "")
        (line,) = answer.err.splitlines()
        assert line.startswith(
            f"fhr ui: --port {taken} on 127.0.0.1: in use, perhaps by another `fhr ui`; give another"
        )
        free = int(line.rpartition("--port ")[2].rstrip("`"))
        mlflow_server.check_port("127.0.0.1", free)


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [
        ("127.0.0.1", 0, "--port 0; a port is a number from 1 to 65535"),
        ("127.0.0.1", 70000, "--port 70000; a port"),
        ("198.51.100.7", 5000, "--host 198.51.100.7: no address of this machine"),
        ("no such host", 5000, "--host no such host: no address of this machine"),
    ],
)
def test_a_place_that_cannot_be_listened_at_is_refused(host, port, message):
    with pytest.raises(FHRError, match=message):
        mlflow_server.check_port(host, port)


@pytest.mark.process
@pytest.mark.usefixtures("stand_in")
def test_a_server_answers_within_and_is_gone_behind(port):
    with mlflow_server.serving("sqlite:///x.db", host="127.0.0.1", port=port) as process:
        with urlopen(f"http://127.0.0.1:{port}/anything") as answer:
            said = answer.read().decode()
        assert process.poll() is None
    assert said.startswith("server --workers 1 --host 127.0.0.1")
    assert said.endswith(" true")
    assert process.returncode is not None
    mlflow_server.check_port("127.0.0.1", port)


@pytest.mark.process
@pytest.mark.usefixtures("stand_in")
def test_a_server_that_does_not_start_tells_its_last_line(port):
    serving = mlflow_server.serving("postgresql://broken", host="127.0.0.1", port=port)
    with pytest.raises(TrackingError, match=r"ended \(1\), its last line is: no such database; see"), serving:
        pass


def _is_gone(process: int) -> bool:
    """True once a process has ended, which nobody here can wait for."""
    for _ in range(200):
        try:
            if Path(f"/proc/{process}/stat").read_text().split()[2] == "Z":  # its parent is slow to notice
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.process
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("killed", ["guard", "command"])
def test_none_is_left_where_one_of_them_is_killed(killed):
    """The command ends with its guard, and what the command has started ends with the command."""
    script = """import os, subprocess, sys
below = subprocess.Popen(["sleep", "60"])
print(os.getpid(), below.pid, flush=True)
below.wait()"""
    guard = [sys.executable, "-S", until_stdin_ends.__file__, sys.executable, "-S", "-c", script]
    with subprocess.Popen(guard, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        command, below = map(int, process.stdout.readline().split())
        try:
            if killed == "guard":
                process.kill()
                assert _is_gone(command)
            else:
                os.kill(command, signal.SIGKILL)
                assert _is_gone(below)
                assert process.wait() == -signal.SIGKILL % 256
        finally:
            with suppress(ProcessLookupError):
                os.kill(below, signal.SIGKILL)


@pytest.mark.process
@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_what_is_started_ends_with_a_program_that_is_killed():
    """The program holds the pipe, and so does nobody once it is killed; the command has to be gone then."""
    command = [sys.executable, "-S", "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
    read, write = os.pipe()
    guard = [sys.executable, "-S", until_stdin_ends.__file__, *command]
    holder = subprocess.Popen(["sleep", "60"], pass_fds=(write,))
    with closing(os.fdopen(read)) as held, subprocess.Popen(guard, stdin=held, stdout=subprocess.PIPE) as process:
        os.close(write)
        started = int(process.stdout.readline())
        os.kill(started, 0)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert process.wait() != 0
        with pytest.raises(ProcessLookupError):
            os.kill(started, 0)
