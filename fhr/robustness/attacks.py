"""Attacks: the smallest change of one kind that was found to flip a verdict."""

from collections.abc import Mapping

from fhr.errors import FHRError

from .families import FAMILIES
from .flips import Flips, Quest
from .gradient_attacks import least_errors, least_warps
from .reader import NetworkReader, Reader
from .search_attacks import search
from .threats import Threat, threat_of
from .traces import Traces

__all__ = ["BY_GRADIENT", "attack"]

BY_GRADIENT = ("error_rms", "error_peak", "warp")
"""Threats against which a gradient helps."""
_STEPS = 20  # gradients of each start of an error
_QUERIES: Mapping[str, int] = {
    "error_rms": 140,
    "error_peak": 100,
    "offset": 40,
    "uc_gain": 40,
    "shift": 32,
    "warp": 80,
    "block_loss": 80,
    "scattered_loss": 100,
    "wrong_rate": 80,
    "quantisation": 60,
}
_CHEAP = 10  # times as many looks at a network, which take less than a millisecond each


def attack(
    reader: Reader,
    traces: Traces,
    threat: str | Threat,
    *,
    largest: float,
    by: str | None = None,
    restarts: int = 10,
    queries: int | None = None,
    seed: int = 0,
) -> Flips:
    """Smallest changes of one kind that were found to flip the verdicts of windows.

    A window at risk is to lose its risk, another one to get it. A verdict that no attack flips may still be flipped by
    a smaller change: only a certificate says that none does. Every change that is reported was measured by the threat
    and looked at again, as the model reads it.

    Args:
        reader: of the verdicts.
        traces: n windows.
        threat: one of `THREATS`, or its name.
        largest: size beyond which a flip does not count.
        by: `gradient` or `search`; None for gradients where the reader has them and the threat can use them.
        restarts: starts of a gradient attack.
        queries: looks of a search, a window; None for 32 to 140 by threat, about 10 s a window for all threats together
            where statistics of the signal are computed, and for ten times as many where a network looks.
        seed: of the starts and variants.

    Returns:
        `Flips`, in the order of the windows.

    Raises:
        FHRError: an unknown threat, a size or number that is none, or gradients where there are none.
        SignalError: a window in which nothing was measured.
    """
    threat = threat_of(threat)
    has_gradient = isinstance(reader, NetworkReader) and threat.name in BY_GRADIENT
    by = by or ("gradient" if has_gradient else "search")
    if by not in ("gradient", "search"):
        raise FHRError(f"an attack by {by!r}; choose gradient or search")
    if restarts < 1 or (queries is not None and queries < 1):
        raise FHRError(f"an attack with restarts={restarts} and queries={queries}; give whole numbers of 1 or more")
    quest = Quest(reader, traces, threat, largest)
    if by == "search":
        number = queries or _QUERIES[threat.name] * (_CHEAP if isinstance(reader, NetworkReader) else 1)
        search(quest, FAMILIES[threat.name](threat, traces), queries=number, seed=seed)
        return quest.flips()
    if not isinstance(reader, NetworkReader):
        raise FHRError("a model of statistics has no gradient in the signal; attack it by search")
    if threat.name not in BY_GRADIENT:
        raise FHRError(f"{threat.name} is attacked by search; a gradient helps against {', '.join(BY_GRADIENT)}")
    if threat.name == "warp":
        least_warps(quest, reader, restarts=restarts, seed=seed)
    else:
        least_errors(quest, reader, restarts=restarts, steps=_STEPS, seed=seed)
    return quest.flips()
