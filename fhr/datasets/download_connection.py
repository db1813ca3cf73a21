"""Connections to a server: https, or http within this machine; redirected only safely, and watched."""

import ssl
import urllib.request
from collections.abc import Callable
from http.client import HTTPConnection, HTTPMessage, HTTPResponse, HTTPSConnection
from ipaddress import ip_address
from socket import socket
from typing import IO
from urllib.parse import urlsplit

from fhr.errors import FHRError

from .download_answer import FetchError

__all__ = ["Plain", "Redirects", "Secure", "check_url"]


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


class Redirects(urllib.request.HTTPRedirectHandler):
    """Redirections to https only, or within this machine where the first address was plain http there.

    Another https host is followed: the first one is known by its certificate, and names it.
    """

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        """Follow a redirection that is safe.

        Raises:
            FetchError: any other one.
        """
        fp.close()  # or its body, which may have no end, would be read
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        local = old.scheme == new.scheme == "http" and _is_loopback(new.hostname)
        if not (new.scheme == "https" or local):
            raise FetchError(f"redirected to {newurl[:200]}, which is not followed: only https is")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _watched(kind: type[HTTPConnection], watch: Callable[[socket], None]) -> type[HTTPConnection]:
    """Connections of a kind that tell `watch` their sockets."""

    class Connection(kind):  # type: ignore[misc, valid-type]
        def connect(self) -> None:
            super().connect()
            watch(self.sock)

    return Connection


class Plain(urllib.request.HTTPHandler):
    """Opener of http addresses; `watch` gets the socket of every connection."""

    def __init__(self, watch: Callable[[socket], None]) -> None:
        super().__init__()
        self.connection = _watched(HTTPConnection, watch)

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        """Send a request."""
        return self.do_open(self.connection, req)


class Secure(urllib.request.HTTPSHandler):
    """Opener of https addresses, with verified certificates; `watch` gets the socket of every connection."""

    def __init__(self, watch: Callable[[socket], None]) -> None:
        context = ssl.create_default_context()
        super().__init__(context=context)
        self.context = context
        self.connection = _watched(HTTPSConnection, watch)

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        """Send a request."""
        return self.do_open(self.connection, req, context=self.context)
