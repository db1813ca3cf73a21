"""Sealed archives: files as one, with a checksum of each and one of their list; the same files give the same bytes.

A zip archive that any program opens, without compression: nothing in it is larger than the file. Its last member lists
the others, its comment is the checksum of that list. A checksum finds damage; it does not tell who made the file.
"""

import hashlib
import json
import os
import re
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from fhr.errors import FormatError

from ..files.bounded_json import bounded_json
from ..files.regular_file import cut, open_regular, reason, shown
from ..files.whole_file import whole_or_not_at_all

__all__ = ["SealedArchive", "write_sealed"]

_LIST = "contents.json"
_SEAL, _COMMENT = re.compile(rb"sha256 [0-9a-f]{64}"), 71  # of the list, and its length
_END, _FIELDS = b"PK\5\6", "<4s4H2IH"  # the end of an archive; its last field is the length of the comment
_MOST_BYTES = 2**31 - 1  # beyond it zip archives take another form
_MOST_FILES, _MOST_NAME, _MOST_DIRECTORY = 10_000, 400, 2**23
_CHUNK = 2**20
_NAME = re.compile(r"[^/\\:\x00-\x1f\x7f]+(/[^/\\:\x00-\x1f\x7f]+)*")


def write_sealed(path: str | Path, kind: str, version: int, files: Iterable[tuple[str, Path | bytes]]) -> Path:
    """Write files into one archive, whole or not at all.

    Args:
        path: of the archive.
        kind: of its content, told to whoever reads it.
        version: of the layout of this kind.
        files: names within the archive, in the order in which they come, with a file or its content.

    Raises:
        FormatError: a name that no archive may hold, too many files, more than 2 GiB, or a file that changes meanwhile.
        OSError: a file that cannot be read or written.
    """
    listed: dict[str, dict[str, Any]] = {}
    total = 0
    with whole_or_not_at_all(path) as part, ZipFile(part, "w", ZIP_STORED, allowZip64=False) as archive:
        for name, content in files:
            if not _is_name(name) or name in listed:
                raise FormatError(f"{shown(name)} cannot be the name of a file in {path}; rename it")
            size = len(content) if isinstance(content, bytes) else content.stat().st_size
            total += size
            if total + 2 * _MOST_DIRECTORY > _MOST_BYTES or len(listed) == _MOST_FILES:
                raise FormatError(
                    f"{path}: more than {_MOST_BYTES} bytes or {_MOST_FILES} files; write parts of it one by one"
                )
            digest = hashlib.sha256()
            with archive.open(_entry(name, size), "w") as to:
                for chunk in [content] if isinstance(content, bytes) else _chunks(content):
                    digest.update(chunk)
                    to.write(chunk)
            listed[name] = {"bytes": size, "sha256": digest.hexdigest()}
            if archive.getinfo(name).file_size != size:
                raise FormatError(f"{content!s}: it changed while it was read; try again once it is complete")
        text = json.dumps({"kind": kind, "version": version, "files": listed}, indent=1).encode("ascii")
        archive.writestr(_entry(_LIST, len(text)), text)
        archive.comment = _seal(text)
    return Path(path)


class SealedArchive:
    """Content of a sealed archive, as a context; a file is read, and its checksum compared, when it is asked for.

    Nothing is unpacked to disk, and no more memory is taken than the file has bytes.

    Args:
        path: of the archive. A link is followed, since the caller named it.
        kind: that is expected.
        newest: version of the layout that is known.

    Raises:
        FormatError: no such file, no sealed archive, another kind, a newer version, or one that was cut or edited.
    """

    def __init__(self, path: str | Path, kind: str, newest: int) -> None:
        self.path = Path(path)
        try:
            self._file = open_regular(Path(os.path.realpath(path)))
        except (OSError, ValueError) as error:
            raise FormatError(f"{shown(str(path))}: no readable file ({reason(error)}); check the path") from None
        try:
            self._archive, self._listed = self._checked(kind, newest)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files, in their order."""
        return tuple(self._listed)

    def read(self, name: str) -> bytes:
        """The content of one file.

        Raises:
            FormatError: no such file, or one whose checksum is another.
        """
        if name not in self._listed:
            raise FormatError(f"{self.path}: it holds no {shown(name)}; make it again from what does")
        try:
            content = self._archive.read(name)
        except Exception as error:  # zipfile raises a dozen kinds on damaged bytes
            raise self._damaged(f"{shown(name)}: {reason(error)}") from None
        if hashlib.sha256(content).hexdigest() != self._listed[name]["sha256"]:
            raise self._damaged(f"wrong checksum of {shown(name)}")
        return content

    def _checked(self, kind: str, newest: int) -> tuple[ZipFile, Mapping[str, Any]]:
        size = _checked_end(self._file)
        if size is None:
            raise FormatError(f"{self.path}: no whole {kind}, its end is missing; copy it again from where it is whole")
        try:
            archive = ZipFile(self._file)
            entries = archive.infolist()
            if any(entry.compress_type or entry.flag_bits & 1 for entry in entries):
                raise ValueError("a file in it is compressed or encrypted")
            if sum(entry.file_size for entry in entries) > size or len({one.filename for one in entries}) < len(
                entries
            ):
                raise ValueError("files that overlap")
            text = archive.read(_LIST)
            if archive.comment != _seal(text):
                raise ValueError("wrong checksum of the list of files")
            about = bounded_json(text, "list of files")
            if about["kind"] == kind and isinstance(about["version"], int) and about["version"] > newest:
                raise FormatError(
                    f"{self.path}: {kind}, version {about['version']}; this package knows {newest}, update "
                    "intrapartum-fhr"
                )
            if about["kind"] != kind or about["version"] != newest:
                raise ValueError(f"{cut(str(about['kind']))}, version {cut(str(about['version']))}")
            listed = dict(about["files"])
            there = {entry.filename: entry.file_size for entry in entries if entry.filename != _LIST}
            if there != {name: one["bytes"] for name, one in listed.items()} or not all(map(_is_name, there)):
                raise ValueError("other files than it lists")
            if not all(isinstance(one["sha256"], str) for one in listed.values()):
                raise ValueError("a checksum that is none")
        except FormatError:
            raise
        except Exception as error:  # zipfile raises a dozen kinds on damaged bytes, and JSON may be of any shape
            raise self._damaged(reason(error)) from None
        return archive, listed

    def _damaged(self, what: str) -> FormatError:
        return FormatError(f"{self.path}: damaged or edited ({what}); copy it again, or make it anew")


def _checked_end(file: BinaryIO) -> int | None:
    """Size of a file that ends as a sealed archive does, and whose directory is of bounded size; else None."""
    size = file.seek(0, os.SEEK_END)
    length = struct.calcsize(_FIELDS) + _COMMENT
    if not length <= size <= _MOST_BYTES:
        return None
    file.seek(size - length)
    end = file.read(length)
    mark, *_, directory, _, comment = struct.unpack_from(_FIELDS, end)
    sealed = mark == _END and comment == _COMMENT and _SEAL.fullmatch(end[-_COMMENT:])
    # Nor is there another end that `zipfile` would take: the locator of a larger archive stands in front of this one.
    file.seek(max(0, size - length - 20))
    return size if sealed and directory <= _MOST_DIRECTORY and file.read(4) != b"PK\6\7" else None


def _seal(text: bytes) -> bytes:
    return f"sha256 {hashlib.sha256(text).hexdigest()}".encode("ascii")


def _entry(name: str, size: int) -> ZipInfo:
    """A member that is the same whenever and wherever it is written."""
    entry = ZipInfo(name)  # of 1980
    entry.create_system, entry.external_attr, entry.file_size = 3, 0o644 << 16, size
    return entry


def _is_name(name: str) -> bool:
    """Whether a name stays within a folder on every system."""
    parts = name.split("/")
    return bool(_NAME.fullmatch(name)) and len(name) <= _MOST_NAME and name != _LIST and not {".", ".."} & {*parts}


def _chunks(path: Path) -> Iterable[bytes]:
    with open_regular(path) as file:
        yield from iter(lambda: file.read(_CHUNK), b"")
