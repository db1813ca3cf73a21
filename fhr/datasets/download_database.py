"""Download of a published database: verified file by file, gone on with after any interruption."""

import hashlib
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote

from filelock import FileLock, Timeout

from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.formats.files.whole_file import write_whole

from .download_checksums import parse_checksums
from .download_published import PUBLISHED, PublishedDatabase

if TYPE_CHECKING:
    from pooch import Pooch

    from .download_client import Client

__all__ = ["PUBLISHED", "Download", "PublishedDatabase", "download", "verify"]

_CHECKSUMS = "SHA256SUMS.txt"
_LONGEST_LIST = 1 << 20  # bytes, some ten thousand files
_LOST = 10  # files in a row that fail for want of a server, after which the others are not tried


@dataclass(frozen=True)
class Download:
    """State of a folder after `download` or `verify`.

    Attributes:
        folder: where.
        fetched: files fetched now, whole and verified.
        kept: files that were there, whole and verified.
        failed: the reason for each file that is not there as it was published, by name.
        n_records: records of the database, by its list.
        retries: requests that had to be made again.
    """

    folder: Path
    fetched: tuple[str, ...]
    kept: tuple[str, ...]
    failed: dict[str, str]
    n_records: int
    retries: int = 0


def download(
    database: str | PublishedDatabase,
    folder: str | Path,
    *,
    workers: int = 4,
    overwrite: bool = False,
    attempts: int = 5,
    stall: float = 30.0,
    backoff: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Download:
    """Fetch a database into a folder, or what is missing of it.

    A file under its own name is whole and has its published SHA-256; the next call fetches those that are missing.
    `RECORDS` comes first (made from the list where the list does not have it), so that the reader of an unfinished
    folder says what is missing; the licence and the papers to cite are written beside it.

    The list of checksums itself comes from the same server: where `checksums_sha256` of the database is not known, what
    protects it is TLS. Proxy settings of the environment are honoured. Left out: going on within a file, and a limit on
    the time that the header of an answer may take.

    Args:
        database: a name of `PUBLISHED`, or one of its kind.
        folder: where to; made if missing.
        workers: files fetched at once.
        overwrite: replace files that are there under the published names with other content; else they count as failed.
        attempts: requests for one file before it counts as failed; 1 s after the first, then 2 s, up to 10 s.
        stall: seconds without a byte after which a request is given up; ten times that is the most a body may last.
        backoff: deprecated, without effect.
        progress: called with (files that are dealt with, files) as they are.

    Raises:
        FHRError: an argument that is not fit, no connection, no list of checksums that can be trusted, a folder that
            holds another database or that someone else is downloading to, or one that cannot be written.
    """
    import pooch

    from .download_client import MAX_WORKERS, Client, check_url

    if not isinstance(database, PublishedDatabase):
        if database not in PUBLISHED:
            raise FHRError(f"no database {database!r} to download; there are {', '.join(PUBLISHED)}")
        database = PUBLISHED[database]
    url, folder = check_url(database.url), Path(folder)
    for what, value, most in (("workers", workers, MAX_WORKERS), ("attempts", attempts, 1000), ("stall", stall, 86400)):
        if not 0 < value <= most:
            raise FHRError(f"{what}={value}; give a number above 0 and up to {most}")
    if backoff is not None:
        warnings.warn("backoff has no effect now, and goes with the next minor version", FutureWarning, stacklevel=2)
    if folder.exists() and not folder.is_dir():
        raise FHRError(f"{folder} is a file; name a folder to download to")
    pooch.get_logger().setLevel(logging.WARNING)  # else it tells stderr of every file

    client = Client(stall=stall, limit=_LONGEST_LIST)
    text, checksums = _fetch_list(client, database, url, attempts)
    client.limit = database.largest_file
    with _sole_writer(folder) as unfinished:
        _write_companions(folder, database, checksums, text, overwrite)
        report = _check(folder, checksums)
        failed = {} if overwrite else {n: why for n, why in report.failed.items() if (folder / n).exists()}
        missing = [name for name in report.failed if name not in failed]
        failed = {name: f"{why}; move it away, or overwrite (--overwrite)" for name, why in failed.items()}
        urls = {name: url + quote(name) for name in missing}
        files = pooch.create(unfinished, url, registry=checksums, urls=urls, retry_if_failed=attempts - 1)
        tell = progress or (lambda done, total: None)
        fetched: list[str] = []
        tell(len(report.kept) + len(failed), len(checksums))
        for name, fault in _fetch_all(files, client, folder, missing, workers):
            if fault is None:
                fetched.append(name)
            else:
                failed[name] = str(fault)
            tell(len(report.kept) + len(fetched) + len(failed), len(checksums))
    retries = len(client.asked) - len(set(client.asked))
    return Download(folder, tuple(fetched), report.kept, failed, _count(checksums), retries)


def verify(folder: str | Path) -> Download:
    """Compare the files of a folder with its `SHA256SUMS.txt`; nothing is fetched or written.

    Raises:
        DatasetNotFoundError: the folder has no such list.
        FormatError: the list cannot be read.
    """
    path = Path(folder) / _CHECKSUMS
    try:
        text = path.read_bytes()
    except OSError as error:
        raise DatasetNotFoundError(
            f"{path}: {error.strerror}; give a folder that `fhr download` wrote, or the folder to download to"
        ) from None
    return _check(Path(folder), _parse(text, str(path)))


def _fetch_list(client: "Client", database: PublishedDatabase, url: str, attempts: int) -> tuple[bytes, dict[str, str]]:
    """The list of checksums, one that parses and is whole, before anything is changed."""
    import pooch

    from .download_client import FAULTS, LostError

    def whole(address: str, output_file: str, _: object) -> None:
        client(address, output_file)
        try:
            n_records = _count(_parse(Path(output_file).read_bytes(), address))
        except FormatError as error:
            raise ValueError(error) from None  # which pooch tries again after
        if database.n_records not in (None, n_records):
            raise ValueError(f"it lists {n_records} records, where the database has {database.n_records}")

    with TemporaryDirectory() as scratch:
        known = {_CHECKSUMS: database.checksums_sha256}
        try:
            files = pooch.create(scratch, url, registry=known, retry_if_failed=attempts - 1)
            text = Path(files.fetch(_CHECKSUMS, downloader=whole)).read_bytes()
        except FAULTS as error:
            lost = isinstance(error, LostError)
            hint = "the connection and the proxy settings (https_proxy, no_proxy)" if lost else "the address"
            raise FHRError(
                f"{url}{_CHECKSUMS}: {error}, {len(client.asked)} times; nothing was changed. To go on, check {hint} "
                "and give the same command again"
            ) from None
    return text, _parse(text, url)


def _fetch_all(
    files: "Pooch", client: "Client", folder: Path, names: Sequence[str], workers: int
) -> Iterator[tuple[str, Exception | None]]:
    """Each name as it is done with, and its fault where it has one; an `OSError` is one of the disk."""
    from .download_client import FAULTS, LostError

    placing, given_up = Lock(), False

    def fetch(name: str) -> tuple[str, Exception | None]:
        try:
            whole = files.fetch(name, downloader=client)
        except FAULTS as error:
            return name, error
        with placing:
            if not given_up:  # a thread may outlive this download: the folder may be another's then
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                os.replace(whole, folder / name)
        return name, None

    left, lost = dict.fromkeys(names), 0
    with ThreadPool(workers) as pool:  # of daemons: one that waits for a server keeps no process from ending
        for name, fault in pool.imap_unordered(fetch, names):
            del left[name]
            lost = lost + 1 if isinstance(fault, LostError) else 0
            yield name, fault
            if lost == _LOST:
                with placing:
                    given_up = True
                break
    for name in left:
        yield name, FHRError(f"not tried, since {_LOST} files in a row could not be had ({fault})")


def _parse(text: bytes, origin: str) -> dict[str, str]:
    checksums = parse_checksums(text.decode("utf-8", errors="replace"), origin=origin)
    checksums.pop(_CHECKSUMS, None)  # no list can hold its own checksum
    return dict(sorted(checksums.items(), key=lambda item: item[0] != "RECORDS"))


def _count(checksums: dict[str, str]) -> int:
    return sum(name.endswith(".hea") for name in checksums)


@contextmanager
def _sole_writer(folder: Path) -> Iterator[Path]:
    """Make the folder, keep other downloads out, and give a place for files that are not whole, which goes at the end.

    What the disk refuses is told as a mistake that can be mended.
    """
    unfinished = folder.absolute() / ".fhr-download"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{unfinished}.lock", timeout=0):
            try:
                yield unfinished
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    except Timeout:
        raise FHRError(f"another download is writing to {folder}; wait for it, or name another folder") from None
    except OSError as error:
        raise FHRError(
            f"{error.filename or folder}: {error.strerror or error}; what was fetched is kept: mend this, and give the "
            "same command to go on"
        ) from None


def _write_companions(
    folder: Path, database: PublishedDatabase, checksums: dict[str, str], text: bytes, overwrite: bool
) -> None:
    """The list; licence, papers and `RECORDS` where neither folder nor database has them; `RECORDS` of another list."""
    if (folder / _CHECKSUMS).exists() and (folder / _CHECKSUMS).read_bytes() != text and not overwrite:
        raise FHRError(
            f"{folder / _CHECKSUMS} is not the list at {database.url}: the folder holds another database or part of "
            "one; name another folder, or overwrite (--overwrite)"
        )
    write_whole(folder / _CHECKSUMS, text)
    records = "".join(f"{name.removesuffix('.hea')}\n" for name in checksums if name.endswith(".hea"))
    texts = {"LICENSE.txt": database.licence_text, "CITATION.txt": database.citation_text, "RECORDS": records}
    for name, words in texts.items():
        if name not in checksums and (not (folder / name).exists() or (overwrite and name == "RECORDS")):
            write_whole(folder / name, words.encode())


def _check(folder: Path, checksums: dict[str, str]) -> Download:
    """Which files are there as they were published; the reasons for the others."""
    faults = {name: _fault(folder / name, published) for name, published in checksums.items()}
    kept = tuple(name for name, fault in faults.items() if not fault)
    return Download(folder, (), kept, {name: fault for name, fault in faults.items() if fault}, _count(checksums))


def _fault(path: Path, sha256: str) -> str:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
    return "" if found == sha256 else "is not as published: damaged, changed or another file"
