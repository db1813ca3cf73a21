"""WFDB records of a folder: those that its `RECORDS` file lists, and those that lie there."""

import os
from collections import Counter
from pathlib import Path

from fhr.errors import DatasetNotFoundError, FormatError
from fhr.formats import read_whole
from fhr.formats.files.regular_file import shown, shown_names

__all__ = ["LIST", "distinct_names", "headers_in", "record_names", "words_on_unlisted"]

LIST = "RECORDS"
_MAX_LIST = 1 << 23  # bytes: a million names
_MAX_NAME, _MAX_PATH = 255, 1024  # characters; file systems take no more


def headers_in(folder: Path) -> list[str]:
    """Names of the records whose headers lie in a folder, sorted; none where it cannot be listed."""
    try:
        return sorted(path.stem for path in folder.iterdir() if path.suffix.lower() == ".hea")
    except OSError:
        return []


def record_names(root: Path) -> list[str]:
    """List the records of a folder, by its `RECORDS` file, else by its `.hea` files.

    A list may name records of folders within it, as `p001/3001`.

    Raises:
        DatasetNotFoundError: a folder that is missing or empty.
        FormatError: a `RECORDS` file that cannot be read, is a link out of the folder, points elsewhere, or names a
            record twice.
    """
    if not os.path.isdir(root):
        problem = "is a file" if os.path.isfile(root) else "does not exist"
        raise DatasetNotFoundError(
            f"data folder {str(root)!r} {problem}; give the folder that holds the recordings, or make "
            "a simulated one with `fhr simulate --n 500 --out DIR`"
        )
    listing = root / LIST
    listed = os.path.lexists(listing)
    if listed:
        try:
            text = read_whole(listing, limit=_MAX_LIST, kind="list of records").decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FormatError(f"{listing}: cannot be read ({error}); it is a text file, one record a line") from None
        if comment := next((line for line in text.splitlines() if line.lstrip().startswith("#")), None):
            raise FormatError(
                f"{listing}: {shown(comment)} is a comment, which a list of records cannot hold; remove it"
            )
        names = [name.removeprefix("./") for name in text.split()]
    else:
        names = headers_in(root)
    if not names:
        problem = "RECORDS is empty" if listed else "no RECORDS file, no .hea file"
        raise DatasetNotFoundError(
            f"data folder {str(root)!r} holds no recording ({problem}); "
            "give the folder that does, or make a simulated one with `fhr simulate --n 500 --out DIR`"
        )
    if not listed:
        return names
    if len(set(names)) < len(names):  # before each is read as often as it stands there
        twice = next(name for name, n in Counter(names).items() if n > 1)
        raise FormatError(f"{listing}: record {shown(twice)} stands twice; keep one of them")
    top, folders = os.path.realpath(root), set[str]()
    for name in names:
        *within, last = name.split("/")
        plain = all(part not in ("", ".", "..") and len(part) <= _MAX_NAME for part in (*within, last))
        if not plain or len(name) > _MAX_PATH or "\\" in name or ":" in name or not name.isprintable():
            raise FormatError(f"{listing}: {shown(name)} is not a plain record name in this folder; list plain names")
        if within and (folder := "/".join(within)) not in folders:
            folders.add(folder)
            if not Path(os.path.realpath(root / folder)).is_relative_to(top):
                raise FormatError(f"{listing}: {shown(folder)} is a link out of this folder; list plain names")
    return names


def distinct_names(root: Path) -> list[str]:
    """List the names of the records of a folder as `record_names` does, without the suffix of a file.

    Raises:
        DatasetNotFoundError: as `record_names`.
        FormatError: as `record_names`, or the header and the signal file of one record in the list.
    """
    names = [name[:-4] if name.lower().endswith((".hea", ".dat")) else name for name in record_names(root)]
    if len(set(names)) < len(names):
        twice = next(name for name, n in Counter(names).items() if n > 1)
        raise FormatError(f"{root}: record {twice!r} stands twice; keep one of them")
    return names


def words_on_unlisted(root: Path, names: list[str]) -> dict[str, str]:
    """Words on the records that lie in a folder, or where its list names some, and that the list leaves out.

    Args:
        root: the folder.
        names: that it lists, see `distinct_names`.

    Returns:
        The reason why they are not read, by the path of the list; none where there is no list, or it names all.
    """
    if not os.path.lexists(root / LIST):
        return {}
    folders = sorted({"", *(name.rpartition("/")[0] for name in names)})
    there = [f"{folder}/{name}" if folder else name for folder in folders for name in headers_in(root / folder)]
    unlisted = sorted(set(there) - set(names))
    if not unlisted:
        return {}
    missing = len(set(names) - set(there))
    reason = (
        f"names {len(names)} records; not read are others that lie there, {len(unlisted)} ({shown_names(unlisted)})"
        f"{f', and missing are {missing} of those that it names' if missing else ''}; "
        "list them, or remove RECORDS"
    )
    return {str(root / LIST): reason}
