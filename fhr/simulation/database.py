"""A folder of simulated recordings that looks like the CTU-UHB database."""

import re
from collections.abc import Callable
from pathlib import Path

from fhr.errors import FHRError
from fhr.formats import whole_or_not_at_all, write_wfdb

from .simulate import simulate

__all__ = ["write_database"]

_OURS = re.compile(r"s\d{4,}\.(hea|dat)")


def write_database(
    folder: str | Path,
    n: int,
    *,
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `n` simulated recordings as WFDB records, and their names to `RECORDS`.

    `RECORDS` is written last: a folder without it is an interrupted run.

    Args:
        folder: where to; made if missing. Files that are no recordings stay.
        n: number of recordings, at least 1.
        seed: as for `simulate`.
        overwrite: replace simulated recordings (s0001, s0002, ...) that are there. Others are never touched.
        progress: called with (recordings written, n) after each one.

    Returns:
        The folder.

    Raises:
        FHRError: n below 1, a negative seed, a path that is a file, or a folder that holds recordings already.
    """
    folder = Path(folder)
    if n < 1:
        raise FHRError(f"n={n} recordings were asked for; a database has at least 1")
    recordings = simulate(n, seed=seed)
    if folder.exists() and not folder.is_dir():
        raise FHRError(f"{folder} is a file; name a folder to write the recordings to")
    folder.mkdir(parents=True, exist_ok=True)
    _make_room(folder, overwrite)
    names = []
    for recording in recordings:
        write_wfdb(recording, folder)
        names.append(recording.name)
        if progress is not None:
            progress(len(names), n)
    with whole_or_not_at_all(folder / "RECORDS") as part:
        part.write_text("".join(f"{name}\n" for name in names), encoding="ascii")
    return folder


def _make_room(folder: Path, overwrite: bool) -> None:
    """Remove simulated recordings if `overwrite`; refuse any other."""
    files = [path for path in folder.iterdir() if path.suffix in (".hea", ".dat") or path.name == "RECORDS"]
    others = sorted(path.name for path in files if path.name != "RECORDS" and not _OURS.fullmatch(path.name))
    if others:
        raise FHRError(
            f"{folder} holds recordings that were not simulated ({others[0]} and {len(others) - 1} more files); "
            "name another folder"
        )
    if files and not overwrite:
        raise FHRError(f"{folder} holds recordings already; name another folder, or give overwrite=True")
    # RECORDS goes first, so that an interrupted run does not leave a list of recordings that are gone.
    for path in sorted(files, key=lambda path: path.name != "RECORDS"):
        path.unlink()
