"""Bank of simulated labours after it was refitted to a training fold: weights, and labours drawn by them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

import fhr
from fhr.compute import stream
from fhr.datasets import Database
from fhr.errors import FHRError
from fhr.recording import Outcome, Provenance, Recording, Step
from fhr.simulation import simulate_recording

from .tilt import fit_tilt, scaled

__all__ = ["Refitted", "refitted"]

FIFTHS = 5  # parts of each class, by pH
PH_RANGE = (6.95, 7.35)  # a pH beyond counts as the nearer of them: a few extreme births would lead the tilt


@dataclass(frozen=True, eq=False)
class Refitted:
    """Weights of the labours of a bank, given each distinct outcome of a training fold.

    Attributes:
        names: of the labours.
        weights: (outcome, labour), each row summing to 1.
        records: of the training fold, in order.
        which: (record,) row of `weights` that belongs to each record's outcome.
        labels: 0 or 1 of each record.
        outcomes: of each record; empty where the bank was refitted without them.
        fitted_to: digests of the records.
        seed: of the simulator.
    """

    names: tuple[str, ...]
    weights: np.ndarray
    records: tuple[str, ...]
    which: np.ndarray
    labels: np.ndarray
    outcomes: tuple[Outcome, ...]
    fitted_to: tuple[str, ...]
    seed: int

    def weights_of(self, label: int) -> np.ndarray:
        """Weights of the labours (labour,) as births with or without the label; they sum to the share of its class."""
        rows = np.bincount(self.which[self.labels == label], minlength=len(self.weights))
        weights: np.ndarray = rows @ self.weights / len(self.records)
        return weights

    def effective(self, label: int) -> float:
        """Number of equally weighted labours that would be as exact as those of a class: (sum w)^2 / sum w^2."""
        weights = self.weights_of(label)
        return float(weights.sum() ** 2 / np.square(weights).sum())

    def draw(self, n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draw labours, each with the training record whose outcome it gets.

        Args:
            n: how many.
            seed: the same one draws the same ones.

        Returns:
            Numbers of the labours in the bank (n,) and of the records (n,), from 0.

        Raises:
            FHRError: n below 1 or a negative seed.
        """
        if n < 1 or seed < 0:
            raise FHRError(f"n={n} labours with seed={seed}; draw 1 or more, with a seed of 0 or more")
        rng = stream(seed, "labours of a bank")
        record = rng.integers(len(self.records), size=n)
        cumulated = np.cumsum(self.weights, axis=1)
        at = rng.random(n)
        labour = [
            np.searchsorted(cumulated[row], x * cumulated[row, -1])
            for row, x in zip(self.which[record], at, strict=True)
        ]
        return np.minimum(np.array(labour), len(self.names) - 1), record

    def sample(self, n: int, *, seed: int) -> Database:
        """Draw labours as recordings, simulated again, each with the outcome of a training record.

        Args:
            n: how many; a labour that is drawn twice stands there under two names.
            seed: of the draw.

        Returns:
            Recordings "s0012-0001", ...: labour and number of the draw. Their provenance is simulated, by this bank,
            fitted to the training records.

        Raises:
            FHRError: a bank that was refitted without outcomes, and as `draw`.
        """
        if not self.outcomes:
            raise FHRError(
                "the bank was refitted without outcomes, so that no labour has one; give `outcomes` to `refit`"
            )
        return Database(self._recordings(*self.draw(n, seed=seed)), origin=f"{n} labours of {self.made_by}")

    @property
    def made_by(self) -> str:
        """Maker in the provenance of what is drawn."""
        return (
            f"fhr.synthesis {fhr.__version__}, bank of {len(self.names)} labours, seed={self.seed}, refitted to "
            f"{len(self.records)} records"
        )

    def _recordings(self, labours: np.ndarray, records: np.ndarray) -> Iterator[Recording]:
        provenance = Provenance("simulated", self.made_by, self.fitted_to)
        made: dict[int, Recording] = {}
        for k, (labour, record) in enumerate(zip(labours.tolist(), records.tolist(), strict=True), start=1):
            if labour not in made:
                made[labour] = simulate_recording(labour, seed=self.seed)
            one = made[labour]
            yield replace(
                one,
                name=f"{one.name}-{k:04d}",
                outcome=self.outcomes[record],
                history=(*one.history, Step("refit", {"draw": k})),
                provenance=provenance,
            )


def refitted(
    bank: pd.DataFrame,
    seed: int,
    births: pd.DataFrame,
    labels: pd.Series,
    *,
    fitted_to: tuple[str, ...],
    outcomes: Mapping[str, Outcome] | None,
) -> Refitted:
    """Refit the labours of `bank`, see `Bank.refit`."""
    names = _checked(bank, births, labels, fitted_to, outcomes)
    label = labels.loc[names].to_numpy(dtype=int)
    columns = list(births.columns)
    records = births.to_numpy(dtype=float)
    ph = np.full(len(names), np.nan) if outcomes is None else np.array([outcomes[name].ph for name in names])
    distinct, which = np.unique(_terms(label, ph), axis=0, return_inverse=True)
    which = which.ravel()
    tilt = fit_tilt(scaled(bank[columns].to_numpy(dtype=float), records), scaled(records, records), distinct, which)
    return Refitted(
        names=tuple(bank.index),
        weights=np.exp(tilt.log_weights),
        records=tuple(names),
        which=which,
        labels=label,
        outcomes=() if outcomes is None else tuple(outcomes[name] for name in names),
        fitted_to=fitted_to,
        seed=seed,
    )


def _terms(label: np.ndarray, ph: np.ndarray) -> np.ndarray:
    """Terms of an outcome, (record, 2), of mean 0: the label, and the pH within each class in standard deviations.

    The pH counts by fifths of its class, each by its mean: so few distinct outcomes are quickly fitted.
    """
    clipped, within = np.clip(ph, *PH_RANGE), np.zeros(len(ph))
    for one in (0, 1):
        own = np.flatnonzero((label == one) & np.isfinite(clipped))
        for part in np.array_split(own[np.argsort(clipped[own], kind="stable")], FIFTHS):
            if len(part):
                within[part] = clipped[part].mean() - clipped[own].mean()
    spread = within.std()
    within = np.round(within / spread, 9) if spread > 1e-9 else np.zeros(len(ph))
    return np.column_stack([label - label.mean(), within])


def _checked(
    bank: pd.DataFrame,
    births: pd.DataFrame,
    labels: pd.Series,
    fitted_to: Sequence[str],
    outcomes: Mapping[str, Outcome] | None,
) -> list[str]:
    """Names of the training records, once all that is wanted of them is there."""
    names = [str(name) for name in births.index]
    if strange := [str(column) for column in births.columns if column not in bank.columns]:
        raise FHRError(f"the bank has no column {strange[0]!r}; make both tables with fhr.synthesis.birth_table")
    if len(set(names)) < len(names) or not names:
        raise FHRError(f"{len(names)} training records, {len(set(names))} names; give one row a record, one or more")
    known = labels.reindex(names)
    if not known.isin([0, 1]).all():
        first = names[int(np.argmin(known.isin([0, 1]).to_numpy()))]
        raise FHRError(f"the training record {first!r} has no label of 0 or 1; leave it out of the table")
    if known.nunique() < 2:
        raise FHRError(
            f"all {len(names)} training records have the label {int(known.iloc[0])}; a bank is refitted to both classes"
        )
    if len(fitted_to) != len(names):
        raise FHRError(f"{len(fitted_to)} digests of {len(names)} training records; give that of each")
    if outcomes is not None and (missing := [name for name in names if name not in outcomes]):
        raise FHRError(f"the training record {missing[0]!r} has no outcome; give that of each, or none at all")
    return names
