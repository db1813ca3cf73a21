"""Writing one recording to a file of any format that is written, by the suffix: `fhr.formats.write`."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fhr.errors import FormatError
from fhr.recording import Recording

from .arrays.npz import NPZ_SUFFIX, write_npz
from .arrays.parquet import PARQUET_SUFFIX, write_parquet
from .edf.writing import EDF_SUFFIX, write_edf
from .files.regular_file import shown
from .reading import suffix_of
from .tables.table import WRITTEN_TABLES, write_table
from .wfdb.record import write_wfdb

__all__ = ["WRITERS", "write"]


def _write_record(recording: Recording, path: Path) -> Path:
    """A WFDB record is called after its files."""
    return write_wfdb(replace(recording, name=path.stem), path.parent)


WRITERS: dict[str, Callable[[Recording, Path], Path]] = {
    ".hea": _write_record,
    **dict.fromkeys(WRITTEN_TABLES, write_table),
    NPZ_SUFFIX: write_npz,
    PARQUET_SUFFIX: write_parquet,
    EDF_SUFFIX: write_edf,
}


def write(recording: Recording, path: str | Path) -> Path:
    """Write one recording, whole or not at all; the suffix, in upper or lower case, names the format.

    What a format keeps stands at its writer: `write_table`, `write_npz` and `write_parquet` keep all but `source`,
    `write_edf` rounds, `write_wfdb` rounds and keeps no history; `not_kept` tells of two recordings.

    Args:
        recording: to write.
        path: `DIR/1001.hea` for a WFDB record, with `DIR/1001.dat` beside it and 1001 as its name; or a file of another
            of the suffixes in `WRITERS`. What is there is replaced.

    Returns:
        The path for `fhr.read`.

    Raises:
        FormatError: an unknown suffix, or a recording that the format cannot hold.
    """
    path = Path(path)
    writer = WRITERS.get(suffix_of(path))
    if writer is None:
        raise FormatError(f"{path}: suffix {shown(suffix_of(path))}; written are {', '.join(WRITERS)}")
    return writer(recording, path)
