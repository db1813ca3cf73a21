"""Splits by record: repeated stratified folds, one file for all labels, and the slices inside a training fold.

Where nothing else is asked for, records are stratified by pH, cut at 7.05, 7.15 and 7.20 (records of unknown pH are a
stratum of their own), so that one set of folds serves every label. A stratum with fewer members than folds joins its
neighbour.

Files have two formats. Format 1 holds the published folds, and splits of seed 0 are still made in it: every table of
results rests on them. It shuffles repeat r with seed + r: repeat 1 of seed 0 would be repeat 0 of seed 1. Splits of
every other seed are made in format 2, which has a random stream for each seed, repeat, fold and use.
"""

import hashlib
import json
import logging
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np

from fhr.compute import seed_of
from fhr.errors import FormatError, SplitError
from fhr.formats import read_whole, whole_as_named
from fhr.formats.files.regular_file import cut, reason

from .database import Database
from .same_labour import same_labours
from .strata import merged, stratified

__all__ = ["Partition", "Splits", "make_splits"]

_log = logging.getLogger(__name__)
_CUTS = (7.05, 7.15, 7.20)
_PUBLISHED, _FORMAT = 1, 2
_MAX_BYTES = 1 << 28
_EARLY_STOPPING_FRACTION = 0.15


@dataclass(frozen=True)
class Partition:
    """Record names of one inner fold, by their use.

    Attributes:
        train: fits the weights.
        validation: stops the training.
        calibration: the held-out inner fold; fits the calibrator.
        test: the outer fold; touched once.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    calibration: tuple[str, ...]
    test: tuple[str, ...]


@dataclass(frozen=True)
class Splits:
    """Outer folds of every repeat as lists of record names.

    Attributes:
        folds: `folds[repeat][fold]` are the names of that test fold.
        strata: stratum of each record, by name.
        seed: of the shuffles.
        data: checksum of the recordings that the splits were made for.
        format: of the file: which random streams the seed stands for, in the outer folds and in `partition`; 1 are
            those of the published folds, 2 has one for each purpose.
    """

    folds: tuple[tuple[tuple[str, ...], ...], ...]
    strata: dict[str, int]
    seed: int
    data: str
    format: int = _PUBLISHED
    # Every model of a cross-validation asks for the same partitions, and stratifying takes its time.
    _known: dict[tuple[int, int, int, int], Partition] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def checksum(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(json.dumps(self._content(), sort_keys=True).encode()).hexdigest()

    def partition(self, repeat: int, fold: int, inner: int, *, n_inner: int = 4) -> Partition:
        """Slice the training records of one outer fold for one of its inner folds.

        The training part of the outer fold is cut into `n_inner` stratified folds; the one numbered `inner`
        is for calibration, 15% of the rest for early stopping.

        Raises:
            SplitError: a repeat, fold or inner fold that does not exist, or too few records for the slices.
        """
        for name, value, n in (
            ("repeat", repeat, len(self.folds)),
            ("fold", fold, len(self.folds[0])),
            ("inner", inner, n_inner),
        ):
            if not 0 <= value < n:
                raise SplitError(f"{name}={value}; this split has {name} 0 to {n - 1}")
        place = (repeat, fold, inner, n_inner)
        if place not in self._known:
            self._known[place] = self._partition(*place)
        return self._known[place]

    def _partition(self, repeat: int, fold: int, inner: int, n_inner: int) -> Partition:
        from sklearn.model_selection import train_test_split  # slow to import

        test = self.folds[repeat][fold]
        rest = np.array([name for k, names in enumerate(self.folds[repeat]) if k != fold for name in names])
        rest.sort()
        strata = np.array([self.strata[name] for name in rest])
        of_folds, of_slice = self._inner_seeds(repeat, fold, inner)
        parts = stratified(strata, n_inner, of_folds)
        calibration = rest[parts == inner]
        kept = rest[parts != inner]
        if len(kept) < 2:
            raise SplitError(f"{len(rest)} records cannot make {n_inner} inner folds; use more records or fewer folds")
        # A stratum this large has a member in the slice for early stopping.
        kept_strata = merged(strata[parts != inner], ceil(1 / _EARLY_STOPPING_FRACTION))
        train, validation = train_test_split(
            kept, test_size=_EARLY_STOPPING_FRACTION, stratify=kept_strata, random_state=of_slice
        )
        return Partition(*(tuple(sorted(map(str, part))) for part in (train, validation, calibration, test)))

    def _inner_seeds(self, repeat: int, fold: int, inner: int) -> tuple[int, int]:
        """Seeds of the inner folds and of the slice for early stopping."""
        if self.format == _PUBLISHED:
            seed = int(np.random.SeedSequence([self.seed, repeat, fold]).generate_state(1)[0])
            return seed, seed
        of_slice = seed_of(self.seed, "slice for early stopping", repeat, fold, inner)
        return seed_of(self.seed, "inner folds", repeat, fold), of_slice

    def check(self, dataset: Database) -> None:
        """Refuse data that the splits were not made for.

        Raises:
            SplitError: records are missing or added, or their signals or outcomes have changed.
        """
        if self.data == dataset.whole_checksum:
            return
        stored, given = set(self.strata), set(dataset.names)
        if stored != given:
            missing, added = sorted(stored - given), sorted(given - stored)
            detail = f"{len(missing)} records missing {missing[:3]}, {len(added)} not known to it {added[:3]}"
        else:
            detail = "the same names with other signals or outcomes"
        raise SplitError(
            f"the split was made for other data than {dataset.origin} ({detail}); restore the data, "
            "or make a new split with `fhr splits`"
        )

    def save(self, path: str | Path) -> Path:
        """Write the splits as JSON with their checksum, whole or not at all where `path` is a file or nothing yet."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._content() | {"checksum": self.checksum}, indent=1) + "\n"
        with whole_as_named(path) as part:
            part.write_text(text, encoding="utf-8")
        return path

    @classmethod
    def load(cls, path: str | Path) -> "Splits":
        """Read splits that `save` wrote.

        Raises:
            SplitError: no such file, another format, repeats that are no partition of the records, or a checksum that
                does not fit.
        """
        try:
            content = json.loads(read_whole(Path(path), limit=_MAX_BYTES, kind="split file").decode("utf-8"))
            if content["format"] not in (_PUBLISHED, _FORMAT):
                raise SplitError(f"{path}: format {cut(repr(content['format']))} of the split file is not known")
            folds = tuple(tuple(tuple(map(_text, names)) for names in repeat) for repeat in content["folds"])
            strata = {name: operator.index(stratum) for name, stratum in content["strata"].items()}
            made_with = operator.index(content["seed"]), _text(content["data"]), operator.index(content["format"])
            splits = cls(folds, strata, *made_with)
            stored = content["checksum"]
        except (FormatError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise SplitError(f"{path}: no readable split file ({reason(error)}); make one with `fhr splits`") from None
        if splits.checksum != stored:
            raise SplitError(
                f"{path}: the checksum does not fit, the file was edited; make a new one with `fhr splits`"
            )
        if not _is_partition(splits):  # a record in two folds of a repeat would be trained on and tested
            raise SplitError(f"{path}: not each record is in one fold of each repeat; make a new one with `fhr splits`")
        return splits

    def _content(self) -> dict[str, Any]:
        return {
            "format": self.format,
            "seed": self.seed,
            "data": self.data,
            "strata": self.strata,
            "folds": [[list(names) for names in repeat] for repeat in self.folds],
        }


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a name that is no text")
    return value


def _is_partition(splits: Splits) -> bool:
    names = sorted(splits.strata)
    return splits.seed >= 0 and all(
        len(repeat) == len(splits.folds[0]) and sorted(chain(*repeat)) == names for repeat in splits.folds
    )


def make_splits(
    dataset: Database,
    *,
    n_repeats: int = 10,
    n_folds: int = 5,
    seed: int = 0,
    strata: Mapping[str, int] | None = None,
) -> Splits:
    """Make repeated stratified folds over all records of `dataset`.

    Args:
        dataset: each record is split, with or without an outcome.
        n_repeats: shuffles.
        n_folds: of each.
        seed: 0 gives the published folds, in format 1 (10 x 5 of CTU-UHB are the standard ones); any other one folds of
            its own, in format 2, of which none is a repeat of another seed.
        strata: number of the stratum of each record, by name; None stratifies by pH. With strata
            given, as excerpts have them, two records of one labour are told and not refused.

    Raises:
        SplitError: fewer records than folds, fewer than two folds, a negative seed, a record without a stratum, or
            one labour under two names, see
            `same_labours`.
    """
    if n_folds < 2 or n_repeats < 1:
        raise SplitError(f"{n_repeats} repeats of {n_folds} folds; at least 1 repeat of 2 folds is needed")
    if seed < 0:
        raise SplitError(f"seed={seed} is negative; give an integer of at least 0")
    if len(dataset) < n_folds:
        raise SplitError(
            f"{len(dataset)} records cannot make {n_folds} folds; lower the number of folds "
            "(`fhr splits --folds N` writes a file for `--data.splits`), or give more records"
        )
    owner: dict[str, str] = {}
    for name, digest in zip(dataset.names, dataset.digests, strict=True):
        if owner.setdefault(digest, name) != name:
            raise SplitError(
                f"{dataset.origin}: records {owner[digest]} and {name} hold the same signals; they would fall on both "
                "sides of a split, keep one of them"
            )
    if copies := same_labours(dataset.recordings):
        later, earlier = next(iter(copies.items()))
        problem = (
            f"{dataset.origin}: records {dataset.names[earlier]} and {dataset.names[later]} have the same heart rate "
            f"({len(copies)} such pairs); they seem to be one labour, which would fall on both sides of a split"
        )
        if strata is None:
            raise SplitError(f"{problem}: keep one of them")
        _log.warning("%s", problem)  # published excerpts overlap: three pairs of the FHRMA training set
    if strata is None:
        ph = dataset.outcomes["ph"].to_numpy()
        stratum = np.where(np.isnan(ph), len(_CUTS) + 1, np.digitize(ph, _CUTS))
    else:
        if missing := [name for name in dataset.names if name not in strata]:
            raise SplitError(f"{len(missing)} records have no stratum {missing[:3]}; give one for each record")
        stratum = np.array([strata[name] for name in dataset.names])
    stratum = merged(stratum, n_folds)
    names = np.array(dataset.names)
    made_in, folds = _PUBLISHED if seed == 0 else _FORMAT, []
    for repeat in range(n_repeats):
        shuffle = repeat if made_in == _PUBLISHED else seed_of(seed, "outer folds", repeat)
        parts = stratified(stratum, n_folds, shuffle)
        folds.append(tuple(tuple(map(str, names[parts == k])) for k in range(n_folds)))
    by_name = {name: int(number) for name, number in zip(dataset.names, stratum, strict=True)}
    return Splits(tuple(folds), by_name, seed, dataset.whole_checksum, made_in)
