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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np

from fhr.formats import write_wfdb
from fhr.recording import Recording

__all__ = ["FAULTS", "Server", "checksums", "make_database", "serve"]


class Server(ThreadingHTTPServer):
    """Files by path; `faults[path]` are the names of what goes wrong with its next answers, one each."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.faults: dict[str, deque[str]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.met: Counter[str] = Counter()
        self.closing, self.halfway = threading.Event(), threading.Event()  # at its end; an answer hangs
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """The folder that holds the files."""
        return f"http://127.0.0.1:{self.server_address[1]}/db/"

    def spoil(self, path: str, *faults: str) -> None:
        """Let the next answers for a file go wrong."""
        self.faults.setdefault(path, deque()).extend(faults)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no matter."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        _, _, path = self.path.partition("/db/")
        self.server.asked.append(path)
        self.server.headers.append(dict(self.headers))
        data, faults = self.server.files.get(path), self.server.faults.get(path)
        with suppress(OSError):
            if faults:
                self.server.met[fault := faults.popleft()] += 1
                self.close_connection = True
                FAULTS[fault](self, data or b"")
            elif data is None:
                self.send(b"<html>no</html>", 404)
            else:
                self.send(data)

    def send(self, body: bytes, status: int = 200, length: object = -1, **fields: str) -> None:
        """An answer, with a Content-Length of its own or (None) none."""
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length == -1 else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def hang(self) -> None:
        self.server.halfway.set()
        self.server.closing.wait(60)

    def reset(self) -> None:
        """End the connection with an error instead of an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def repeat(self, block: bytes, pause: float = 0) -> None:
        """Send without an end, until the client has gone."""
        while not self.server.closing.wait(pause):
            self.wfile.write(block)
            self.wfile.flush()

    def chunked(self, blocks: bytes) -> None:
        self.send(blocks, length=None, Transfer_Encoding="chunked")


def _then(*steps: Callable[[_Handler, bytes], object]) -> Callable[[_Handler, bytes], object]:
    return lambda h, data: [step(h, data) for step in steps]


def _half(h: _Handler, data: bytes) -> None:
    h.send(data[: len(data) // 2], length=len(data))


def _redirect(place: str) -> Callable[[_Handler, bytes], object]:
    return lambda h, data: h.send(b"", 302, Location=place)


FAULTS: dict[str, Callable[[_Handler, bytes], object]] = {
    "silence": lambda h, data: h.hang(),
    "stall": _then(_half, lambda h, data: h.hang()),
    "drip": lambda h, data: (h.send(b"", length=len(data)), h.repeat(b"0", 0.02)),
    "truncated": _half,
    "reset": _then(_half, lambda h, data: h.reset()),
    "dropped": lambda h, data: h.reset(),
    "wrong bytes": lambda h, data: h.send(data[:-1] + bytes([data[-1] ^ 1])),
    "length too small": lambda h, data: h.send(data, length=len(data) // 2),
    "length too large": lambda h, data: h.send(data, length=len(data) + 100),
    "length no number": lambda h, data: h.send(data, length="many"),
    "no length": lambda h, data: h.send(data, length=None),
    "endless": lambda h, data: (h.send(data, length=10**15), h.repeat(bytes(1 << 16))),
    "endless chunks": lambda h, data: (h.chunked(b""), h.repeat(b"10000\r\n" + bytes(1 << 16) + b"\r\n")),
    "web page": lambda h, data: h.send(b"<html>", Content_Type="text/html"),
    "404": lambda h, data: h.send(b"no", 404),
    "429": lambda h, data: h.send(b"no", 429),
    "503": lambda h, data: h.send(b"no", 503),
    "206": lambda h, data: h.send(data[:10], 206),
    "gzip": lambda h, data: h.send(gzip.compress(data), Content_Encoding="gzip"),
    "not http": lambda h, data: h.wfile.write(b"\x16\x03\x01 what?\r\n\r\n" * 9),
    "chunked": lambda h, data: h.chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)),  # no fault
    "redirect within": lambda h, data: _redirect(h.path)(h, data),  # no fault, unless it is repeated
    "redirect to a file": _redirect("file:///etc/hostname"),
    "redirect to http": _redirect("http://example.invalid/1001.dat"),
    "redirect to a trick": _redirect("http://127.0.0.1:80@example.invalid/1001.dat"),
}


def make_database(folder: Path, n: int) -> dict[str, bytes]:
    """WFDB records of a few sines as a database is published: files by name, `RECORDS` and the list among them."""
    t = np.arange(2400)
    for i in range(n):
        heart_rate = 140 + 10 * np.sin(t / (90 + i)) + i % 7
        uterus = 20 + 15 * np.sin(t / 400 + i)
        write_wfdb(Recording(str(1001 + i), heart_rate.astype("f4"), uterus.astype("f4"), fs=4), folder)
    (folder / "RECORDS").write_text("".join(f"{1001 + i}\n" for i in range(n)))
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    return files | {"SHA256SUMS.txt": checksums(files)}


def checksums(files: Mapping[str, bytes]) -> bytes:
    """`SHA256SUMS.txt` of these files, but for itself."""
    sums = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != "SHA256SUMS.txt"}
    return "".join(f"{digest}  {name}\n" for name, digest in sums.items()).encode()


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
