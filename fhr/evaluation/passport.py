"""`Passport`: what is known of a generator on one training fold, beside real records that it has not seen."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from fhr.datasets import Database
from fhr.errors import FHRError
from fhr.metrics import (
    Chosen,
    FidelityVerdict,
    against_real,
    authenticity,
    data_copying,
    fidelity_indices,
    fidelity_verdict,
    holm,
    membership,
    nearest_windows,
    shifted_differences,
)
from fhr.metrics.fidelity import prepared_marginal_distance
from fhr.metrics.real_units import in_real_units
from fhr.preprocessing import block_factor, block_mean
from fhr.recording import Recording
from fhr.synthesis import STATISTIC_FAMILIES, Embedding, FittedGenerator, TrainingWindows, window_statistics

from .real_measures import RealMeasures

__all__ = ["NO_DEFECT", "Passport", "passport_indices", "surrogate_passport"]

NO_DEFECT = "no defect"
"""Name of the rate of false alarms among the power of a passport."""

_FEWEST = 10  # held-out records of a class: one dimension of the embedding
_FAMILIES = tuple(STATISTIC_FAMILIES.values())
_NAMES = tuple(dict.fromkeys(_FAMILIES))


@dataclass(frozen=True, eq=False)
class Passport:
    """Fidelity, memorisation and verdict of a generator on one fold and class.

    Attributes:
        generator: its name and settings.
        made_by: maker of its recordings, with the fold.
        kind: of its recordings.
        keeps: what it keeps of what it is made from.
        destroys: what it does not.
        target: 1 or 0 for births with or without the label, None for all.
        n_training: training records of the class.
        n_held_out: held-out records, and as many synthetic ones.
        indices: one row an index: `index`, `value`, `usual` (median between real records), `z`, `p`, `p_holm`.
        memorisation: one row a test: `test`, `value`, `held_out` (where it has one), `p`, `p_holm`.
        power: of each planted defect to be found at these numbers; empty where it is not known.
        verdict: of both; none where the power is not known or too small.
        seconds: to make a recording.
        real: held-out recordings.
        synthetic: made recordings.
    """

    generator: str
    made_by: str
    kind: str
    keeps: str
    destroys: str
    target: int | None
    n_training: int
    n_held_out: int
    indices: pd.DataFrame
    memorisation: pd.DataFrame
    power: Mapping[str, float]
    verdict: FidelityVerdict
    seconds: float
    real: tuple[Recording, ...]
    synthetic: tuple[Recording, ...]

    def to_dict(self) -> dict[str, Any]:
        """Convert to plain types, recordings left out; a number that is not known is None."""
        facts = ("generator", "made_by", "kind", "keeps", "destroys", "target", "n_training", "n_held_out", "seconds")
        return {
            **{name: getattr(self, name) for name in facts},
            "indices": _plain(self.indices),
            "memorisation": _plain(self.memorisation),
            "power": dict(self.power),
            "verdict": {**self.verdict._asdict(), "words": self.verdict.words},
        }


def surrogate_passport(
    fitted: FittedGenerator,
    held_out: Sequence[Recording],
    labels: Sequence[float] | Mapping[str, float] | pd.Series | None = None,
    *,
    target: int | None = None,
    power: Mapping[str, float] | None = None,
    n_splits: int = 999,
    seed: int = 0,
    measures: RealMeasures | None = None,
) -> Passport:
    """Compare a generator with real records that it was not fitted to.

    As many recordings are made as there are held-out ones of the class. Indices are those of `passport_indices`, each
    beside its own values when training records take the place of the synthetic ones (`fhr.metrics.against_real`).
    Memorisation is looked for in FHR at 1 Hz, at any place of any training record, and in the embedding.

    Args:
        fitted: generator, of windows of 60 min at 4 Hz.
        held_out: measured or simulated recordings of the outer test fold.
        labels: 0 or 1 of these, in order or by name.
        target: class that is compared; None for all.
        power: of planted defects at these numbers, see `fhr.evaluation.passport_power`; None or empty for not known.
        n_splits: of the reference.
        seed: of synthetic recordings and splits.
        measures: of real windows, where the passports of several generators share them.

    Raises:
        FHRError: a held-out recording that the generator was fitted to, fewer than ten of the class, or windows of
            another length or rate.
    """
    real = TrainingWindows.of(held_out, labels, minutes=fitted.recipe.minutes)
    if seen := set(real.fitted_to) & set(fitted.fitted_to) & set(_digests(held_out)):
        raise FHRError(
            f"the generator was fitted to {len(seen)} of {len(held_out)} held-out recordings; hand in those of its "
            "test fold, and fit it with `at(place)`"
        )
    training, real = (one.only(one.rows(target)) for one in (fitted.windows, real))
    n = min(len(real), len(training))
    if n < _FEWEST:
        raise FHRError(
            f"{len(training)} training and {len(real)} held-out records of the class; a passport needs {_FEWEST} each"
        )
    start = time.process_time()
    synthetic = fitted.sample(n, target, seed)
    seconds = (time.process_time() - start) / n
    made = np.stack([np.stack([recording.fhr, recording.uc]) for recording in synthetic])
    measures = measures or RealMeasures()
    of_made = window_statistics(made[:, 0], made[:, 1])
    rows = [measures.statistics(training.signals), measures.statistics(real.signals), of_made]
    indices = _table(
        "index",
        {
            name: {"value": of.value, "usual": of.usual, "z": of.z, "p": of.p}
            for name, of in against_real(passport_indices, *rows, n_splits=n_splits, seed=seed).items()
        },
    )
    memorisation = _memorisation(fitted.windows, real, made, rows, measures)
    known = {} if power is None else dict(power)
    fidelity, copying = (dict(zip(table.iloc[:, 0], table["p"], strict=True)) for table in (indices, memorisation))
    of_defects = {name: value for name, value in known.items() if name != NO_DEFECT}
    verdict = fidelity_verdict(fidelity, copying, of_defects or {"not measured": 0.0})
    return Passport(
        fitted.recipe.title,
        fitted.made_by,
        fitted.recipe.kind,
        fitted.recipe.keeps,
        fitted.recipe.destroys,
        target,
        len(training),
        len(real),
        indices,
        memorisation,
        known,
        verdict,
        seconds,
        real.recordings(),
        tuple(synthetic),
    )


def passport_indices(real: np.ndarray, pool: np.ndarray) -> Chosen:
    """Indices of a passport, for `fhr.metrics.against_real`, on rows of `fhr.synthesis.window_statistics`.

    The `marginal_distance` of every family of statistics by itself, so that which of them matter is not assumed, and
    `fidelity_indices` of an embedding that is fitted to the real rows, in which every family weighs alike.
    """
    x, y = in_real_units(real, pool, least=_FEWEST)
    by_family = {
        name: prepared_marginal_distance(x[:, columns], y[:, columns])
        for name in _NAMES
        for columns in [[i for i, family in enumerate(_FAMILIES) if family == name]]
    }
    embedding = Embedding.fit(real, _FAMILIES)
    embedded = fidelity_indices(embedding(real), embedding(pool))

    def of(chosen: np.ndarray) -> dict[str, float]:
        found = {f"marginals: {name}": index(chosen) for name, index in by_family.items()}
        return found | {f"embedding: {name}": value for name, value in embedded(chosen).items()}

    return of


def _memorisation(
    training: TrainingWindows,
    real: TrainingWindows,
    made: np.ndarray,
    rows: Sequence[np.ndarray],
    measures: RealMeasures,
) -> pd.DataFrame:
    factor = block_factor(training.fs, 1.0)
    known, new, fake = (block_mean(x[:, 0], factor) for x in (training.signals, real.signals, made))
    of_fake, of_new = shifted_differences(fake, known, fs=1.0), measures.differences(new, known, fs=1.0)
    to_training = [nearest_windows(one) for one in (of_fake, of_new)]
    to_fake = [nearest_windows(shifted_differences(x, fake, fs=1.0)) for x in (known, new)]
    found: dict[str, dict[str, float]] = {}
    for name in ("stretch", "whole"):
        suspects, others = (_of_those_known(getattr(one, name)) for one in to_training)
        copying = data_copying(suspects, others)
        of_what = "5 min" if name == "stretch" else "an hour"
        found[f"copies {of_what} of a training record (AUROC)"] = {"value": copying.auroc, "p": copying.p}
        attack = membership(*(_of_those_known(getattr(one, name)) for one in to_fake))
        found[f"tells its training records by {of_what} (AUROC)"] = {"value": attack.auroc, "p": attack.p}
    embedding = Embedding.fit(rows[1], _FAMILIES)
    a, b, c = (embedding(one) for one in rows)
    own = authenticity(_apart(c, a), _apart(b, a), _apart(a, a))
    found["authentic (share)"] = {"value": own.synthetic, "held_out": own.held_out, "p": own.p}
    return _table("test", found)


def _apart(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    from scipy.spatial.distance import cdist  # slow to import

    return np.asarray(cdist(x, y))


def _of_those_known(distances: np.ndarray) -> np.ndarray:
    """Distances of windows that have signal enough for one."""
    return distances[np.isfinite(distances)]


def _table(name: str, rows: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    table = pd.DataFrame([{name: key, **row} for key, row in rows.items()])
    return table.assign(p_holm=holm(table["p"].tolist()))


def _digests(recordings: Sequence[Recording]) -> tuple[str, ...]:
    return Database(recordings, origin="held-out recordings").digests


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        for row in table.to_dict("records")
    ]
