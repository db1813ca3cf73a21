"""Checksum list of a published database: a SHA-256 and a name a line, as `sha256sum` writes it."""

import re

from fhr.errors import FormatError

__all__ = ["PART", "parse_checksums"]

PART = ".part"  # what is appended to the name of a file that is not whole yet

_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")
_COMPONENT = re.compile(r"[\w .+,=@()-]{0,199}[\w+,=@()-]", re.ASCII)  # no slash, backslash, colon, control character


def parse_checksums(text: str, *, origin: str) -> dict[str, str]:
    """Parse the SHA-256 (lower case, hexadecimal) of each file, by its path within the database, in order.

    Names come from a server, so a list with one that could lead out of the folder is refused as a whole: an absolute
    path, `..`, a backslash, a drive, a name that differs from another by case alone, a file that is also a folder, or
    one that ends like an unfinished download.

    Args:
        text: what `SHA256SUMS.txt` holds.
        origin: where it comes from, for messages.

    Raises:
        FormatError: a list that is empty, has a line of another form, or a name as above.

    >>> parse_checksums("0" * 64 + "  1001.dat", origin="here")["1001.dat"][:4]
    '0000'
    """
    checksums: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None:
            raise FormatError(f"{origin}: line {number} ({line[:60]!r}) is not a SHA-256, two blanks and a name")
        digest, name = match.groups()
        components = name.removeprefix("./").split("/")
        if any(not _COMPONENT.fullmatch(part) or part.startswith(" ") for part in components) or name.endswith(PART):
            raise FormatError(f"{origin}: line {number}: {name[:80]!r} is no plain name within the database; refused")
        path = "/".join(components)
        if path in checksums:
            raise FormatError(f"{origin}: line {number}: {path!r} stands twice")
        checksums[path] = digest.lower()
    if not checksums:
        raise FormatError(f"{origin}: lists no file")
    _refuse_clashes(checksums, origin)
    return checksums


def _refuse_clashes(checksums: dict[str, str], origin: str) -> None:
    """Refuse names that one file system or another cannot tell apart."""
    seen: dict[str, str] = {}
    for path in checksums:
        other = seen.setdefault(path.lower(), path)
        if other != path:
            raise FormatError(f"{origin}: {path!r} and {other!r} are one file on some systems; refused")
    for path in checksums:
        parent, slash, _ = path.lower().rpartition("/")
        while slash:
            if parent in seen:
                raise FormatError(f"{origin}: {seen[parent]!r} is a file and the folder of {path!r}; refused")
            parent, slash, _ = parent.rpartition("/")
