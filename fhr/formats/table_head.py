"""First rows of a table in a folder: whether it is a recording, one channel of it, or a table of several recordings."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, NamedTuple

from fhr.errors import FHRError, FormatError

from .channels.names import guess_channels, names_recordings
from .files.gzip_file import beginning
from .files.regular_file import cut, open_regular, read_whole, reason, shown
from .joining import names_activity
from .tables.columns import channels_named, is_unit_row
from .tables.layout import Layout, layout_of
from .tables.spreadsheet import sheets_of
from .tables.text import text_of

__all__ = ["Head", "head_of", "sheets_are_of_several"]

_BYTES = 1 << 16
_TEXT = 1 << 13  # characters behind the comments, in which a header is looked for
_FEW = 100
_FROM = re.compile(r"(start|begin|onset|from)([ _-].*)?", re.IGNORECASE)
_UNTIL = re.compile(r"(end|stop|duration|offset|until|to)([ _-].*)?", re.IGNORECASE)
_SMALL, _UNPACKED, _ROWS = 1 << 18, 1 << 22, 10_000  # of a spreadsheet that is looked into
_NUMBERED = ("nr", "nr.", "no", "no.", "number")  # rows of outcomes
_RESULTS = [  # columns that tell our own tables
    *({"record", "path"}, {"name", "label", "score"}, {"query", "rank"}, {"part", "name", "value"}),
    *({"target"}, {"metric", "value"}, {"trial", "state"}, {"run_id"}),
]
_ROW = re.compile(r"(nr|no|#|index|row|sample|line)?[. ]*", re.IGNORECASE)
_VALUE = re.compile(r"[-+]?\d*[.,]?\d*")


class Head(NamedTuple):
    """Beginning of a table.

    Attributes:
        layout: of it.
        channels: that its names are known to be.
        is_recording: True if it is read as one.
        is_activity: True if it is known to hold uterine activity and no heart rate: nothing else, or by its own name.
    """

    layout: Layout
    channels: frozenset[str]
    is_recording: bool
    is_activity: bool = False

    @property
    def holds_samples(self) -> bool:
        """True if the first row has a value beneath a name that is known to be FHR, or is all values."""
        first = dict(zip(self.layout.names, self.layout.first, strict=False))
        beneath = [cell for name, cell in first.items() if "fhr" in guess_channels([name], where="")]
        return not self.layout.names or any(_VALUE.fullmatch(cell.strip()) for cell in beneath)

    @property
    def problem(self) -> str:
        """Words on why it is not read as a recording."""
        if self.is_activity:
            return (
                "uterine activity without heart rate; join it with the file of its heart rate, which is called alike "
                "but for the channel: join=True"
            )
        header = shown(self.layout.separator.join(self.layout.names))
        return f"no column is known to be FHR; the header is {header}; say columns={{'fhr': NAME}}"

    @property
    def is_of_results(self) -> bool:
        """True for a table of events, which says where they begin and end, or one of our own results."""
        names = self.layout.names
        return any(own <= set(names) for own in _RESULTS) or all(
            any(one.fullmatch(name) for name in names) for one in (_FROM, _UNTIL)
        )

    def is_of_several(self, stems: set[str]) -> bool:
        """True if a column names recordings: several of them, or one of those that lie in the folder.

        Args:
            stems: names of the recordings of the folder.
        """
        lines = [line for line in self.layout.body.split("\n") if line.strip()]
        lines = lines[:-1] if len(lines) > _FEW else lines  # of a longer table the last one is cut off
        for position, name in enumerate(self.layout.names):
            if names_recordings(name) or name.lower() in _NUMBERED:
                rows = (line.split(self.layout.separator) for line in lines)
                named = {row[position].strip('" ') for row in rows if len(row) > position}
                if len(named) > 1 or any(_last(one) in stems or one in stems for one in named):
                    return True
        return False


def head_of(
    path: Path, columns: Mapping[str, str | int | Sequence[str | int] | None] | None = None
) -> Head | FormatError:
    """Read the beginning of a table; the error of one that cannot be read, or holds none.

    Args:
        path: of the table.
        columns: that it will be read with, see `read_table`.
    """
    try:
        with open_regular(path) as file:
            raw = file.read(_BYTES) or b""
        if path.suffix.lower() == ".gz":
            raw = beginning(raw, _BYTES)
    except (OSError, ValueError) as error:
        return FormatError(f"{cut(str(path))}: cannot be read ({reason(error)}); check the file")
    try:
        return _head(_beginning(text_of(raw, cut(str(path)))), path, columns)
    except FormatError as error:
        return error


def sheets_are_of_several(path: Path, stems: set[str], columns: Mapping[str, Any] | None = None) -> bool:
    """True if the sheets of a small spreadsheet hold a table of several recordings, and no recording.

    Args:
        path: of the spreadsheet.
        stems: names of the recordings of the folder.
        columns: that it will be read with.
    """
    several = False
    try:
        raw = read_whole(path, limit=_SMALL, kind="spreadsheet of outcomes")
        for _, text, _ in sheets_of(raw, limit=_UNPACKED, where=str(path), most_rows=_ROWS):
            try:
                head = _head(_beginning(text), path, columns)
            except FormatError:  # a sheet of words
                continue
            if head.is_recording:
                return False
            several = several or head.is_of_several(stems)
    except FHRError:  # a large one, a damaged one, or no openpyxl: reading it says so
        return False
    return several


def _beginning(text: str) -> str:
    position = 0
    while text.startswith("#", position) and (end := text.find("\n", position)) >= 0:
        position = end + 1
    return text[: position + _TEXT]


def _head(text: str, path: Path, columns: Mapping[str, Any] | None) -> Head:
    where = cut(str(path))
    layout = layout_of(
        text, separator=None, decimal=None, where=where, channels=channels_named(columns), is_unit=is_unit_row
    )
    known = {name: set(guess_channels([name], where=str(path))) for name in layout.names}
    channels = frozenset(channel for those in known.values() for channel in those)
    asked = (columns or {}).get("fhr")
    if asked is not None and "fhr" not in channels:
        named = [one for one in ([asked] if isinstance(asked, str | int) else asked) if isinstance(one, str)]
        return Head(layout, channels, all(one in layout.names for one in named))
    if "fhr" in channels or not layout.names:
        return Head(layout, channels, True)
    others = [name for name, those in known.items() if not those and not _ROW.fullmatch(name)]
    return Head(layout, channels, False, "uc" in channels and (not others or names_activity(path.stem)))


def _last(name: str) -> str:
    """Name of a recording without its folder and its suffix."""
    last = PurePosixPath(PureWindowsPath(name).as_posix()).name
    return last.rpartition(".")[0] or last
