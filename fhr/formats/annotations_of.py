"""Annotations of a recording of any format: those in its file, and those in files beside it."""

import logging
from collections.abc import Callable
from pathlib import Path

from fhr.errors import FormatError

from .edf.recording import EDF_SUFFIXES, read_edf_annotations
from .fhrma.markers import MARKER_SUFFIXES, read_fhrma_markers
from .files.missing_file import check_there
from .metadata.annotations import Annotation
from .reading import READERS, suffix_of
from .wfdb.annotations import WFDB_ANNOTATORS, read_wfdb_annotations

__all__ = ["read_annotations"]

_log = logging.getLogger(__name__)


def read_annotations(path: str | Path) -> dict[str, tuple[Annotation, ...]]:
    """Read the annotations of a recording, by the name of the file that holds them.

    They stand in the file itself (EDF+), in files of its name with the suffix of a WFDB annotator (`.atr`, `.qrs`, ...)
    beside a WFDB record, and in markers (`.fhrh`, `.marks`) beside any recording. A file of them that is damaged is
    left out with a warning where another can be read.

    Args:
        path: of the recording, as `fhr.read` takes it.

    Returns:
        File name to annotations; empty where there is none.

    Raises:
        FormatError: no such recording, or damaged files of them alone.
    """
    path = Path(path)
    suffix = suffix_of(path)
    if path.is_dir():
        raise FormatError(f"{path} is a folder; name one recording")
    check_there(path, record=suffix in ("", ".hea", ".dat"))
    stem = path.name[: len(path.name) - len(suffix)] if suffix in READERS else path.name
    readers: dict[Path, Callable[[Path], tuple[Annotation, ...]]] = {}
    if suffix in EDF_SUFFIXES:
        readers[path] = read_edf_annotations
    beside = [file for file in sorted(path.parent.iterdir()) if file.stem == stem and file.is_file()]
    is_record = any(file.suffix.lower() == ".hea" for file in beside)
    for file in beside:
        if file.suffix.lower() in MARKER_SUFFIXES:
            readers[file] = read_fhrma_markers
        elif is_record and file.suffix.lower() in WFDB_ANNOTATORS:
            readers[file] = read_wfdb_annotations
    found: dict[str, tuple[Annotation, ...]] = {}
    damaged: list[FormatError] = []
    for file, reader in readers.items():
        try:
            found[file.name] = reader(file)
        except FormatError as error:
            damaged.append(error)
    if damaged and not found:
        raise damaged[0]
    for problem in damaged:
        _log.warning("annotations are left out: %s", problem)
    return {name: noted for name, noted in found.items() if noted or name != path.name}
