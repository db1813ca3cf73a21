"""Morphological analysis of one recording, with everything that this room computes."""

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from fhr.errors import SignalError
from fhr.preprocessing import DEFAULT_STEPS, clean
from fhr.recording import Recording

from .bandwidth import bandwidth_of_decelerations, bandwidths_outside
from .events import event_table
from .false_stretches import false_stretches, with_false
from .figo_2015 import figo_category
from .findings import find
from .kinds_of_deceleration import FIGO_PROLONGED, NICHD_PROLONGED, deceleration_kinds
from .minutes import find_minutes, minute_table
from .morphology import Morphology
from .nichd_2008 import nichd_category
from .segments import find_segments, segment_table
from .shape_of_event import shape_of, whole
from .sinusoidal import find_sinusoidal
from .strip import Strip
from .variability import variation

__all__ = ["analyze"]


def analyze(recording: Recording, *, false_signal: ArrayLike | None = None, threshold: float = 0.5) -> Morphology:
    """Find baseline, events, variability and guideline categories of a recording.

    Quality comes first. FHR that follows the mother's rate (`fhr.preprocessing.mothers_rate`), or is half or twice the
    level beside it (`halved_or_doubled_stretches`), is missing for all that follows, and so is what a network takes for
    false; `Morphology.uncertain` says where, `signal_notes` in words. What is left is cleaned
    (`fhr.preprocessing.DEFAULT_STEPS`, which leaves a cleaned recording as it is); UC is taken as it is. Without MHR no
    rule tells the mother's rate from the fetus's, and `Morphology.mhr_known` is 0.

    Args:
        recording: at 1 Hz or more, of any length, as it was read. Without FHR there is no baseline, without UC no
            contraction, and all that needs them says so.
        false_signal: (n,), for each sample of FHR the probability that it is no fetal heart rate, or a mask; NaN where
            it is not known. `FalseSignalPredictor.false_signal_probability(recording).fhr` is one. None for the rules
            alone. A recording after `remove_false_signal` may be given too; its false stretches are missing then.
        threshold: probability from which on a sample is false; a mask does not use it.

    Raises:
        SignalError: a sampling rate below 1 Hz, an empty recording, or a `false_signal` of another length.
        FHRError: a threshold outside 0 to 1.

    Source:
        Baseline: in the manner of Boudet et al. 2019, Comput Biol Med 114:103468, doi:10.1016/j.compbiomed.2019.103468.
        Guidelines: FIGO 2015, doi:10.1016/j.ijgo.2015.06.020; NICHD 2008, doi:10.1097/AOG.0b013e3181841395.

    Example:
        >>> from fhr.simulation import simulate_recording
        >>> morphology = analyze(simulate_recording(0, seed=1))
        >>> morphology.figo.guideline, morphology.nichd.guideline
        ('FIGO 2015', 'NICHD 2008')
    """
    if not len(recording):
        raise SignalError(f"{recording.name}: the recording holds no sample; leave it out")
    fs = recording.fs
    false = false_stretches(recording, false_signal, threshold=threshold)
    fhr = clean(replace(recording, fhr=false.fhr), DEFAULT_STEPS).fhr.astype(np.float64)
    try:
        found = with_false(find(fhr, recording.uc, fs), false)
    except SignalError as error:
        raise SignalError(f"{recording.name}: {error}") from None
    falls, contractions, unseen = found.decelerations, found.contractions, found.uc_uncertain
    kinds = deceleration_kinds(falls, contractions, unseen, fhr, found.baseline, fs)
    shape = kinds.shape
    true_falls = whole(falls, shape)
    width = bandwidth_of_decelerations(fhr, fs, falls)
    rises = whole(found.accelerations, shape_of(found.accelerations, fhr, found.baseline, fs, 1))
    bandwidth = bandwidths_outside(fhr, found.baseline, fs, rises, true_falls, found.fhr_uncertain)
    minutes = find_minutes(fhr, found.baseline, fs, bandwidth)
    segments = find_segments(
        fhr,
        found.baseline,
        fs,
        found.accelerations,
        falls,
        contractions,
        unseen,
        found.fhr_uncertain,
        bandwidth=bandwidth,
    )
    waves = find_sinusoidal(fhr, fs, found.accelerations)
    start = max(0.0, recording.duration - 3600)
    strip = Strip(
        start,
        recording.duration,
        segments,
        minutes,
        found.accelerations,
        true_falls,
        kinds.kind,
        kinds.figo_kind,
        kinds.contraction,
        width,
        contractions,
        unseen,
        waves,
        found.fhr_uncertain,
    )
    length = true_falls.end - true_falls.start
    uncertain = np.concatenate([found.fhr_uncertain, unseen])
    return Morphology(
        name=recording.name,
        path=recording.path,
        fs=fs,
        baseline=found.baseline.astype(np.float32),
        accelerations=event_table(found.accelerations),
        decelerations=event_table(
            falls,
            kind=kinds.kind,
            contraction=kinds.contraction,
            lag_s=kinds.lag,
            bandwidth=width,
            figo_kind=kinds.figo_kind,
            nichd_prolonged=(length >= NICHD_PROLONGED[0]) & (length < NICHD_PROLONGED[1]),
            figo_prolonged=length > FIGO_PROLONGED,
            onset_s=shape.onset,
            recovery_s=shape.recovery,
            fall_s=shape.fall[:, 1],
            return_s=shape.back[:, 1],
            flattest_minute=kinds.flattest,
        ),
        contractions=event_table(contractions),
        uncertain=pd.DataFrame(
            {
                "channel": np.repeat(np.array(["fhr", "uc"], dtype=object), [len(found.fhr_uncertain), len(unseen)]),
                "start_s": uncertain[:, 0],
                "end_s": uncertain[:, 1],
                "reason": np.concatenate([found.fhr_reasons, found.uc_reasons]),
            }
        ),
        segments=segment_table(segments),
        minutes=minute_table(minutes),
        variation=variation(
            fhr, found.baseline, fs, found.accelerations, falls, found.fhr_uncertain, bandwidth=bandwidth
        )._asdict(),
        sinusoidal=pd.DataFrame(waves, columns=["start_s", "end_s"]),
        figo=figo_category(strip),
        nichd=nichd_category(strip),
        mhr_known=false.mhr_known,
    )
