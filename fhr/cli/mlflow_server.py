"""MLflow's server of a store, as a process of its own that ends with this one, killed or not."""

import errno
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from fhr.errors import FHRError, TrackingError
from fhr.tracking.database import database_of

from . import until_stdin_ends

__all__ = ["address", "check_port", "command", "serving"]

_PATIENCE = 180.0  # s until the server answers; some on a warm machine, a minute with cold disks
_GRACE = 20.0  # s to end by itself
_EVERYWHERE = ("0.0.0.0", "::", "")
# Local networks, which MLflow lets in by default and has to be told of once other names are given.
_LOCAL = ("10.*", "192.168.*", *(f"172.{i}.*" for i in range(16, 32)))
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # of language models: three processes more
}


def address(host: str, port: int) -> str:
    """Address of a server on this machine, for a browser; of one that listens everywhere, that of this machine alone.

    >>> address("0.0.0.0", 5000), address("::1", 5000)
    ('http://127.0.0.1:5000', 'http://[::1]:5000')
    """
    name = "127.0.0.1" if host in _EVERYWHERE else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def check_port(host: str, port: int) -> None:
    """Refuse a port that a server cannot listen on.

    Raises:
        FHRError: it is in use, out of range or not allowed, or the host is no address of this machine.
    """
    if not 1 <= port <= 65535:
        raise FHRError(f"--port {port}; a port is a number from 1 to 65535, usually above 1023")
    if (problem := _hindrance(host, port)) is None:
        return
    if isinstance(problem, socket.gaierror) or problem.errno == errno.EADDRNOTAVAIL:
        raise FHRError(f"--host {host}: no address of this machine ({problem.strerror}); give 127.0.0.1 or 0.0.0.0")
    free = next((other for other in range(max(port, 1023) + 1, 65536) if _hindrance(host, other) is None), None)
    other = "" if free is None else f", such as `--port {free}`"
    wrong = "in use, perhaps by another `fhr ui`" if problem.errno == errno.EADDRINUSE else problem.strerror
    raise FHRError(f"--port {port} on {host}: {wrong}; give another{other}")


def _hindrance(host: str, port: int) -> OSError | None:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as asked:
            if os.name == "posix":  # a server that has just ended leaves its port free for the next
                asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            asked.bind(place)
    except OSError as problem:
        return problem
    return None


def command(uri: str, *, host: str, port: int) -> list[str]:
    """Command that serves a store: one worker, and for other machines only where it listens for them."""
    # -P: a file called mlflow.py in the current folder is not MLflow.
    given = [sys.executable, "-P", "-m", "mlflow", "server", "--workers", "1", "--host", host, "--port", str(port)]
    if (database := database_of(uri)) is not None:  # else what is uploaded through the server goes to this folder
        given += ["--artifacts-destination", str(database.absolute().parent / "artifacts")]
    return [*given, "--backend-store-uri", uri, *_names(host, port)]


@contextmanager
def serving(uri: str, *, host: str, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Start MLflow's server; within, it answers. At the end, however it comes, its processes have ended.

    Args:
        uri: of the store.
        host: address to listen on.
        port: port to listen on, see `check_port`.

    Raises:
        TrackingError: the server ended before it answered, or did not answer in time.
    """
    environment = {k: v for k, v in os.environ.items() if k not in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID")}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-P", str(until_stdin_ends.__file__), *command(uri, host=host, port=port)],
            env=environment | _SETTINGS,
            stdin=subprocess.PIPE,  # closed by the system too, should this process be killed
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for this process, which ends the other
        )
        try:
            _wait(process, address(host, port), log)
            yield process
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            process.wait(_GRACE)


def _names(host: str, port: int) -> list[str]:
    """Options that let browsers of other machines in, where the server listens for them."""
    with suppress(OSError):
        if socket.gethostbyname(host).startswith("127."):
            return []  # MLflow's own rule: this machine
    here = {"localhost", "127.0.0.1", socket.gethostname(), socket.getfqdn()}
    names = {*here, host, *_LOCAL} - {*_EVERYWHERE}
    hosts = sorted(names | {f"{name}:{port}" for name in names})
    origins = sorted(f"http://{name}" for name in hosts)
    return ["--allowed-hosts", ",".join(hosts), "--cors-allowed-origins", ",".join(origins)]


def _wait(process: "subprocess.Popen[bytes]", where: str, log: Any) -> None:
    ask = build_opener(ProxyHandler({}))  # no proxy stands between this machine and itself
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise TrackingError(
                f"MLflow's server has ended ({process.returncode}), its last line is: {_last(log)}; see whether "
                "`mlflow server` starts by itself"
            )
        with suppress(URLError, OSError), ask.open(f"{where}/health", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise TrackingError(f"MLflow's server does not answer at {where} after {_PATIENCE:g} s: {_last(log)}")


def _last(log: Any) -> str:
    """Last line that the server wrote."""
    log.seek(0)
    lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it wrote nothing"
