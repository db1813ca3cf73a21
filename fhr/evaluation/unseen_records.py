"""Refusals of test records that weights, or the maker of their data, have seen: they would test nothing."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from fhr.datasets import Place, refusal, refusing_seen, seen_records
from fhr.errors import SplitError

__all__ = ["MARK", "check_makers", "marked", "unseen"]

MARK = " (not out-of-fold)"
"""Behind the name of a model, wherever a table or a card names it."""


def marked(name: str, out_of_fold: bool) -> str:
    """The name of a model, with `MARK` where its results are not out-of-fold.

    >>> marked("InceptionNet", False)
    'InceptionNet (not out-of-fold)'
    """
    return name.removesuffix(MARK) + ("" if out_of_fold else MARK)


def unseen(place: Place) -> AbstractContextManager[None]:
    """Refuse, while it lasts, weights and data that have seen test records of a place, see `refusing_seen`."""
    if place.database is None:
        return nullcontext()
    where = f"repeat {place.repeat}, fold {place.fold}"
    return refusing_seen(place.database, place.partition.test, where=where)


def check_makers(first: Place, places: Sequence[tuple[int, int]]) -> None:
    """Refuse a database in which recordings of a training part were made by what was fitted to test records.

    Raises:
        SplitError: there are some, such as simulated labours beside records of CTU-UHB.
    """
    database = first.database
    if database is None or not (fitted_to := database.fitted_to):
        return
    tuned = set(seen_records(fitted_to, database, checksum=database.whole_checksum))
    if not tuned:
        return
    known = set(first.labels.index.tolist())
    for repeat, fold in places:
        test = set(first.at(repeat, fold).partition.test)
        learnt = [database[name] for name in sorted(known - test)]
        makers = {one.provenance for one in learnt if one.provenance.fitted_to}
        every = frozenset(record for maker in makers for record in maker.fitted_to)
        if seen := seen_records(every, database, sorted(tuned & test), checksum=database.whole_checksum):
            maker = min(maker.made_by for maker in makers)
            raise SplitError(
                f"{database.origin}: repeat {repeat}, fold {fold}: recordings of the training part were made by "
                f"{maker}; what learns from them has learnt from {refusal(seen, len(test))}"
            )
