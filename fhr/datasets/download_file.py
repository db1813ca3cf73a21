"""Download of one file of a known SHA-256: whole and verified under its own name, `.part` until then."""

import hashlib
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from .download_answer import LONGEST_PAUSE, FetchError
from .download_checksums import PART
from .download_request import Client

__all__ = ["WEB_PAGE", "fetch_file", "insist", "sha256_of"]

T = TypeVar("T")

WEB_PAGE = "a web page came in place of the file (an error, or the login page of a network)"

_log = logging.getLogger(__name__)


def fetch_file(client: Client, url: str, path: Path, sha256: str, *, limit: int) -> None:
    """Fetch one file, going on where a `.part` ends.

    What the `.part` holds is not trusted: bytes count once the SHA-256 of the whole is right, so that no ETag has to be
    kept. It stays after an interruption, and goes when the whole is wrong.

    Args:
        client: sends the request.
        url: where from.
        path: where to; its folder is made.
        sha256: of the whole file, lower-case hexadecimal.
        limit: bytes that it may have.

    Raises:
        FetchError: what the server sent is not the file; it may help to ask again.
        StoppedError: the client has.
        OSError: it cannot be written.
    """
    part = path.with_name(path.name + PART)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _complete(client, url, part, sha256, limit)
    except FetchError as fault:
        if fault.restart:
            part.unlink(missing_ok=True)
        raise
    client.wait(0)  # nothing is written once the client has stopped
    os.replace(part, path)


def _complete(client: Client, url: str, part: Path, sha256: str, limit: int) -> None:
    start = part.stat().st_size if part.is_file() else 0
    digest = hashlib.sha256()
    if 0 < start <= limit:
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
        if digest.hexdigest() == sha256:  # stopped between the last byte and the change of name
            return
    else:
        start = 0
    with client.get(url, start=start, limit=limit) as body:
        if body.start == 0:
            digest = hashlib.sha256()
        with part.open("ab" if body.start else "wb", buffering=0) as file:
            for block in body.blocks:
                _write(file.write, block)
                digest.update(block)
            os.fsync(file.fileno())  # else a power cut could leave an empty file under the final name
    if digest.hexdigest() != sha256:
        if body.page:
            raise FetchError(WEB_PAGE, restart=True)
        raise FetchError("what came has not the published SHA-256", restart=True)


def _write(write: Callable[[bytes], int | None], block: bytes) -> None:
    """All of a block: near the end of a disk an unbuffered write may take only some of it, without an error."""
    while block:
        block = block[write(block) or 0 :]


def insist(client: Client, task: Callable[[], T], *, what: str, attempts: int, backoff: float) -> T:
    """Do `task`, again after a `FetchError`, with pauses of `backoff` seconds, then twice that, and so on to a minute.

    Raises:
        FetchError: the last of `attempts`.
    """
    for attempt in range(1, attempts):
        try:
            return task()
        except FetchError as fault:
            _log.info("%s, attempt %d of %d: %s", what, attempt, attempts, fault)
            client.note_retry(fault.pause)
        client.wait(min(backoff * 2 ** min(attempt - 1, 20), LONGEST_PAUSE))
    return task()


def sha256_of(path: Path) -> str | None:
    """Lower-case hexadecimal SHA-256 of a file, None where there is none.

    Raises:
        OSError: it cannot be read, or is a folder.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
