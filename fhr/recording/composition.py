"""Composition of many recordings: how many of each kind, who made them, and what the makers were fitted to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .provenance import KINDS
from .recording import Recording

__all__ = ["Composition"]

_SHOWN, _LONGEST = 3, 120  # makers in words, characters of each


@dataclass(frozen=True)
class Composition:
    """Numbers of recordings by kind, with their makers and the records that these were fitted to.

    Attributes:
        kinds: number of recordings by kind; kinds that do not occur are left out.
        made_by: each maker once, sorted.
        fitted_to: every record that a maker was fitted to, once, sorted.

    Example:
        >>> Composition({"measured": 552, "simulated": 40}, made_by=("fhr.simulation",)).words
        '552 measured, 40 simulated (made by fhr.simulation)'
    """

    kinds: Mapping[str, int]
    made_by: tuple[str, ...] = ()
    fitted_to: tuple[str, ...] = ()

    @classmethod
    def of(cls, recordings: Iterable[Recording]) -> "Composition":
        """Count the composition of any recordings."""
        counts = Counter(recording.provenance for recording in recordings)
        kinds: Counter[str] = Counter()
        for provenance, n in counts.items():
            kinds[provenance.kind] += n
        return cls(
            {kind: kinds[kind] for kind in KINDS if kind in kinds},
            tuple(sorted({provenance.made_by for provenance in counts} - {""})),
            tuple(sorted({record for provenance in counts for record in provenance.fitted_to})),
        )

    def __or__(self, other: "Composition") -> "Composition":
        """Of the recordings of both."""
        counts = Counter(self.kinds)
        counts.update(other.kinds)
        return Composition(
            {kind: counts[kind] for kind in KINDS if kind in counts},
            tuple(sorted({*self.made_by, *other.made_by})),
            tuple(sorted({*self.fitted_to, *other.fitted_to})),
        )

    @property
    def all_measured(self) -> bool:
        """True if no recording was made."""
        return set(self.kinds) <= {"measured"}

    @property
    def words(self) -> str:
        """Numbers, kinds and makers as a reader is told; a list of many makers is cut."""
        said = ", ".join(f"{n} {kind}" for kind, n in self.kinds.items()) or "none"
        makers = [maker if len(maker) <= _LONGEST else f"{maker[:_LONGEST]}..." for maker in self.made_by[:_SHOWN]]
        if (more := len(self.made_by) - _SHOWN) > 0:
            makers.append(f"{more} more")
        return f"{said} (made by {'; '.join(makers)})" if makers else said

    def marked(self, name: str) -> str:
        """A name with the kinds behind it, unless all recordings were measured.

        >>> Composition({"simulated": 40}).marked("acidosis ph<=7.15")
        'acidosis ph<=7.15 (simulated)'
        """
        return name if self.all_measured else f"{name} ({', '.join(self.kinds)})"

    def plain(self) -> dict[str, Any]:
        """Convert to plain types, for a checkpoint or a run."""
        return {"kinds": dict(self.kinds), "made_by": list(self.made_by), "fitted_to": list(self.fitted_to)}
