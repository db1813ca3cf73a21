"""Records of CTU-UHB that this package was developed on, by digest: what its simulator was tuned to.

442 of the 552 records of the published database, the same ones wherever this package says 442. `ctu_uhb_442.txt` beside
this file has a line for each: its name, the SHA-256 of its signal file as it is published, and that of its signals, by
which a copy in another format is known.
"""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

__all__ = ["DEVELOPED_ON", "developed_on", "fitted_to_of", "other_digest", "shortened", "spelt_out"]

DEVELOPED_ON = "974355d659b402d9c41f15d8ef8edac1d71a18c9904ddc5e6f42dab8b8bf71ae"
"""`fhr.datasets.Database.checksum` of the 442 records; where digests of records stand, it stands for all of theirs."""


_SIMULATOR = "fhr.simulation "
"""How the maker of every recording of the simulator begins; its constants were tuned to the 442 records."""


@cache
def developed_on() -> tuple[str, ...]:
    """Digests of the 442 records, as `fhr.datasets.Database.digests` gives them, in order of their names."""
    return tuple(digest for _, digest, _ in _lines())


@cache
def _of_signals() -> dict[str, str]:
    return {of_file: of_signals for _, of_file, of_signals in _lines()}


def other_digest(digest: str) -> str | None:
    """SHA-256 of the signals of a record that is known by that of its file; None of another record."""
    return _of_signals().get(digest)


def spelt_out(records: Iterable[str]) -> tuple[str, ...]:
    """Put the digests of the 442 records in the place of `DEVELOPED_ON`; each record once.

    >>> len(spelt_out([DEVELOPED_ON, "a", "a"]))
    443
    """
    given = tuple(records)
    if given == developed_on():
        return developed_on()
    every = (one for record in given for one in (developed_on() if record == DEVELOPED_ON else (record,)))
    return tuple(dict.fromkeys(every)) if DEVELOPED_ON in given else given


def fitted_to_of(makers: Iterable[str]) -> tuple[str, ...]:
    """Digests that makers of these names were fitted to, whatever is said of them: those of the simulator.

    Recordings and checkpoints of versions that did not yet say so are known by it.
    """
    return developed_on() if any(maker.startswith(_SIMULATOR) for maker in makers) else ()


def shortened(records: Iterable[str]) -> tuple[str, ...]:
    """Put `DEVELOPED_ON` in the place of the digests of the 442 records, if all of them are there, for a file.

    >>> shortened([*developed_on(), "a"]) == (DEVELOPED_ON, "a")
    True
    """
    given = tuple(records)
    known = set(developed_on())
    if not known <= set(given):
        return given
    return (DEVELOPED_ON, *(record for record in given if record not in known))


def _lines() -> list[tuple[str, str, str]]:
    text = files("fhr.recording").joinpath("ctu_uhb_442.txt").read_text(encoding="ascii")
    fields = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return [(name, of_file, of_signals) for name, of_file, of_signals in fields]
