"""Heritage of a network: the records that its weights have learnt from before they are trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self

from .composition import Composition
from .known_records import fitted_to_of

__all__ = ["Heritage"]


@dataclass(frozen=True)
class Heritage:
    """Records that the weights of a network have learnt from, before they are trained on.

    Attributes:
        learnt_from: their digests.
        composition: their kinds, what made those that were not measured, and the records that this was fitted to.
    """

    learnt_from: tuple[str, ...] = ()
    composition: Composition = field(default_factory=lambda: Composition({}))

    def __bool__(self) -> bool:
        return bool(self.learnt_from or self.composition.kinds)

    def __or__(self, other: "Heritage") -> "Heritage":
        """Of weights that have learnt from both."""
        if other.learnt_from and set(other.learnt_from) <= set(self.learnt_from):
            return self  # the same records again
        return Heritage(
            tuple(dict.fromkeys([*self.learnt_from, *other.learnt_from])), self.composition | other.composition
        )

    @cached_property
    def seen(self) -> frozenset[str]:
        """Digests of all records that a test would be no test on: learnt from, or what makers were fitted to."""
        made = self.composition
        return frozenset((*self.learnt_from, *made.fitted_to, *fitted_to_of(made.made_by)))

    def plain(self) -> dict[str, Any]:
        """Convert to plain types, for a file."""
        return {"learnt_from": list(self.learnt_from), **self.composition.plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Rebuild from what `plain` gave.

        Raises:
            KeyError, TypeError, ValueError: anything else.
        """
        names = {key: tuple(plain[key]) for key in ("learnt_from", "made_by", "fitted_to")}
        kinds = dict(plain["kinds"])
        if not all(isinstance(one, str) for some in (*names.values(), kinds) for one in some):
            raise ValueError("names that are no text")
        if not all(type(n) is int and n >= 0 for n in kinds.values()):
            raise ValueError("numbers of records that are none")
        return cls(names["learnt_from"], Composition(kinds, names["made_by"], names["fitted_to"]))
