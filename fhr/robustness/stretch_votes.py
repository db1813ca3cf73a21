"""Votes of readings of a stretch each, of which a spoilt block reaches but few: derandomized smoothing.

For any model, a block of signal that is lost, wrong or anything else leaves the votes of all stretches that it does not
touch. The verdict of the majority is another model than the one that votes, which was made for whole windows: how often
the two differ has to be told beside the certificate.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from fhr.errors import FHRError

from .certificates import Certificate
from .reader import Reader
from .traces import Traces

__all__ = ["StretchVotes", "stretch_votes"]

_AT_ONCE = 64  # looks


@dataclass(frozen=True, eq=False)
class StretchVotes:
    """Verdicts by the majority of stretches, and how long a block provably leaves them.

    Attributes:
        at_risk: bool (n,), the verdict of more than half of the votes.
        share: (n,) of the votes that gave it.
        sizes: (n,) s, the longest block that leaves the verdict whatever becomes of the heart rate in it; 0 for none.
        seen: length of a stretch, s.
        votes: of each window.
    """

    at_risk: np.ndarray
    share: np.ndarray
    sizes: np.ndarray
    seen: float
    votes: int

    def certificate(self, threat: str) -> Certificate:
        """Certificate of the verdicts of the majority.

        Args:
            threat: `block_loss` or `wrong_rate`; the sizes are the same.

        Raises:
            FHRError: another threat.
        """
        if threat not in ("block_loss", "wrong_rate"):
            raise FHRError(f"votes of stretches against {threat!r}; they tell of block_loss and wrong_rate")
        return Certificate(
            threat,
            self.sizes,
            f"majority of {self.votes} readings of {self.seen:g} s each",
            (
                "the verdict is that of the majority of the readings, not that of the model",
                "of the cleaned signal on, at the rate that the model reads",
            ),
        )


def stretch_votes(reader: Reader, traces: Traces, *, seen: float = 900.0, step: float = 60.0) -> StretchVotes:
    r"""Verdicts by the majority of readings of one stretch of the heart rate each.

    A stretch begins every `step` seconds; one that reaches beyond the end of the window goes on at its beginning, so
    that each sample is seen equally often. All else is missing, bridged values too: a vote depends on what was measured
    in its stretch alone (and on uterine activity, which is given whole). A block of b samples touches at most
    :math:`\lceil (a + b - 1) / s \rceil` stretches of a samples that begin every s, and the verdict stays as long as
    that many votes, turned, do not turn the majority. It costs the votes' number of looks a window, and no draw.

    Args:
        reader: of any model.
        traces: n windows.
        seen: length of a stretch, s, shorter than the window.
        step: from the beginning of a stretch to the next, s; the window is a multiple of it.

    Raises:
        FHRError: stretches that are not shorter than the window, or steps that do not fill it.

    Source:
        Levine and Feizi 2020, arXiv:2002.10733.
    """
    n_times, kept = traces.fhr.shape[-1], round(seen * traces.fs)
    apart = round(step * traces.fs)
    if not 0 < kept < n_times or apart < 1 or n_times % apart:
        raise FHRError(
            f"stretches of {seen} s every {step} s of windows of {traces.seconds:g} s; give shorter ones than the "
            "window, and a step that fills it a whole number of times"
        )
    starts = torch.arange(0, n_times, apart)
    inside = (torch.arange(n_times) - starts[:, None]) % n_times < kept
    for_risk = np.array([_votes(reader, traces[[i]], inside) for i in range(len(traces))])
    at_risk = 2 * for_risk > len(starts)
    # Votes that may be turned: a tie is not at risk.
    spare = np.where(at_risk, (2 * for_risk - len(starts) - 1) // 2, (len(starts) - 2 * for_risk) // 2)
    block = np.maximum(spare * apart - kept + 1, 0)
    share = np.where(at_risk, for_risk, len(starts) - for_risk) / len(starts)
    return StretchVotes(at_risk, share, np.minimum(block, n_times) / traces.fs, seen, len(starts))


def _votes(reader: Reader, trace: Traces, inside: torch.Tensor) -> int:
    """Readings (vote, time) of one window whose verdict is "at risk"."""
    found = 0
    for some in inside.split(_AT_ONCE):
        read = trace.repeated(len(some))
        seen = some.to(read.measured.device) & (read.measured > 0)
        fhr, measured = torch.where(seen, read.fhr, torch.nan), torch.where(seen, read.measured, 0.0)
        found += int(reader.verdicts(replace(read, fhr=fhr, measured=measured)).at_risk.sum())
    return found
