"""Requests to a server that may stall, lie or never end: bounded in bytes and in time."""

import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException, HTTPResponse
from socket import SHUT_RDWR, socket
from time import monotonic
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from fhr import __version__

from .download_answer import FetchError, first_byte, refusal
from .download_connection import Plain, Redirects, Secure

__all__ = ["Body", "Client", "StoppedError"]

_BLOCK = 1 << 16


class StoppedError(Exception):
    """The download was stopped from outside."""


class Body(NamedTuple):
    """Answer of a server.

    Attributes:
        start: offset of its first byte in the file; 0 from a server that knows no ranges.
        sized: the server says where it ends, so that a truncated one is noticed.
        page: the server calls it a web page.
        blocks: its bytes; raises `FetchError` where it is cut short, stalls or goes on beyond the limit.
    """

    start: int
    sized: bool
    page: bool
    blocks: Iterator[bytes]


class Client:
    """Client with the proxy settings of the environment, and nothing else of it: no cookies, no stored passwords.

    A context manager; at its end all connections are cut. One watching thread cuts those that last too long: a server
    that sends a byte now and then never times out by itself.

    Args:
        stall: seconds without a byte after which a server is given up.
        longest: seconds that one request may last.

    Attributes:
        retries: how often something was asked for again.
    """

    def __init__(self, *, stall: float, longest: float) -> None:
        self.stall, self.longest = stall, longest
        self.retries = 0
        self._stop = threading.Event()
        self._quiet_until = 0.0
        self._lock = threading.Lock()
        self._open: list[tuple[socket, float]] = []
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        # Not `build_opener`, which also opens files, FTP and data URLs.
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            Plain(self.watch),
            Secure(self.watch),
            Redirects(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.UnknownHandler(),
        ):
            self._opener.add_handler(handler)

    def __enter__(self) -> "Client":
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Cut all connections, for good."""
        self._stop.set()
        self._cut(before=float("inf"))

    @property
    def stopped(self) -> bool:
        """True if nothing more is to be fetched or written."""
        return self._stop.is_set()

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the end of this client.

        Raises:
            StoppedError: that end has come.
        """
        if self._stop.wait(seconds):
            raise StoppedError

    def note_retry(self, pause: float) -> None:
        """Count a retry, and send no request for `pause` seconds, from any thread."""
        with self._lock:
            self.retries += 1
            self._quiet_until = max(self._quiet_until, monotonic() + pause)

    @contextmanager
    def get(self, url: str, *, start: int = 0, limit: int) -> Iterator[Body]:
        """Ask for a file, from byte `start` on, of at most `limit` bytes in all.

        Raises:
            FetchError: anything but an answer that can be used.
            StoppedError: the client has ended.
        """
        self.wait(self._quiet_until - monotonic())
        headers = {"User-Agent": f"intrapartum-fhr/{__version__}", "Accept-Encoding": "identity"}
        if start:
            headers["Range"] = f"bytes={start}-"
        deadline = monotonic() + self.longest
        try:
            response = self._opener.open(urllib.request.Request(url, headers=headers), timeout=self.stall)
        except HTTPError as error:
            error.close()
            raise refusal(error) from None
        except (OSError, HTTPException, ValueError) as error:
            raise self._fault(error, url, deadline) from None
        try:
            first = first_byte(response, start, limit)
            sized = response.length is not None or bool(response.chunked)
            page = response.headers.get_content_type() == "text/html"
            yield Body(first, sized, page, self._blocks(response, limit - first, url, deadline))
        finally:
            response.close()

    def _blocks(self, response: HTTPResponse, room: int, url: str, deadline: float) -> Iterator[bytes]:
        declared, received = response.length, 0
        while received < room:
            try:
                block = response.read1(min(_BLOCK, room - received))
            except (OSError, HTTPException, ValueError) as error:
                raise self._fault(error, url, deadline) from None
            if self.stopped:
                raise StoppedError
            if not block:
                break
            received += len(block)
            yield block
        if declared is not None and received < declared:
            late = f"not whole after {self.longest:g} s" if monotonic() >= deadline else "the connection ended"
            raise FetchError(f"{late}, {received} of {declared} bytes had come", down=True)
        if declared is None and received >= room:
            raise FetchError("no end within the bytes that a file may have", restart=True)

    def _fault(self, error: Exception, url: str, deadline: float) -> FetchError:
        if self.stopped:
            raise StoppedError from None
        if isinstance(error, URLError) and isinstance(error.reason, Exception):
            error = error.reason
        if isinstance(error, ssl.SSLCertVerificationError):
            return FetchError(
                f"the certificate of {urlsplit(url).hostname} cannot be verified ({error.verify_message}); behind a "
                "proxy that has its own, set SSL_CERT_FILE to its certificates",
                down=True,
            )
        if monotonic() >= deadline:
            return FetchError(f"not whole after {self.longest:g} s", down=True)
        if isinstance(error, TimeoutError):
            return FetchError(f"{urlsplit(url).hostname} sent nothing for {self.stall:g} s", down=True)
        return FetchError(f"no connection to {urlsplit(url).hostname} ({error or type(error).__name__})", down=True)

    def watch(self, connection: socket) -> None:
        """Cut this connection when it has lasted too long."""
        with self._lock:
            self._open = [(other, end) for other, end in self._open if other.fileno() >= 0]
            self._open.append((connection, monotonic() + self.longest))
        if self.stopped:
            self._cut(before=float("inf"))

    def _watch(self) -> None:
        while not self._stop.wait(min(1.0, self.longest / 4)):
            self._cut(before=monotonic())

    def _cut(self, *, before: float) -> None:
        with self._lock:
            due = [connection for connection, end in self._open if end <= before]
        for connection in due:
            with suppress(OSError):  # closed already
                socket.shutdown(connection, SHUT_RDWR)  # of the plain socket: TLS would wait for the other side
