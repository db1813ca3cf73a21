"""Folder of recordings that a generator made: WFDB records whose headers say so."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

from fhr.errors import FHRError
from fhr.formats import read_wfdb, whole_or_not_at_all, write_wfdb
from fhr.formats.wfdb.record_folder import occupied, records_in, remove_records

from .generator import FittedGenerator, name_of

__all__ = ["write_synthetic"]

_log = logging.getLogger(__name__)

# With .part behind it: what a killed run leaves.
_OURS = re.compile(r"(y\d{4,}\.(hea|dat)|RECORDS)(\.part)?")


def write_synthetic(
    fitted: FittedGenerator,
    folder: str | Path,
    n: int,
    *,
    target: int | None = None,
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write recordings of a generator as WFDB records, and their names to `RECORDS`.

    Every header says of what kind the recording is, which generator made it, and the records that this was fitted to.
    `RECORDS` is put in place last: a folder without it is an interrupted run, which goes on behind the last recording
    that the very same generator made.

    Args:
        fitted: generator.
        folder: where to; made if missing. Files that are no recordings stay.
        n: number of recordings.
        target: class, see `FittedGenerator.draws`.
        seed: as there.
        overwrite: replace recordings y0001, y0002, ... that are there. Others are never touched.
        progress: called with (recordings written, n) after each one.

    Raises:
        FHRError: a path that is a file, or a folder that holds other recordings; and as `FittedGenerator.draws`.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise FHRError(f"{folder} is a file; name a folder to write the recordings to")
    fitted.draws(n, target, seed)  # refuses what it is not to be given
    folder.mkdir(parents=True, exist_ok=True)
    begin = _room(folder, fitted, n, target, seed, overwrite)
    if begin:
        _log.info("%s: %d recordings are there already", folder, begin)
    if begin < n:
        for k, recording in enumerate(fitted.draws(n, target, seed, begin=begin), start=begin + 1):
            write_wfdb(recording, folder)
            if progress is not None:
                progress(k, n)
    with whole_or_not_at_all(folder / "RECORDS") as part:
        part.write_text("".join(f"{name_of(k)}\n" for k in range(n)), encoding="ascii", newline="\n")
    return folder


def _room(folder: Path, fitted: FittedGenerator, n: int, target: int | None, seed: int, overwrite: bool) -> int:
    """Recordings that an interrupted run of the same kind left; refuse any others, or remove them."""
    files = records_in(folder, _OURS, others="other recordings")
    begin = 0
    if files and not overwrite and not (folder / "RECORDS").exists():
        made = fitted.provenance(target, seed)
        while begin < n and _is_there(folder / name_of(begin), made):
            begin += 1
        files = [path for path in files if path.name.partition(".")[0] not in map(name_of, range(begin))]
        if any(path.suffix == ".hea" for path in files):  # of another generator
            raise occupied(folder)
    elif files and not overwrite:
        raise occupied(folder)
    remove_records(files)
    return begin


def _is_there(record: Path, made: object) -> bool:
    try:
        return read_wfdb(record).provenance == made
    except FHRError:  # none, or one that was being written
        return False
