"""Checks of scores: their shape at any window, what gaps do to them, and that a record knows nothing of others."""

import torch

from fhr.errors import FHRError
from fhr.models import Network

from .outcomes import FailedCheckError, NotJudgedError
from .subject import Subject, arguments_of, is_close, one_line

__all__ = [
    "all_missing",
    "companions",
    "features",
    "gaps",
    "lengths",
    "measured",
    "repeatable",
    "shapes",
]

_LENGTHS = (1200, 1203, 3600, 14_400)  # 20 min and a bit at 1 Hz; 60 min at 1 and 4 Hz
_REACH = 200  # samples: how far from the end of a gap a first layer may still see into it
_OTHER_FEATURES = 3


def shapes(subject: Subject) -> None:
    """Scores are finite float32 of shape (batch, n_outputs), for batches of 1, 2 and 5 and for 1 and 2 outputs.

    Tasks, losses and calibration take the first output for the risk; the last batch of a data set may hold one record.
    """
    fixed = "n_outputs" not in arguments_of(subject.factory)
    for n_outputs in [subject.n_outputs] if fixed else sorted({1, 2, subject.n_outputs}):
        network = subject.make(n_outputs=n_outputs).eval()
        for n in (1, 2, 5):
            scores = subject.scores(network, subject.windows(n))
            what = f"for {n} windows and n_outputs={n_outputs}"
            if scores.shape != (n, n_outputs):
                raise FailedCheckError(
                    f"scores of shape {tuple(scores.shape)} {what}; `forward` returns (batch, n_outputs), ({n}, "
                    f"{n_outputs}) here"
                )
            if scores.dtype != torch.float32:
                raise FailedCheckError(f"scores of {scores.dtype} {what}; return float32 for float32 windows")
            if not scores.isfinite().all():
                raise FailedCheckError(f"scores that are not finite {what}; look for a division by 0 or a logarithm")


def lengths(subject: Subject) -> None:
    """Windows of other lengths and rates are scored too: 20 min at 1 Hz and 3 s more, 60 min at 1 and 4 Hz.

    `data.window_minutes` and `data.fs` of a configuration change the length, which no network is told of.
    """
    for n_times in _LENGTHS:
        wanted = (2, subject.n_outputs)
        try:
            scores = subject.scores(subject.trained, subject.windows(2, n_times))
        except Exception as error:
            raise FailedCheckError(f"windows of {n_times} samples: {one_line(error)}; pool over all time") from None
        if scores.shape[:2] != wanted or not scores.isfinite().all():
            raise FailedCheckError(
                f"scores of shape {tuple(scores.shape)} for 2 windows of {n_times} samples, or not finite; pool over "
                f"time, so that they are finite and of shape {wanted}"
            )


def repeatable(subject: Subject) -> None:
    """The same windows get the same scores again in evaluation mode, and scoring changes no weight or statistic.

    A prediction that changes when it is asked for twice cannot be calibrated, compared or explained.
    """
    network, signal = subject.trained, subject.windows(5)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = subject.scores(network, signal)
    if not is_close(first, subject.scores(network, signal)):
        raise FailedCheckError(
            "the same windows get other scores when they are scored again; draw nothing at random after `eval()`: use "
            "nn.Dropout, or ask `self.training`"
        )
    changed = [name for name, value in network.state_dict().items() if not torch.equal(value, before[name])]
    if changed:
        raise FailedCheckError(f"scoring after `eval()` changes {', '.join(changed)}; update them in training alone")


def companions(subject: Subject) -> None:
    """The score of a record does not depend on the other records of its batch in evaluation mode.

    Otherwise the risk of one birth would depend on which others are scored with it.
    """
    network, signal, x = subject.trained, subject.windows(8), subject.features(8)
    together = subject.scores(network, signal, x)
    alone = torch.cat([subject.scores(network, signal[i : i + 1], x[i : i + 1]) for i in range(8)])
    others = torch.cat([signal[:3], 3.0 * subject.windows(4, seed=1), torch.zeros_like(signal[:1])])
    mixed = subject.scores(network, others, torch.cat([x[:3], 3.0 * subject.features(5, seed=1)]))
    for scores, what in ((alone, "alone"), (mixed[:3], "among other records")):
        difference = (scores - together[: len(scores)]).abs().max()
        if not is_close(scores, together[: len(scores)]):
            raise FailedCheckError(
                f"scores move by {difference:.2g} when records are scored {what}; after `eval()` use no statistic of "
                "the batch: nn.BatchNorm1d with running statistics, or nn.GroupNorm"
            )


def all_missing(subject: Subject) -> None:
    """A window without a valid sample gets a finite score, alone and among others.

    Sensors come off. Such a window is 0 in every channel, its mask too; features that are missing are 0.
    """
    nothing = torch.zeros(2, subject.n_channels, subject.n_times)
    without = torch.zeros(2, subject.n_features)
    for signal, x in (
        (nothing, without),
        (torch.cat([subject.windows(2), nothing]), torch.cat([subject.features(2), without])),
    ):
        if not subject.scores(subject.trained, signal, x).isfinite().all():
            raise FailedCheckError(
                "a window without a valid sample gets a score that is not finite; the sum of the mask is 0 there: "
                "clamp it before a division (fhr.models.MaskedMeanStd does)"
            )


def gaps(subject: Subject) -> None:
    """Values deep inside a gap do not change the scores: the mask is believed, not the value.

    Bridged and corrupt samples keep a value under a mask of 0. Within 200 samples of its ends (for short windows a
    sixth of their length), the gap may be seen by a first layer.
    """
    if subject.n_channels == 1:
        raise NotJudgedError("one channel has no mask")
    n_times = subject.n_times
    start, end, margin = n_times // 4, n_times - n_times // 4, min(_REACH, n_times // 6)
    signal = subject.windows(8)
    signal[..., start:end] = 0.0
    changed = signal.clone()
    changed[:, :-1, start + margin : end - margin] = 5.0
    difference = (subject.scores(subject.trained, changed) - subject.scores(subject.trained, signal)).abs().max()
    if not is_close(subject.scores(subject.trained, changed), subject.scores(subject.trained, signal)):
        raise FailedCheckError(
            f"scores move by {difference:.2g} when values under a mask of 0 do; weigh by the mask, the last channel, "
            "before time is pooled (fhr.models.MaskedMeanStd does)"
        )


def measured(subject: Subject) -> None:
    """A heart rate that is 20 bpm higher for a third of the window changes the score of every record.

    A network that does not see its input still trains, on nothing.
    """
    third = slice(subject.n_times // 3, 2 * subject.n_times // 3)
    signal = subject.windows(8)
    valid = signal[:, -1, third] if subject.n_channels > 1 else torch.ones_like(signal[:, 0, third])
    changed = signal.clone()
    changed[:, 0, third] += valid
    difference = (subject.scores(subject.trained, changed) - subject.scores(subject.trained, signal)).abs()
    if not (difference.flatten(1).amax(1)[valid.any(1)] > 0).all():
        raise FailedCheckError(
            "scores stay the same when the measured heart rate does not; let channel 0 reach them, and look for "
            "units that are 0 for every input"
        )


def features(subject: Subject) -> None:
    """A network takes just the features that it was made for, each counts, missing ones may be 0.

    The order and number of features is part of what was learnt; others in their place would give numbers that look
    like risks. A network without `n_features` refuses data with features.
    """
    network, signal = subject.trained, subject.windows(4)
    n = subject.n_features
    if network.n_features != n:
        raise FailedCheckError(
            f"it was made for n_features={n} and says that it takes {network.n_features}; pass `n_features` on as an "
            "argument of the class itself"
        )
    for others in sorted({0, n - 1, n + 1, n + _OTHER_FEATURES} - {n, -1}):
        if not _refused(network, signal, torch.zeros(4, others)):
            raise FailedCheckError(
                f"{others} features are not refused by a network of n_features={n}; leave `scores` and "
                "`check_features` as `Network` has them"
            )
    if not n:
        return
    if not subject.scores(network, signal, torch.zeros(4, n)).isfinite().all():
        raise FailedCheckError("features that are missing, 0 once scaled, give scores that are not finite")
    x = subject.features(4)
    scores = subject.scores(network, signal, x)
    for k in range(n):
        changed = x.clone()
        changed[:, k] += 2.0
        if not (subject.scores(network, signal, changed) - scores).abs().max() > 0:
            raise FailedCheckError(f"feature {k} of {n} changes no score; let `forward` use its second argument")


def _refused(network: Network, signal: torch.Tensor, x: torch.Tensor) -> bool:
    try:
        network.scores(signal, x)
    except FHRError:
        return True
    return False
