"""Files of the truth behind simulated recordings, written and read."""

from pathlib import Path

import numpy as np

from fhr.errors import FormatError
from fhr.formats import whole_or_not_at_all

from .truth import TrueEvents, Truth

__all__ = ["EVENT_HEADER", "event_lines", "read_truth", "write_truth"]

EVENT_HEADER = "record,kind,start_s,end_s,extremum_s,amplitude\n"
_SIGNALS = {"fhr": "f", "uc": "f", "baseline": "f", "artefact": "b"}


def read_truth(path: str | Path) -> Truth:
    """Read what `write_database(..., truth=True)` wrote beside a recording, `truth/s0001.npz`.

    Raises:
        FormatError: no such file, or one that is damaged or something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
        for name, kind in _SIGNALS.items():
            if found[name].dtype.kind != kind or found[name].shape != found["fhr"].shape:
                raise ValueError(f"{name} has shape {found[name].shape} of {found[name].dtype}")
        columns = [found[f"event_{name}"] for name in TrueEvents._fields]
        return Truth(
            fs=float(found["fs"]),
            **{name: found[name] for name in _SIGNALS},
            events=TrueEvents(columns[0].astype(object), *columns[1:]),
            severity=float(found["severity"]),
        )
    except Exception as error:  # zipfile, zlib and numpy raise a dozen kinds on damaged bytes
        raise FormatError(f"{path}: no truth of a simulated recording ({error}); simulate it again") from None


def write_truth(truth: Truth, path: str | Path) -> None:
    """Write a compressed NumPy archive without pickles; the same truth gives the same bytes."""
    columns = {f"event_{name}": np.asarray(column) for name, column in truth.events._asdict().items()}
    columns["event_kind"] = columns["event_kind"].astype(np.str_)
    with whole_or_not_at_all(path) as part, part.open("wb") as file:
        np.savez_compressed(
            file,
            allow_pickle=False,
            fs=np.float64(truth.fs),
            severity=np.float64(truth.severity),
            **{name: getattr(truth, name) for name in _SIGNALS},
            **columns,
        )


def event_lines(name: str, events: TrueEvents) -> str:
    """Lines of the table of events under `EVENT_HEADER`; what does not apply is empty."""
    return "".join(
        f"{name},{kind}," + ",".join("" if np.isnan(value) else f"{value:.2f}" for value in values) + "\n"
        for kind, *values in zip(*events, strict=True)
    )
