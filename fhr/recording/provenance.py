"""Provenance of a recording: measured on a woman in labour, or made by a program, by which one and from what.

A trace that was made is no evidence about fetuses. Whoever counts records, trains on them or shows one has to know, so
the kind travels with the recording and is not part of its digest.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fhr.errors import FHRError

from .known_records import fitted_to_of, spelt_out

__all__ = ["KINDS", "Provenance"]

KINDS = ("measured", "simulated", "synthetic", "imputed")
_LONGEST = 500  # characters of a text
_MOST = 100_000  # records that a maker was fitted to


@dataclass(frozen=True, slots=True)
class Provenance:
    """Kind of a recording, its maker, and the records that the maker was fitted to.

    - `measured`: a monitor recorded it. Cleaning and the bridging of short gaps leave it measured: what is missing
      travels as the mask.
    - `simulated`: a model of physiology made it, from constants and a seed.
    - `synthetic`: a surrogate method or a generator made it from other recordings.
    - `imputed`: a monitor recorded it, and a method invented stretches that stand in it as signal.

    Attributes:
        kind: one of `KINDS`.
        made_by: name of the maker with its parameters, such as `fhr.simulation.simulate(seed=1)`; empty for measured.
        fitted_to: the records that the maker was fitted to, as `fhr.datasets.Database.digests` names them, so that
            tests on these records can be refused; names and checksums of databases may stand there, too. The checksum
            of the 442 records of CTU-UHB that this package was developed on is spelt out as their digests, and these
            stand in every recording of its simulator, whose constants were tuned to them. Empty for none.

    Raises:
        FHRError: an unknown kind, a measured recording with a maker, another without one, or a text that is blank, not
            printable or longer than 500 characters.

    Example:
        >>> Provenance("synthetic", made_by="iaaft(seed=1)", fitted_to=("1001",)).words
        'synthetic (made by iaaft(seed=1))'
    """

    kind: str = "measured"
    made_by: str = ""
    fitted_to: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in KINDS:
            raise FHRError(
                f"kind of recording {_said(self.kind)}; it is one of {', '.join(KINDS)}, a later version of this "
                "package may know others"
            )
        if not isinstance(self.fitted_to, list | tuple) or len(self.fitted_to) > _MOST:
            raise FHRError(
                f"fitted_to is {_said(self.fitted_to)}; give a tuple of up to {_MOST} names or digests of records"
            )
        for record in self.fitted_to:
            _check_text(record, "a record in fitted_to")
        object.__setattr__(self, "fitted_to", spelt_out(self.fitted_to) if self.fitted_to else ())
        if self.kind != "measured":
            _check_text(self.made_by, f"made_by of a recording that is {self.kind}")
            if of_simulator := fitted_to_of([self.made_by]):
                object.__setattr__(self, "fitted_to", _joined(self.fitted_to, of_simulator))
        elif self.made_by != "" or self.fitted_to:
            raise FHRError(
                f"a measured recording with made_by={_said(self.made_by)} and {len(self.fitted_to)} records in "
                f"fitted_to; nothing made it: leave both out, or give its kind ({', '.join(KINDS[1:])})"
            )

    @property
    def is_measured(self) -> bool:
        """True if a monitor recorded it all."""
        return self.kind == "measured"

    @property
    def words(self) -> str:
        """Kind and maker as a reader is told."""
        return self.kind if self.is_measured else f"{self.kind} (made by {self.made_by})"

    def imputed(self, by: str, fitted_to: Iterable[str] = ()) -> "Provenance":
        """The provenance of the recording after a method invented stretches of it.

        A measured recording becomes imputed. One that was simulated, synthetic or imputed stays what it is, with the
        method named behind its maker: filling a gap makes no simulated trace real.

        Args:
            by: name of the method with its parameters.
            fitted_to: the records that the method was fitted to.

        Raises:
            FHRError: as for `Provenance`.
        """
        if self.is_measured:
            return Provenance("imputed", by, tuple(fitted_to))
        _check_text(by, "the name of the method")
        return Provenance(self.kind, f"{self.made_by}; {by}", _joined(self.fitted_to, tuple(fitted_to)))


def _joined(some: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    """Both, each record once; the very tuple where one of them holds all, for thousands of recordings share it."""
    if not some or some == more:
        return more
    return tuple(dict.fromkeys([*some, *more]))


def _check_text(text: object, what: str) -> None:
    if not isinstance(text, str) or not text.strip() or not text.isprintable() or len(text) > _LONGEST:
        raise FHRError(f"{what} is {_said(text)}; give printable text of 1 to {_LONGEST} characters")


def _said(value: object) -> str:
    if isinstance(value, str):
        return ascii(value) if len(value) <= 40 else f"{value[:40]!a}... of {len(value)} characters"
    return f"of the type {type(value).__name__}"
