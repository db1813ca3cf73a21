"""`KeptSheets`: sheets of recordings in a folder, so that an interrupted run goes on with those that are finished."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from fhr.formats import whole_or_not_at_all
from fhr.recording import Recording
from fhr.tracking import made_by

from .window_sheet import ChangedStrip, WindowSheet

__all__ = ["KeptSheets"]

_MADE_BY = ("robustness", "prediction", "confidence", "calibration", "models", "features", "preprocessing")
_LIBRARIES = ("numpy", "scipy", "torch")


@dataclass(frozen=True)
class KeptSheets:
    """A folder with a file a recording, named by what decides its content.

    A file is used again for the same signals, model, settings, source and libraries; one that is damaged is not.

    Attributes:
        folder: where they lie; it is made.
        settings: of model, threats and attacks, as text.
    """

    folder: Path
    settings: str

    def load(self, recording: Recording) -> list[WindowSheet] | None:
        """The sheets of a recording; None where they have to be made."""
        try:
            with np.load(self._path(recording), allow_pickle=False) as arrays:
                return [_read(arrays, i, plain) for i, plain in enumerate(json.loads(str(arrays["sheets"])))]
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile, zlib.error):  # JSON's are of values
            return None

    def save(self, recording: Recording, sheets: Sequence[WindowSheet]) -> None:
        """Write the sheets of a recording, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        plain, arrays = [], {}
        for i, sheet in enumerate(sheets):
            for k, strip in enumerate(sheet.strips):
                arrays[f"strip_{i}_{k}"] = np.stack([strip.fhr, strip.uc])
            fields = asdict(sheet)
            fields["strips"] = [[strip.threat, strip.size] for strip in sheet.strips]
            plain.append(fields)
        with whole_or_not_at_all(self._path(recording)) as part, part.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, sheets=np.array(json.dumps(plain)), **arrays)

    def _path(self, recording: Recording) -> Path:
        known = recording.source.sha256 if recording.source else ""
        decides = [self.settings, made_by(_MADE_BY, _LIBRARIES), recording.digest, known, repr(recording.clinical)]
        return self.folder / f"{sha256(json.dumps(decides).encode()).hexdigest()[:32]}.npz"


def _read(arrays: "np.lib.npyio.NpzFile", i: int, plain: dict[str, object]) -> WindowSheet:
    told = plain.pop("strips")
    assert isinstance(told, list)
    strips = [ChangedStrip(threat, size, *arrays[f"strip_{i}_{k}"]) for k, (threat, size) in enumerate(told)]
    return WindowSheet(**plain, strips=strips)  # type: ignore[arg-type]  # what does not fit is made again
