"""The protocol: repeated, nested, stratified cross-validation by record of whatever can be made for a fold."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace

import pandas as pd

from fhr.calibration import RidgePlatt, typical_statistics
from fhr.compute import check_scheduler, check_workers, concerning
from fhr.datasets import N_INNER, Database, Place, Splits, permutation_of
from fhr.errors import FHRError, SplitError

from .finished import FinishedFold, finish_fold
from .fits import FAMILY, Maker
from .fused import fused
from .kept_parts import MADE_BY, trained_by
from .procedure import Procedure, combine
from .ranking_fact import out_of_fold_ranking
from .result import CrossValidation
from .stores import MemoryStore, Store
from .study import FittedFold, fitted_folds
from .unseen_records import check_makers, marked

__all__ = ["cross_validate"]

_log = logging.getLogger(__name__)


def cross_validate(
    make: Maker,
    database: Database,
    *,
    target: str,
    splits: Splits | None = None,
    repeats: int = 1,
    inner: int = N_INNER,
    members: int = 1,
    permutations: int = 0,
    seed: int = 0,
    at_once: bool | None = None,
    store: Store | None = None,
    workers: int = 1,
    scheduler: str | None = None,
    name: str = "",
    out_of_fold: bool = True,
) -> CrossValidation:
    """Score every record by models that have not seen it: any task, any estimator, any list of these.

    Inside the training part of an outer fold there are four inner folds: each model is fitted on three of them, some
    records of which only stop it, and scores the fourth and the outer fold. The held-out scores fit one calibrator; the
    models are averaged, and their average is calibrated. Whatever is learnt is learnt inside `make(place, seed)` and
    what it returns.

    Example:
        A logistic regression on a table of features, and a network of one's own:

            def line(place, seed):
                return OnTable(make_pipeline(StandardScaler(), LogisticRegression()), table)

            def network(place, seed):
                data = PlaceDataModule(place, seed=seed)
                return Training(MyLightningModule(), data, pl.Trainer(max_epochs=10, logger=False))

            result = cross_validate(network, database, target="ph<7.05", repeats=10)
            result.metrics["auroc"]

    Args:
        make: `make(place, seed)` gives what is fitted at a place: `OnTable`, `fhr.tasks.Training`, or anything with
            `fit(place, seed) -> FittedModel`; a list is averaged at equal weight. It is called anew for every model,
            with the global generators seeded. A `Procedure` chooses among makers, or combines them. Functions of a
            notebook and lambdas reach other processes. One whose data give every record the signal of another one says
            so by an attribute `permute`, the seed of that permutation.
        database: recordings with their outcomes; those without the outcome are left out.
        target: the label with its inequality.
        splits: outer folds; None for the standard ones (10 x 5, stratified by pH, seed 0).
        repeats: shuffles of the outer folds.
        inner: how many of the four inner folds are fitted.
        members: retrainings of each inner model, each with its own seed and bootstrap of the training part.
        permutations: a control in place of repeats: this many runs in which every record has the signal or the features
            of another one, so that there is nothing to learn; 0 for none.
        seed: of a single member, and of the seeds of several.
        at_once: train the members as one batched model; None on a GPU, where that is faster.
        store: keeps finished folds, and has those of an interrupted run; None for memory. Folds of another data set,
            label or name of the model are refused. Those that other source or libraries made, this package's, a
            library's or that of `make` itself, are fitted again and replaced, with a line in the log, and so are
            damaged ones: nothing is mixed in silence.
        workers: processes on this machine; torch has one thread in each of several.
        scheduler: of Dask, `dask://HOST:PORT`, in place of `workers`.
        name: of the model in tables; that of `make` where it is empty.
        out_of_fold: refuse weights and data that have seen test records: networks of this package that learnt from
            one, or from recordings of a maker that was fitted to one, as the simulator was to records of CTU-UHB. They
            are known while a model is made and fitted, by the checkpoint that they are read from; weights copied
            tensor by tensor, and scores or features that were computed before, are not. False lets them pass, and
            marks tables, cards and checkpoints as not out-of-fold.

    Raises:
        CheckpointError: weights or data that have seen test records.
        OutcomeError: a target that is not defined, or that no record carries.
        SplitError: more repeats than the splits have, splits or a store of other data, or records that some repeat
            left out; recordings in it whose maker was fitted to test records.
        FHRError: something else than a fit was made, an inner fold that is too small to calibrate on, or what a fit
            refuses.
    """
    _check(inner, seed, permutations, members=members, repeats=repeats, workers=workers)
    if scheduler is not None:
        check_scheduler(scheduler)
    else:
        check_workers(workers)
    first = Place.first(database, target, splits)
    if not permutations:
        first.check(repeats)
    runs = range(permutations or repeats)
    wanted = [(repeat, fold) for repeat in runs for fold in range(len(first.splits.folds[0]))]
    check_inner_folds(first, wanted, inner)
    if out_of_fold:
        check_makers(first, wanted)
    store = MemoryStore() if store is None else store
    by = make.by if isinstance(make, Procedure) else "mean"
    title = name or getattr(make, "name", "") or getattr(make, "__name__", type(make).__name__)
    title = marked(title, out_of_fold)  # which also keeps its folds apart from others in a store
    control = {}  # repeat: seed of the permutation
    if permutations:
        control = {run: permutation_of(seed, run) for run in runs}
    elif (permute := getattr(make, "permute", None)) is not None:
        control = dict.fromkeys(runs, permute)
    about = {
        "target": target,
        "data": database.checksum,
        "splits": first.splits.checksum,
        "inner": str(inner),
        "members": str(members),
        "seed": str(seed),
        "permuted": str(bool(control)).lower(),
        "name": title,
        "by": by,
        "families": str(len(make.makers)) if isinstance(make, Procedure) else "1",
        MADE_BY: trained_by(make),
    }
    done = set(store.done(about))
    places = [place for place in wanted if place not in done]
    _log.info("%d of %d outer folds to do", len(places), len(wanted))
    if places:
        folds = fitted_folds(
            make,
            first,
            places,
            inner=inner,
            members=members,
            permuted=bool(permutations),
            seed=seed,
            at_once=at_once,
            workers=workers,
            scheduler=scheduler,
            out_of_fold=out_of_fold,
        )
        with (
            concerning(f"{title}, {target}"),
            closing(folds),
        ):  # an error here, such as a full disk, ends the workers too
            for fold in finished_folds(folds, first, by, permuted=bool(control), out_of_fold=out_of_fold):
                store.keep(replace(fold, made_by=about[MADE_BY]))
    kept = {place: store.scores(*place) for place in wanted}
    by_repeat: dict[int, set[str]] = {}
    for (repeat, _), raw in kept.items():
        by_repeat.setdefault(repeat, set()).update(raw.loc[raw["use"] == "test", "name"])
    scored = set.union(*by_repeat.values())
    for repeat, names in by_repeat.items():
        if partly := sorted(scored - names):
            raise SplitError(
                f"{len(partly)} records are scored in some repeats and left out of repeat {repeat}, {partly[0]} the "
                "first; whether a record can be used must not depend on the fold"
            )
    if missing := [name for name in first.labels.index if name not in scored]:
        _log.warning("%d labelled records were scored by no model: %s", len(missing), ", ".join(missing[:10]))
    result = CrossValidation(first, kept, inner, members, by, title, out_of_fold=out_of_fold, permutations=control)
    if out_of_fold and not control and hasattr(store, "tell_ranking"):
        store.tell_ranking(lambda: out_of_fold_ranking(result.predictions))
    return result


def finished_folds(
    folds: Iterator[FittedFold], first: Place, by: str = "mean", *, permuted: bool = False, out_of_fold: bool = True
) -> Iterator[FinishedFold]:
    """Calibrate each fold as it comes, see `finish_fold`."""
    statistics: pd.DataFrame | None = None
    for fold in folds:
        if permuted:  # they learnt from signals of others, and must predict for nobody
            fold = fold._replace(networks=())
        if fold.networks and statistics is None and first.database is not None:
            statistics = typical_statistics(r for r in first.database if r.name in first.labels.index)
        scores, networks = fold.raw, fold.networks
        if FAMILY in fold.raw:
            combined = combine(fold.raw, first.labels, by)
            scores, networks = combined.raw, fused(fold.networks, combined)
        yield finish_fold(
            fold.raw,
            scores,
            first.labels,
            target=first.target,
            networks=networks,
            statistics=statistics,
            out_of_fold=out_of_fold,
        )


def check_inner_folds(first: Place, places: Sequence[tuple[int, int]], inner: int) -> None:
    """Refuse inner folds that are too small to calibrate on, before anything is fitted.

    Raises:
        FHRError: there is one.
    """
    for repeat, fold in dict.fromkeys((r % len(first.splits.folds), f) for r, f in places):
        parts = (first.at(repeat, fold, i).partition.calibration for i in range(inner))
        RidgePlatt.check_sample(first.labels.loc[[name for part in parts for name in part]])


def _check(inner: int, seed: int, permutations: int, **counts: int) -> None:
    if not 0 <= seed < 2**32:
        raise FHRError(f"seed={seed}; give a number from 0 to 2**32 - 1")
    if permutations < 0:
        raise FHRError(f"permutations={permutations}; give 0 for none, or how many runs")
    if not 1 <= inner <= N_INNER:
        raise FHRError(f"inner={inner}; an outer fold has 1 to {N_INNER} inner folds")
    for name, value in counts.items():
        if value < 1:
            raise FHRError(f"{name}={value}; give 1 or more")
