"""Requests of one download, as pooch's `downloader`: over https, and bounded in bytes and in time."""

import re
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from urllib.parse import urljoin

import requests
import urllib3

from fhr import __version__
from fhr.errors import FHRError

__all__ = ["FAULTS", "MAX_WORKERS", "Client", "LostError", "check_url"]

MAX_WORKERS = 32
FAULTS = (FHRError, ValueError, requests.RequestException)  # a file that could not be had; others are of the disk
_MAX_REDIRECTS = 5
_BLOCK = 1 << 16
_FOLDER = re.compile(r"https?://[^\s/?#@\\]+/[^\s?#@\\]*")
_SAFE = re.compile(r"https://|http://(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?/")


class LostError(requests.RequestException):
    """The server or the way to it is at fault, not one file."""


def check_url(url: str) -> str:
    """Check the address of a database, and end it with a slash.

    Raises:
        FHRError: an address that is not https (plain http is taken from this machine only), or holds a password.
    """
    folder = url.rstrip("/") + "/"
    if not (_FOLDER.fullmatch(folder) and _SAFE.match(folder)):
        raise FHRError(f"url {url!r}: give the https address of the folder that holds SHA256SUMS.txt")
    return folder


class Client:
    """Downloader with the proxies and certificates of the environment, and without its passwords.

    Args:
        stall: seconds without a byte after which a server is given up; a body may last ten times that.
        limit: bytes that a file may have.

    Attributes:
        asked: every address that was asked for, in order.
    """

    def __init__(self, *, stall: float, limit: int) -> None:
        self.stall, self.limit = stall, limit
        self.asked: list[str] = []
        self._session = requests.Session()
        self._session.auth = lambda request: request  # else those of ~/.netrc would be sent
        self._session.headers.update({"User-Agent": f"intrapartum-fhr/{__version__}", "Accept-Encoding": "identity"})
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, requests.adapters.HTTPAdapter(pool_maxsize=MAX_WORKERS))

    def __call__(self, url: str, output_file: str, _: object = None) -> None:
        """Fetch one file; after a `RequestException` another attempt may help."""
        self.asked.append(url)
        path = Path(output_file)
        path.unlink()  # pooch made it for its owner alone; a file made anew is for whom any other is
        try:
            with self._answer(url) as response, path.open("xb") as file:
                self._copy(response, file.write)
        except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
            raise LostError(f"the server did not answer, or broke off ({error})") from None

    def _answer(self, url: str) -> requests.Response:
        scheme = url.partition("//")[0]
        for _ in range(_MAX_REDIRECTS):
            response = self._session.get(url, stream=True, timeout=self.stall, allow_redirects=False)
            if not response.is_redirect:
                return response
            response.close()
            url = urljoin(url, response.headers["Location"])
            if not (url.startswith(scheme) and _SAFE.match(url)):
                raise FHRError(f"redirected to {url[:200]}, which is not followed: only https is")
        raise FHRError(f"redirected more than {_MAX_REDIRECTS} times")

    def _copy(self, response: requests.Response, write: Callable[[bytes], object]) -> None:
        status, headers = response.status_code, response.headers
        if status != 200:
            words = f"the server answers {status} ({response.reason})"
            raise LostError(words) if status == 429 or status >= 500 else requests.HTTPError(words)
        if headers.get("Content-Type", "").startswith("text/html"):
            raise requests.HTTPError("a web page came in place of the file (an error, or the login page of a network)")
        if "Content-Length" not in headers and "Transfer-Encoding" not in headers:
            raise requests.HTTPError("the server does not say how long the file is: a list cut short would not show")
        end, room = monotonic() + 10 * self.stall, self.limit
        while block := response.raw.read1(_BLOCK, decode_content=False):  # as it comes: `read` waits for what drips
            room -= len(block)
            if room < 0:
                raise requests.HTTPError(f"more than {self.limit} bytes, the most that the file may have")
            if monotonic() > end:
                raise LostError(f"not whole after {10 * self.stall:g} s")
            write(block)
