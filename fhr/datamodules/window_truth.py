"""Truth behind a window: known of a simulated labour, read off a recording by the rules of morphology."""

import numpy as np
from scipy.ndimage import maximum_filter1d

from fhr.morphology import Morphology
from fhr.morphology.blocks import range_mask
from fhr.preprocessing import Pipeline, block_factor, block_mean
from fhr.simulation import TRUTH_SIGNALS, SimulatedLabour, truth_signals

__all__ = ["truth_of_labour", "truth_of_morphology"]

_NEAR = 30  # s from measured heart rate, where it can be said what it was


def truth_of_labour(labour: SimulatedLabour, signal: np.ndarray, pipeline: Pipeline) -> np.ndarray:
    """The truth behind a window, NaN where the window cannot tell: far from any heart rate that was measured.

    Args:
        labour: simulated.
        signal: (channel, time), its window as `pipeline` prepares it.
        pipeline: with a window at the end of the recording.

    Returns:
        Float32 (5, time), rows of `TRUTH_SIGNALS`; rates in the units of the window.
    """
    truth = truth_signals(labour.truth, minutes=pipeline.minutes, fs=pipeline.fs)
    return _where_measured(truth, signal, pipeline)


def truth_of_morphology(morphology: Morphology, end: float, signal: np.ndarray, pipeline: Pipeline) -> np.ndarray:
    """Reading of a recording by the rules, in place of a truth: baseline, decelerations and contractions.

    NaN where the rules look for nothing (`Morphology.uncertain`), where `truth_of_labour` has NaN, and before the
    recording begins. Heart rate without artefacts, and the artefacts, are not read.

    Args:
        morphology: of the whole recording, see `fhr.morphology.analyze`.
        end: of the window, s from the start of the recording.
        signal: (channel, time), the window as `pipeline` prepares it.
        pipeline: whose rate that of the recording is a multiple of.

    Returns:
        Float32 (5, time), as of `truth_of_labour`.

    Raises:
        SignalError: a rate that is no multiple.
    """
    fs, channel = morphology.fs, morphology.uncertain["channel"]
    read = np.full((len(TRUTH_SIGNALS), len(morphology.baseline)), np.nan, dtype=np.float32)
    read[TRUTH_SIGNALS.index("baseline")] = morphology.baseline
    for name, events, of in (
        ("deceleration", morphology.decelerations, "fhr"),
        ("contraction", morphology.contractions, "uc"),
    ):
        within, unseen = (
            range_mask(table[["start_s", "end_s"]].to_numpy(), read.shape[1], fs)
            for table in (events, morphology.uncertain[channel == of])
        )
        read[TRUTH_SIGNALS.index(name)] = np.where(unseen, np.nan, within)
    factor = block_factor(fs, pipeline.fs)
    last, n = round(end * fs), pipeline.n_times * factor
    part = read[:, max(0, last - n) : last]
    before = np.full((len(read), n - part.shape[1]), np.nan, dtype=np.float32)
    return _where_measured(block_mean(np.hstack([before, part]), factor), signal, pipeline)


def _where_measured(truth: np.ndarray, signal: np.ndarray, pipeline: Pipeline) -> np.ndarray:
    """Truth (5, time) in the units of a window, NaN where the window cannot tell; in place."""
    measured = signal[pipeline.channels.index("mask")] > 0
    near = maximum_filter1d(measured, 2 * round(_NEAR * pipeline.fs) + 1)
    offset, scale = pipeline.scaling["fhr"]
    truth[:2] = (truth[:2] - offset) / scale
    for name in ("rate", "baseline", "deceleration"):
        truth[TRUTH_SIGNALS.index(name), ~near] = np.nan
    truth[TRUTH_SIGNALS.index("artefact"), ~measured] = np.nan
    return truth
