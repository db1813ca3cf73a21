"""Requests to a server that may stall, lie or never end: bounded in bytes and in time, redirected only safely."""

import http.client
import re
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from ipaddress import ip_address
from socket import SHUT_RDWR, socket
from time import monotonic, time
from typing import IO, Any, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from fhr import __version__
from fhr.errors import FHRError

__all__ = ["LONGEST_PAUSE", "Body", "Client", "FetchError", "StoppedError", "check_url"]

_BLOCK = 1 << 16
LONGEST_PAUSE = 60.0  # seconds; a server that asks for more is asked again sooner
_PARTIAL = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class FetchError(Exception):
    """Fault of a server; asking again may help.

    Args:
        reason: in words.
        down: the server or the way to it is at fault, not this one file.
        restart: what was received so far is worth nothing.
        pause: seconds the server asks to be left alone.
    """

    def __init__(self, reason: str, *, down: bool = False, restart: bool = False, pause: float = 0) -> None:
        super().__init__(reason)
        self.down, self.restart, self.pause = down, restart, min(pause, LONGEST_PAUSE)


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
            _Plain(self),
            _Secure(self),
            _Redirects(),
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
            raise _refusal(error) from None
        except (OSError, HTTPException, ValueError) as error:
            raise self._fault(error, url, deadline) from None
        try:
            first = _first_byte(response, start, limit)
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


def check_url(url: str) -> str:
    """Check the address of a database, and end it with a slash.

    Raises:
        FHRError: an address that is not https (plain http is taken from this machine only), or holds a password.
    """
    try:
        parts = urlsplit(url)
        known = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
        if not known or not parts.hostname or parts.port == 0 or "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError
    except ValueError:
        raise FHRError(f"url {url!r}: give the https address of the folder that holds SHA256SUMS.txt") from None
    return url.rstrip("/") + "/"


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


class _Redirects(urllib.request.HTTPRedirectHandler):
    """To https only, or within this machine where the first address was plain http there.

    Another https host is followed: the first one is known by its certificate, and names it.
    """

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        fp.close()  # or its body, which may have no end, would be read
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        local = old.scheme == new.scheme == "http" and _is_loopback(new.hostname)
        if not (new.scheme == "https" or local):
            raise FetchError(f"redirected to {newurl[:200]}, which is not followed: only https is")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _watched(kind: type[HTTPConnection], client: Client) -> type[HTTPConnection]:
    """Connections of a kind whose sockets the client can cut off."""

    class Connection(kind):  # type: ignore[misc, valid-type]
        def connect(self) -> None:
            super().connect()
            client.watch(self.sock)

    return Connection


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, client: Client) -> None:
        super().__init__()
        self.connection = _watched(HTTPConnection, client)

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self.connection, req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, client: Client) -> None:
        context = ssl.create_default_context()
        super().__init__(context=context)
        self.context = context
        self.connection = _watched(HTTPSConnection, client)

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self.connection, req, context=self.context)


def _refusal(error: HTTPError) -> FetchError:
    if 300 <= error.code < 400 and "Location" in error.headers:
        return FetchError(f"redirected to {error.headers['Location'][:200]}, which is not followed")
    if error.code == 416:
        return FetchError("the server has fewer bytes than were received (416)", restart=True)
    down = error.code == 429 or error.code >= 500
    words = http.client.responses.get(error.code, "no known status")
    return FetchError(f"the server answers {error.code} ({words})", down=down, pause=_retry_after(error.headers))


def _retry_after(headers: Any) -> float:
    """Seconds of a `Retry-After` header, which holds a number or a date; 0 without."""
    text = headers.get("Retry-After", "0").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except (ValueError, OverflowError, OSError):
        return 0.0


def _first_byte(response: HTTPResponse, start: int, limit: int) -> int:
    """The offset at which an answer begins, once its header is found fit."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise FetchError(f"the server sends {encoding[:20]} encoding, which was not asked for")
    if response.status == 200:
        first, size = 0, response.length
    elif response.status == 206 and start:
        match = _PARTIAL.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != start:
            raise FetchError(f"the server sends another range than bytes {start} on", restart=True)
        first, size = start, response.length
        if match[3] != "*" and int(match[2]) + 1 != int(match[3]):
            raise FetchError("the server sends a range that ends before the file does", restart=True)
    else:
        raise FetchError(f"the server answers {response.status}")
    if (whole := first + (size or 0)) > limit:
        raise FetchError(f"{whole} bytes are announced, where {limit} are the most a file may have", restart=True)
    return first
