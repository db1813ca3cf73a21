"""Deep learning on intrapartum fetal heart rate. Research software, not a medical device.

`fhr.read(path)` gives a `Recording`, `fhr.load(run_id_or_checkpoint)` a ready predictor, `fhr.similar(query, among)`
the labours that are most like one; they import what they need when they are first used, so that `import fhr` stays
light. So does every room: `fhr.testing.check_network`.
"""

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fhr.deprecation import moved_package

__version__ = "0.1.0"
__all__ = ["Recording", "__version__", "load", "read", "similar", "write_npz", "write_table", "write_wfdb"]

_LAZY = {
    "Recording": "fhr.recording",
    "read": "fhr.formats",
    "write_npz": "fhr.formats",
    "write_table": "fhr.formats",
    "write_wfdb": "fhr.formats",
    "load": "fhr.prediction",
    "similar": "fhr.similarity",
}

moved_package("datamodules", "fhr.datamodules")  # class paths of older configurations and runs

if TYPE_CHECKING:
    from fhr.formats import read, write_npz, write_table, write_wfdb
    from fhr.prediction import load
    from fhr.recording import Recording
    from fhr.similarity import similar


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    if name in _rooms():
        return import_module(f"fhr.{name}")
    raise AttributeError(f"module 'fhr' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, *_rooms()})


@cache
def _rooms() -> frozenset[str]:
    from pkgutil import iter_modules  # which takes longer than all of `import fhr`

    return frozenset(room.name for room in iter_modules(__path__) if room.ispkg or room.name == "errors")
