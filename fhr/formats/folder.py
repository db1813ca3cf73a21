"""Recordings of a folder, in every format that is read, and what becomes of every other file there.

A file is one of three things.

*A recording* has a suffix that is read. Of a table the header names an FHR column, or the one that was asked for, or
there is no header; a WFDB record counts once, by its header, and its segments with it.

*Plainly none* are hidden files; lists, checksums and licences (`RECORDS`, `LICENSE`, `SHA256SUMS.txt`); documents,
figures, code and settings (`.md`, `.pdf`, `.png`, `.json`); text that holds no samples; tables of several recordings
or of events, such as outcomes, and those of features; signal files, annotations and markers of a recording beside them.
Their number is told at INFO.

*Anything else* may be a recording, and is left out with its reason: a table without a column that is known to be FHR,
or with uterine activity alone; what cannot be opened or is no text; samples in a file of another suffix; signals
without a header and markers without a recording; archives; names that are not in UTF-8; links to folders; and suffixes
that nobody knows, those of a kind in one line.
"""

import logging
import os
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhr.errors import DatasetNotFoundError, FormatError

from .arrays.parquet import PARQUET_SUFFIX, parquet_problem
from .channels.names import guess_channels
from .fhrma.markers import MARKER_SUFFIXES
from .files.regular_file import cut, open_regular
from .reading import READERS, suffix_of
from .table_head import Head, head_of, sheets_are_of_several
from .tables.table import SHEET_SUFFIXES, TABLE_SUFFIXES
from .wfdb.header import segment_names

__all__ = [
    "WFDB_ANNOTATORS",
    "FolderContents",
    "contents_of",
    "holds_activity",
    "is_activity",
    "recordings_in",
    "shown_names",
]

_log = logging.getLogger(__name__)
_SOME = 3  # names in a line
_LISTS = re.compile(
    r"(readme|licen[cs]e|copying|changelog|changes|citation|notice|authors|annotators|subjects|records|notes|makefile"
    r"|dockerfile|index|manifest|thumbs|(sha\d+|md5|check)sums?)([-_.].*)?",
    re.IGNORECASE,
)
_DOCUMENT = re.compile(r"(readme|licen[cs]e|copying|changelog|(sha\d+|md5)sums?)(\.txt)?", re.IGNORECASE)
_OTHER_KINDS = {
    *(".md", ".rst", ".pdf", ".doc", ".docx", ".ppt", ".pptx", ".odt", ".rtf", ".tex", ".bib", ".html", ".htm"),
    *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".tif", ".tiff", ".eps", ".webp", ".bmp"),
    *(".py", ".ipynb", ".m", ".r", ".sh", ".bat", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".log", ".lock"),
    *(".sha1", ".sha256", ".md5", ".asc", ".sig", ".ckpt", ".pt", ".pth"),
    *(".exe", ".dll", ".lnk", ".url", ".bak"),
}
_TEXTS = ("", ".txt", ".text")
_ARCHIVES = {".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst"}
WFDB_ANNOTATORS = {
    *(".atr", ".qrs", ".ecg", ".ann", ".fqrs", ".mqrs", ".wqrs", ".gqrs", ".sqrs", ".man", ".apn", ".hyp", ".st"),
    *(".xws", ".hea-", ".edr", ".rr"),
}


@dataclass(frozen=True)
class FolderContents:
    """Files of a folder.

    Attributes:
        recordings: sorted by folder and name, each a path for `fhr.read`.
        left_out: the reason for what may be a recording and is not read, by path.
        others: what plainly is no recording.
        activities: of what is left out the tables of uterine activity without heart rate.
        folders: within, where they were not looked into and directly hold what may be a recording.
    """

    recordings: tuple[Path, ...]
    left_out: Mapping[str, str]
    others: tuple[Path, ...]
    activities: tuple[Path, ...]
    folders: tuple[Path, ...]


def recordings_in(folder: str | Path, *, recursive: bool = False) -> list[Path]:
    """List the recordings of a folder, sorted by folder and name, each a path for `fhr.read`; see `contents_of`.

    What may be a recording and is left out is told in a warning each.

    Raises:
        DatasetNotFoundError: no such folder, or one that cannot be listed.
    """
    contents = contents_of(folder, recursive=recursive)
    for path, reason in contents.left_out.items():
        _log.warning("%s is left out: %s", path, reason)
    return list(contents.recordings)


def contents_of(
    folder: str | Path,
    *,
    recursive: bool = False,
    columns: Mapping[str, Any] | None = None,
    ignored: Collection[str | Path] = (),
) -> FolderContents:
    """Tell recordings from other files, by the rule above.

    Nothing but the beginnings of tables is read: what is damaged, a link out of the folder or no regular file is among
    the recordings, and `fhr.read` refuses it by name.

    Args:
        folder: of recordings.
        recursive: with the folders within it, at any depth; hidden ones and unfinished work of verbs (`FILE.parts`) are
            passed over, links to folders are not followed.
        columns: that tables are read with, see `read_table`.
        ignored: files and folders that are known to hold no recordings, such as one that is to be written.

    Raises:
        DatasetNotFoundError: no such folder, or one that cannot be listed.
    """
    if not os.path.isdir(folder):
        problem = "is a file" if os.path.isfile(folder) else "is not a folder"
        raise DatasetNotFoundError(f"{str(folder)!r} {problem}; give one that holds recordings")
    known = frozenset(os.path.realpath(path) for path in ignored)
    parts = [_Folder(Path(folder), columns, known)]
    if recursive:
        waiting = list(parts)
        while waiting:
            part = waiting.pop()
            for path in part.folders:
                try:
                    within = _Folder(path, columns, known)
                except DatasetNotFoundError as error:
                    part.left_out[cut(str(path))] = str(error)
                    continue
                parts.append(within)
                waiting.append(within)
        parts.sort(key=lambda part: part.path)
    others = tuple(path for part in parts for path in part.others)
    if others:
        _log.info("%s: no recordings, and not read: %d (%s)", folder, len(others), shown_names(others))
    return FolderContents(
        tuple(path for part in parts for path in part.recordings),
        {path: reason for part in parts for path, reason in part.left_out.items()},
        others,
        tuple(path for part in parts for path in part.activities),
        () if recursive else tuple(path for path in parts[0].folders if _holds_recordings(path, columns)),
    )


def holds_activity(path: Path) -> bool:
    """True if the header of a table names uterine activity, beside whatever else."""
    head = head_of(path) if suffix_of(path) in TABLE_SUFFIXES and path.is_file() else None
    try:
        return isinstance(head, Head) and "uc" in guess_channels(head.layout.names, where=str(path))
    except FormatError:  # `fhr.read` says why
        return False


def is_activity(path: Path) -> bool:
    """True if a file is a table of uterine activity without heart rate."""
    head = head_of(path) if suffix_of(path) in TABLE_SUFFIXES and path.is_file() else None
    return isinstance(head, Head) and head.is_activity


def shown_names(paths: Sequence[Path | str], most: int = _SOME) -> str:
    """Names of files for a message, the first few of them.

    >>> shown_names(["x/a.ctg", "x/b.ctg", "x/c.ctg", "d.ctg"])
    'a.ctg, b.ctg, c.ctg and 1 more'
    """
    names = [cut(Path(path).name) for path in paths[:most]]
    return ", ".join(names) + (f" and {len(paths) - most} more" if len(paths) > most else "")


class _Folder:
    """One folder, without those within it."""

    def __init__(self, path: Path, columns: Mapping[str, Any] | None, ignored: Collection[str] = ()) -> None:
        self.path, self._columns = path, columns
        self.recordings: list[Path] = []
        self.others: list[Path] = []
        self.activities: list[Path] = []
        self.folders: list[Path] = []
        self._segments: list[Path] = []  # headers of segments of the records
        self.left_out: dict[str, str] = {}
        files: list[Path] = []
        try:
            found = sorted(path.iterdir())
        except OSError as error:
            raise DatasetNotFoundError(f"{str(path)!r} cannot be listed ({error.strerror}); check its rights") from None
        for one in found:
            if one.name.startswith((".", "~$")):  # hidden, or the lock of a spreadsheet that is open
                self.others.append(one)
            elif not one.is_dir():  # a broken link is no folder
                (self.others if ignored and os.path.realpath(one) in ignored else files).append(one)
            elif one.is_symlink():
                self._leave_out(one, "a link to a folder, which is not followed; give that folder itself")
            elif not one.name.endswith(".parts") and os.path.realpath(one) not in ignored:
                self.folders.append(one)
        self._sort(files)

    def _leave_out(self, path: Path, reason: str) -> None:
        self.left_out[cut(str(path))] = reason

    def _sort(self, files: Sequence[Path]) -> None:
        rest = []
        for path in files:
            suffix = suffix_of(path)
            if not _is_utf8(str(path)):
                self._leave_out(path, "its name is not in UTF-8, which names of recordings have to be; rename it")
            elif _DOCUMENT.fullmatch(path.name):
                self.others.append(path)
            elif suffix in TABLE_SUFFIXES:
                rest.append(path)  # once the recordings are known that it may be of
            elif suffix == PARQUET_SUFFIX and (problem := parquet_problem(path, self._columns)) is not None:
                if problem:
                    self._leave_out(path, problem)
                else:
                    self.others.append(path)
            elif suffix in READERS and suffix not in ("", ".dat"):
                self.recordings.append(path)
            else:
                rest.append(path)
        tables = [path for path in rest if suffix_of(path) in TABLE_SUFFIXES]
        heads = {path: head_of(path, self._columns) for path in tables}
        self.recordings += [path for path, head in heads.items() if isinstance(head, Head) and head.is_recording]
        self.recordings.sort()
        self._put_aside_segments()
        stems = {_stem(path) for path in self.recordings}
        self._put_aside_outcomes(stems)
        for path, head in heads.items():
            if ".txt" in suffix_of(path) and not (isinstance(head, Head) and (head.is_recording or head.is_activity)):
                self.others.append(path)  # most of them are words
            elif isinstance(head, FormatError):
                self._leave_out(path, str(head))
            elif not head.is_recording:
                self._put_aside(path, head, stems)
        self._sort_others([path for path in rest if path not in heads], stems)

    def _put_aside_segments(self) -> None:
        """Headers of segments that the header of a whole record names: their samples are that record's."""
        headers = [path for path in self.recordings if suffix_of(path) == ".hea"]
        named = {name.casefold() for path in headers for name in segment_names(path)}
        self._segments = [path for path in headers if path.stem.casefold() in named] if named else []
        for path in self._segments:
            self.recordings.remove(path)
        self.others += self._segments

    def _put_aside_outcomes(self, stems: set[str]) -> None:
        """Spreadsheets and Parquet files that hold another table than a recording."""
        for path in tuple(self.recordings):
            problem = None
            if path.suffix.lower() == PARQUET_SUFFIX:
                problem = parquet_problem(path, self._columns)
            elif suffix_of(path) in SHEET_SUFFIXES and sheets_are_of_several(path, stems, self._columns):
                problem = ""
            if problem is not None:
                self.recordings.remove(path)
                self._leave_out(path, problem) if problem else self.others.append(path)

    def _put_aside(self, path: Path, head: Head, stems: set[str]) -> None:
        """A table without an FHR column."""
        if head.is_of_results or head.is_of_several(stems):
            self.others.append(path)
        else:
            self._leave_out(path, f"{cut(str(path))}: {head.problem}")
            if head.is_activity:
                self.activities.append(path)

    def _sort_others(self, files: Sequence[Path], stems: set[str]) -> None:
        """Files without a suffix that is read."""
        records = {_stem(path) for path in (*self.recordings, *self._segments) if suffix_of(path) == ".hea"}
        unknown: dict[str, list[Path]] = defaultdict(list)
        named: set[str] | None = None
        for path in files:
            suffix, stem = path.suffix.lower(), _stem(path)
            if suffix == ".dat" and stem in records:
                continue
            beside = (suffix in WFDB_ANNOTATORS and stem in records) or (suffix in MARKER_SUFFIXES and stem in stems)
            if beside or _LISTS.fullmatch(path.name) or suffix in _OTHER_KINDS:
                self.others.append(path)
            elif records and path.name in (named := self._signal_files() if named is None else named):
                continue
            elif suffix == ".dat":
                self._leave_out(path, f"signals without their header; fetch {cut(path.stem)}.hea beside it")
            elif suffix in MARKER_SUFFIXES:
                self._leave_out(path, f"markers of a recording that is not here; put {cut(path.stem)} beside it")
            elif suffix in _ARCHIVES:
                self._leave_out(path, "an archive, which is not looked into; unpack it")
            elif isinstance(head := head_of(path, self._columns), Head) and head.holds_samples:
                what = f"the suffix {cut(suffix)} is not read" if suffix else "it has no suffix"
                self._leave_out(path, f"looks like a table of samples, but {what}; call it {cut(path.stem)}.csv")
            elif isinstance(head, Head) and suffix in _TEXTS:
                self.others.append(path)
            elif stem in records:
                self.others.append(path)  # annotators are called anything
            else:
                unknown[suffix].append(path)
        for suffix, paths in unknown.items():
            self._leave_out_kind(suffix, paths)

    def _leave_out_kind(self, suffix: str, paths: Sequence[Path]) -> None:
        known = ", ".join(one for one in READERS if one)
        what = f"of the suffix {cut(suffix)}, which is not read" if suffix else "without suffix, and no text"
        n = "1 file" if len(paths) == 1 else f"{len(paths)} files"
        self._leave_out(self.path / f"*{suffix}", f"{n} {what} ({shown_names(paths)}); known are {known}")

    def _signal_files(self) -> set[str]:
        """Names of the files that the headers of the records name."""
        found: set[str] = set()
        for path in (*self.recordings, *self._segments):
            if suffix_of(path) == ".hea":
                try:
                    with open_regular(path) as file:
                        lines = (file.read(1 << 16) or b"").decode("latin-1").splitlines()
                except (OSError, ValueError):
                    continue  # `fhr.read` says why
                found |= {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}
        return found


def _stem(path: Path) -> str:
    """Name of the recording of a file."""
    suffix = suffix_of(path)
    return path.name[: len(path.name) - len(suffix)] if suffix in READERS else path.stem


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _holds_recordings(folder: Path, columns: Mapping[str, Any] | None) -> bool:
    """True if a folder directly holds a file that may be a recording."""
    try:
        return any(_may_be_recording(path, columns) for path in sorted(folder.iterdir()))
    except OSError:
        return False


def _may_be_recording(path: Path, columns: Mapping[str, Any] | None) -> bool:
    suffix = suffix_of(path)
    if path.name.startswith((".", "~$")) or not path.is_file():
        return False
    if suffix == PARQUET_SUFFIX:
        return parquet_problem(path, columns) != ""
    if suffix not in TABLE_SUFFIXES:
        return bool(suffix) and suffix in READERS
    head = head_of(path, columns)
    if not isinstance(head, Head):
        return ".txt" not in suffix
    return head.is_recording or not (".txt" in suffix or head.is_of_results or head.is_of_several(set()))
