"""Records that weights have seen: which of a test fold they are, and a guard that refuses such weights while in use."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from fhr.errors import CheckpointError
from fhr.recording import other_digest

from .database import Database

__all__ = ["refusal", "refusing_seen", "seen_records", "told_of_use"]

_FEW = 3  # names in a message


def seen_records(
    known: Iterable[str], database: Database, names: Iterable[str] | None = None, *, checksum: str = ""
) -> list[str]:
    """Names of the records of a test that stand among `known`.

    A record is known by its digest, by that of its signals (a copy in another format of a record of CTU-UHB that this
    package was developed on), by its name, or by the checksum of its database.

    Args:
        known: digests, names, checksums of databases, as `CheckpointCard.seen` or `Heritage.seen` have them.
        database: holds the records.
        names: of the records to test on; None for all.
        checksum: of the database that the records are from, where it may be known by it.
    """
    stated = frozenset(known)
    asked = database.names if names is None else list(names)
    if not stated or (checksum and checksum in stated):
        return asked if stated else []
    copies = stated | {copy for one in stated if (copy := other_digest(one)) is not None}
    of_files = dict(zip(database.names, database.digests, strict=True))
    of_signals: dict[str, str] = {}
    if len(copies) > len(stated):
        of_signals = dict(zip(database.names, database.digests_of_signals, strict=True))
    return [name for name in asked if {name, of_files[name]} & stated or of_signals.get(name) in copies]


class _Guard:
    """Test records that nothing in use may have seen."""

    def __init__(self, database: Database, names: Sequence[str], where: str) -> None:
        self.database, self.names, self.where = database, names, where
        self.passed: set[frozenset[str]] = set()

    def check(self, seen: frozenset[str], what: str) -> None:
        if seen in self.passed:
            return
        if names := seen_records(seen, self.database, self.names, checksum=self.database.whole_checksum):
            raise CheckpointError(f"{self.where}: {what} learnt from {refusal(names, len(self.names))}")
        self.passed.add(seen)


def refusal(names: Sequence[str], n_tested: int) -> str:
    """The end of a message: which test records were seen, and what to do."""
    some = ", ".join(sorted(names)[:_FEW]) + (", ..." if len(names) > _FEW else "")
    return (
        f"{len(names)} of {n_tested} test records ({some}), or from recordings whose maker was fitted to them, as the "
        "simulator is to records of CTU-UHB; this would be no out-of-fold result. Start from other weights or data, "
        "train on a bank of labours that is refitted inside the training fold (fhr.synthesis.Bank), or have the "
        "result marked as not out-of-fold (`out_of_fold=False`, `--not-out-of-fold`)"
    )


_guard: ContextVar[_Guard | None] = ContextVar("fhr_test_records", default=None)


@contextmanager
def refusing_seen(database: Database, names: Sequence[str], *, where: str = "test fold") -> Iterator[None]:
    """Refuse, while it lasts, the use of weights and data that have seen these test records.

    Whatever reads a checkpoint, takes weights that know what they have learnt from, runs such a network, or sets up
    data to train on says so by `told_of_use`, however deep inside somebody's code.

    Args:
        database: holds the test records.
        names: of the test records.
        where: which test fold, for the message.

    Raises:
        CheckpointError: (from the use) weights or data that have seen one of them.
    """
    token = _guard.set(_Guard(database, names, where))
    try:
        yield
    finally:
        _guard.reset(token)


def told_of_use(seen: Callable[[], frozenset[str]], what: str) -> None:
    """Say that something is used which has seen some records.

    Args:
        seen: gives them, as `Heritage.seen`; it is called only where test records are guarded.
        what: is used, as the beginning of a sentence: "the network InceptionNet".

    Raises:
        CheckpointError: some of them are test records that `refusing_seen` guards.
    """
    guard = _guard.get()
    if guard is not None and (records := seen()):
        guard.check(records, what)
