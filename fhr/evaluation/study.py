"""The folds of one cross-validation, fitted in any process or on any machine."""

import time
from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from fhr.compute import Countdown, seed_of, seeded, spread
from fhr.datasets import FittedModel, FittedNetwork, Place
from fhr.errors import FHRError, SplitError
from fhr.tracking import made_otherwise

from .cross_fitting import raw_scores
from .fits import FAMILY, Maker
from .kept_parts import trained_by
from .procedure import Procedure
from .unseen_records import unseen

__all__ = ["FittedFold", "fitted_folds", "member_seeds"]


class FittedFold(NamedTuple):
    """All that the models of one outer fold said of records that they had not seen.

    Attributes:
        repeat: of the outer folds.
        fold: outer fold.
        raw: columns `RAW_COLUMNS`, and `family` where a place has several fits.
        networks: those that are kept, in the order of inner fold, family and member; all of them or none where a place
            has several families.
    """

    repeat: int
    fold: int
    raw: pd.DataFrame
    networks: tuple[FittedNetwork, ...] = ()


class _Job(NamedTuple):
    """One inner fold of one outer fold, with all its members."""

    repeat: int
    fold: int
    inner: int
    seeds: tuple[int, ...]
    permuted: bool
    control_seed: int
    threads: int | None
    at_once: bool | None
    out_of_fold: bool = True


class _Done(NamedTuple):
    job: _Job
    raw: pd.DataFrame
    networks: tuple[FittedNetwork, ...]
    seconds: float


def member_seeds(seed: int, repeat: int, fold: int, inner: int, members: int) -> tuple[int, ...]:
    """A seed for each of several members; the given one for a single member, which is trained as `fhr fit` would."""
    if members == 1:
        return (seed,)
    return tuple(seed_of(seed, "members", repeat, fold, inner, member) for member in range(members))


def fitted_folds(
    make: Maker,
    first: Place,
    places: Sequence[tuple[int, int]],
    *,
    inner: int = 4,
    members: int = 1,
    permuted: bool = False,
    seed: int = 0,
    at_once: bool | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    out_of_fold: bool = True,
) -> Generator[FittedFold, None, None]:
    """Fit every inner fold of the places, (repeat, outer fold); an outer fold is ready with the last of them.

    With `out_of_fold`, what uses weights or data that have seen test records is refused, see `unseen`.
    """
    threads = 1 if workers > 1 or scheduler else None
    jobs = [
        _Job(r, f, i, member_seeds(seed, r, f, i, members), permuted, seed, threads, at_once, out_of_fold)
        for r, f in places
        for i in range(inner)
    ]
    waiting: dict[tuple[int, int], list[_Done]] = {place: [] for place in places}
    with (
        Countdown(len(jobs) * members, what="model", workers=min(workers, len(jobs))) as countdown,
        closing(
            spread(_fit, jobs, shared=(make, first, trained_by()), workers=workers, scheduler=scheduler)
        ) as results,
    ):
        for done in results:
            countdown.update(members, seconds=None if scheduler else done.seconds)
            place = done.job.repeat, done.job.fold
            waiting[place].append(done)
            if len(waiting[place]) == inner:
                fold = sorted(waiting.pop(place), key=lambda one: one.job.inner)
                raw = pd.concat([one.raw for one in fold], ignore_index=True)
                yield FittedFold(*place, raw, tuple(network for one in fold for network in one.networks))


def _fit(shared: tuple[Maker, Place, str], job: _Job) -> _Done:
    start = time.monotonic()
    make, first, made_by = shared
    if other := made_otherwise(trained_by(), made_by):  # such as an edit since the others began
        raise FHRError(
            f"a worker trains with another source or other libraries: {other}; install the same for every worker, and "
            "leave the source as it is while it runs"
        )
    if job.threads is not None:
        import torch

        torch.set_num_threads(job.threads)
    n = len(job.seeds)
    at = partial(first.at, job.repeat, job.fold, job.inner, members=n, permuted=job.permuted, seed=job.control_seed)
    places = [at(member=m) for m in range(n)]
    makers = make.makers if isinstance(make, Procedure) else (make,)
    with unseen(places[0]) if job.out_of_fold else nullcontext():
        families = [family for maker in makers for family in _fitted(maker, places, job)]
    rows, networks = [], []
    for k, family in enumerate(families):
        for m, model in enumerate(family):
            _check(model, places[m])
            raw = raw_scores(model, repeat=job.repeat, fold=job.fold, inner=job.inner, member=m)
            rows.append(raw.assign(**{FAMILY: k}) if len(families) > 1 else raw)
            if model.network is not None:
                networks.append(replace(model.network, inner=job.inner, member=m, family=k))
    # What is combined can be kept where all of it can.
    kept = tuple(networks) if len(families) == 1 or len(networks) == sum(map(len, families)) else ()
    return _Done(job, pd.concat(rows, ignore_index=True), kept, time.monotonic() - start)


def _fitted(make: Maker, places: Sequence[Place], job: _Job) -> list[list[FittedModel]]:
    """The members of each fit that `make` gives for one inner fold: at once where that gains, else in turn."""
    with seeded(job.seeds[0]):
        made = _made(make, places[0], job.seeds[0])
        together = getattr(type(made[0]), "fit_together", None) if len(made) == 1 and len(places) > 1 else None
        if together is None and job.at_once:
            raise FHRError(
                f"members of {type(made[0]).__name__} cannot be trained at once; leave `at_once` out, or give two or "
                "more members of one `fhr.tasks.Training`"
            )
        if together is None or not (job.at_once or (job.at_once is None and made[0].gains_together)):
            fitted = [[fit.fit(places[0], job.seeds[0])] for fit in made]
            together = None
    rest = list(zip(places[1:], job.seeds[1:], strict=True))
    if together is not None:
        fits = [made[0]]
        for place, seed in rest:
            with seeded(seed):
                fits += _made(make, place, seed)
        with seeded(job.seeds[0]):
            return [together(fits, places, job.seeds)]
    for place, seed in rest:
        with seeded(seed):
            for members, fit in zip(fitted, _made(make, place, seed), strict=True):
                members.append(fit.fit(place, seed))
    return fitted


def _made(make: Maker, place: Place, seed: int) -> list[Any]:
    made = make(place, seed)
    fits = list(made) if isinstance(made, list | tuple) else [made]
    for fit in fits:
        if not callable(getattr(fit, "fit", None)) or hasattr(fit, "get_params"):  # an estimator fits arrays
            raise FHRError(
                f"make(place, seed) gave {type(fit).__name__}; it gives `fhr.evaluation.OnTable(estimator, table)`, "
                "`fhr.tasks.Training(task, data, trainer)`, or a list of these"
            )
    if not fits:
        raise FHRError("make(place, seed) gave an empty list; give one fit or more")
    return fits


def _check(model: Any, place: Place) -> None:
    """Refuse scores of other records than those that the model of this place must not have seen."""
    if not isinstance(model, FittedModel):
        raise FHRError(f"a fit gave {type(model).__name__}; it gives fhr.datasets.FittedModel(held_out, test)")
    partition, where = place.partition, f"repeat {place.repeat}, fold {place.fold}, inner fold {place.inner}"
    for use, scores, names in (
        ("held-out inner fold", model.held_out, partition.calibration),
        ("outer fold", model.test, partition.test),
    ):
        if not isinstance(scores, pd.Series):
            raise FHRError(f"{where}: scores of type {type(scores).__name__}; give a pandas Series by record name")
        if not scores.index.is_unique or (strange := set(scores.index.tolist()) - set(names)):
            first = scores.index[scores.index.duplicated()][0] if not scores.index.is_unique else min(strange)
            raise SplitError(
                f"{where}: the fit scored record {first!r}, which is not of its {use} or stands twice; take data and "
                "folds from the place that `make` is given (`data.at(place)`, `PlaceDataModule(place)`)"
            )
