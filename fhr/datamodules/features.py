"""Features of a database, computed once and kept on disk for every process that trains on them."""

import logging
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from filelock import FileLock

from fhr.datasets import Database
from fhr.features import FeatureSet, computed_by, features_by_name
from fhr.recording import Recording
from fhr.tracking import short_key

__all__ = ["Features", "cache_folder", "cached_features", "compute_features"]

_log = logging.getLogger("fhr.datamodules")


class Features(NamedTuple):
    """Features of the last window of each recording.

    Attributes:
        table: one row a recording, by name, one column a feature; NaN is missing.
        unusable: reason for each recording without a row, by name.
    """

    table: pd.DataFrame
    unusable: dict[str, str]


def cache_folder() -> Path:
    """The folder that FHR_CACHE names; `fhr` in the user's cache (XDG_CACHE_HOME or ~/.cache) where it names none."""
    given = os.environ.get("FHR_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "fhr")


def compute_features(recordings: Iterable[Recording], features: FeatureSet) -> Features:
    """Compute features, one recording at a time, so that none depends on what stands beside it."""
    rows, unusable = features_by_name(recordings, features)
    return _made(list(rows), features.names, np.array(list(rows.values())), unusable)


def cached_features(database: Database, features: FeatureSet) -> Features:
    """The features of a database from the cache, or computed into it by one process while others wait.

    The file is named after the checksums of the database and of the feature set and after the source and the libraries
    that compute, and appears whole or not at all. One that cannot be read is computed anew, and so are features that
    other source or libraries made; a cache that cannot be written only costs the time to compute again.

    Raises:
        FHRError: features that no window can have.
    """
    features.check()
    found = None
    try:
        name = f"{database.checksum[:32]}-{features.checksum[:32]}"
        path = cache_folder() / "features" / f"{name}-{short_key(computed_by())}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock")):
            found = _read(path, database, features)
            if found is None:
                if others := [other.name for other in path.parent.glob(f"{name}-*.npz") if other != path]:
                    _log.info("%s: of other source or libraries than those that compute now, not used", others[0])
                _log.info("computing %d features of %d recordings", len(features.names), len(database))
                found = compute_features(database, features)
                _write(path, found)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home
        _log.warning("features are not kept (%s); set FHR_CACHE to a folder that can be written", error)
    return compute_features(database, features) if found is None else found


def _write(path: Path, features: Features) -> None:
    part = path.with_suffix(".part")  # the lock is held: nobody else writes it
    with part.open("wb") as file:
        np.savez(
            file,
            record=np.array(features.table.index, dtype=str),
            feature=np.array(features.table.columns, dtype=str),
            value=features.table.to_numpy(),
            unusable=np.array(list(features.unusable), dtype=str),
            reason=np.array(list(features.unusable.values()), dtype=str),
        )
    os.replace(part, path)


def _read(path: Path, database: Database, features: FeatureSet) -> Features | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            unusable = dict(zip(file["unusable"].tolist(), file["reason"].tolist(), strict=True))
            found = _made(file["record"].tolist(), file["feature"].tolist(), file["value"], unusable)
        if {*found.table.index, *unusable} == set(database.names) and tuple(found.table.columns) == features.names:
            return found
        reason = "other records or features"
    except Exception as error:  # numpy raises almost anything on a damaged file
        reason = type(error).__name__
    _log.warning("%s is damaged (%s); its features are computed anew", path, reason)
    return None


def _made(names: list[str], columns: Iterable[str], values: np.ndarray, unusable: dict[str, str]) -> Features:
    columns = list(columns)
    table = pd.DataFrame(values.reshape(len(names), len(columns)), index=names, columns=columns)
    return Features(table, unusable)
