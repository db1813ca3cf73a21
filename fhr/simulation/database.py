"""Folder of simulated recordings that looks like the CTU-UHB database, with the truth behind them beside it."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TextIO

from fhr.compute import check_workers, spread
from fhr.errors import FHRError
from fhr.formats import whole_or_not_at_all, write_wfdb
from fhr.formats.wfdb.record_folder import occupied, records_in, remove_records

from .outcome import EXPLAINED
from .simulated_labours import simulate_labour, simulate_labours
from .truth_file import EVENT_HEADER, event_lines, write_truth

__all__ = ["write_database"]

# With .part behind it: what a killed run leaves.
_OURS = re.compile(r"(s\d{4,}\.(hea|dat)|RECORDS)(\.part)?")
_OUR_TRUTH = re.compile(r"(s\d{4,}\.npz|events\.csv)(\.part)?")


def write_database(
    folder: str | Path,
    n: int,
    *,
    seed: int = 0,
    explained: float = EXPLAINED,
    truth: bool = False,
    overwrite: bool = False,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write `n` simulated recordings as WFDB records, and their names to `RECORDS`.

    One recording is in memory at a time, so that `n` is limited by the disk alone: about 90 kB a recording, and 250 kB
    more with its truth. `RECORDS` is put in place last: a folder without it is an interrupted run.

    Args:
        folder: where to; made if missing. Files that are no recordings stay.
        n: number of recordings, at least 1.
        seed: as for `simulate`.
        explained: as for `simulate`.
        truth: also write a folder `truth`: `events.csv`, every contraction, acceleration, deceleration and stretch of
            all recordings, and `s0001.npz`, ..., the signals without loss and artefact, the baseline and the events of
            each one, which `read_truth` reads.
        overwrite: replace simulated recordings (s0001, s0002, ...) that are there, and their truth. Others are never
            touched.
        workers: processes; the files are the same with any number.
        progress: called with (recordings written, n) after each one.

    Returns:
        The folder.

    Raises:
        FHRError: n below 1, a negative seed, `explained` outside 0 to 1, a path that is a file, or a folder that holds
            recordings already.
    """
    folder = Path(folder)
    if n < 1:
        raise FHRError(f"n={n} recordings were asked for; a database has at least 1")
    simulate_labours(n, seed=seed, explained=explained)  # refuses what it is not to be given
    check_workers(workers)
    if folder.exists() and not folder.is_dir():
        raise FHRError(f"{folder} is a file; name a folder to write the recordings to")
    folder.mkdir(parents=True, exist_ok=True)
    _make_room(folder, overwrite)
    if truth:
        (folder / "truth").mkdir(exist_ok=True)
    table = _text(folder / "truth" / "events.csv") if truth else nullcontext()
    labours = spread(_written, range(n), shared=(folder, seed, explained, truth), workers=min(workers, n))
    with _text(folder / "RECORDS") as listing, table as events, closing(labours):
        if events is not None:
            events.write(EVENT_HEADER)
        early: dict[int, tuple[str, str]] = {}  # of another worker than the one whose turn it is
        turn = 0
        for done, (index, *lines) in enumerate(labours, start=1):
            early[index] = (lines[0], lines[1])
            while turn in early:
                name, of_events = early.pop(turn)
                listing.write(f"{name}\n")
                if events is not None:
                    events.write(of_events)
                turn += 1
            if progress is not None:
                progress(done, n)
    return folder


@contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    """A text to write line by line, put in the place of `path` when it is whole."""
    with whole_or_not_at_all(path) as part, part.open("w", encoding="ascii", newline="\n") as text:
        yield text


def _written(given: tuple[Path, int, float, bool], index: int) -> tuple[int, str, str]:
    """Write one labour; its number, its name, and its lines of the table of events."""
    folder, seed, explained, truth = given
    labour = simulate_labour(index, seed=seed, explained=explained)
    name = labour.recording.name
    write_wfdb(labour.recording, folder)
    if truth:
        write_truth(labour.truth, folder / "truth" / f"{name}.npz")
    return index, name, event_lines(name, labour.truth.events) if truth else ""


def _make_room(folder: Path, overwrite: bool) -> None:
    """Remove simulated recordings and their truth if `overwrite`; refuse any other."""
    files = records_in(folder, _OURS, others="recordings that were not simulated")
    if (folder / "truth").is_dir():
        files += [path for path in (folder / "truth").iterdir() if _OUR_TRUTH.fullmatch(path.name)]
    if files and not overwrite:
        raise occupied(folder)
    remove_records(files)
    if (folder / "truth").is_dir() and not any((folder / "truth").iterdir()):
        (folder / "truth").rmdir()
