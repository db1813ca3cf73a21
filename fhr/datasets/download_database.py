"""Download of a published database: verified file by file, in parallel, and resumed after any interruption."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from fhr.errors import DatasetNotFoundError, FHRError, FormatError
from fhr.formats.whole_file import write_whole

from .download_answer import FetchError
from .download_checksums import parse_checksums
from .download_connection import check_url
from .download_file import WEB_PAGE, fetch_file, insist, sha256_of
from .download_published import PUBLISHED, PublishedDatabase
from .download_request import Client
from .download_threads import in_threads

__all__ = ["PUBLISHED", "Download", "PublishedDatabase", "download", "verify"]

_CHECKSUMS = "SHA256SUMS.txt"
_LONGEST_LIST = 1 << 20  # bytes, some ten thousand files

Progress = Callable[[int, int], None]


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
    backoff: float = 1.0,
    progress: Progress | None = None,
) -> Download:
    """Fetch a database into a folder, or what is missing of it.

    A file under its own name is whole and has its published SHA-256; until then it is called `.part`, and the next call
    goes on where it ends. `RECORDS` comes first (made from the list where the list does not have it), so that the
    reader of an unfinished folder says what is missing; the licence and the papers to cite are written beside it.

    The list of checksums itself comes from the same server: where `checksums_sha256` of the database is not known, what
    protects it is TLS. Proxy settings of the environment are honoured. Left out: connections that are kept open from
    file to file.

    Args:
        database: a name of `PUBLISHED`, or one of its kind.
        folder: where to; made if missing.
        workers: files fetched at once.
        overwrite: replace files that are there under the published names with other content; else they count as failed.
        attempts: requests for one file before it counts as failed.
        stall: seconds without a byte after which a request is given up; ten times that is the most one may last.
        backoff: seconds before the second request for a file, doubled before each one more.
        progress: called with (files that are dealt with, files) as they are.

    Raises:
        FHRError: an argument that is not fit, no connection, no list of checksums that can be trusted, a folder that
            holds another database or that someone else is downloading to, or one that cannot be written.
    """
    database = _known(database)
    url, folder = check_url(database.url), Path(folder)
    given = {"workers": (workers, 32), "attempts": (attempts, 1000), "stall": (stall, 86400), "backoff": (backoff, 60)}
    for name, (value, most) in given.items():
        if not 0 < value <= most:
            raise FHRError(f"{name}={value}; give a number above 0 and up to {most}")
    if folder.exists() and not folder.is_dir():
        raise FHRError(f"{folder} is a file; name a folder to download to")

    with Client(stall=stall, longest=10 * stall) as client:
        text = _fetch_list(client, database, url, attempts, backoff)
        checksums = _parse(text, database, url)

        def fetch(name: str) -> None:
            def once() -> None:
                fetch_file(client, url + quote(name), folder / name, checksums[name], limit=database.largest_file)

            insist(client, once, what=name, attempts=attempts, backoff=backoff)

        with _sole_writer(folder):
            if sha256_of(folder / _CHECKSUMS) != hashlib.sha256(text).hexdigest():
                if (folder / _CHECKSUMS).exists() and not overwrite:
                    raise FHRError(
                        f"{folder / _CHECKSUMS} is not the list at {url}: the folder holds another database or "
                        "part of one; name another folder, or overwrite (--overwrite)"
                    )
                write_whole(folder / _CHECKSUMS, text)
            _write_companions(folder, database, checksums, overwrite)
            report = _check(folder, checksums)
            kept, failed = report.kept, {} if overwrite else _others(folder, report.failed)
            missing = [name for name in report.failed if name not in failed]
            fetched: list[str] = []
            tell = progress or (lambda done, total: None)
            tell(len(kept) + len(failed), len(checksums))
            with closing(in_threads(client, fetch, missing, workers=workers)) as outcomes:
                for name, fault in outcomes:
                    if fault is None:
                        fetched.append(name)
                    else:
                        failed[name] = str(fault)
                    tell(len(kept) + len(fetched) + len(failed), len(checksums))
    return Download(folder, tuple(fetched), kept, failed, _count(checksums), client.retries)


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
    return _check(Path(folder), _decode(text, str(path)))


def _known(database: str | PublishedDatabase) -> PublishedDatabase:
    if isinstance(database, PublishedDatabase):
        return database
    if database not in PUBLISHED:
        raise FHRError(f"no database {database!r} to download; there are {', '.join(PUBLISHED)}")
    return PUBLISHED[database]


def _fetch_list(client: Client, database: PublishedDatabase, url: str, attempts: int, backoff: float) -> bytes:
    """The list of checksums, one that parses and is whole."""

    def once() -> bytes:
        with client.get(url + _CHECKSUMS, limit=_LONGEST_LIST) as body:
            text = b"".join(body.blocks)
            if not body.sized:
                raise FetchError("the server does not say how long the list is, so that a truncated one would not show")
        try:
            _parse(text, database, url)
        except FormatError as error:
            raise FetchError(WEB_PAGE if body.page else str(error).removeprefix(f"{url}{_CHECKSUMS}: ")) from None
        return text

    try:
        return insist(client, once, what=_CHECKSUMS, attempts=attempts, backoff=backoff)
    except FetchError as fault:
        what_to_do = (
            "check the connection and the proxy settings (https_proxy, no_proxy)" if fault.down else "check the address"
        )
        raise FHRError(
            f"{url}{_CHECKSUMS}: {fault}, {attempts} times; nothing was changed. To go on, {what_to_do} and give the "
            "same command again"
        ) from None


def _parse(text: bytes, database: PublishedDatabase, url: str) -> dict[str, str]:
    digest = hashlib.sha256(text).hexdigest()
    if database.checksums_sha256 not in (None, digest):
        raise FormatError(f"{url}{_CHECKSUMS}: SHA-256 {digest[:12]}... is not the one that is known")
    checksums = _decode(text, url + _CHECKSUMS)
    if database.n_records not in (None, _count(checksums)):
        raise FormatError(
            f"{url}{_CHECKSUMS}: lists {_count(checksums)} records, where the database has {database.n_records}"
        )
    return checksums


def _decode(text: bytes, origin: str) -> dict[str, str]:
    checksums = parse_checksums(text.decode("utf-8", errors="replace"), origin=origin)
    checksums.pop(_CHECKSUMS, None)  # no list can hold its own checksum
    return dict(sorted(checksums.items(), key=lambda item: item[0] != "RECORDS"))


def _count(checksums: dict[str, str]) -> int:
    return sum(name.endswith(".hea") for name in checksums)


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    """Make the folder and keep other downloads out; what the disk refuses is told as a mistake that can be mended."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".fhr-download.lock", timeout=0):
            yield
    except Timeout:
        raise FHRError(f"another download is writing to {folder}; wait for it, or name another folder") from None
    except OSError as error:
        raise FHRError(
            f"{error.filename or folder}: {error.strerror or error}; what was fetched is kept: mend this, and give the "
            "same command to go on"
        ) from None


def _write_companions(folder: Path, database: PublishedDatabase, checksums: dict[str, str], overwrite: bool) -> None:
    """Licence, papers and `RECORDS`, where neither the folder nor the database has them; `RECORDS` of another list."""
    records = "".join(f"{name.removesuffix('.hea')}\n" for name in checksums if name.endswith(".hea"))
    texts = {"LICENSE.txt": database.licence_text, "CITATION.txt": database.citation_text, "RECORDS": records}
    for name, text in texts.items():
        if name not in checksums and (not (folder / name).exists() or (overwrite and name == "RECORDS")):
            write_whole(folder / name, text.encode())


def _check(folder: Path, checksums: dict[str, str]) -> Download:
    """Which files are there as they were published; the reasons for the others."""
    kept, failed = [], {}
    for name, published in checksums.items():
        try:
            found = sha256_of(folder / name)
        except OSError as error:
            failed[name] = f"cannot be read ({error.strerror})"
            continue
        if found == published:
            kept.append(name)
        else:
            failed[name] = "is missing" if found is None else "is not as published: damaged, changed or another file"
    return Download(folder, (), tuple(kept), failed, _count(checksums))


def _others(folder: Path, failed: dict[str, str]) -> dict[str, str]:
    """Those that failed because something else has their name; a download does not replace them unasked."""
    return {
        name: f"{reason}; move it away, or overwrite (--overwrite)"
        for name, reason in failed.items()
        if (folder / name).exists()
    }
