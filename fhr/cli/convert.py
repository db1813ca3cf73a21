"""Write recordings of any format that is read in another one: WFDB, CSV, TSV, NPZ and whatever else the suffix names.

One recording goes to the file OUT, whose suffix names the format (`.hea` for WFDB), or as a table to stdout (`-`).
Several go to the folder OUT in the format of `--to`, each called after the file that it was read from, in the folders
that those lie in below the one that holds them all.

Every file is read again before it is put in its place, and what the format does not keep is said on stderr. Files come
whole or not at all. One that is there already stays where the new one is the same, so that the same command goes on
after an interruption; another is replaced with --overwrite only. Recordings that cannot be read or written are named on
stderr, and the exit code is 1.
"""

import argparse
import os
import shutil
from collections.abc import Sequence
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fhr.compute import Countdown
from fhr.errors import FHRError

from .messages import say
from .reading_options import add_reading, how_read
from .recordings import report
from .tables import STDOUT, check_folder, check_out, destination

if TYPE_CHECKING:
    from fhr.recording import Recording

__all__ = ["add_arguments", "run"]

_RECORD = (".hea", ".dat")
_TEXT = ("csv", "tsv")  # what a terminal or a pipe may get


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's options."""
    formats = list(_suffixes())
    parser.add_argument("paths", nargs="+", metavar="PATH", help="recordings, or folders of recordings")
    parser.add_argument("target", metavar="FILE|DIR|-", help="file to write, folder to write to, or - for stdout")
    parser.add_argument("--to", choices=formats, metavar="FORMAT", help=f"format in a folder: {', '.join(formats)}")
    parser.add_argument("--resample", type=float, metavar="HZ", help="write at this rate (default: as it was recorded)")
    parser.add_argument(
        "--reach",
        type=float,
        default=0.0,
        metavar="S",
        help="with --resample: join samples that lie so far apart, such as heart beats (up to 3; default: none)",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace other files of these names")
    add_reading(parser)


def run(options: argparse.Namespace) -> int:
    """Read, write, read again and compare."""
    from fhr.datasets import stream_paths
    from fhr.preprocessing import resample

    if options.resample is not None and not 0 < options.resample < inf:
        raise FHRError(f"--resample {options.resample:g}; the rate is a positive number, in Hz")
    if options.reach and options.resample is None:
        raise FHRError(f"--reach {options.reach:g} without --resample; give the rate, too")
    suffix = _suffix(options)
    many = options.target != STDOUT and _is_folder(options.target)
    stream = stream_paths(options.paths, **how_read(options, options.target))
    if not many and len(stream) != 1:
        raise FHRError(f"{options.target}: one recording goes there, and {len(stream)} were given; name a folder")
    root = _common_folder(options.paths)
    made_of: dict[Path, str] = {}
    quarantined: dict[str, str] = {}
    losses = _Losses()
    n_same = n_itself = 0
    with Countdown(len(stream), what="recording") as countdown:
        for path, recording, reason in stream:
            if recording is None:
                quarantined[path] = reason
                continue
            try:
                if options.resample is not None:
                    recording = resample(recording, options.resample, reach=options.reach)
                if options.target == STDOUT:
                    losses.add(recording, _to_stdout(recording, suffix) | _marks(path))
                    continue
                stem = _below(path, root)
                if recording.source is not None and recording.source.format == "joined":
                    stem = str(Path(stem).with_name(recording.name))  # without the word for one of the channels
                place = Path(options.target, stem + suffix) if many else Path(options.target)
                if many and options.resample is None and _is_file_of(place, path):
                    n_itself += 1
                    continue
                if place in made_of:
                    raise FHRError(f"{place} is of {made_of[place]} already; convert it by itself, to another name")
                found, is_new = _put(recording, place, options)
                made_of[place] = path
                n_same += not is_new
                losses.add(recording, found | _marks(path))
            except FHRError as error:
                if not many:
                    raise
                quarantined[path] = str(error)
            countdown.update()
    losses.tell(_name_of(suffix))
    if made_of or n_itself:
        there = f", {n_same} of them as they were there already" if n_same else ""
        there += f"; {n_itself} in this format, read from there, stay as they are" if n_itself else ""
        say(f"{options.target}: {len(made_of)} recording{'s' if len(made_of) != 1 else ''}{there}")
    return report(quarantined)


def _suffixes() -> dict[str, str]:
    """Names of the formats that are written, and their suffixes."""
    from fhr.formats import WRITERS

    return {_name_of(suffix): suffix for suffix in WRITERS}


def _name_of(suffix: str) -> str:
    return "wfdb" if suffix == ".hea" else suffix[1:]


def _suffix(options: argparse.Namespace) -> str:
    """Suffix of what is written.

    Raises:
        FHRError: none, two, or a place that cannot be written to.
    """
    from fhr.formats.reading import suffix_of

    known = _suffixes()
    if options.target == STDOUT:
        if options.to not in (None, *_TEXT):
            raise FHRError(f"--to {options.to}: stdout takes {' or '.join(_TEXT)}; name a file")
        return known[options.to or _TEXT[0]]
    if _is_folder(options.target):
        if options.to is None:
            raise FHRError(
                f"{options.target}: no format; end it in one of {', '.join(known.values())}, or name a folder and "
                f"--to {'|'.join(known)}"
            )
        check_folder(options.target, "OUT")
        if options.recursive and any(_is_within(options.target, path) for path in options.paths):
            raise FHRError(f"{options.target} lies in a folder that is read with --recursive; choose another")
        return known[options.to]
    suffix = suffix_of(options.target)
    if options.to is not None and known[options.to] != suffix:
        raise FHRError(f"{options.target} and --to {options.to} are two formats; give one of them, or name a folder")
    check_out(options.target, "OUT")
    return suffix


def _is_folder(target: str) -> bool:
    from fhr.formats import WRITERS
    from fhr.formats.reading import suffix_of

    return os.path.isdir(target) or suffix_of(target) not in WRITERS


def _common_folder(paths: Sequence[str]) -> str:
    """The folder below which all recordings lie."""
    whole = [os.path.abspath(path) for path in paths]
    return os.path.commonpath([path if os.path.isdir(path) else os.path.dirname(path) for path in whole])


def _below(path: str, root: str) -> str:
    """Path of a recording below a folder, without its suffix."""
    from fhr.formats.reading import READERS, suffix_of

    suffix = suffix_of(path)
    below = os.path.relpath(os.path.abspath(path), root)
    return below[: len(below) - len(suffix)] if suffix in READERS else below


def _put(recording: "Recording", place: Path, options: argparse.Namespace) -> tuple[dict[str, str], bool]:
    """Write a recording; what was not kept, and whether anything was written.

    Raises:
        FHRError: the format cannot hold it, or another file is there.
    """
    from fhr.formats import not_kept, read, write

    root = Path(options.target) if _is_folder(options.target) else place.parent
    root.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix=".convert-", dir=root) as folder:
            again = read(write(recording, Path(folder, place.name)))
            files = sorted(Path(folder).iterdir(), key=lambda file: file.suffix == ".hea")  # which names the others
            new = [file for file in files if not _is_same(file, place.parent / file.name)]
            if there := [place.parent / file.name for file in new if (place.parent / file.name).exists()]:
                if not options.overwrite:
                    raise FHRError(f"{there[0]} is there and holds something else; give --overwrite to replace it")
                if _is_read(there[0], options):
                    raise FHRError(f"{there[0]} is among the recordings that are read; choose another place")
            place.parent.mkdir(parents=True, exist_ok=True)
            for file in new:
                os.replace(file, place.parent / file.name)
    except OSError as error:
        raise FHRError(
            f"{place}: cannot be written ({error.strerror or error}); make room, or choose another"
        ) from None
    return not_kept(recording, again), bool(new)


def _is_same(file: Path, other: Path) -> bool:
    return other.is_file() and other.read_bytes() == file.read_bytes()


def _is_file_of(file: Path, path: str) -> bool:
    """True for the file that a recording is read from, of a WFDB record either of the two."""
    read = [path]
    if file.suffix in _RECORD:
        stem, suffix = os.path.splitext(path)
        read.append((stem if suffix.lower() in _RECORD else path) + file.suffix)
    return os.path.realpath(file) in map(os.path.realpath, read)


def _is_read(file: Path, options: argparse.Namespace) -> bool:
    """True for a file that is given, or in a folder that is: its recording may not have been read yet."""

    def is_of(path: str) -> bool:
        if not os.path.isdir(path):
            return _is_file_of(file, path)
        return _is_within(file, path) if options.recursive else os.path.realpath(file.parent) == os.path.realpath(path)

    return any(map(is_of, options.paths))


def _is_within(path: str | Path, folder: str) -> bool:
    return os.path.isdir(folder) and Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _to_stdout(recording: "Recording", suffix: str) -> dict[str, str]:
    from fhr.formats import not_kept, read, write

    with TemporaryDirectory() as folder:
        made = write(recording, Path(folder, f"table{suffix}"))
        again = read(made)
        with destination(STDOUT, "OUT") as path:
            shutil.copyfile(made, path)
    return not_kept(recording, again)


def _marks(path: str) -> dict[str, str]:
    """Marks of a recording, which no format takes along."""
    from fhr.formats import read_annotations

    try:
        found = read_annotations(path)
    except FHRError as error:
        return {"marks": str(error)}
    said = ", ".join(f"{len(marks)} in {name}" for name, marks in found.items())
    return {"marks": said} if said else {}


class _Losses:
    """What was not kept, of how many recordings."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, str, str]] = {}

    def add(self, recording: "Recording", not_kept: dict[str, str]) -> None:
        """Those of a recording; the first of a kind stands for the others."""
        for what, how in not_kept.items():
            n, name, first = self._found.get(what, (0, recording.name, how))
            self._found[what] = (n + 1, name, first)

    def tell(self, format_name: str) -> None:
        """One line for each kind, on stderr."""
        for what, (n, name, how) in self._found.items():
            of = f"{name}: {how}" if n == 1 else f"{n} recordings, such as {name}: {how}"
            say(f"{format_name} does not keep {what} of {of}")
