"""Masked resampling, and the last minutes of a signal."""

import numpy as np

from fhr.errors import SignalError
from fhr.recording import floating

__all__ = ["block_factor", "block_mean", "last_minutes"]


def block_factor(given: float, wanted: float) -> int:
    """Number of samples at `given` Hz that make one sample at `wanted` Hz.

    Raises:
        SignalError: that is no whole number.
    """
    factor = round(given / wanted)
    if factor < 1 or abs(factor * wanted - given) > 1e-9:
        raise SignalError(
            f"sampled at {given:g} Hz, which is no multiple of the {wanted:g} Hz that are needed; resample the "
            f"recording, or use another `fs`: fhr.preprocessing.resample(recording, {wanted:g}) or "
            f"`fhr convert --resample {wanted:g}` gives one that fits"
        )
    return factor


def block_mean(signal: np.ndarray, factor: int) -> np.ndarray:
    """Average the valid samples in each block of `factor`; NaN where a block holds none.

    Blocks are counted back from the end, so that the last block is whole; samples that do not fill a first block
    are left out.

    Args:
        signal: (..., n), NaN is missing.
        factor: samples a block, 1 or more.

    Returns:
        (..., n // factor)
    """
    signal = floating(signal)
    n = signal.shape[-1] // factor * factor
    blocks = signal[..., signal.shape[-1] - n :].reshape(*signal.shape[:-1], n // factor, factor)
    valid = ~np.isnan(blocks)
    known = np.where(valid, blocks, 0)
    if factor < 8:  # numpy is slow over a short last axis; it adds in this order
        count, total = valid[..., 0].astype(np.intp), known[..., 0].copy()
        for k in range(1, factor):
            count += valid[..., k]
            total += known[..., k]
    else:
        count, total = valid.sum(axis=-1), known.sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(signal.dtype)


def last_minutes(signal: np.ndarray, fs: float, minutes: float) -> np.ndarray:
    """Cut the last `minutes` of `signal` (..., n).

    Raises:
        SignalError: the signal is shorter than that.
    """
    signal = floating(signal)
    n = round(minutes * 60 * fs)
    if signal.shape[-1] < n:
        raise SignalError(
            f"{signal.shape[-1] / fs / 60:.1f} min of signal where the last {minutes:g} min are needed; "
            "use longer recordings, or train with a shorter window (`--data.window_minutes`)"
        )
    return signal[..., signal.shape[-1] - n :]
