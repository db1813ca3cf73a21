"""`KeptRepetitions`: repetitions in a folder, so that an interrupted search goes on where it stopped."""

import json
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import cloudpickle
import numpy as np

import fhr
from fhr.errors import FHRError

from .methods import METHODS
from .number import KindsTest
from .pair_labels import PairLabels
from .repetitions import Repetition, Task

__all__ = ["KeptRepetitions"]

_SETTINGS = "settings.json"


@dataclass(frozen=True)
class KeptRepetitions:
    """A folder with a file a repetition, and the settings that they were made with.

    Attributes:
        folder: where they lie.
    """

    folder: Path

    @classmethod
    def open(cls, folder: str | Path, task: Task) -> Self:
        """Open or begin a folder.

        Raises:
            FHRError: a folder with repetitions of other points or settings.
        """
        folder = Path(folder)
        identity = json.dumps(_identity(task), sort_keys=True)
        settings = folder / _SETTINGS
        folder.mkdir(parents=True, exist_ok=True)
        if settings.exists():
            if settings.read_text() != identity:
                raise FHRError(
                    f"{folder}: holds repetitions of other labours or settings; give those, remove it, or name another "
                    "folder"
                )
        elif any(folder.iterdir()):
            raise FHRError(f"{folder}: is no folder of repetitions and not empty; name another one")
        else:
            part = settings.with_suffix(".part")
            part.write_text(identity)
            part.replace(settings)
        return cls(folder)

    def load(self, repetitions: int) -> dict[int, Repetition]:
        """Kept repetitions by number; one that cannot be read is made again."""
        found = {}
        for number in range(repetitions):
            try:
                with np.load(self.folder / f"{number}.npz") as arrays:
                    found[number] = _read(arrays)
            except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):  # JSON's are of values
                continue
        return found

    def save(self, number: int, found: Repetition) -> None:
        """Write one; a file is there whole or not at all."""
        tests = [[test.kinds, test.p, dict(test.by_reference), test.gain, test.statistic] for test in found.tests]
        arrays = {
            "number": np.array(found.number),
            "tests": np.array(json.dumps(tests)),
            "null": np.array([test.null for test in found.tests]),
            "memberships": found.memberships,
            "distance": found.distance,
        }
        if found.of_chosen is not None:
            arrays["of_chosen"] = found.of_chosen
        part = self.folder / f"{number}.part"
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        part.replace(self.folder / f"{number}.npz")


def _read(arrays: "np.lib.npyio.NpzFile") -> Repetition:
    tests = zip(json.loads(str(arrays["tests"])), arrays["null"], strict=True)
    return Repetition(
        int(arrays["number"]),
        tuple(KindsTest(kinds, p, by, gain, null, of) for (kinds, p, by, gain, of), null in tests),
        arrays["memberships"],
        arrays.get("of_chosen"),
        arrays["distance"],
    )


def _identity(task: Task) -> dict[str, object]:
    points = sha256(np.ascontiguousarray(task.points.values).tobytes() + "\n".join(task.points.names).encode())
    return {
        "points": points.hexdigest(),
        "version": fhr.__version__,
        "method": task.method.name if task.method is METHODS.get(task.method.name) else _of_code(task.method),
        "level": [task.most, task.alpha, list(task.references), task.n_references],
        "seed": task.seed,
        "chosen": task.chosen,
        "pairs": None if task.pairs is None else _digest(task.pairs),
        "retrain": None if task.retrain is None else _of_code(task.retrain),
        "axes": task.axes,
    }


def _of_code(function: object) -> str:
    """Digest of a function of somebody's own and of all that it holds."""
    try:
        return sha256(cloudpickle.dumps(function)).hexdigest()
    except Exception as error:  # pickling runs the code of whatever is pickled
        raise FHRError(f"{function!r} cannot be told from another one ({error}); do not keep its repetitions") from None


def _digest(pairs: PairLabels) -> str:
    rows = zip(pairs.first, pairs.second, pairs.together, pairs.weight, strict=True)
    return sha256("\n".join(f"{a},{b},{r},{w!r}" for a, b, r, w in rows).encode()).hexdigest()
