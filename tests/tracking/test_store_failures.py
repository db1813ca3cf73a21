"""A store that fails: what was given, what is wrong, what to do; at once, and never a traceback."""

import errno
import http.server
import os
import socket
import sqlite3
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock
from made_once import own_copy
from mlflow.exceptions import MlflowException
from warm_python import Warm, python

from fhr.errors import CheckpointError, SignalError, TrackingError
from fhr.tracking import (
    ensure_experiment,
    ensure_store,
    find_run,
    has_store,
    mlflow_client,
    run_checkpoints,
    store_errors,
    store_mistake,
)
from fhr.tracking.database import make_database

UNUSED = "0" * 32
SERVER = "start the server, or correct or unset MLFLOW_TRACKING_URI"


@pytest.fixture(autouse=True)
def _empty_folder(monkeypatch, tmp_path):
    """Each test has a folder and the environment for itself."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_REQUEST_TIMEOUT"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A whole store, to copy."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        ensure_experiment("fits")
    return folder / "mlruns"


@pytest.fixture
def database(made, tmp_path) -> Path:
    """The database of the store in the current folder."""
    return own_copy(made.parent, tmp_path) / "mlruns" / "mlflow.db"


class _Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.body)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        """Silent."""


@pytest.fixture
def answering(monkeypatch):
    """`answering(status, body)`: a server that gives one answer to everything."""
    servers = []

    def start(status: int, body: bytes) -> http.server.ThreadingHTTPServer:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answer)
        server.status, server.body, server.asked = status, body, 0
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()  # looks for its end so often
        servers.append(server)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.server_port}")
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def message(function, *arguments) -> str:
    with pytest.raises(TrackingError) as error:
        function(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def every_door(run_id: str = UNUSED):
    """All that opens a store says the same."""
    said = {
        message(function, *arguments)
        for function, arguments in (
            (mlflow_client, ()),
            (ensure_store, ()),
            (ensure_experiment, ("fits",)),
            (find_run, (run_id,)),
            (run_checkpoints, (run_id,)),
        )
    }
    (one,) = said
    return one


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (500, b"oops", "the server fails; see the server's own log, and try again"),
        (503, b"", "the server fails; see the server's own log, and try again"),
        (500, b'{"error_code": "INTERNAL_ERROR", "message": "x"}', "the server fails; see the server's own log"),
        (401, b"You are not authenticated", "it asks who you are (401); set MLFLOW_TRACKING_USERNAME and"),
        (401, b'{"error_code": "UNAUTHENTICATED", "message": "x"}', "it asks who you are (401); set"),
        (403, b'{"error_code": "PERMISSION_DENIED", "message": "x"}', "it refuses you (403); ask for the right"),
        (404, b"<html>nothing here</html>", f"what answers there is no MLflow server; {SERVER}"),
        (200, b"<html>a web page</html>", f"what answers there is no MLflow server; {SERVER}"),
    ],
)
def test_a_server_that_answers_wrongly_is_asked_once(answering, status, body, says):
    server = answering(status, body)
    assert f"the MLflow store http://127.0.0.1:{server.server_port}: {says}" in message(mlflow_client)
    assert server.asked == 1


def test_nobody_listens(monkeypatch, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but it does not listen
        uri = f"http://127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        assert every_door() == f"the MLflow store {uri}: no server answers there (connection refused); {SERVER}"
    assert list(tmp_path.iterdir()) == []


def test_a_silent_server(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")  # the user's, which stays
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert f"it does not answer in time; {SERVER}" in message(mlflow_client)
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "1"


def test_a_host_that_is_not_known(monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://no.such.host.invalid:5000")
    monkeypatch.setenv("NO_PROXY", "*")
    assert f"its host is not known; {SERVER}" in message(mlflow_client)


def test_a_server_that_goes_away(answering, monkeypatch):
    """Later requests are repeated, as often as the variable says; the failure is translated."""
    server = answering(200, b"{}")
    client = mlflow_client()
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "5"
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    server.status, before = 503, server.asked
    says = r"the server fails; see the server's own log.*"
    with pytest.raises(TrackingError, match=says), store_errors():
        client.log_metric(UNUSED, "loss", 0.5)
    assert server.asked - before == 2
    server.shutdown()
    server.server_close()
    with pytest.raises(TrackingError, match="no server answers there"), store_errors():
        client.log_metric(UNUSED, "loss", 0.5)


def test_the_users_settings_stay(answering, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    server = answering(503, b"")
    assert "the server fails" in message(mlflow_client)
    assert server.asked == 3
    assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"


@pytest.mark.parametrize(
    ("uri", "says"),
    [
        ("file:./mlruns", "MLflow keeps no runs in plain folders any more; unset MLFLOW_TRACKING_URI"),
        ("./mlruns", "MLflow keeps no runs in plain folders any more; unset MLFLOW_TRACKING_URI"),
        ("ftp://host/path", "MLflow knows no such address; unset MLFLOW_TRACKING_URI"),
    ],
)
def test_an_address_that_is_none(monkeypatch, tmp_path, uri, says):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert every_door().startswith(f"the MLflow store {uri}: {says}")
    assert list(tmp_path.iterdir()) == []


def test_a_password_is_not_shown(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:1")
    said = every_door()
    assert "secret" not in said
    assert said.startswith("the MLflow store http://127.0.0.1:1: ")


@pytest.mark.parametrize("content", [b"not a database " * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_is_told_at_once_and_left_alone(database, content):
    database.write_bytes(content)
    assert has_store()
    said = every_door()
    assert said.startswith(f"the MLflow store {database} is damaged (")
    assert said.endswith("); restore it from a copy, or move it away and a new one is made")
    assert database.read_bytes() == content


def test_damage_in_the_middle(database):
    """The head of the file is whole, so that only a question finds out."""
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    database.write_bytes(content)
    assert "is damaged (database disk image is malformed); restore it from a copy" in every_door()


@pytest.mark.process
@pytest.mark.parametrize("moment", ["made", "copied"])
def test_half_a_database_is_not_left_by_a_kill(tmp_path, made, moment, monkeypatch):
    """Killed at any moment of the making: the next process makes the store as if nothing had been."""
    code = """
import mlflow, os, shutil, sys
from fhr.tracking import ensure_store
def half(path):
    with open(path, "wb") as file:
        file.write(open(sys.argv[1], "rb").read()[:5000])
def killed(*_, **__):
    os.kill(os.getpid(), 9)
class Client:
    def __init__(self, tracking_uri): half(tracking_uri.removeprefix("sqlite:///"))
    def search_experiments(self, **_): killed() if sys.argv[2] == "made" else None
def copy(source, path): half(path); killed()
mlflow.MlflowClient, shutil.copyfile = Client, copy
ensure_store()
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = python("-c", code, made / "mlflow.db", moment, folder=tmp_path, environment=environment)
    assert killed.returncode == -9
    assert {path.stat().st_size for path in (tmp_path / "mlruns" / ".making").iterdir()} == {5000}
    assert not has_store()
    monkeypatch.setattr("fhr.tracking.store.make_database", make_database)  # not a copy of one that was prepared
    if moment == "copied":
        assert ensure_experiment("fits") == "1"
        assert {path.name for path in (tmp_path / "mlruns").iterdir()} == {".lock", "mlflow.db"}


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no limit on the size of files")
def test_a_full_disk_while_the_store_is_made(tmp_path):
    """A limit on the size of files stands for the disk; sqlite and the copying fail as on a full one."""
    code = (
        "import resource, mlflow, mlflow.store.tracking.sqlalchemy_store\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "from fhr.tracking import ensure_store\n"
        "from fhr.errors import TrackingError\n"
        "try: ensure_store()\n"
        "except TrackingError as error: print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    done = python("-c", code, folder=tmp_path, environment=environment)
    assert done.returncode == 0
    assert "make room" in done.stdout, done.stderr
    assert "Traceback" not in done.stderr
    assert not has_store()


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no limit on the size of files")
def test_a_disk_that_is_full_when_a_run_begins(database):
    code = """
import os, resource
from fhr.errors import TrackingError
from fhr.tracking import ensure_experiment, mlflow_client, store_errors
number, client = ensure_experiment("fits"), mlflow_client()
size = os.path.getsize("mlruns/mlflow.db")
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    with store_errors():
        for i in range(1000):
            client.log_param(client.create_run(number).info.run_id, "long", "x" * 5000)
except TrackingError as error:
    print(error)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = python("-c", code, folder=database.parents[1], environment=environment)
    assert done.returncode == 0
    assert done.stdout.startswith(f"the MLflow store sqlite:///{database}: the disk is full"), done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("kind", ["file", "link to nowhere"])
def test_something_else_is_in_the_way(tmp_path, kind):
    place = tmp_path / "mlruns"
    place.write_text("mine") if kind == "file" else place.symlink_to(tmp_path / "nowhere" / "at" / "all")
    assert not has_store()
    said = message(ensure_store)
    assert said.startswith(f"the MLflow store {place / 'mlflow.db'} cannot be made: ")
    assert said.endswith("; move away what is in the way, work in another folder, or set MLFLOW_TRACKING_URI")
    assert [path.name for path in tmp_path.iterdir()] == ["mlruns"]


def test_a_folder_in_place_of_the_database(tmp_path):
    (tmp_path / "mlruns" / "mlflow.db").mkdir(parents=True)
    assert not has_store()
    assert "cannot be opened (unable to open database file); check that it is a file" in message(ensure_store)


def test_a_store_that_can_only_be_read(database, monkeypatch):
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and real(path, mode))
    assert find_run(UNUSED) is None  # reading goes on
    said = message(ensure_store)
    assert said == (
        f"the MLflow store {database} cannot be written: {database} is read-only for you; work in a folder of your "
        "own, or set MLFLOW_TRACKING_URI"
    )


def test_reading_needs_no_lock_file(database, monkeypatch):
    """Of a store on a read-only disk, the lock cannot be opened."""

    def refuse(*_, **__):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    assert find_run(UNUSED) is None


def test_a_lock_of_a_killed_process_is_no_lock(database):
    (database.parent / ".lock").write_text("left behind")
    assert mlflow_client().get_experiment_by_name("fits") is not None


def test_another_process_makes_the_store_for_ever(database, monkeypatch):
    monkeypatch.setattr(sys.modules["fhr.tracking.database"], "_PATIENCE", 0.1)
    with FileLock(database.parent / ".lock"):
        said = message(mlflow_client)
    assert said == (
        f"the MLflow store {database} is being made or migrated by another process for more than 0.1 s; wait for it, "
        "or end it"
    )


def test_reading_changes_no_file(database):
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in database.parent.iterdir()}
    assert find_run(UNUSED) is None
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in database.parent.iterdir()}
    assert after == before


@pytest.mark.parametrize(
    ("revision", "expected"),
    [
        ("acf3f17fdcc7", "it was made by an older MLflow; keep a copy and run `mlflow db upgrade sqlite:///"),
        ("ffffffffffff", "it was made by a newer MLflow; update MLflow, or work where that one is installed"),
    ],
)
def test_a_store_of_another_version_of_mlflow(database, revision, expected):
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    assert expected in message(mlflow_client)


def test_a_store_that_lost_a_table(database):
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DROP TABLE runs")
    assert "parts of it are missing; restore it from a copy" in message(find_run, UNUSED)


def test_a_store_that_was_emptied(database):
    database.write_bytes(b"")
    assert message(mlflow_client) == (
        f"the MLflow store {database} is empty; restore it from a copy, or move it away and a new one is made"
    )
    assert database.read_bytes() == b""


@pytest.mark.process
def test_a_store_of_an_older_version_that_mlflow_migrates(tmp_path):
    """Two processes at once: under the lock, the first one migrates it."""
    from mlflow.store.tracking.dbmodels.initial_models import Base
    from sqlalchemy import create_engine

    (tmp_path / "mlruns").mkdir()
    engine = create_engine(f"sqlite:///{tmp_path / 'mlruns' / 'mlflow.db'}")
    Base.metadata.create_all(engine)  # the tables of MLflow 1.0
    engine.dispose()
    code = "from fhr.tracking import ensure_experiment; print(ensure_experiment('fits'))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [Warm("-c", code, folder=tmp_path, environment=environment) for _ in range(2)]
    assert [process.wait().stdout for process in processes] == ["1\n"] * 2


def test_a_deleted_experiment(database):
    number = ensure_experiment("fits")
    assert ensure_experiment("fits") == number
    mlflow_client().delete_experiment(number)
    said = message(ensure_experiment, "fits")
    assert said.startswith("experiment 'fits' was deleted in sqlite:///")
    assert f"`mlflow experiments restore --experiment-id {number}`" in said


def test_the_race_for_an_experiment_is_won_by_either(database, monkeypatch):
    client = mlflow_client()
    real, asked = type(client).get_experiment_by_name, []

    def slow(self, name):
        asked.append(name)
        if len(asked) == 1:
            client.create_experiment(name)  # another process, between the question and the making
            return None
        return real(self, name)

    monkeypatch.setattr(type(client), "get_experiment_by_name", slow)
    assert ensure_experiment("new") == real(client, "new").experiment_id


def test_a_database_driver_that_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://me:secret@127.0.0.1:1/runs")
    said = message(mlflow_client)
    assert said.startswith("the MLflow store postgresql://127.0.0.1:1/runs needs the Python package 'psycopg")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        SignalError("no signal"),
        CheckpointError("no checkpoint"),
        FileNotFoundError(errno.ENOENT, "No such file", "recording.csv"),
        ValueError("database is locked"),  # the words alone are not enough
        MlflowException.invalid_parameter_value("Changing param values is not allowed"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_not_the_stores_fault_is_passed_on(error):
    with pytest.raises(type(error)) as passed, store_errors():
        raise error
    assert passed.value is error
    assert store_mistake(error) is None


def test_files_that_cannot_be_written():
    full = r"^/x/last\.ckpt: No space left on device; make room$"
    with pytest.raises(TrackingError, match=full), store_errors():
        raise OSError(errno.ENOSPC, "No space left on device", "/x/last.ckpt")
    unwritable = r"^a file cannot be written: Read-only file system; work in a folder of your own, or set MLFLOW_"
    with pytest.raises(TrackingError, match=unwritable), store_errors():
        raise OSError(errno.EROFS, "Read-only file system")


def test_wrapped_failures_are_found():
    error = ValueError("a parser's words")
    error.__cause__ = sqlite3.OperationalError("database is locked")
    assert "another process keeps it locked" in str(store_mistake(error))
