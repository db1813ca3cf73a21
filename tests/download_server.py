"""A server on this machine that gives files honestly or misbehaves in a named way, and a small database to serve.

Shared by the tests and by `benchmarks/download.py`. Every fault concerns one answer; what was asked is written down.
"""

import gzip
import hashlib
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import time
from typing import NamedTuple

import numpy as np

from fhr.formats import write_wfdb
from fhr.recording import Recording

__all__ = ["FAULTS", "Request", "Server", "checksums", "make_database", "serve"]


class Request(NamedTuple):
    """What a client asked for: the path below the root, the header fields."""

    path: str
    headers: dict[str, str]


class Server(ThreadingHTTPServer):
    """Files by path; `faults[path]` are the names of what goes wrong with its next answers, one each."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.faults: dict[str, deque[str]] = {}
        self.requests: list[Request] = []
        self.met: Counter[str] = Counter()
        self.closing = threading.Event()
        self.halfway = threading.Event()  # an answer hangs in its middle
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The folder that holds the files."""
        return f"http://127.0.0.1:{self.server_address[1]}/db/"

    def spoil(self, path: str, *faults: str) -> None:
        """Let the next answers for a file go wrong."""
        self.faults.setdefault(path, deque()).extend(faults)

    def asked(self, path: str) -> list[Request]:
        """The requests for a file."""
        return [request for request in self.requests if request.path == path]

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no matter."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        _, _, path = self.path.partition("/db/")
        self.server.requests.append(Request(path, dict(self.headers)))
        self.close_connection = True
        data = self.server.files.get(path)
        faults = self.server.faults.get(path)
        with suppress(OSError):
            if faults:
                fault = faults.popleft()
                self.server.met[fault] += 1
                FAULTS[fault](self, data or b"")
            elif data is None:
                self.refuse(404)
            else:
                self.give(data)

    def do_CONNECT(self) -> None:
        self.server.requests.append(Request(self.path, dict(self.headers)))
        self.refuse(403)

    def start(self) -> int:
        """The first byte that is asked for."""
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))

    def give(self, data: bytes) -> None:
        """The right answer."""
        start = self.start()
        if start >= len(data) > 0:
            self.refuse(416)
        elif start:
            self.send(206, data[start:], ("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"))
        else:
            self.send(200, data)

    def refuse(self, status: int, *fields: tuple[str, str]) -> None:
        self.send(status, b"<html>no</html>", ("Content-Type", "text/html"), *fields)

    def send(self, status: int, body: bytes, *fields: tuple[str, str], length: object = -1) -> None:
        """An answer, with a Content-Length of its own or (None) none."""
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length == -1 else length))
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        """End the connection with an error instead of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def hang(self) -> None:
        self.server.halfway.set()
        self.server.closing.wait(60)

    def repeat(self, block: bytes, pause: float = 0) -> None:
        """Send without an end, until the client has gone."""
        while not self.server.closing.wait(pause):
            self.wfile.write(block)
            self.wfile.flush()


def _rest(h: _Handler, data: bytes) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    """Status, body and fields of the right answer, to be spoilt."""
    start = h.start()
    if start:
        return 206, data[start:], (("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"),)
    return 200, data, ()


def _cut(h: _Handler, data: bytes, *, spoil: bool = False) -> None:
    """A body that ends in its middle."""
    status, body, fields = _rest(h, data)
    half = body[: max(1, len(body) // 2)]
    h.send(status, _flip(half) if spoil else half, *fields, length=len(body))


def _flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def _stall(h: _Handler, data: bytes) -> None:
    _cut(h, data)
    h.wfile.flush()
    h.hang()


def _reset(h: _Handler, data: bytes) -> None:
    _cut(h, data)
    h.wfile.flush()
    h.reset()


def _wrong_bytes(h: _Handler, data: bytes) -> None:
    status, body, fields = _rest(h, data)
    h.send(status, _flip(body), *fields)


def _length(change: Callable[[int], object]) -> Callable[[_Handler, bytes], None]:
    def answer(h: _Handler, data: bytes) -> None:
        status, body, fields = _rest(h, data)
        h.send(status, body, *fields, length=change(len(body)))

    return answer


def _endless(h: _Handler, data: bytes) -> None:
    h.send(200, data, length=None)
    h.repeat(bytes(1 << 16))


def _endless_chunks(h: _Handler, data: bytes) -> None:
    h.send(200, b"", ("Transfer-Encoding", "chunked"), length=None)
    h.repeat(b"10000\r\n" + bytes(1 << 16) + b"\r\n")


def _endless_continue(h: _Handler, data: bytes) -> None:
    h.repeat(b"HTTP/1.1 100 Continue\r\n\r\n", 0.001)


def _drip(h: _Handler, data: bytes) -> None:
    h.send(200, b"", length=len(data))
    h.repeat(data[:1], 0.02)


def _chunked(h: _Handler, data: bytes) -> None:
    """No fault: an answer without a length, which knows no ranges."""
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:1000], data[1000:]) if part)
    h.send(200, body + b"0\r\n\r\n", ("Transfer-Encoding", "chunked"), length=None)


def _wrong_range(h: _Handler, data: bytes) -> None:
    start = h.start() + 1
    h.send(206, data[start:], ("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"))


def _short_range(h: _Handler, data: bytes) -> None:
    start, end = h.start(), max(h.start() + 1, len(data) - 1)
    h.send(206, data[start:end], ("Content-Range", f"bytes {start}-{end - 1}/{len(data)}"))


def _redirect(place: str) -> Callable[[_Handler, bytes], None]:
    return lambda h, data: h.refuse(302, ("Location", place))


def _redirect_within(h: _Handler, data: bytes) -> None:
    """No fault: the same file under another name of this machine."""
    h.refuse(302, ("Location", f"http://localhost:{h.server.server_address[1]}{h.path}"))


def _redirect_without_end(h: _Handler, data: bytes) -> None:
    h.send(302, b"", ("Location", h.server.url + "RECORDS"), length=None)
    h.repeat(bytes(1 << 16))


def _loop(h: _Handler, data: bytes) -> None:
    h.server.spoil(h.path.partition("/db/")[2], "redirect loop")
    h.refuse(302, ("Location", h.path))


def _status(status: int, *fields: tuple[str, str]) -> Callable[[_Handler, bytes], None]:
    return lambda h, data: h.refuse(status, *fields)


FAULTS: dict[str, Callable[[_Handler, bytes], None]] = {
    "stall": _stall,
    "silence": lambda h, data: h.hang(),
    "drip": _drip,
    "truncated": _cut,
    "truncated and wrong": lambda h, data: _cut(h, data, spoil=True),
    "dropped": lambda h, data: h.reset(),
    "reset": _reset,
    "wrong bytes": _wrong_bytes,
    "length too small": _length(lambda n: n // 2),
    "length too large": _length(lambda n: n + 100),
    "length huge": _length(lambda n: 10**15),
    "length no number": _length(lambda n: "many"),
    "length negative": _length(lambda n: -5),
    "no length": _length(lambda n: None),
    "chunked": _chunked,
    "endless": _endless,
    "endless chunks": _endless_chunks,
    "endless continue": _endless_continue,
    "web page": lambda h, data: h.refuse(200),
    "404": _status(404),
    "416": _status(416),
    "429": _status(429, ("Retry-After", "0")),
    "429 until": lambda h, data: h.refuse(429, ("Retry-After", formatdate(time() - 5, usegmt=True))),
    "500": _status(500),
    "503": _status(503, ("Retry-After", "soon")),
    "304": _status(304),
    "range ignored": lambda h, data: h.send(200, data),
    "range wrong": _wrong_range,
    "range short": _short_range,
    "gzip": lambda h, data: h.send(200, gzip.compress(data), ("Content-Encoding", "gzip")),
    "not http": lambda h, data: h.wfile.write(b"\x16\x03\x01 what?\r\n\r\n" * 9) and None,
    "redirect to a file": _redirect("file:///etc/hostname"),
    "redirect to ftp": _redirect("ftp://127.0.0.1/1001.dat"),
    "redirect to http": _redirect("http://example.invalid/1001.dat"),
    "redirect to a strange port": _redirect("http://127.0.0.1:port/"),
    "redirect loop": _loop,
    "redirect without end": _redirect_without_end,
    "redirect within": _redirect_within,
}


def make_database(folder: Path, n: int, *, seconds: int = 600) -> dict[str, bytes]:
    """WFDB records of a few sines as a database is published: files by name, `RECORDS` and the list among them."""
    t = np.arange(4 * seconds)
    for i in range(n):
        heart_rate = 140 + 10 * np.sin(t / (90 + i)) + i % 7
        uterus = 20 + 15 * np.sin(t / 400 + i)
        write_wfdb(Recording(str(1001 + i), heart_rate.astype("f4"), uterus.astype("f4"), fs=4), folder)
    (folder / "RECORDS").write_text("".join(f"{1001 + i}\n" for i in range(n)))
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return files | {"SHA256SUMS.txt": checksums(files)}


def checksums(files: Mapping[str, bytes]) -> bytes:
    """`SHA256SUMS.txt` of these files."""
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in files.items()).encode()


@contextmanager
def serve(files: Mapping[str, bytes]) -> Iterator[Server]:
    """A server of these files, in threads of this process."""
    server = Server(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
