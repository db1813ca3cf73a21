"""Files of one folder, sorted into recordings, what is plainly none, and what is left out with its reason."""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from fhr.errors import DatasetNotFoundError, FormatError

from .arrays.parquet import PARQUET_SUFFIX, parquet_problem
from .fhrma.markers import MARKER_SUFFIXES
from .files.regular_file import cut, open_regular, shown_names
from .reading import READERS, suffix_of
from .table_head import Head, head_of, sheets_are_of_several
from .tables.table import SHEET_SUFFIXES, TABLE_SUFFIXES
from .wfdb.annotations import WFDB_ANNOTATORS
from .wfdb.header import segment_names

__all__ = ["FilesOfFolder"]

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


class FilesOfFolder:
    """Files of one folder, without those in folders within it; the rule is that of `contents_of`.

    Args:
        path: of the folder.
        columns: that tables are read with.
        ignored: real paths of files that are known to be no recordings.

    Raises:
        DatasetNotFoundError: a folder that cannot be listed.

    Attributes:
        recordings: sorted by name.
        others: what plainly is no recording.
        activities: tables of uterine activity without heart rate, among those left out.
        folders: within it.
        left_out: the reason for what may be a recording and is not read, by path.
    """

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
