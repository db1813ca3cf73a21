"""Source and libraries that computed numbers, in one line of text: what is kept of them is used again by its like only.

A version number of the package changes at a release; numbers change with any edit of a file that computes them.
"""

import hashlib
import platform
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["made_by", "made_otherwise", "short_key", "source_hash"]

_PACKAGE = Path(__file__).resolve().parents[1]
_DIGITS = 16


@cache  # read once in a process, whose imported code does not change either
def made_by(parts: tuple[str, ...], libraries: tuple[str, ...]) -> str:
    """Describe what computes: a hash of source text, and versions, `source 3f...; python 3.12; numpy 2.3.1; ...`.

    Args:
        parts: rooms (folders) and files of this package, such as `features` or `evaluation/study.py`.
        libraries: names of distributions.
    """
    found = [f"source {source_hash(_PACKAGE, parts)}", f"python {'.'.join(platform.python_version_tuple()[:2])}"]
    for name in libraries:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return "; ".join(found)


def source_hash(package: Path, parts: Sequence[str]) -> str:
    """Hash of the names and the text of all Python files of some parts of a package, 16 hexadecimal digits.

    Line ends are counted as one character. A part without source, of an installation that left it out, enters with its
    name alone.
    """
    total = hashlib.sha256()
    for part in sorted(parts):
        place = package / part
        for path in [place] if place.suffix == ".py" else sorted(place.rglob("*.py")):
            text = path.read_bytes().replace(b"\r\n", b"\n") if path.is_file() else b""
            name = path.relative_to(package).as_posix().encode()
            total.update(b"%d %s %d " % (len(name), name, len(text)) + text)
        total.update(part.encode())
    return total.hexdigest()[:_DIGITS]


def made_otherwise(there: str, here: str) -> str:
    """First difference of two texts of `made_by`, in words; empty where they are the same."""
    if there == here:
        return ""
    if not there:
        return "nothing noted there"
    one, other = (dict(item.rpartition(" ")[::2] for item in text.split("; ") if item) for text in (there, here))
    for name in sorted({*one, *other}, key=lambda name: (name == "source", name)):  # a library says more
        if one.get(name) != other.get(name):
            return f"{name} {one.get(name, 'not noted')} there, {other.get(name, 'not noted')} here"
    return "another order of the same"


def short_key(text: str) -> str:
    """Hash of a text of `made_by`, for the name of a file."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
