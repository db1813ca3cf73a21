"""Answers of a server, judged by status and header: the fault that each refusal is, and where a file goes on."""

import http.client
import re
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from time import time
from typing import Any
from urllib.error import HTTPError

__all__ = ["LONGEST_PAUSE", "FetchError", "first_byte", "refusal"]

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


def refusal(error: HTTPError) -> FetchError:
    """Translate an answer that is no success."""
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


def first_byte(response: HTTPResponse, start: int, limit: int) -> int:
    """Check the header of an answer, and give the offset at which it begins.

    Raises:
        FetchError: an encoding, status, range or size that was not asked for.
    """
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
