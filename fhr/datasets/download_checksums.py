"""Checksum list of a published database: a SHA-256 and a name a line, as `sha256sum` writes it."""

import re
from pathlib import PurePosixPath

from fhr.errors import FormatError

__all__ = ["parse_checksums"]

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")
# No slash, backslash, colon or control character, and no dot or blank at an end: neither `..` nor a name of our own.
_COMPONENT = re.compile(r"[\w+,=@()-](?:[\w .+,=@()-]{0,198}[\w+,=@()-])?", re.ASCII)


def parse_checksums(text: str, *, origin: str) -> dict[str, str]:
    """Parse the SHA-256 (lower case, hexadecimal) of each file, by its path within the database, in order.

    Names come from a server, so a list with one that could lead out of the folder is refused as a whole: an absolute
    path, `..`, a backslash, a drive, a hidden file, a name that differs from another by case alone, or a file that is
    also a folder.

    Args:
        text: what `SHA256SUMS.txt` holds.
        origin: where it comes from, for messages.

    Raises:
        FormatError: a list that is empty, has a line of another form, or a name as above.

    >>> parse_checksums("0" * 64 + "  1001.dat", origin="here")["1001.dat"][:4]
    '0000'
    """
    checksums: dict[str, str] = {}
    taken: set[str] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise FormatError(f"{origin}: line {number} ({line[:60]!r}) is not a SHA-256, two blanks and a name")
        path = match[2].removeprefix("./")
        if not all(map(_COMPONENT.fullmatch, path.split("/"))):
            raise FormatError(f"{origin}: line {number}: {path[:80]!r} is no plain name within the database; refused")
        if path.lower() in taken:
            raise FormatError(f"{origin}: line {number}: {path!r} stands twice, or differs by case alone; refused")
        taken.add(path.lower())
        checksums[path] = match[1].lower()
    if not checksums:
        raise FormatError(f"{origin}: lists no file")
    for path in checksums:
        if folder := next((str(p) for p in PurePosixPath(path.lower()).parents if str(p) in taken), None):
            raise FormatError(f"{origin}: {folder!r} is a file and the folder of {path!r}; refused")
    return checksums
